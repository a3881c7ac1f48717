"""Who may hold a send at once: exchanges that write nothing of it share it; pause, cancel and end have it alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from ledger_clock import HandClock
from ledger_gateway import until
from ledger_rows import Rows

from newsletter.model import SendState
from newsletter.storage import Store, Tx, sends

pytestmark = pytest.mark.postgresql


@pytest.fixture
def rows(postgres_url: str, clock: HandClock) -> Rows:
    return Rows(Store(postgres_url), clock)


def alone(tx: Tx, send_id: int) -> object:
    return sends.find(tx, send_id, lock=True)


def shared(tx: Tx, send_id: int) -> object:
    return sends.find(tx, send_id, shared=True)


def cancel(tx: Tx, send_id: int) -> object:
    send = sends.find(tx, send_id, lock=True)
    return sends.move(tx, send.id, [SendState.SENDING], SendState.CANCELLED, now=HandClock()())


@pytest.mark.parametrize(
    ("held", "wanted", "waits"),
    [(shared, shared, False), (shared, alone, True), (alone, shared, True), (alone, alone, True)],
)
def test_who_waits_for_whom(
    rows: Rows, held: Callable[[Tx, int], object], wanted: Callable[[Tx, int], object], waits: bool
) -> None:
    """Two that share do not wait for each other; whoever wants it alone waits for all, and all for them."""
    send_id = rows.begin()
    got = threading.Event()

    def second() -> None:
        with rows.store.write() as tx:
            wanted(tx, send_id)
            got.set()

    with rows.store.write() as tx:
        held(tx, send_id)
        thread = threading.Thread(target=second)
        thread.start()
        assert got.wait(0.3) is not waits
    thread.join(10)
    assert got.is_set()
    rows.store.close()


def test_a_claim_and_a_cancel(rows: Rows) -> None:
    """A cancel waits for the claim that is under way, and whoever comes after it sees a cancelled send."""
    send_id = rows.begin()
    seen: list[SendState] = []

    def stop() -> None:
        with rows.store.write() as tx:
            cancel(tx, send_id)

    with rows.store.write() as tx:
        assert sends.find(tx, send_id, shared=True).state is SendState.SENDING
        thread = threading.Thread(target=stop)
        thread.start()
        assert not until(lambda: not thread.is_alive(), 0.3)
        assert sends.find(tx, send_id).state is SendState.SENDING
    thread.join(10)
    with rows.store.write() as tx:
        seen.append(sends.find(tx, send_id, shared=True).state)
    assert seen == [SendState.CANCELLED]
    rows.store.close()


def test_two_that_have_something_to_write(rows: Rows) -> None:
    """They take it alone from the start, so that they follow each other and neither waits for ever."""
    send_id = rows.begin()

    def count() -> None:
        for _ in range(20):
            with rows.store.write() as tx:
                sends.find(tx, send_id, lock=True)
                sends.count_errors(tx, send_id, failed=1, succeeded=0)

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with rows.store.read() as tx:
        assert sends.find(tx, send_id).errors_in_a_row == 60
    rows.store.close()
