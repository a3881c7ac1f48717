"""Pause and cancel by another process: once it has returned nothing more is claimed, and what is in flight ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from ledger_gateway import until
from ledger_house import House

from newsletter.pipeline import sending
from newsletter.sandbox import Sandbox

DAILY = "daily/2026-05-04"
READERS, IN_FLIGHT = 2400, 4


@pytest.fixture
def sandbox(house: House) -> Iterator[Sandbox]:
    """Each of its answers takes a moment, so that requests are in flight at any time."""
    with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=None) as started:
        started.fault("slow", times=None, seconds=0.05)
        house.reload(SEND_CONCURRENCY=IN_FLIGHT)
        house.through(started.url)
        yield started


def attempts(house: House) -> int:
    with house.store.read() as tx:
        count: int = tx.exec_driver_sql("SELECT count(*) FROM attempt").scalar_one()
    return count


@pytest.mark.parametrize(("word", "state"), [(("cancel", "--yes"), "cancelled"), (("pause",), "paused")])
def test_it_stops_within_one_batch(house: House, sandbox: Sandbox, word: tuple[str, ...], state: str) -> None:
    """1,200 batches, 4 in flight: no claim once the command has ended, and each claim before made its one request."""
    house.readers(READERS)
    house.story()
    send_id = house.start()
    thread = threading.Thread(target=sending.run, args=(house.context, send_id))
    thread.start()
    assert until(lambda: len(sandbox.asked()) > 3 * IN_FLIGHT)
    subprocess.run(
        [sys.executable, "-m", "newsletter.cli", "send", word[0], DAILY, *word[1:]],
        env={**os.environ, **house.environment()}, cwd=house.folder, check=True, capture_output=True,
    )  # fmt: skip
    claimed, asked = attempts(house), len(sandbox.asked())
    thread.join(30)
    assert attempts(house) == claimed < READERS / 2, "nothing was claimed any more"
    assert len(sandbox.accepted()) == 2 * claimed, "what was claimed was sent"
    assert len(sandbox.asked()) - asked <= IN_FLIGHT
    report = house.report()
    assert (report.state, report.accepted, report.in_doubt) == (state, 2 * claimed, 0)
    assert max(Counter(copy.address for copy in sandbox.accepted()).values()) == 1


def test_signs_of_life_while_nothing_comes_back(sqlite_house: House) -> None:
    """Progress is told each time round, so that the clock's heartbeat goes on while SendGrid takes its time."""
    house = sqlite_house
    house.readers(2)
    house.story()
    inner, told, enough = house.fake.submit, [0], threading.Event()

    def submit(outgoing: object) -> object:
        assert enough.wait(20)
        return inner(outgoing)  # type: ignore[arg-type]

    def progress(done: int, whole: int) -> None:
        assert (done, whole) in {(0, 2), (2, 2)}
        told[0] += done == 0
        if told[0] == 3:
            enough.set()

    house.fake.submit = submit  # type: ignore[method-assign, assignment]
    assert sending.run(house.context, house.start(), progress=progress).state == "sent"
