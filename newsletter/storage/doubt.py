"""Batches in doubt: the evidence, and the decisions that settle them (sending.md, In doubt is settled by evidence)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, select, update

from newsletter.model import TO_READERS, SendState
from newsletter.storage import answers, evidence, sends
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One batch in doubt. `others_heard_at` is when an event of a batch that was claimed at or after this one, of
    whatever send, last came: what says that the way back works (docs/decisions/0031). `host` and `pid` name the process
    that claimed it; `doubted` is how many attempts of it have been in doubt.

    `claimed_uptime_s` counts from `boot`, the start of the machine that claimed it; `unlived` is what of the time since
    the claim is known not to have passed for that machine: its wall clock was put forward, or it slept.
    """

    batch_id: int
    number: int
    readers: int
    attempt: int
    doubted: int
    claimed_at: datetime
    claimed_uptime_s: float | None
    boot: str
    host: str
    pid: int
    error: str
    status: int | None
    others_heard_at: datetime | None
    unlived: timedelta = timedelta()

    def quiet(self, now: datetime) -> timedelta:
        """How long it has been without an event; nothing where the clock was put back since."""
        return max(now - self.claimed_at - self.unlived, timedelta())


def doubts(tx: Tx, send_id: int) -> tuple[Doubt, ...]:
    """The batches of a send that are in doubt, by number, with what speaks for and against their acceptance."""
    readers = (
        select(func.count())
        .select_from(t.delivery)
        .where(
            t.delivery.c.send_id == t.batch.c.send_id,
            t.delivery.c.batch_number == t.batch.c.number,
            t.delivery.c.outcome.is_(None),
        )
        .correlate(t.batch)
        .scalar_subquery()
    )
    every = t.attempt.alias()
    doubted = (
        select(func.count())
        .where(every.c.batch_id == t.batch.c.id, every.c.outcome == "in doubt")
        .correlate(t.batch)
        .scalar_subquery()
    )
    found = tx.execute(
        select(t.batch, t.attempt, readers.label("readers"), doubted.label("doubted"))
        .join(t.attempt, and_(t.attempt.c.batch_id == t.batch.c.id, t.attempt.c.number == t.batch.c.attempt))
        .where(t.batch.c.send_id == send_id, t.batch.c.state == "in_doubt")
        .order_by(t.batch.c.number)
    )
    rows = found.mappings().all()
    # A batch in doubt has no events of its own, or it would be accepted: any event is of another.
    heard = evidence.heard(tx, min(row[t.attempt.c.claimed_at] for row in rows)) if rows else ()
    return tuple(
        Doubt(
            batch_id=row[t.batch.c.id],
            number=row[t.batch.c.number],
            readers=row["readers"],
            attempt=row[t.batch.c.attempt],
            doubted=row["doubted"],
            claimed_at=row[t.attempt.c.claimed_at],
            claimed_uptime_s=row[t.attempt.c.claimed_uptime_s],
            boot=row[t.attempt.c.boot],
            host=row[t.attempt.c.host],
            pid=row[t.attempt.c.pid],
            error=row[t.attempt.c.error],
            status=row[t.attempt.c.status],
            others_heard_at=_heard_at(heard, row[t.attempt.c.claimed_at]),
        )
        for row in rows
    )


def _heard_at(heard: Iterable[evidence.Heard], since: datetime) -> datetime | None:
    return max((item.at for item in heard if item.claimed_at >= since), default=None)


def editions_in_doubt(tx: Tx, newsletter: str) -> tuple[str, ...]:
    """A newsletter's editions whose send to readers has batches in doubt, and was not cancelled."""
    doubtful = select(t.batch.c.send_id).where(t.batch.c.state == "in_doubt")
    found = tx.execute(
        select(t.edition.c.name)
        .join(t.send, t.send.c.edition_id == t.edition.c.id)
        .where(
            t.edition.c.newsletter == newsletter,
            t.send.c.kind.in_(TO_READERS),
            t.send.c.state != SendState.CANCELLED.value,
            t.send.c.id.in_(doubtful),
        )
        .order_by(t.send.c.id)
    )
    return tuple(found.scalars())


def accept(tx: Tx, batch_id: int, *, by: str, now: datetime) -> bool:
    """Take a batch in doubt as accepted, on evidence or on a person's word; True where that was news."""
    return answers.settle(tx, batch_id, "accepted", by=by, receipt="", now=now)


def resend(tx: Tx, batch_id: int, *, now: datetime) -> bool:
    """Send a batch in doubt again. Refused (False) where an event proves that it was accepted."""
    heard = exists().where(
        and_(
            t.delivery.c.send_id == t.batch.c.send_id,
            t.delivery.c.batch_number == t.batch.c.number,
            t.event.c.delivery_id == t.delivery.c.id,
        )
    )
    done = tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch_id, t.batch.c.state == "in_doubt", ~heard)
        .values(state="pending", not_before=now)
    )
    return done.rowcount == 1


def prove(tx: Tx, batches: Collection[tuple[int, int]], *, now: datetime) -> tuple[int, ...]:
    """Settle as accepted each of these batches (send id, number) that is not settled: an event of one delivery proves
    acceptance of all.

    Gives the ids of the sends concerned. Also a batch that waits to be resent, or was cancelled while it did: its
    earlier attempt was accepted. And one that this ledger never tried: it was restored, and was tried since its backup.
    """
    found = {
        row.id: row.send_id
        for send_id, numbers in _by_send(batches).items()
        for row in tx.execute(
            select(t.batch.c.id, t.batch.c.send_id).where(
                t.batch.c.send_id == send_id,
                t.batch.c.state.in_(["claimed", "in_doubt", "pending", "cancelled"]),
                t.batch.c.number.in_(numbers),
            )
        )
    }
    for send_id in sorted(set(found.values())):
        sends.find(tx, send_id, lock=True)  # a send before its batches, everywhere: no two wait for each other
    for batch_id in sorted(found):
        if not accept(tx, batch_id, by="event", now=now):
            _accept_cancelled(tx, batch_id, now)
    return tuple(sorted(set(found.values())))


def _accept_cancelled(tx: Tx, batch_id: int, now: datetime) -> None:
    done = tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch_id, t.batch.c.state == "cancelled")
        .values(state="accepted", settled_by="event", settled_at=now)
        .returning(t.batch.c.send_id, t.batch.c.number)
    ).one_or_none()
    if done is not None:
        tx.execute(
            update(t.delivery)
            .where(
                t.delivery.c.send_id == done.send_id,
                t.delivery.c.batch_number == done.number,
                t.delivery.c.reason == "cancelled",
            )
            .values(outcome=None, reason=None)
        )


def _by_send(batches: Collection[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for send_id, number in batches:
        found.setdefault(send_id, []).append(number)
    return found
