"""Who gets a send, written down as one set operation: deliveries, their batches, and the count that verifies both."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, and_, case, false, func, insert, literal, null, select, update

from newsletter.errors import StoreError
from newsletter.storage import balance
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, roomy

Candidates = Select[int, int, str | None]
"""Subscriber id, address key, and the reason against them (or NULL)."""


def write_down(
    tx: Tx,
    send_id: int,
    variant_id: int,
    candidates: Candidates,
    *,
    counts_under: int,
    batch_size: int,
    ahead: Sequence[int] = (),
) -> int:
    """Make the deliveries and batches of a send; gives how many candidates it has. Raises StoreError.

    `counts_under` is the edition whose "never twice" they count under; `ahead` are the address keys of batch 1, where
    some go before the others.
    """
    with roomy(tx):
        _insert_deliveries(tx, send_id, candidates, counts_under, batch_size, ahead)
    insert_batches(tx, send_id, variant_id)
    total = tx.execute(select(func.count()).select_from(t.delivery).where(t.delivery.c.send_id == send_id)).scalar_one()
    tx.execute(update(t.send).where(t.send.c.id == send_id).values(candidates=total))
    _verify(tx, send_id, total, batch_size)
    return total


def _insert_deliveries(
    tx: Tx, send_id: int, candidates: Candidates, counts_under: int, batch_size: int, canary_keys: Sequence[int]
) -> None:
    rows = candidates.subquery()
    free = rows.c.reason.is_(None)
    ahead = and_(free, rows.c.address_key.in_(canary_keys)) if canary_keys else false()
    parts = (free, ahead) if canary_keys else (free,)
    place = func.row_number().over(partition_by=parts, order_by=rows.c.subscriber_id) - 1
    first = 2 if canary_keys else 1  # the batch that those who are not the canary begin with
    chosen = select(
        literal(send_id),
        case((free, literal(counts_under)), else_=null()),
        rows.c.subscriber_id,
        rows.c.address_key,
        case((ahead, 1), (free, place // batch_size + first), else_=null()),
        case((free, null()), else_=literal("excluded")),
        rows.c.reason,
    ).order_by(rows.c.subscriber_id)
    columns = ["send_id", "edition_id", "subscriber_id", "address_key", "batch_number", "outcome", "reason"]
    tx.execute(insert(t.delivery).from_select(columns, chosen))


def insert_batches(tx: Tx, send_id: int, variant_id: int) -> None:
    """A row for each number that deliveries of a send have."""
    sizes = (
        select(literal(send_id), literal(variant_id), t.delivery.c.batch_number, func.count(), literal("pending"))
        .where(t.delivery.c.send_id == send_id, t.delivery.c.batch_number.is_not(None))
        .group_by(t.delivery.c.batch_number)
        .order_by(t.delivery.c.batch_number)
    )
    tx.execute(insert(t.batch).from_select(["send_id", "variant_id", "number", "size", "state"], sizes))


def _verify(tx: Tx, send_id: int, candidates: int, batch_size: int) -> None:
    batched, largest = tx.execute(
        select(func.coalesce(func.sum(t.batch.c.size), 0), func.coalesce(func.max(t.batch.c.size), 0)).where(
            t.batch.c.send_id == send_id
        )
    ).one()
    excluded = sum(balance.exceptions(tx, send_id, "excluded").values())
    if batched + excluded != candidates or largest > batch_size:
        raise StoreError(
            f"the freeze does not add up ({candidates} candidates, {batched} in batches, {excluded} excluded, largest "
            f"batch {largest}): nothing was frozen; this is a fault of the program, please report it"
        )
