"""The numbers for monitors: what they count, and that no table of readers or events is read through for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from ledger_clock import HandClock
from ledger_rows import Rows, event
from sqlalchemy import text

from newsletter.model import Alert, AlertKind, EditionState, SendState
from newsletter.storage import Store, Tx, alerts, clock, events, vitals
from newsletter.storage.claims import ledger_uid

MONDAY = "daily/2026-05-04"
LOOKS: dict[str, Callable[[Tx], object]] = {
    "sends": vitals.sends, "batches": vitals.batches, "last_send": vitals.last_send, "last_event": vitals.last_event,
    "alerted": vitals.alerted,
}  # fmt: skip


@pytest.fixture
def rows(store: Store, clock: HandClock) -> Rows:
    return Rows(store, clock)


def test_batches_under_way(rows: Rows) -> None:
    """By newsletter and state, with the readers in them; of live sends alone, and not of those that are done."""
    send_id = rows.begin(6, size=2)
    first, second = rows.claim(send_id, 2)
    rows.accepted(first)
    rows.in_doubt(second)
    other = rows.begin(3, size=2, slug="friday", edition="friday/2026-05-08")
    rows.move(other, SendState.SENT)
    with rows.store.read() as tx:
        found = vitals.batches(tx)
        assert vitals.sends(tx) == {("live", "sending"): 1, ("live", "sent"): 1}
    assert [(row.newsletter, row.state, row.batches, row.readers) for row in found] == [
        ("daily", "accepted", 1, 2), ("daily", "in_doubt", 1, 2), ("daily", "pending", 1, 2),
    ]  # fmt: skip


def test_the_last_send_and_event(rows: Rows, clock: HandClock) -> None:
    """None before the first; an event that came last is the last, whenever it happened."""
    with rows.store.read() as tx:
        assert (vitals.last_send(tx), vitals.last_event(tx)) == (None, None)
        uid = ledger_uid(tx)
    send_id = rows.begin(2)
    started = clock()
    with rows.store.read() as tx:
        assert vitals.last_send(tx) is None, "nothing was accepted yet, of which an event could tell"
    (batch,) = rows.claim(send_id)
    rows.accepted(batch)
    clock.move(minutes=5)
    rows.keep(event(f"{uid}-1", "e1", at=clock()))
    clock.move(minutes=5)
    rows.keep(event(f"{uid}-2", "e2", at=started))
    with rows.store.read() as tx:
        assert vitals.last_send(tx) == vitals.LastSend(edition=MONDAY, started_at=started)
        assert vitals.last_event(tx) == vitals.LastEvent(occurred_at=started, received_at=clock())
        assert events.editions(tx, [1, 2]) == {1: MONDAY, 2: MONDAY}


def test_alerts_with_where_their_editions_stand(rows: Rows, clock: HandClock) -> None:
    """Those about hosts are none of an edition's."""
    rows.begin(2)
    with rows.store.write() as tx:
        for kind, about in ((AlertKind.LATE, MONDAY), (AlertKind.DISK_LOW, "mill")):
            alerts.keep(tx, Alert(kind=kind, about=about, text="", at=clock()))
        assert vitals.alerted(tx) == ((AlertKind.LATE, MONDAY, EditionState.SENDING, SendState.SENDING),)


@pytest.mark.parametrize("name", LOOKS)
def test_no_large_table_is_read_through(rows: Rows, name: str) -> None:
    """Millions of deliveries and events cost a monitor nothing: they are reached by an index, or not at all."""
    rows.begin(6)
    said: list[str] = []
    with rows.store.read() as tx:
        if not rows.store.is_sqlite:
            tx.execute(text("SET LOCAL enable_seqscan = off"))  # with six rows it would be the best plan
        from sqlalchemy import event as listening

        def explain(_: object, cursor: object, statement: str, values: object, *__: object) -> None:
            said.append((statement, values))  # type: ignore[arg-type]

        listening.listen(tx, "before_cursor_execute", explain)
        LOOKS[name](tx)
        listening.remove(tx, "before_cursor_execute", explain)
        how = "EXPLAIN QUERY PLAN " if rows.store.is_sqlite else "EXPLAIN "
        plans = [
            str(line)
            for statement, values in said
            for line in tx.exec_driver_sql(how + statement, values)  # type: ignore[arg-type]
        ]
    assert plans
    large = re.compile(
        r"(SCAN|Seq Scan on) (batch|delivery|event|fact|subscriber|attempt)\b(?! USING (COVERING )?INDEX)"
    )
    assert [line for line in plans if large.search(line)] == []


def test_goodbyes_and_those_who_never_come_back(rows: Rows) -> None:
    """A process that ended in order is known as such until it beats again; after a month it is forgotten."""
    now = rows.clock()
    with rows.store.write() as tx:
        for host in ("mill", "mill worker"):
            clock.beat(tx, host, 7, now)
        clock.end_beat(tx, "mill", now + timedelta(seconds=1))
        assert clock.ended(tx) == {"mill"}
        clock.beat(tx, "mill", 8, now + timedelta(minutes=1))
        assert clock.ended(tx) == frozenset()
        assert not clock.any_beat_before(tx, now)
        clock.forget_beats(tx, now + timedelta(seconds=30))
        assert list(clock.beats(tx)) == ["mill"]
