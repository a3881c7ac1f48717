"""Events are kept once, whatever comes twice or out of order; facts only ever become earlier."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_clock import START, HandClock
from ledger_rows import Rows, event, key_of
from sqlalchemy import text

from newsletter.model import Event, EventKind
from newsletter.storage import Store, events


@pytest.fixture
def delivery(rows: Rows) -> str:
    """The id of a delivery of a batch that was claimed."""
    (batch,) = rows.claim(rows.begin(2, size=2))
    return batch.recipients[0].delivery_id


def count(rows: Rows, table: str = "event") -> object:
    return rows.one(f"SELECT count(*) FROM {table}")


def test_the_same_event_again(rows: Rows, delivery: str) -> None:
    """Duplicates are routine (sending.md): the second is known, in one body or in two."""
    first = event(delivery, at=START)
    kept = rows.keep(first, first)
    assert ([len(of) for of in kept.ours.values()], kept.known_count) == ([1], 1)
    assert rows.keep(first).known_count == 1
    assert count(rows) == 1


def test_the_same_event_with_another_id(rows: Rows, delivery: str) -> None:
    """The id may change on a retry: delivery, kind, time and url name it too, an empty url as well."""
    rows.keep(event(delivery, "e1", at=START))
    assert rows.keep(event(delivery, "e2", at=START)).known_count == 1
    rows.keep(event(delivery, "c1", kind=EventKind.CLICKED, at=START, url="https://a.example.org"))
    assert rows.keep(event(delivery, "c2", kind=EventKind.CLICKED, at=START, url="https://a.example.org")).ours == {}
    assert rows.keep(event(delivery, "c3", kind=EventKind.CLICKED, at=START, url="https://b.example.org")).ours
    assert count(rows) == 3


def test_a_url_is_never_null(rows: Rows) -> None:
    """NULLs would let duplicates pass."""
    with rows.store.read() as tx:
        if rows.store.is_sqlite:
            columns = {row.name: row.notnull for row in tx.execute(text("PRAGMA table_info(event)"))}
            assert columns["url"] == 1
        else:
            nullable = tx.execute(
                text(
                    "SELECT is_nullable FROM information_schema.columns "
                    "WHERE table_name = 'event' AND column_name = 'url'"
                )
            ).scalar_one()
            assert nullable == "NO"


def test_foreign_events_are_kept_apart(rows: Rows, delivery: str) -> None:
    """Another ledger's id, one that does not exist, one that is none, and none: kept once each by their content."""
    uid = delivery.partition("-")[0]
    strange = [event(name, f"f{n}", at=START) for n, name in enumerate(["ffffffff-1", f"{uid}-999999", "x", ""])]
    assert rows.keep(*strange).foreign_count == 4
    assert count(rows, "foreign_event") == 1, "their raw text is the same here"
    assert count(rows) == 0


def test_two_bodies_at_once(rows: Rows) -> None:
    """The same events in two orders, in two processes: one waits for the other, and none fails (a deadlock would)."""
    (batch,) = rows.claim(rows.begin(40, size=40))
    heard = [
        event(person.delivery_id, f"{person.delivery_id}:{kind}", kind=kind, at=START)
        for person in batch.recipients
        for kind in (EventKind.PROCESSED, EventKind.DELIVERED, EventKind.OPENED)
    ]
    facts = {(int(one.delivery_id.rpartition("-")[2]), one.kind): START for one in heard if one.delivery_id}
    start = threading.Barrier(2)

    def take(order: list[Event], of: dict[tuple[int, EventKind], datetime]) -> int:
        start.wait(10)
        with rows.store.write() as tx:
            kept = events.keep(tx, order, rows.clock())
            events.keep_facts(tx, of)
        return sum(len(each) for each in kept.ours.values())

    with ThreadPoolExecutor(2) as pool:
        news = [pool.submit(take, heard, facts), pool.submit(take, heard[::-1], dict(reversed(facts.items())))]
        assert sorted(each.result(60) for each in news) == [0, 120]
    assert (count(rows), count(rows, "fact")) == (120, 120)


def test_an_unknown_kind_is_kept(rows: Rows, delivery: str) -> None:
    """What is not known yet is not lost."""
    assert rows.keep(event(delivery, kind=EventKind.OTHER, at=START, reason="sparkle: new")).ours
    assert rows.one("SELECT reason FROM event") == "sparkle: new"


def test_a_reader_s_copies(rows: Rows, delivery: str) -> None:
    """Every copy with its events in the order of their times: `subscribers explain` answers from here."""
    rows.keep(event(delivery, "e2", at=START + timedelta(seconds=5)))
    rows.keep(event(delivery, "e1", kind=EventKind.PROCESSED, at=START))
    with rows.store.read() as tx:
        (copy,) = events.copies(tx, key_of("reader0@example.org"))
        assert events.copies(tx, key_of("reader0@example.org"), "daily/2026-05-05") == ()
    assert (copy.edition, copy.list, copy.batch, copy.batch_state) == ("daily/2026-05-04", "daily", 1, "claimed")
    assert [kind for _, kind, _ in copy.events] == ["processed", "delivered"]


instants = st.integers(0, 20).map(lambda seconds: START + timedelta(seconds=seconds))
told = st.lists(st.tuples(st.sampled_from([EventKind.DELIVERED, EventKind.OPENED]), instants), max_size=8)


@settings(max_examples=settings.default.max_examples // 2)
@given(batches=st.lists(told, max_size=4))
def test_facts_are_monotone(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, batches: list[list[tuple[EventKind, datetime]]]
) -> None:
    """Whatever the order, however often: of each kind the earliest instant stays."""
    path = tmp_path_factory.mktemp("facts") / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    rows = Rows(Store(f"sqlite:///{path}"), HandClock())
    rows.claim(rows.begin(1))
    earliest: dict[EventKind, datetime] = {}
    for batch in batches:
        found: dict[tuple[int, EventKind], datetime] = {}
        for kind, at in batch:
            found[1, kind] = min(found.get((1, kind), at), at)
            earliest[kind] = min(earliest.get(kind, at), at)
        with rows.store.write() as tx:
            events.keep_facts(tx, found)
    with rows.store.read() as tx:
        kept = {row.kind: row.at for row in tx.execute(text("SELECT kind, at FROM fact"))}
    assert {EventKind(kind): str(at)[:19] for kind, at in kept.items()} == {
        kind: str(at)[:19] for kind, at in earliest.items()
    }
    rows.store.close()
    path.unlink()
