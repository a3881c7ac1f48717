"""A frozen edition goes out: started once, carried on by whoever has a hand free, ended with numbers that balance."""

from __future__ import annotations

import threading
from datetime import datetime

import structlog

from newsletter.errors import BusyError, ConfigError, UsageError
from newsletter.model import EditionState, SendReport, SendState
from newsletter.pipeline import guards
from newsletter.pipeline.context import Context
from newsletter.pipeline.exchanging import Part, Progress
from newsletter.sending import owner
from newsletter.sending.dispatch import dispatch
from newsletter.storage import Tx, balance, claims, editions, sends

log = structlog.get_logger()


def start(context: Context, edition: str, *, by: str, late: bool = False) -> int:
    """Begin the live send of a frozen edition; gives its send id. Raises UsageError, ConfigError, StoreError."""
    now = context.clock()
    with context.store.write() as tx:
        row, live = _startable(tx, edition)
        guards.before_live_send(context, tx)
        reason = "late" if late else ""
        moved = editions.move(tx, row.id, _STARTABLE, EditionState.SENDING, reason=reason, by=by, now=now)
        if not moved or not sends.move(tx, live.id, [SendState.PENDING], SendState.SENDING, now=now):
            raise BusyError(f"{edition} was begun by somebody else just now; see `newsletter send status {edition}`")
        guards.next_epoch(tx)
    guards.remember_epoch(context)
    log.info("send started", edition=edition, send=live.id, candidates=live.candidates, by=by, late=late)
    return live.id


def _startable(tx: Tx, edition: str) -> tuple[editions.EditionRow, sends.SendRow]:
    row, live = editions.find(tx, edition, lock=True), sends.live(tx, edition)
    if row is None or live is None:
        raise UsageError(
            f"{edition} is not frozen yet: `newsletter edition freeze {edition}`, or `newsletter send now`"
        )
    if row.state not in (*_STARTABLE, EditionState.SENDING):
        why = f" ({row.reason})" if row.reason else ""
        raise UsageError(f"{edition} is {row.state.value}{why}; only a frozen edition can begin to go out")
    return row, live


_STARTABLE = (EditionState.FROZEN, EditionState.SIGNED_OFF)


def run(
    context: Context, send_id: int, *, stop: threading.Event | None = None, progress: Progress | None = None
) -> SendReport:
    """Send every batch that may go now, and give the numbers. Whoever else runs the same send is harmless."""
    dispatch(
        Part(context, send_id, progress).exchange,
        context.gateway(),
        concurrency=context.settings.send_concurrency,
        clock=context.clock,
        stop=stop or threading.Event(),
    )
    return finish(context, send_id)


def finish(context: Context, send_id: int) -> SendReport:
    """See whether a send is done, write that down for it and its edition, and give the numbers."""
    now = context.clock()
    with context.store.write() as tx:
        close(tx, send_id, now)
        report = balance.report(tx, send_id)
        if report.kind == "live":
            guards.next_epoch(tx)
    if report.kind == "live":
        try:
            guards.remember_epoch(context)
        except ConfigError as error:  # what went has gone: only the guard is the weaker for it
            log.error("end of a send not kept outside the database", error=str(error))
    return report


def close(tx: Tx, send_id: int, now: datetime) -> None:
    """Let a send whose batches have all ended end too, and its edition with it."""
    before = sends.find(tx, send_id)
    state = sends.settle_state(tx, send_id, now)
    ends = {SendState.SENT: EditionState.SENT, SendState.PARTIAL: EditionState.PARTIAL}
    if before.kind != "live" or state not in ends:
        return
    went = [EditionState.SENDING, EditionState.PARTIAL]
    if editions.move(tx, before.edition_id, went, ends[state], reason="", by="send", now=now):
        log.info("send finished", edition=before.edition, send=send_id, state=state.value)


# --- by hand ------------------------------------------------------------------------------------------------------


def _live(tx: Tx, edition: str, *, lock: bool = True) -> sends.SendRow:
    live = sends.live(tx, edition)
    if live is None:
        raise UsageError(f"{edition} has no send yet")
    return sends.find(tx, live.id, lock=lock)


def pause(context: Context, edition: str, *, reason: str) -> None:
    """Claim nothing more; what is in flight is finished. Raises UsageError where there is nothing to pause."""
    with context.store.write() as tx:
        live = _live(tx, edition)
        since = [SendState.SENDING]
        if not sends.move(tx, live.id, since, SendState.PAUSED, reason=reason, now=context.clock()):
            raise UsageError(f"{edition} is {live.state.value}; only a send that is sending can be paused")
    log.info("send paused", edition=edition, reason=reason)


def resume(context: Context, edition: str) -> int:
    """Let a paused or interrupted send go on; gives its id for `run`. Raises UsageError, BusyError."""
    now = context.clock()
    with context.store.write() as tx:
        live = _live(tx, edition)
        if live.state not in (SendState.PAUSED, SendState.SENDING):
            raise UsageError(f"{edition} is {live.state.value}; there is nothing to resume")
        claims.recover(tx, owner.is_gone, now)
        refuse_if_busy(tx, live)
        guards.before_live_send(context, tx)
        sends.move(tx, live.id, [SendState.PAUSED], SendState.SENDING, now=now)
    guards.remember_epoch(context)  # the process that began may have died before it could
    log.info("send resumed", edition=edition, send=live.id)
    return live.id


def resume_interrupted(context: Context, edition: str) -> int:
    """Carry on with a send that nobody paused; gives its id for `run`. Raises UsageError, BusyError."""
    with context.store.read() as tx:
        live = _live(tx, edition, lock=False)
    if live.state is SendState.PAUSED:
        raise UsageError(
            f"{edition} is paused: {live.reason}. After the cure: `newsletter send resume {edition}`, "
            f"or `newsletter send cancel {edition}`"
        )
    return resume(context, edition)


def refuse_if_busy(tx: Tx, live: sends.SendRow) -> None:
    """Raise BusyError where a living process has batches of this send in its hands."""
    here = owner.this_process()
    others = [other for other in claims.owners(tx, live.id) if other != here]
    if others:
        raise BusyError(f"{live.edition} is being sent by process {others[0].pid} on {others[0].host}")


def cancel(context: Context, edition: str, *, by: str) -> int:
    """Stop a send for good; gives how many readers will not get it. What is in flight is finished and counted."""
    now = context.clock()
    with context.store.write() as tx:
        live = _live(tx, edition)
        since = [SendState.PENDING, SendState.SENDING, SendState.PAUSED]
        if not sends.move(tx, live.id, since, SendState.CANCELLED, reason=f"cancelled by {by}", now=now):
            raise UsageError(f"{edition} is {live.state.value}; it can no longer be cancelled")
        readers = sends.cancel_pending(tx, live.id, now)
        states = [EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.SENDING, EditionState.HELD]
        editions.move(tx, live.edition_id, states, EditionState.CANCELLED, reason="cancelled", by=by, now=now)
    log.info("send cancelled", edition=edition, send=live.id, readers=readers, by=by)
    return readers
