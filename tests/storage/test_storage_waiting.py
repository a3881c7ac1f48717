"""SQLite's one writer: the next one waits shortly, however busy the last one is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from newsletter.errors import StoreError
from newsletter.storage import Store, database


@contextmanager
def busy(store: Store) -> Iterator[list[int]]:
    """A writer that holds the database for 20 ms, again and again without a pause."""
    done, writes = threading.Event(), list[int]()

    def work() -> None:
        while not done.is_set():
            with store.write():
                time.sleep(0.02)
            writes.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield writes
    finally:
        done.set()
        thread.join()


def test_writers_take_turns(new_sqlite: Callable[[], str]) -> None:
    """Ten writes beside one that never pauses: each waits for about one of its writes, not for a gap to be hit."""
    url = new_sqlite()
    one, other = Store(url), Store(url)
    with busy(one) as writes:
        began = time.monotonic()
        for _ in range(10):
            with other.write():
                pass
        waited = time.monotonic() - began
        during = len(writes)
    assert waited < 3, "30 ms each, and a slow machine"
    assert during >= 5, "the other one went on meanwhile"
    one.close()
    other.close()


def test_the_patience_ends(new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that holds the database for too long is told of; it may be gone a moment later."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    url = new_sqlite()
    one, other = Store(url), Store(url)
    with one.write():
        began = time.monotonic()
        with pytest.raises(StoreError, match="another program held the database"), other.write():
            pass
        assert 0.1 <= time.monotonic() - began < 5
    with other.write():
        pass
    one.close()
    other.close()


def test_readers_are_as_patient_as_before(sqlite_store: Store) -> None:
    """After a write the connection waits by itself again, where SQLite needs it to (a database that recovers)."""
    with sqlite_store.write() as tx:
        assert tx.exec_driver_sql("PRAGMA busy_timeout").scalar() == database.BUSY_TIMEOUT_S * 1000
