"""Labels of opens and clicks: did a machine do it, by which sign, by which version of the rules.

A label is never the fact: it may be made anew at any time from the events, while they are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update

from newsletter.model import EventKind
from newsletter.storage import bulk
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

JUDGED = (EventKind.OPENED, EventKind.CLICKED)
"""The kinds of which it is judged whether a human did them."""

_OVERLAP = 20_000
"""So many events are looked at again: on PostgreSQL a body may be committed after one with higher numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgeable:
    """An open or a click; `machine` and `why` are its label so far, None and empty where it has none."""

    id: int
    kind: EventKind
    at: datetime
    url: str
    flagged: bool
    raw: str
    machine: bool | None
    why: str


def _with_opens(*which: ColumnElement[bool]) -> Select[int]:
    """Deliveries with an open or a click of which all that is true."""
    return (
        select(t.event.c.delivery_id)
        .distinct()
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .where(t.event.c.kind.in_(JUDGED), *which)
    )


def _without_label(rules: int) -> ColumnElement[bool]:
    return or_(t.judgement.c.rules.is_(None), t.judgement.c.rules != rules)


def of_send(tx: Tx, send_id: int, rules: int | None) -> Sequence[int]:
    """The deliveries of a send with opens or clicks that wait for a label by these rules; with None, that have any."""
    return _of(tx, t.delivery.c.send_id == send_id, rules)


def of_batch(tx: Tx, send_id: int, batch_number: int | None, rules: int) -> Sequence[int]:
    """Those of one batch that wait."""
    of_batch = t.delivery.c.batch_number.is_not_distinct_from(batch_number)
    return _of(tx, and_(t.delivery.c.send_id == send_id, of_batch), rules)


def of_deliveries(tx: Tx, deliveries: Sequence[int], rules: int) -> Sequence[int]:
    """Those of some deliveries that wait."""
    return _of(tx, t.delivery.c.id.in_(deliveries), rules)


def _of(tx: Tx, which: ColumnElement[bool], rules: int | None) -> Sequence[int]:
    wanted = _with_opens(which) if rules is None else _with_opens(which, _without_label(rules))
    return list(tx.execute(wanted.join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)).scalars())


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events by their numbers, `after` (not included) to `to`; `more` says whether there are later ones."""

    after: int
    to: int
    more: bool


def stretch(tx: Tx, rules: int, size: int) -> Stretch:
    """The next events to look at: after those that these rules have seen. Without end where all were, but the last."""
    ledger = tx.execute(select(t.ledger.c.judged_to, t.ledger.c.judged_by)).one()
    last = tx.execute(select(func.max(t.event.c.id))).scalar_one() or 0
    after = min(ledger.judged_to, last) if ledger.judged_by == rules else 0
    to = min(after + size, last)
    return Stretch(after=after, to=to, more=to < last)


def within(tx: Tx, of: Stretch, rules: int) -> Sequence[int]:
    """The deliveries of a stretch with an open or a click that waits for a label by these rules, or that were delivered
    according to an event that came after their opens and clicks were labelled without it.
    """
    event, label = t.event.alias(), t.judgement.alias()
    inside = and_(t.event.c.id > of.after, t.event.c.id <= of.to)
    labelled_before = (
        exists()
        .where(event.c.delivery_id == t.event.c.delivery_id, event.c.id < t.event.c.id)
        .where(event.c.kind.in_(JUDGED), label.c.event_id == event.c.id)
    )
    told_late = select(t.event.c.delivery_id).where(inside, t.event.c.kind == EventKind.DELIVERED.value)
    waiting = [_with_opens(inside, _without_label(rules)), told_late.where(labelled_before)]
    return sorted({number for asked in waiting for number in tx.execute(asked).scalars()})


def saw(tx: Tx, of: Stretch, rules: int) -> None:
    """Note that a stretch needs no other look: but the last events do."""
    to = of.to if of.more else max(0, of.to - _OVERLAP)
    tx.execute(update(t.ledger).values(judged_to=to, judged_by=rules))


def judgeable(tx: Tx, deliveries: Collection[int]) -> Mapping[int, tuple[datetime | None, Sequence[Judgeable]]]:
    """All opens and clicks of these deliveries, each with when it was delivered, if that is known; by delivery."""
    found: dict[int, list[Judgeable]] = defaultdict(list)
    delivered: dict[int, datetime | None] = {}
    rows = tx.execute(
        select(t.event, t.fact.c.at.label("delivered_at"), t.judgement.c.machine.label("label"), t.judgement.c.why)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .outerjoin(
            t.fact, and_(t.fact.c.delivery_id == t.event.c.delivery_id, t.fact.c.kind == EventKind.DELIVERED.value)
        )
        .where(t.event.c.delivery_id.in_(deliveries), t.event.c.kind.in_(JUDGED))
    )
    for r in rows:
        delivered[r.delivery_id] = r.delivered_at
        found[r.delivery_id].append(
            Judgeable(
                id=r.id, kind=EventKind(r.kind), at=r.occurred_at, url=r.url, flagged=r.machine, raw=r.raw,
                machine=r.label, why=r.why or "",
            )
        )  # fmt: skip
    return {delivery: (delivered[delivery], seen) for delivery, seen in found.items()}


def keep(tx: Tx, verdicts: Mapping[int, tuple[bool, str]], rules: int) -> None:
    """Write labels of events, over those that they had."""
    numbers = sorted(verdicts)
    columns: bulk.Columns = {
        "event_id": numbers,
        "machine": [verdicts[number][0] for number in numbers],
        "why": [verdicts[number][1] for number in numbers],
        "rules": [rules] * len(numbers),
    }
    bulk.upsert(tx, t.judgement, columns, key=("event_id",))
