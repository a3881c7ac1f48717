"""What the ESP answered to a batch, recorded by compare-and-set: an answer that comes late or twice undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update

from newsletter.model import Batch
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


def settle(tx: Tx, batch_id: int, state: str, *, by: str, receipt: str, now: datetime) -> bool:
    """End a batch that is not ended yet; True where that was news."""
    done = tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch_id, t.batch.c.state.in_(["claimed", "in_doubt", "pending"]))
        .values(state=state, settled_by=by, settled_at=now, receipt=receipt, not_before=None)
    )
    return done.rowcount == 1


def _finish_attempt(
    tx: Tx, batch: Batch, outcome: str, now: datetime, *, status: int | None = None, error: str = ""
) -> None:
    tx.execute(
        update(t.attempt)
        .where(t.attempt.c.batch_id == batch.id, t.attempt.c.number == batch.attempt)
        .values(finished_at=now, outcome=outcome, status=status, error=error)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """That the ESP took a batch, and the receipt it gave (its message id, or nothing)."""

    batch: Batch
    receipt: str
    at: datetime


def all_accepted(tx: Tx, taken: Sequence[Accepted]) -> None:
    """The ESP took each of these batches: two statements for all of them, where each is as it was claimed."""
    if not taken:
        return
    values = [
        {"of": each.batch.id, "tried": each.batch.attempt, "now": each.at, "given": each.receipt}
        for each in sorted(taken, key=lambda each: each.batch.id)  # rows are locked in one order, whoever does it
    ]
    done = tx.execute(_ACCEPT, values)
    if done.rowcount == len(taken):
        tx.execute(_ACCEPT_ATTEMPT, values)
        return
    for each in taken:  # events, a lease or a cancel were faster with some
        accepted(tx, each.batch, each.receipt, each.at)


_ACCEPT = (
    update(t.batch)
    .where(t.batch.c.id == bindparam("of"), t.batch.c.attempt == bindparam("tried"), t.batch.c.state == "claimed")
    .values(state="accepted", settled_by="answer", settled_at=bindparam("now"), receipt=bindparam("given"))
)
_ACCEPT_ATTEMPT = (
    update(t.attempt)
    .where(t.attempt.c.batch_id == bindparam("of"), t.attempt.c.number == bindparam("tried"))
    .values(finished_at=bindparam("now"), outcome="accepted", status=202)
)


def accepted(tx: Tx, batch: Batch, receipt: str, now: datetime) -> bool:
    """The ESP took the batch, however late its answer is read; True where that was news.

    An event may have said so first: then the answer only brings the receipt.
    """
    _finish_attempt(tx, batch, "accepted", now, status=202)
    tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch.id, t.batch.c.attempt == batch.attempt, t.batch.c.receipt == "")
        .values(receipt=receipt)
    )
    news = settle(tx, batch.id, "accepted", by="answer", receipt=receipt, now=now)
    if not news:  # an event was faster than the answer, and carries no receipt; or nobody was left in a later attempt
        tx.execute(
            update(t.batch)
            .where(t.batch.c.id == batch.id, t.batch.c.state == "accepted", t.batch.c.receipt == "")
            .values(receipt=receipt)
        )
        news = _count_after_all(tx, batch, receipt, now)
    return news


def _count_after_all(tx: Tx, batch: Batch, receipt: str, now: datetime) -> bool:
    """It was to be sent again, by a person's decision, when nobody was left in it any more, or it was cancelled: those
    of this attempt got it all the same.
    """
    done = tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch.id, t.batch.c.state.in_(["empty", "cancelled"]))
        .values(state="accepted", settled_by="answer", settled_at=now, receipt=receipt)
    )
    if done.rowcount != 1:
        return False
    numbers = [int(person.delivery_id.rpartition("-")[2]) for person in batch.recipients]
    tx.execute(update(t.delivery).where(t.delivery.c.id.in_(numbers)).values(outcome=None, reason=None))
    return True


def not_sent(
    tx: Tx, batch: Batch, error: str, now: datetime, *, status: int | None, not_before: datetime | None
) -> bool:
    """The batch was certainly not accepted: back to pending, not before a time."""
    _finish_attempt(tx, batch, "not sent", now, status=status, error=error)
    return _back(tx, batch, not_before)


def refused(tx: Tx, batch: Batch, reasons: Mapping[int, str], error: str, now: datetime, *, status: int) -> bool:
    """The ESP named deliveries (by their place in the batch): those are refused, the rest go again."""
    _finish_attempt(tx, batch, "refused", now, status=status, error=error)
    if not _back(tx, batch, None):
        return False
    for place, reason in reasons.items():
        number = int(batch.recipients[place].delivery_id.rpartition("-")[2])
        tx.execute(
            update(t.delivery)
            .where(t.delivery.c.id == number, t.delivery.c.outcome.is_(None))
            .values(outcome="refused", reason=reason[:60])
        )
    if len(reasons) == len(batch.recipients):
        settle(tx, batch.id, "empty", by="all refused", receipt="", now=now)
    return True


def in_doubt(tx: Tx, batch: Batch, error: str, now: datetime, *, status: int | None) -> bool:
    """Nobody knows whether the batch was accepted: evidence or a person settles it."""
    _finish_attempt(tx, batch, "in doubt", now, status=status, error=error)
    done = tx.execute(
        update(t.batch)
        .where(t.batch.c.id == batch.id, t.batch.c.state == "claimed", t.batch.c.attempt == batch.attempt)
        .values(state="in_doubt")
    )
    return done.rowcount == 1


def _back(tx: Tx, batch: Batch, not_before: datetime | None) -> bool:
    """To pending, if this attempt is still the batch's last: a late answer must not undo a newer one."""
    done = tx.execute(
        update(t.batch)
        .where(
            t.batch.c.id == batch.id,
            t.batch.c.state.in_(["claimed", "in_doubt"]),
            t.batch.c.attempt == batch.attempt,
        )
        .values(state="pending", not_before=not_before)
    )
    return done.rowcount == 1
