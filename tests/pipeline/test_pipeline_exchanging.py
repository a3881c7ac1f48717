"""One process's part in a send: single batches, errors in a row, and two parts at once."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
from ledger_clock import HandClock
from ledger_gateway import FakeGateway, until
from ledger_house import House

from newsletter.errors import InDoubt, NotSent, UsageError
from newsletter.pipeline import exchanging, sending
from newsletter.sending.dispatch import submit
from newsletter.storage import Store, sends


def begun(house: House, readers: int = 6) -> int:
    house.story()
    house.readers(readers)
    return house.start()


def test_a_single_batch(house: House) -> None:
    """Claimed, handed over and recorded without the loop; the others stay where they are, and a second time is none."""
    send_id = begun(house)
    part = exchanging.Part(house.context, send_id)
    (outgoing,) = part.exchange([], 1, numbers=[2]).batches
    outcome = submit(house.fake, outgoing, house.clock)
    assert part.exchange([outcome], 0).batches == ()
    assert part.exchange([], 1, numbers=[2]).batches == ()
    report = house.report()
    assert (report.accepted, report.pending, report.batches) == (2, 4, {"accepted": 1, "pending": 2})
    assert sending.run(house.context, send_id).accepted == 6


def test_a_single_batch_of_a_paused_send(house: House) -> None:
    """Nothing is claimed."""
    send_id = begun(house)
    sending.pause(house.context, "daily/2026-05-04", reason="wait")
    assert exchanging.Part(house.context, send_id).exchange([], 1, numbers=[1]).batches == ()


def test_a_success_ends_a_row_of_errors(house: House) -> None:
    """The count goes back to none, also where another process's part has counted them."""
    send_id = begun(house)
    part, other = (exchanging.Part(house.context, send_id) for _ in range(2))
    first, second = part.exchange([], 2).batches
    house.fake.script = [NotSent("slow"), None]
    other.exchange([submit(house.fake, first, house.clock)], 0)
    assert errors(house, send_id) == 1
    part.exchange([submit(house.fake, second, house.clock)], 0)
    assert errors(house, send_id) == 0


def errors(house: House, send_id: int) -> int:
    with house.store.read() as tx:
        return sends.find(tx, send_id).errors_in_a_row


@pytest.mark.postgresql
def test_exchanges_do_not_wait_for_each_other(postgres_url: str, clock: HandClock, tmp_path: Path) -> None:
    """While one process has a send in hand and nothing failed, another claims and records; one with a failure waits.
    (SQLite has one writer at a time.)
    """
    house = House(tmp_path / "house", Store(postgres_url), clock)
    send_id = begun(house, 12)
    part = exchanging.Part(house.context, send_id)
    batches = part.exchange([], 2).batches
    gateway = FakeGateway(None, InDoubt("broken"))
    accepted, doubtful = (submit(gateway, outgoing, house.clock) for outgoing in batches)
    with house.store.write() as tx:
        sends.find(tx, send_id, shared=True)
        assert len(part.exchange([accepted], 1).batches) == 1
        waiting = threading.Thread(target=part.exchange, args=([doubtful], 0))
        waiting.start()
        assert not until(lambda: not waiting.is_alive(), 0.3)
    waiting.join(10)
    assert (house.report().in_doubt, errors(house, send_id)) == (2, 1)
    house.store.close()


def test_parts_in_two_threads_and_a_cancel(house: House) -> None:
    """Whatever meets whatever, nobody waits for ever, each reader gets it once or is told as cancelled."""
    send_id = begun(house, 40)
    threads = [threading.Thread(target=sending.run, args=(house.context, send_id)) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(house.fake.accepted) > 3)
    with contextlib.suppress(UsageError):  # the send was faster
        sending.cancel(house.context, "daily/2026-05-04", by="ann")
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    report = house.report()
    assert len(house.fake.live) == len(set(house.fake.live)) == report.accepted
    assert report.accepted + report.excluded.get("cancelled", 0) == 40
