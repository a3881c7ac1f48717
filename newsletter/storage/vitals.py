"""How the ledger is doing, in a bounded number of look-ups, however many readers and events there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from newsletter.model import TO_READERS, AlertKind, EditionState, SendState
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

_UNDER_WAY = [state.value for state in (SendState.SENDING, SendState.PAUSED, SendState.PARTIAL)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Batches of a newsletter's live sends that are under way, in one state, and the readers in them."""

    newsletter: str
    state: str
    batches: int
    readers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSend:
    """The live send that began last."""

    edition: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEvent:
    """The event that was taken in last: when it happened, and when it came."""

    occurred_at: datetime
    received_at: datetime


def sends(tx: Tx) -> Mapping[tuple[str, str], int]:
    """How many sends there are, by kind and state. A row a send: some thousands a year."""
    rows = tx.execute(
        select(t.send.c.kind, t.send.c.state, func.count().label("sends"))
        .group_by(t.send.c.kind, t.send.c.state)
        .order_by(t.send.c.kind, t.send.c.state)
    )
    return {(row.kind, row.state): row.sends for row in rows}


def batches(tx: Tx) -> tuple[Batches, ...]:
    """Batches by newsletter and state, of live sends that are sending, paused or partial."""
    rows = tx.execute(
        select(
            t.edition.c.newsletter,
            t.batch.c.state,
            func.count().label("batches"),
            func.sum(t.batch.c.size).label("readers"),
        )
        .select_from(t.send)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .join(t.batch, t.batch.c.send_id == t.send.c.id)
        .where(t.send.c.kind.in_(TO_READERS), t.send.c.state.in_(_UNDER_WAY))
        .group_by(t.edition.c.newsletter, t.batch.c.state)
        .order_by(t.edition.c.newsletter, t.batch.c.state)
    )
    return tuple(
        Batches(newsletter=row.newsletter, state=row.state, batches=row.batches, readers=row.readers) for row in rows
    )


def last_send(tx: Tx) -> LastSend | None:
    """The live send that began last of those of which something was accepted, of whatever newsletter; None before the
    first.
    """
    accepted = exists().where(t.batch.c.send_id == t.send.c.id, t.batch.c.state == "accepted")
    row = tx.execute(
        select(t.edition.c.name, t.send.c.started_at)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(t.send.c.kind.in_(TO_READERS), t.send.c.started_at.is_not(None), accepted)
        .order_by(t.send.c.started_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else LastSend(edition=row.name, started_at=row.started_at)


def last_event(tx: Tx) -> LastEvent | None:
    """The event of ours that was received last; None before the first."""
    row = tx.execute(
        select(t.event.c.occurred_at, t.event.c.received_at).order_by(t.event.c.received_at.desc()).limit(1)
    ).one_or_none()
    return None if row is None else LastEvent(occurred_at=row.occurred_at, received_at=row.received_at)


def alerted(tx: Tx) -> tuple[tuple[AlertKind, str, EditionState, SendState | None], ...]:
    """Each alert of an edition with where it and its live send stand now: (kind, edition, state, state of the send)."""
    rows = tx.execute(
        select(t.alert.c.kind, t.alert.c.about, t.edition.c.state, t.send.c.state.label("send"))
        .join(t.edition, t.edition.c.name == t.alert.c.about)
        .outerjoin(t.send, (t.send.c.edition_id == t.edition.c.id) & t.send.c.kind.in_(TO_READERS))
    )
    return tuple(
        (AlertKind(row.kind), row.about, EditionState(row.state), None if row.send is None else SendState(row.send))
        for row in rows
    )
