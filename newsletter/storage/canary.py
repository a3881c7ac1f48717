"""The canary of a send as rows: who goes ahead, how it fares, and that the rest waits.

The rest waits by the claim: while `SendRow.rest_waits`, nobody can claim any batch but the first, in whatever process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select, update

from newsletter.model import CanaryStanding
from newsletter.storage import eligibility
from newsletter.storage import tables as t
from newsletter.storage.database import Tx
from newsletter.storage.eligibility import Mailing

BATCH = 1
"""The number of the batch that goes ahead."""


def on_list(tx: Tx, mailing: Mailing, keys: Collection[int]) -> tuple[int, ...]:
    """Which of these address keys could be mailed, in the order of the list."""
    if not keys:
        return ()
    rows = eligibility.candidates(mailing).subquery()
    wanted = select(rows.c.address_key).where(rows.c.address_key.in_(sorted(keys)), rows.c.reason.is_(None))
    return tuple(tx.execute(wanted.order_by(rows.c.subscriber_id)).scalars())


def note(tx: Tx, send_id: int, wait: timedelta) -> None:
    """Batch 1 of a send that was just frozen is its canary; unless it is the only one, and nobody would wait."""
    sizes = select(t.batch.c.size).where(t.batch.c.send_id == send_id, t.batch.c.number == BATCH).scalar_subquery()
    others = select(func.count()).where(t.batch.c.send_id == send_id, t.batch.c.number != BATCH).scalar_subquery()
    tx.execute(
        update(t.send)
        .where(t.send.c.id == send_id)
        .values(canary_count=case((others > 0, sizes), else_=0), canary_wait_s=int(wait.total_seconds()))
    )


def standing(tx: Tx, send_id: int) -> CanaryStanding | None:
    """How the canary of a send stands; None where it has none.

    The wait begins with its acceptance; while it is in doubt, with its doubt.
    """
    row = tx.execute(
        select(
            t.send.c.canary_count, t.send.c.canary_wait_s, t.send.c.rest_at,
            t.batch.c.state, t.batch.c.settled_at, t.attempt.c.finished_at,
        )
        .join(t.batch, and_(t.batch.c.send_id == t.send.c.id, t.batch.c.number == BATCH))
        .outerjoin(t.attempt, and_(t.attempt.c.batch_id == t.batch.c.id, t.attempt.c.number == t.batch.c.attempt))
        .where(t.send.c.id == send_id, t.send.c.canary_count > 0)
    ).one_or_none()  # fmt: skip
    if row is None:
        return None
    since = {"accepted": row.settled_at, "in_doubt": row.finished_at}.get(row.state)
    planned = since + timedelta(seconds=row.canary_wait_s) if since else None
    return CanaryStanding(
        readers=row.canary_count,
        state=row.state,
        accepted_at=row.settled_at if row.state == "accepted" else None,
        rest_from=row.rest_at or planned,
        rest_waits=row.rest_at is None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the canary's readers: by fact, how many were refused, and what servers said that took it not."""

    facts: Mapping[str, int]
    refused: int
    said: Sequence[tuple[str, str]]
    """(kind, reason) of events that may blame the sender; the words of a stranger, not to be logged."""


def fate(tx: Tx, send_id: int) -> Fate:
    """What is known of the canary's readers now."""
    mine = and_(t.delivery.c.send_id == send_id, t.delivery.c.batch_number == BATCH)
    facts = tx.execute(
        select(t.fact.c.kind, func.count().label("people"))
        .join(t.delivery, t.delivery.c.id == t.fact.c.delivery_id)
        .where(mine)
        .group_by(t.fact.c.kind)
    )
    refused = select(func.count()).select_from(t.delivery).where(mine, t.delivery.c.outcome == "refused")
    said = tx.execute(
        select(t.event.c.kind, t.event.c.reason)
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .where(mine, t.event.c.reason != "")
        .distinct()
    )
    return Fate(
        facts={row.kind: row.people for row in facts},
        refused=tx.execute(refused).scalar_one(),
        said=tuple((row.kind, row.reason) for row in said),
    )


def let_go(tx: Tx, send_id: int, now: datetime) -> bool:
    """The rest may be claimed from now on; True where that was news. Not before the canary itself has gone out."""
    out = (
        select(t.batch.c.id)
        .where(t.batch.c.send_id == send_id, t.batch.c.number == BATCH, t.batch.c.state.not_in(["pending", "claimed"]))
        .exists()
    )
    done = tx.execute(
        update(t.send)
        .where(t.send.c.id == send_id, t.send.c.canary_count > 0, t.send.c.rest_at.is_(None), out)
        .values(rest_at=now)
    )
    return done.rowcount == 1
