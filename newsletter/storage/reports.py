"""What a report asks of the ledger beside the counts that balance: what is open, what was seen, earlier editions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select

from newsletter.model import EventKind, SendState, Tracking
from newsletter.storage import delivery_sums
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

ENDS = (EventKind.DELIVERED, EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED)
"""What becomes of a copy in the end; some come to two of these (a server takes a mail, and sends it back later)."""

_RATED = (*ENDS, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)


def _has(*kinds: EventKind) -> ColumnElement[bool]:
    return exists().where(t.fact.c.delivery_id == t.delivery.c.id, t.fact.c.kind.in_([kind.value for kind in kinds]))


def open_copies(tx: Tx, send_id: int) -> tuple[int, int]:
    """How many copies came to an end, and how many of the others were put off, to be tried again."""
    of_send = t.delivery.c.send_id == send_id
    ended: int = tx.execute(
        select(func.count()).select_from(t.delivery).where(of_send, _has(*ENDS))
    ).scalar_one()  # fmt: skip
    old = delivery_sums.facts(tx, send_id)
    deferred: int = tx.execute(
        select(func.count()).select_from(t.delivery).where(of_send, _has(EventKind.DEFERRED), ~_has(*ENDS))
    ).scalar_one()
    return ended + sum(old.get(kind, 0) for kind in ENDS), deferred


def trackings(tx: Tx, send_id: int) -> tuple[Tracking, ...]:
    """What is seen of the readers of a send: each tracking that one of its variants has."""
    words = tx.execute(
        select(t.variant.c.tracking)
        .join(t.batch, t.batch.c.variant_id == t.variant.c.id)
        .where(t.batch.c.send_id == send_id)
        .distinct()
        .order_by(t.variant.c.tracking)
    ).scalars()
    return tuple(map(Tracking.of, words))


def delivered(tx: Tx, send_id: int, among: Sequence[Tracking]) -> int:
    """Delivered copies of the variants with one of these trackings; those that are summed, too."""
    count: int = tx.execute(
        select(func.count())
        .select_from(t.delivery)
        .join(t.batch, and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number))
        .join(t.variant, t.variant.c.id == t.batch.c.variant_id)
        .where(
            t.delivery.c.send_id == send_id,
            t.variant.c.tracking.in_([tracking.word for tracking in among]),
            _has(EventKind.DELIVERED),
        )
    ).scalar_one()
    old = delivery_sums.by_reason(tx, send_id, EventKind.DELIVERED)
    return count + sum(old.get(tracking.word, 0) for tracking in among)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The send of an earlier edition of a newsletter."""

    send_id: int
    edition_id: int
    started_at: datetime


def earlier(tx: Tx, newsletter: str, before: datetime, limit: int) -> tuple[Earlier, ...]:
    """The last editions that went to their whole list before an instant, newest first; corrections are none."""
    rows = tx.execute(
        select(t.send.c.id, t.send.c.edition_id, t.send.c.started_at)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(
            t.edition.c.newsletter == newsletter,
            t.send.c.kind == "live",
            t.send.c.state.in_([SendState.SENT.value, SendState.PARTIAL.value]),
            t.send.c.started_at < before,
        )
        .order_by(t.send.c.started_at.desc())
        .limit(limit)
    )
    return tuple(Earlier(send_id=row.id, edition_id=row.edition_id, started_at=row.started_at) for row in rows)


def facts_until(tx: Tx, send_id: int, until: datetime) -> Mapping[str, int]:
    """Copies by what had become of them at an instant, of the kinds that rates are made of; what is too old to be kept
    singly counts too.
    """
    counts = (
        select(t.fact.c.kind, func.count().label("copies"))
        .where(t.fact.c.kind.in_([kind.value for kind in _RATED]), t.fact.c.at <= until)
        .group_by(t.fact.c.kind)
    )
    first, last, copies = tx.execute(
        select(func.min(t.delivery.c.id), func.max(t.delivery.c.id), func.count()).where(
            t.delivery.c.send_id == send_id
        )
    ).one()
    if copies and last - first + 1 == copies:
        # As a freeze writes them, and no other stands between: to read on is faster than to look each up.
        rows = tx.execute(counts.where(t.fact.c.delivery_id.between(first, last)))
    else:
        mine = counts.join(t.delivery, t.delivery.c.id == t.fact.c.delivery_id)
        rows = tx.execute(mine.where(t.delivery.c.send_id == send_id))
    old = delivery_sums.facts(tx, send_id)
    told = {row.kind: row.copies for row in rows}
    return {kind: told.get(kind, 0) + old.get(kind, 0) for kind in _RATED if kind in told or kind in old}


def readers_until(tx: Tx, send_id: int, kind: EventKind, until: datetime) -> int:
    """How many readers had done something themselves at an instant; what is too old to be kept singly counts too."""
    told: int = tx.execute(
        select(func.count(t.event.c.delivery_id.distinct()))
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .join(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .where(t.delivery.c.send_id == send_id, t.event.c.kind == kind.value, t.event.c.occurred_at <= until)
        .where(t.judgement.c.machine.is_(False))
    ).scalar_one()
    summed: int = tx.execute(
        select(func.coalesce(func.sum(t.event_sum.c.deliveries), 0))
        .where(t.event_sum.c.send_id == send_id, t.event_sum.c.kind == kind.value, t.event_sum.c.code == "")
        .where(t.event_sum.c.machine.is_(False))
    ).scalar_one()
    return told + summed


def bounce_reasons(tx: Tx, send_id: int) -> list[tuple[int, str, str]]:
    """(delivery, kind, reason) of each bounce and block that is still kept, oldest first."""
    rows = tx.execute(
        select(t.event.c.delivery_id, t.event.c.kind, t.event.c.reason)
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .where(t.delivery.c.send_id == send_id)
        .where(t.event.c.kind.in_([EventKind.BOUNCED.value, EventKind.BLOCKED.value]))
        .order_by(t.event.c.occurred_at, t.event.c.id)
    )
    return [(row.delivery_id, row.kind, row.reason) for row in rows]


def went(tx: Tx, newsletter: str, limit: int) -> tuple[str, ...]:
    """The ids of a newsletter's last editions that have begun to go, newest first; corrections are none."""
    return tuple(
        tx.execute(
            select(t.edition.c.name)
            .join(t.send, t.send.c.edition_id == t.edition.c.id)
            .where(t.edition.c.newsletter == newsletter, t.send.c.kind == "live", t.send.c.started_at.is_not(None))
            .order_by(t.send.c.started_at.desc(), t.send.c.id.desc())
            .limit(limit)
        ).scalars()
    )


def edition_name(tx: Tx, edition_id: int) -> str | None:
    """The id of an edition by its row's number."""
    return tx.execute(select(t.edition.c.name).where(t.edition.c.id == edition_id)).scalar_one_or_none()


def clicks_until(tx: Tx, edition_id: int, send_id: int, until: datetime) -> int:
    """How often people had followed links of an edition at an instant; what is too old to be kept singly counts too."""
    codes = (
        select(t.link.c.code)
        .join(t.variant, t.variant.c.message_id == t.link.c.message_id)
        .where(t.variant.c.edition_id == edition_id, t.link.c.code != "")
    )
    hits: int = tx.execute(
        select(func.count())
        .select_from(t.hit)
        .where(t.hit.c.code.in_(codes), t.hit.c.at <= until, t.hit.c.machine.is_(False))
    ).scalar_one()
    machine = func.coalesce(t.judgement.c.machine, t.event.c.machine)
    told: int = tx.execute(
        select(func.count())
        .select_from(t.event)
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .where(t.delivery.c.send_id == send_id, t.event.c.kind == EventKind.CLICKED.value)
        .where(t.event.c.occurred_at <= until, machine.is_(False))
    ).scalar_one()
    summed: int = tx.execute(
        select(func.coalesce(func.sum(t.event_sum.c.events), 0)).where(
            t.event_sum.c.send_id == send_id, t.event_sum.c.code != "", t.event_sum.c.machine.is_(False)
        )
    ).scalar_one()
    return hits + told + summed
