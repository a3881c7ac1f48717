"""What events and hits come to, raw and by whether a human did it: one function for whoever shows figures."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from newsletter.model import EventKind
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Events of one kind in a send. `machine` says whether a machine did them; `deliveries` are distinct in the row."""

    kind: EventKind
    machine: bool | None
    events: int
    deliveries: int


def tallies(tx: Tx, send_id: int) -> tuple[Tally, ...]:
    """Every kind that was told of a send."""
    machine = func.coalesce(t.judgement.c.machine, t.event.c.machine)
    rows = tx.execute(
        select(
            t.event.c.kind,
            machine.label("machine"),
            func.count().label("events"),
            func.count(t.event.c.delivery_id.distinct()).label("deliveries"),
        )
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .where(t.delivery.c.send_id == send_id)
        .group_by(t.event.c.kind, machine)
        .order_by(t.event.c.kind, machine)
    )
    return tuple(
        Tally(kind=EventKind(r.kind), machine=bool(r.machine), events=r.events, deliveries=r.deliveries) for r in rows
    )
