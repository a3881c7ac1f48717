"""Sums in place of events and hits that are too old to keep: added up and deleted in one transaction, so that whatever
happens nothing counts twice and nothing is lost.

A portion is what one batch was told. Its events go all at once, whatever their age, so that a reader of whom several
were told counts once. From the first portion of an edition on, an event that comes for it is late: it counts as one
more, and for a reader only where it is their first of its kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, select

from newsletter.model import TO_READERS, EventKind, Step
from newsletter.storage import bulk, clock, links
from newsletter.storage import tables as t
from newsletter.storage.clicks import HIT, Index, codes_of
from newsletter.storage.database import Tx

TWICE = "sent twice"
"""The kind under which readers are summed who had events of two attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A batch whose events are due to be summed, and those of them that came before `until`."""

    send_id: int
    batch_number: int | None
    edition: str
    late_from: datetime
    until: datetime


def next_events(tx: Tx, before: datetime, now: datetime) -> Portion | None:
    """The batch of the oldest event that came before an instant; None where all that is kept is younger.

    Takes the step by which later events of its edition are known as late.
    """
    oldest = (
        select(t.event.c.delivery_id).where(t.event.c.received_at < before).order_by(t.event.c.received_at).limit(1)
    )
    row = tx.execute(
        select(t.delivery.c.send_id, t.delivery.c.batch_number, t.edition.c.name)
        .join(t.send, t.send.c.id == t.delivery.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(t.delivery.c.id == oldest.scalar_subquery())
    ).one_or_none()
    if row is None:
        return None
    clock.take_step(tx, row.name, Step.SUM_EVENTS, now)
    late_from = clock.step_at(tx, row.name, Step.SUM_EVENTS) or now
    return Portion(
        send_id=row.send_id, batch_number=row.batch_number, edition=row.name, late_from=late_from,
        until=max(late_from, before),
    )  # fmt: skip


def sum_events(tx: Tx, portion: Portion, index: Index) -> int:
    """Add the events of a portion to the sums and delete them; gives how many. Opens and clicks must have labels.

    `index` is as for `clicks.by_link`.
    """
    where = and_(
        t.delivery.c.send_id == portion.send_id,
        t.delivery.c.batch_number.is_not_distinct_from(portion.batch_number),
        t.event.c.received_at < portion.until,
    )
    return _sum(tx, tx.execute(_told().where(where)).all(), portion.send_id, portion.late_from, index)


def sum_all_of(tx: Tx, send_id: int, edition: str, deliveries: Sequence[int], *, index: Index, now: datetime) -> int:
    """The same with all events of some deliveries of a send, which are to be deleted themselves."""
    late_from = clock.step_at(tx, edition, Step.SUM_EVENTS) or now
    rows = [
        row
        for start in range(0, len(deliveries), 1000)
        for row in tx.execute(_told().where(t.delivery.c.id.in_(deliveries[start : start + 1000])))
    ]
    return _sum(tx, rows, send_id, late_from, index)


def _told() -> Any:
    """Events as they are summed: each with its label, and when its delivery had its first of the kind."""
    return (
        select(
            t.event.c.id, t.event.c.delivery_id, t.event.c.kind, t.event.c.url, t.event.c.occurred_at,
            t.event.c.received_at, t.event.c.attempt, t.judgement.c.machine, t.fact.c.at.label("first_at"),
            t.batch.c.attempt.label("attempts"),
            t.variant.c.message_id,
            case((t.event.c.kind == EventKind.CLICKED.value, t.event.c.raw), else_="").label("raw"),
        )
        .select_from(t.delivery)
        .join(t.event, t.event.c.delivery_id == t.delivery.c.id)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .outerjoin(t.fact, and_(t.fact.c.delivery_id == t.delivery.c.id, t.fact.c.kind == t.event.c.kind))
        .outerjoin(
            t.batch,
            and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number),
        )
        .outerjoin(t.variant, t.variant.c.id == t.batch.c.variant_id)
    )  # fmt: skip


_Key = tuple[str, str, bool]
"""Kind, code of a link or nothing, and whether a machine did it."""


def _sum(tx: Tx, rows: Sequence[Row[Any]], send_id: int, late_from: datetime, index: Index) -> int:
    clicks = [row for row in rows if row.kind == EventKind.CLICKED]
    edition = select(t.send.c.edition_id).where(t.send.c.id == send_id)
    known = codes_of(tx, tx.execute(edition).scalar_one()) if clicks else {}
    codes = {row.id: links.which(known.get((row.message_id, row.url), ()), index(row.raw)) or "" for row in clicks}
    _add(tx, send_id, added_up(rows, codes, late_from))
    ids = [row.id for row in rows]
    bulk.delete(tx, t.judgement.c.event_id, ids)
    bulk.delete(tx, t.event.c.id, ids)
    return len(rows)


def added_up(rows: Iterable[Row[Any]], codes: Mapping[str, str], late_from: datetime) -> Mapping[_Key, tuple[int, int]]:
    """Events and distinct deliveries of each kind, as `event_sum` has them. `codes` are of the clicks' links, by event.

    A delivery counts in one row of a kind: in the humans' where a human did it at all, else in the machines'. Clicks
    stand there in the whole (an empty code) and by their links as well.
    """
    events: dict[_Key, int] = defaultdict(int)
    machines: dict[tuple[str, str, int, bool], bool] = {}
    counts: set[tuple[str, str, int, bool]] = set()
    attempts: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        late, machine = row.received_at >= late_from, bool(row.machine)
        for of in {"", codes.get(row.id, "")}:
            events[row.kind, of, machine] += 1
            place = (row.kind, of, row.delivery_id, late)
            machines[place] = machines.get(place, True) and machine
            if not late or row.first_at == row.occurred_at:
                counts.add(place)
        if not late and row.attempt and (row.attempts or 0) > 1:
            attempts[row.delivery_id].add(row.attempt)
    deliveries: dict[_Key, int] = defaultdict(int)
    for kind, of, delivery, late in counts:
        deliveries[kind, of, machines[kind, of, delivery, late]] += 1
    deliveries[TWICE, "", False] = sum(len(numbers) > 1 for numbers in attempts.values())
    return {key: (events.get(key, 0), deliveries.get(key, 0)) for key in events.keys() | deliveries.keys()}


def _add(tx: Tx, send_id: int, found: Mapping[_Key, tuple[int, int]]) -> None:
    rows = sorted((*key, *numbers) for key, numbers in found.items() if any(numbers))
    names = ("kind", "code", "machine", "events", "deliveries")
    columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    columns = {"send_id": [send_id] * len(rows), **columns}
    key = ("send_id", "kind", "code", "machine")
    bulk.upsert(tx, t.event_sum, columns, key=key, adding=("events", "deliveries"))


def late_from(tx: Tx, send_id: int) -> datetime | None:
    """From when on an event of a send is late; None while none of its edition was summed."""
    name = select(t.edition.c.name).join(t.send, t.send.c.edition_id == t.edition.c.id).where(t.send.c.id == send_id)
    return clock.step_at(tx, tx.execute(name).scalar_one(), Step.SUM_EVENTS)


def sent_twice(tx: Tx, send_id: int) -> int:
    """Readers with events of two attempts, of those whose events are summed; late ones tell nothing of attempts."""
    mine = (t.event_sum.c.send_id == send_id) & (t.event_sum.c.kind == TWICE)
    return tx.execute(select(t.event_sum.c.deliveries).where(mine)).scalar_one_or_none() or 0


def sum_hits(tx: Tx, before: datetime, limit: int) -> int:
    """Add up to `limit` of the oldest hits from before an instant to the sums, and delete them; gives how many.

    They count for the first send to readers whose mails had the link. A link that no reader got counts nowhere.
    """
    rows = tx.execute(select(t.hit).where(t.hit.c.at < before).order_by(t.hit.c.at).limit(limit)).all()
    sends = _sends(tx, sorted({row.code for row in rows}))
    found: dict[int, dict[_Key, tuple[int, int]]] = defaultdict(dict)
    for row in rows:
        if (send_id := sends.get(row.code)) is not None:
            key = (HIT, row.code, bool(row.machine))
            found[send_id][key] = (found[send_id].get(key, (0, 0))[0] + 1, 0)
    for send_id in sorted(found):
        _add(tx, send_id, found[send_id])
    bulk.delete(tx, t.hit.c.id, [row.id for row in rows])
    return len(rows)


def _sends(tx: Tx, codes: Sequence[str]) -> Mapping[str, int]:
    rows = tx.execute(
        select(t.link.c.code, func.min(t.send.c.id).label("send_id"))
        .join(t.variant, t.variant.c.message_id == t.link.c.message_id)
        .join(t.send, t.send.c.edition_id == t.variant.c.edition_id)
        .where(t.link.c.code.in_(codes), t.send.c.kind.in_(TO_READERS))
        .group_by(t.link.c.code)
    )
    return {row.code: row.send_id for row in rows}


def forget_foreign(tx: Tx, before: datetime, limit: int) -> int:
    """Delete up to `limit` of the oldest foreign events from before an instant; gives how many."""
    oldest = tx.execute(
        select(t.foreign_event.c.id, t.foreign_event.c.received_at).order_by(t.foreign_event.c.id).limit(limit)
    )
    return bulk.delete(tx, t.foreign_event.c.id, [row.id for row in oldest if row.received_at < before])
