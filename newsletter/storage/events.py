"""Events as rows: unique by id and by nature, foreign ones apart, and the facts they come to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from newsletter.model import Event, EventKind, Step
from newsletter.storage import bulk, clock
from newsletter.storage import tables as t
from newsletter.storage.claims import delivery_number, known_ledgers, ledger_uid
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was news in a body of events: events of ours by their delivery, and how many there were of others.

    `batches` are those of these deliveries, as (send id, number); `address_keys` is by delivery. `gone` are the ids in
    events for which there is no delivery though they are of no other ledger: the empty one, and of deliveries that were
    summed.
    """

    ours: Mapping[int, tuple[Event, ...]]
    batches: frozenset[tuple[int, int]]
    address_keys: Mapping[int, int]
    gone: frozenset[str]
    foreign_count: int
    known_count: int


def keep(tx: Tx, events: Sequence[Event], now: datetime) -> Kept:
    """Insert what is new. An event of a delivery that this ledger does not have is kept apart, whatever it claims."""
    known = known_ledgers(tx)
    numbers = [delivery_number(known, event.delivery_id or "") for event in events]
    wanted = {number for number in numbers if number is not None}
    real = bulk.by_id(tx, t.delivery, ("send_id", "batch_number", "address_key"), wanted)
    ours = [(number, event) for number, event in zip(numbers, events, strict=True) if number in real]
    ours.sort(key=lambda pair: (pair[0], pair[1].vendor_id))  # so that two bodies at once do not wait for each other
    foreign = [event for number, event in zip(numbers, events, strict=True) if number not in real]
    news = bulk.insert_new(tx, t.event, _columns(ours, now), returning=("delivery_id", "vendor_id"))
    keep_foreign(tx, [event.raw for event in foreign], now)
    by_delivery: dict[int, tuple[Event, ...]] = {}
    for number, event in ours:
        if (number, event.vendor_id) in news:
            news.remove((number, event.vendor_id))  # the same event may stand in one body twice
            by_delivery[number] = (*by_delivery.get(number, ()), event)
    new_count = sum(len(of) for of in by_delivery.values())
    return Kept(
        ours=by_delivery,
        batches=frozenset(real[number][:2] for number in by_delivery if real[number][1] is not None),
        address_keys={number: real[number][2] for number in by_delivery},
        gone=frozenset(
            event.delivery_id or ""
            for number, event in zip(numbers, events, strict=True)
            if number not in real and (number is not None or not event.delivery_id)
        ),
        foreign_count=len(foreign),
        known_count=len(ours) - new_count,
    )


def _columns(ours: Sequence[tuple[int, Event]], now: datetime) -> bulk.Columns:
    events = [event for _, event in ours]
    return {
        "vendor_id": [event.vendor_id for event in events],
        "delivery_id": [number for number, _ in ours],
        "kind": [event.kind.value for event in events],
        "occurred_at": [event.occurred_at for event in events],
        "url": [event.url for event in events],
        "attempt": [event.attempt or 0 for event in events],
        "reason": [event.reason for event in events],
        "machine": [event.machine for event in events],
        "raw": [event.raw for event in events],
        "received_at": [now] * len(events),
    }


def keep_foreign(tx: Tx, raws: Sequence[str], now: datetime) -> None:
    """Keep what is not an event of ours, once each by its content."""
    by_hash = {hashlib.sha256(raw.encode()).hexdigest(): raw for raw in raws}
    hashes = sorted(by_hash)  # so that two bodies at once do not wait for each other
    columns: bulk.Columns = {
        "body_hash": hashes, "raw": [by_hash[each] for each in hashes], "received_at": [now] * len(hashes),
    }  # fmt: skip
    bulk.insert_new(tx, t.foreign_event, columns, returning=("body_hash",))


def keep_facts(tx: Tx, facts: Mapping[tuple[int, EventKind], datetime]) -> None:
    """Record what became of deliveries; the earliest instant wins in whatever order they come."""
    # In one order, so that two bodies at once do not wait for each other.
    rows = sorted((number, kind.value, at) for (number, kind), at in facts.items())
    columns = dict(zip(("delivery_id", "kind", "at"), zip(*rows, strict=True), strict=True)) if rows else {"at": ()}
    bulk.insert_earliest(tx, t.fact, columns, key=("delivery_id", "kind"), at="at")


def left_by(tx: Tx, send_id: int, address_key: int, now: datetime) -> None:
    """A reader left by a link in their copy of a send: a fact of that copy, though no event tells of it. Nothing where
    the copy is not known any more.
    """
    mine = (t.delivery.c.address_key == address_key) & (t.delivery.c.send_id == send_id)
    number = tx.execute(select(t.delivery.c.id).where(mine)).scalar_one_or_none()
    if number is not None:
        keep_facts(tx, {(number, EventKind.UNSUBSCRIBED): now})


def editions(tx: Tx, deliveries: Sequence[int]) -> Mapping[int, str]:
    """The edition of each of these deliveries."""
    of = bulk.by_id(tx, t.delivery, ("send_id",), deliveries)
    sends = select(t.send.c.id, t.edition.c.name).join(t.edition, t.edition.c.id == t.send.c.edition_id)
    wanted = {send_id for (send_id,) in of.values()}
    names = {row.id: row.name for row in tx.execute(sends.where(t.send.c.id.in_(wanted)))}
    return {number: names[send_id] for number, (send_id,) in of.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What one edition's copy for one reader came to: for `subscribers explain`. From `summed_at` on the events of its
    edition are kept as sums; `events` are those that came later.
    """

    edition: str
    list: str
    kind: str
    outcome: str
    reason: str
    batch: int | None
    batch_state: str
    receipt: str
    attempts: int
    delivery: str
    events: tuple[tuple[datetime, str, str], ...]
    summed_at: datetime | None


def copies(tx: Tx, key: int, edition: str | None = None) -> tuple[Copy, ...]:
    """Every delivery of an address key, newest first, with its events in the order of their times."""
    uid = ledger_uid(tx)
    statement = (
        select(
            t.delivery,
            t.edition.c.name.label("edition"),
            t.send.c.kind,
            t.list_.c.slug.label("list"),
            t.batch.c.state.label("batch_state"),
            t.batch.c.receipt,
            t.batch.c.attempt,
        )
        .join(t.send, t.send.c.id == t.delivery.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .outerjoin(t.list_, t.list_.c.id == t.send.c.list_id)
        .outerjoin(
            t.batch,
            (t.batch.c.send_id == t.delivery.c.send_id) & (t.batch.c.number == t.delivery.c.batch_number),
        )
        .where(t.delivery.c.address_key == key)
        .order_by(t.delivery.c.id.desc())
    )
    if edition is not None:
        statement = statement.where(t.edition.c.name == edition)
    return tuple(
        Copy(
            edition=row.edition, list=row.list or "", kind=row.kind, outcome=row.outcome or "",
            reason=row.reason or "", batch=row.batch_number, batch_state=row.batch_state or "",
            receipt=row.receipt or "", attempts=row.attempt or 0, delivery=f"{uid}-{row.id}",
            events=_events(tx, row.id), summed_at=clock.step_at(tx, row.edition, Step.SUM_EVENTS),
        )
        for row in tx.execute(statement).all()
    )  # fmt: skip


def _events(tx: Tx, number: int) -> tuple[tuple[datetime, str, str], ...]:
    """Their instants are whole seconds: within one, in the order in which things happen to a mail."""
    rows = tx.execute(select(t.event).where(t.event.c.delivery_id == number))
    found = [(row.occurred_at, row.kind, row.reason or row.url) for row in rows]
    return tuple(sorted(found, key=lambda each: (each[0], _PLACE[each[1]])))


_PLACE = {kind.value: place for place, kind in enumerate(EventKind)}
