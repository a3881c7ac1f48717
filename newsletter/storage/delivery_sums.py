"""Sums in place of deliveries that are too old to keep, with their facts. Batches, attempts and receipts stay, and so
does the edition, which cannot go again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from newsletter.model import EventKind, SendState
from newsletter.storage import bulk, sums
from newsletter.storage import tables as t
from newsletter.storage.clicks import Index
from newsletter.storage.database import Tx

UNMAILED = "unmailed"
"""The outcome under which those are summed who stood in a batch and were excluded or refused, by the batch's state:
what is to be taken off its size.
"""

_OVER = (SendState.SENT.value, SendState.CANCELLED.value)
_OPEN = ("pending", "claimed", "in_doubt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Up to so many deliveries of a batch (or of those in no batch) that are due to be summed."""

    send_id: int
    edition: str
    deliveries: Sequence[int]


def next_deliveries(tx: Tx, before: datetime, limit: int) -> Portion | None:
    """Some deliveries of the oldest send that was over before an instant; None where there are none any more.

    A send with a batch in doubt is not over: its readers are kept until that is settled. Nor does the newest delivery
    of all go: SQLite would give its number again, and events of old mails would tell of new ones.
    """
    newest = select(func.max(t.delivery.c.id)).scalar_subquery()
    unsettled = exists().where(t.batch.c.send_id == t.send.c.id, t.batch.c.state.in_(_OPEN))
    some = exists().where(t.delivery.c.send_id == t.send.c.id, t.delivery.c.id < newest)
    send = tx.execute(
        select(t.send.c.id, t.edition.c.name)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(t.send.c.state.in_(_OVER), t.send.c.finished_at < before, ~unsettled, some)
        .order_by(t.send.c.id)
        .limit(1)
    ).one_or_none()
    if send is None:
        return None
    mine = select(t.delivery.c.id).where(t.delivery.c.send_id == send.id, t.delivery.c.id < newest).limit(limit)
    return Portion(send_id=send.id, edition=send.name, deliveries=tx.execute(mine).scalars().all())


def sum_deliveries(tx: Tx, portion: Portion, *, index: Index, now: datetime) -> int:
    """Add the deliveries of a portion to the sums, what was told of them too, and delete all; gives how many."""
    sums.sum_all_of(tx, portion.send_id, portion.edition, portion.deliveries, index=index, now=now)
    found: Counter[tuple[str, str]] = Counter()
    for row in tx.execute(_ended(t.delivery.c.id.in_(portion.deliveries))):
        found[row.outcome or row.state or "", row.reason or ""] += 1
        if row.outcome is not None and row.state is not None:
            found[UNMAILED, row.state] += 1
    for row in tx.execute(_became(t.delivery.c.id.in_(portion.deliveries))):
        found[row.kind, row.tracking or ""] += row.people
    _add(tx, portion.send_id, found)
    bulk.delete(tx, t.fact.c.delivery_id, portion.deliveries)
    return bulk.delete(tx, t.delivery.c.id, portion.deliveries)


def _ended(which: ColumnElement[bool]) -> Any:
    """Deliveries with their own outcome, and the state of their batch, which they follow where they have none."""
    return (
        select(t.delivery.c.outcome, t.delivery.c.reason, t.batch.c.state)
        .outerjoin(
            t.batch,
            (t.batch.c.send_id == t.delivery.c.send_id) & (t.batch.c.number == t.delivery.c.batch_number),
        )
        .where(which)
    )


def _became(which: ColumnElement[bool]) -> Any:
    """How many of these deliveries have each fact, by what was seen of their readers: rates are of some of them."""
    return (
        select(t.fact.c.kind, t.variant.c.tracking, func.count().label("people"))
        .select_from(t.delivery)
        .join(t.fact, t.fact.c.delivery_id == t.delivery.c.id)
        .outerjoin(
            t.batch,
            (t.batch.c.send_id == t.delivery.c.send_id) & (t.batch.c.number == t.delivery.c.batch_number),
        )
        .outerjoin(t.variant, t.variant.c.id == t.batch.c.variant_id)
        .where(which)
        .group_by(t.fact.c.kind, t.variant.c.tracking)
    )


def _add(tx: Tx, send_id: int, found: Mapping[tuple[str, str], int]) -> None:
    rows = sorted((*key, people) for key, people in found.items())
    columns: dict[str, Sequence[Any]] = {
        "send_id": [send_id] * len(rows),
        "outcome": [row[0] for row in rows],
        "reason": [row[1] for row in rows],
        "deliveries": [row[2] for row in rows],
    }
    bulk.upsert(tx, t.delivery_sum, columns, key=("send_id", "outcome", "reason"), adding=("deliveries",))


def by_reason(tx: Tx, send_id: int, outcome: str) -> dict[str, int]:
    """What was summed of a send under an outcome, by reason; under a fact, by the tracking of their variants."""
    mine = (t.delivery_sum.c.send_id == send_id) & (t.delivery_sum.c.outcome == outcome)
    return {row.reason: row.deliveries for row in tx.execute(select(t.delivery_sum).where(mine))}


def facts(tx: Tx, send_id: int) -> dict[str, int]:
    """The summed facts of a send: deliveries by what became of them."""
    mine = (t.delivery_sum.c.send_id == send_id) & t.delivery_sum.c.outcome.in_([kind.value for kind in EventKind])
    people = select(t.delivery_sum.c.outcome, func.sum(t.delivery_sum.c.deliveries).label("people")).where(mine)
    return {row.outcome: int(row.people) for row in tx.execute(people.group_by(t.delivery_sum.c.outcome))}


def begun(tx: Tx, send_id: int) -> bool:
    """Whether deliveries of a send were summed: who got it is not known of all any more."""
    return tx.execute(select(t.delivery_sum.c.send_id).where(t.delivery_sum.c.send_id == send_id)).first() is not None


def gone_until(tx: Tx) -> datetime | None:
    """When the last send was over of which deliveries were summed."""
    summed = select(t.delivery_sum.c.send_id)
    last: datetime | None = tx.execute(
        select(func.max(t.send.c.finished_at)).where(t.send.c.id.in_(summed))
    ).scalar_one()
    return last
