"""Who was heard of lately, and of which claim: what speaks for the way back from the ESP while a batch is in doubt.

Only the newest events are looked at, along the index of their arrival, so that it takes the same few milliseconds
whatever the number of events there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, exists, func, select

from newsletter.storage import tables as t
from newsletter.storage.database import Tx

NEWEST = 10_000
"""So many events are looked at: some minutes of a large send, weeks of a small one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A batch of which an event stands among the newest: when it was claimed, and when the last such event came."""

    batch_id: int
    send_id: int
    claimed_at: datetime
    at: datetime


def heard(tx: Tx, since: datetime) -> tuple[Heard, ...]:
    """The batches that the newest events tell of, of whatever send; events from before `since` are left out."""
    newest = (
        select(t.event.c.delivery_id, t.event.c.attempt, t.event.c.received_at)
        .where(t.event.c.received_at >= since)
        .order_by(t.event.c.received_at.desc())
        .limit(NEWEST)
        .subquery()
    )
    # An event that does not say its attempt counts for the first: so it never passes for a later claim's.
    number = case((newest.c.attempt > 0, newest.c.attempt), else_=1)
    rows = tx.execute(
        select(t.batch.c.id, t.batch.c.send_id, t.attempt.c.claimed_at, func.max(newest.c.received_at).label("at"))
        .select_from(newest)
        .join(t.delivery, t.delivery.c.id == newest.c.delivery_id)
        .join(t.batch, and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number))
        .join(t.attempt, and_(t.attempt.c.batch_id == t.batch.c.id, t.attempt.c.number == number))
        .group_by(t.batch.c.id, t.batch.c.send_id, t.attempt.c.claimed_at)
    )
    return tuple(Heard(batch_id=r.id, send_id=r.send_id, claimed_at=r.claimed_at, at=r.at) for r in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """The accepted batches of a send, and of how many an event came after some instant, the last of them when.

    `last_heard_at` is None too where the last one is not among the newest events any more.
    """

    accepted: int
    heard: int
    last_heard_at: datetime | None


def others(tx: Tx, send_id: int, since: datetime) -> Others:
    """What was heard of a send's accepted batches since an instant: for a person who asks, not for each tick."""
    event = exists().where(
        t.delivery.c.send_id == t.batch.c.send_id,
        t.delivery.c.batch_number == t.batch.c.number,
        t.event.c.delivery_id == t.delivery.c.id,
        t.event.c.received_at >= since,
    )
    row = tx.execute(
        select(func.count().label("accepted"), func.count(case((event, 1))).label("heard"))
        .select_from(t.batch)
        .where(t.batch.c.send_id == send_id, t.batch.c.state == "accepted")
    ).one()
    last = [item.at for item in heard(tx, since) if item.send_id == send_id]
    return Others(accepted=row.accepted, heard=row.heard, last_heard_at=max(last, default=None))
