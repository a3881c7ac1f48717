"""Batches in doubt are settled by evidence, by policy, or by a person; never by a blind retry."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from newsletter.errors import UsageError
from newsletter.model import AlertKind, EditionState, SendState
from newsletter.pipeline import alerts, guards, sending
from newsletter.pipeline.context import Context
from newsletter.sending import owner, plan
from newsletter.storage import Tx, claims, doubt, editions, sends

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a decision did: batch numbers accepted, to be sent again, and left because evidence forbids it."""

    send_id: int
    accepted: tuple[int, ...] = ()
    resent: tuple[int, ...] = ()
    left: tuple[int, ...] = ()


def probably_not_accepted(item: doubt.Doubt, now: datetime) -> bool:
    """No event after the quiet time, while other batches of the edition are heard."""
    return item.others_heard_at is not None and now - item.claimed_at >= plan.QUIET_TIME


def verdict(item: doubt.Doubt, now: datetime) -> str:
    """What the evidence says, in words for the person who decides."""
    minutes = int((now - item.claimed_at).total_seconds() // 60)
    if probably_not_accepted(item, now):
        return f"probably not accepted: no event in {minutes} minutes, while other batches are heard"
    if item.others_heard_at is not None:
        return f"no event yet after {minutes} minutes, while other batches are heard; wait for {plan.QUIET_TIME} in all"
    return f"no event of any batch in {minutes} minutes: is the event webhook set up? Look at the ESP's activity feed"


def document(item: doubt.Doubt, now: datetime) -> dict[str, Any]:
    """A batch in doubt and its evidence, for `--json`."""
    return {
        "batch": item.number,
        "readers": item.readers,
        "attempt": item.attempt,
        "claimed_at": item.claimed_at.isoformat(),
        "status": item.status,
        "error": item.error,
        "others_heard_at": item.others_heard_at.isoformat() if item.others_heard_at else None,
        "verdict": verdict(item, now),
    }


def listed(context: Context, edition: str, numbers: Collection[int] = ()) -> tuple[doubt.Doubt, ...]:
    """The batches of an edition that are in doubt, all or those of the numbers.

    Raises UsageError where it has no send, or no batch in doubt of such a number.
    """
    now = context.clock()
    with context.store.write() as tx:
        live = sends.live(tx, edition)
        if live is None:
            raise UsageError(f"{edition} has no send yet")
        claims.recover(tx, owner.is_gone, now)
        found = doubt.doubts(tx, live.id)
    unknown = set(numbers) - {item.number for item in found}
    if unknown:
        raise UsageError(f"{edition} has no batch in doubt with the number {', '.join(map(str, sorted(unknown)))}")
    return tuple(item for item in found if not numbers or item.number in numbers)


def resolve(
    context: Context, edition: str, *, accept: bool, by: str, numbers: Collection[int] = (), quiet_only: bool = False
) -> Resolution:
    """Decide over batches in doubt, all or those of the numbers: take them as accepted, or send them again.

    What has evidence of acceptance is never sent again. With `quiet_only`, only what is probably not accepted is.
    Raises UsageError, and ConfigError or StoreError where live mail must not go.
    """
    now = context.clock()
    chosen = listed(context, edition, numbers)
    if quiet_only:
        chosen = tuple(item for item in chosen if probably_not_accepted(item, now))
    done: list[int] = []
    left: list[int] = []
    with context.store.write() as tx:
        live = sends.live(tx, edition)
        assert live is not None  # `listed` has looked
        live = sends.find(tx, live.id, lock=True)
        if live.state is SendState.CANCELLED and chosen and not accept:
            raise UsageError(f"{edition} is cancelled: nothing is sent again; --accept takes its batches as accepted")
        if chosen and not accept:
            guards.before_live_send(context, tx)  # what goes again is live mail like any other
        for item in chosen:
            news = (
                doubt.accept(tx, item.batch_id, by=by, now=now) if accept else doubt.resend(tx, item.batch_id, now=now)
            )
            (done if news else left).append(item.number)
        if done and not accept:
            _reopen(tx, live, by, now)
            alerts.rearm(tx, edition, AlertKind.IN_DOUBT, AlertKind.NOT_ACCEPTED)  # in doubt again, it is news again
        sending.close(tx, live.id, now)
    if chosen:
        log.info("doubts resolved", edition=edition, accepted=accept, batches=done, left=left, by=by)
    return Resolution(
        send_id=live.id,
        accepted=tuple(done) if accept else (),
        resent=() if accept else tuple(done),
        left=tuple(left),
    )


def _reopen(tx: Tx, live: sends.SendRow, by: str, now: datetime) -> None:
    """Only what had ended goes on: a paused send waits for its own resume, after the cure."""
    sends.move(tx, live.id, [SendState.PARTIAL], SendState.SENDING, now=now)
    editions.move(
        tx, live.edition_id, [EditionState.PARTIAL], EditionState.SENDING, reason="resent in part", by=by, now=now
    )
