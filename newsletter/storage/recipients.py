"""Who gets a send, written down as one set operation: deliveries, their batches, and the count that verifies both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, false, func, insert, literal, null, select, update

from newsletter.errors import StoreError
from newsletter.storage import balance
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, roomy

Candidates = Select[int, int, str | None, int]
"""Subscriber id, address key, the reason against them (or NULL), and which variant they get, counted from 0."""


def write_down(
    tx: Tx,
    send_id: int,
    variants: Sequence[int],
    candidates: Candidates,
    *,
    counts_under: int,
    batch_size: int,
    ahead: Sequence[int] = (),
) -> int:
    """Make the deliveries and batches of a send; gives how many candidates it has. Raises StoreError.

    `counts_under` is the edition whose "never twice" they count under; `ahead` are the address keys of batch 1, where
    some go before the others: it carries the first of the `variants`, whatever they chose.
    """
    numbering = _Numbering(variants=len(variants), first=2 if ahead else 1, size=batch_size)
    with roomy(tx):
        _insert_deliveries(tx, send_id, candidates, counts_under, numbering, ahead)
    insert_batches(tx, send_id, variants, first=numbering.first)
    total = tx.execute(select(func.count()).select_from(t.delivery).where(t.delivery.c.send_id == send_id)).scalar_one()
    tx.execute(update(t.send).where(t.send.c.id == send_id).values(candidates=total))
    _verify(tx, send_id, total, batch_size)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbering:
    """How batches get their numbers: of two variants, in turn 1 and 3 and 5, or 2 and 4 and 6, so that the number says
    which variant a batch carries and no batch carries two. Where one variant has fewer readers, numbers are left out.
    """

    variants: int
    first: int
    size: int

    def number(self, place: ColumnElement[int], variant: ColumnElement[int]) -> ColumnElement[int]:
        """The batch of who stands at `place` (from 0) among the readers of a variant (from 0)."""
        if self.variants == 1:
            return place // self.size + self.first
        return place // self.size * self.variants + variant + self.first


def _insert_deliveries(
    tx: Tx,
    send_id: int,
    candidates: Candidates,
    counts_under: int,
    numbering: _Numbering,
    canary_keys: Sequence[int],
) -> None:
    rows = candidates.subquery()
    free = rows.c.reason.is_(None)
    ahead = and_(free, rows.c.address_key.in_(canary_keys)) if canary_keys else false()
    parts = [free, *([ahead] if canary_keys else []), *([rows.c.variant] if numbering.variants > 1 else [])]
    place = func.row_number().over(partition_by=parts, order_by=rows.c.subscriber_id) - 1
    chosen = select(
        literal(send_id),
        case((free, literal(counts_under)), else_=null()),
        rows.c.subscriber_id,
        rows.c.address_key,
        case((ahead, 1), (free, numbering.number(place, rows.c.variant)), else_=null()),
        case((free, null()), else_=literal("excluded")),
        rows.c.reason,
    ).order_by(rows.c.subscriber_id)
    columns = ["send_id", "edition_id", "subscriber_id", "address_key", "batch_number", "outcome", "reason"]
    tx.execute(insert(t.delivery).from_select(columns, chosen))


def insert_batches(tx: Tx, send_id: int, variants: Sequence[int], *, first: int = 1) -> None:
    """A row for each number that deliveries of a send have, with the variant that the number says; those before `first`
    carry the first variant.
    """
    number = t.delivery.c.batch_number
    places = dict(enumerate(variants))
    said = case((number < first, variants[0]), else_=case(places, value=(number - first) % len(variants)))
    sizes = (
        select(
            literal(send_id),
            literal(variants[0]) if len(variants) == 1 else said,
            number,
            func.count(),
            literal("pending"),
        )
        .where(t.delivery.c.send_id == send_id, number.is_not(None))
        .group_by(number)
        .order_by(number)
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
