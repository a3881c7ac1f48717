"""What events come to, raw and by whether a human did it: one function for whoever shows figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, case, func, literal, select

from newsletter.model import EventKind
from newsletter.storage import sums
from newsletter.storage import tables as t
from newsletter.storage.database import Tx
from newsletter.storage.judgements import JUDGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Events of one kind in a send. `machine` says whether a machine did them; None where that is not judged (yet), as
    for all kinds but `opened` and `clicked`. A delivery counts in one row of its kind: in the humans' where a human did
    it at all, so that the `deliveries` of a kind's rows add up to the raw figure.
    """

    kind: EventKind
    machine: bool | None
    events: int
    deliveries: int


def tallies(tx: Tx, send_id: int) -> tuple[Tally, ...]:
    """Every kind that was told of a send, from the raw events that are still kept and the sums of those that are not.

    Human figures are those of the row with `machine` False, raw ones the sums over a kind's rows. Judge first
    (`pipeline.judging.judge_sends`), or rows with None remain.
    """
    found: dict[tuple[str, bool | None], list[int]] = defaultdict(lambda: [0, 0])
    for kind, machine, events, deliveries in [*_kept(tx, send_id), *_summed(tx, send_id)]:
        row = found[kind, machine if kind in JUDGED else None]
        row[0] += events
        row[1] += deliveries
    return tuple(
        Tally(kind=EventKind(kind), machine=machine, events=events, deliveries=deliveries)
        for (kind, machine), (events, deliveries) in sorted(found.items(), key=str)
    )


_Row = tuple[str, bool | None, int, int]

_RANKS: tuple[bool | None, ...] = (False, None, True)
"""A delivery with several labels counts under the first of these."""


def _kept(tx: Tx, send_id: int) -> Iterator[_Row]:
    """Of the raw events. Those that came since the edition's were first summed count for a reader only where they are
    their first of the kind (`storage.sums`).
    """
    late_from = sums.late_from(tx, send_id)
    late = literal(0) if late_from is None else case((t.event.c.received_at >= late_from, 1), else_=0)
    counts = case((late == 0, 1), (t.fact.c.at == t.event.c.occurred_at, 1), else_=0)
    rank = case((t.judgement.c.machine.is_(None), 1), (t.judgement.c.machine, 2), else_=0)
    of_one = (
        select(
            t.event.c.kind,
            func.min(rank).label("rank"),
            func.max(counts).label("counts"),
            *(func.sum(case((rank == place, 1), else_=0)).label(f"events_{place}") for place in range(3)),
        )
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .outerjoin(t.fact, and_(t.fact.c.delivery_id == t.event.c.delivery_id, t.fact.c.kind == t.event.c.kind))
        .where(t.delivery.c.send_id == send_id)
        .group_by(t.event.c.kind, t.event.c.delivery_id, late)
        .subquery()
    )
    events = (func.sum(of_one.c[f"events_{place}"]).label(f"events_{place}") for place in range(3))
    rows = tx.execute(
        select(of_one.c.kind, of_one.c.rank, func.sum(of_one.c.counts).label("deliveries"), *events).group_by(
            of_one.c.kind, of_one.c.rank
        )
    )
    for row in rows:
        yield row.kind, _RANKS[row.rank], 0, int(row.deliveries)
        for place, machine in enumerate(_RANKS):
            if count := int(row._mapping[f"events_{place}"]):
                yield row.kind, machine, count, 0


def _summed(tx: Tx, send_id: int) -> Iterator[_Row]:
    kinds = [kind.value for kind in EventKind]
    mine = and_(t.event_sum.c.send_id == send_id, t.event_sum.c.code == "", t.event_sum.c.kind.in_(kinds))
    for row in tx.execute(select(t.event_sum).where(mine)):
        yield row.kind, row.machine, row.events, row.deliveries
