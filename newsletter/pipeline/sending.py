"""A frozen edition goes out: started once, carried on by whoever has a hand free, ended with numbers that balance."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import structlog

from newsletter.errors import BusyError, UsageError
from newsletter.model import TO_READERS, AlertKind, EditionState, SendReport, SendState
from newsletter.pipeline import alerts, canary, guards, queueing
from newsletter.pipeline.context import Context
from newsletter.pipeline.exchanging import Part, Progress, Wait
from newsletter.sending import owner
from newsletter.sending.dispatch import dispatch
from newsletter.storage import Tx, balance, claims, clock, corrections, editions, sends
from newsletter.storage import canary as ledger_canary

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
        queueing.put_missing(context, tx, live.id)
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
    context: Context,
    send_id: int,
    *,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    wait: Wait | None = None,
) -> SendReport:
    """Send every batch that may go now, and give the numbers. Whoever else runs the same send is harmless.

    Where workers run the batches, it waits for them. Where the rest waits for its canary this waits too, if there is
    somebody to tell (`wait`); else it ends, and who calls it again later goes on.
    """
    if is_for_workers(context, send_id):
        return wait_for_workers(context, send_id, stop or threading.Event(), progress, wait)
    dispatch(
        Part(context, send_id, progress, wait).exchange,
        context.gateway(),
        concurrency=context.settings.send_concurrency,
        clock=context.clock,
        stop=stop or threading.Event(),
    )
    report = finish(context, send_id)
    alerts.deliver(context)  # of a pause, where no clock runs that would
    return report


def is_for_workers(context: Context, send_id: int) -> bool:
    """Whether the batches of a send are run by workers, and not by the process that began it."""
    with context.store.read() as tx:
        return queueing.for_workers(context, sends.find(tx, send_id))


def wait_for_workers(
    context: Context,
    send_id: int,
    stop: threading.Event,
    progress: Progress | None = None,
    wait: Wait | None = None,
) -> SendReport:
    """Look on while workers run the batches of a send, until none is left, it is paused, or `stop` is set."""
    told, tended_at = None, time.monotonic()
    while not stop.is_set():
        if time.monotonic() - tended_at >= TEND_EVERY_S:  # perhaps no clock runs that would
            tend(context, send_id)
            tended_at = time.monotonic()
        with context.store.read() as tx:
            send, is_open = sends.find(tx, send_id), claims.is_open(tx, send_id)
            done = balance.settled_count(tx, send_id)
        if progress:
            progress(done, send.candidates)
        if send.state is not SendState.SENDING or not is_open:
            break
        until = _let_go(context, send_id) if send.rest_waits else None
        if until is not None and wait is None:
            break
        if wait is not None and until not in (None, told):
            told = until
            wait(until)
        stop.wait(WORKERS_LOOK_S)
    return finish(context, send_id)


def _let_go(context: Context, send_id: int) -> datetime | None:
    """Put jobs for the rest once its canary lets it go; else until when it waits."""
    with context.store.write() as tx:
        _, until = canary.look(tx, sends.find(tx, send_id, lock=True), context.clock())
        queueing.put_missing(context, tx, send_id)
    return until


def tend(context: Context, send_id: int) -> SendReport:
    """What a tick does for a send that workers run: jobs for batches that have none, and the end if none is left.

    Raises ConfigError, StoreError where mail must not go from this ledger.
    """
    queueing.ensure(context.store)
    with context.store.write() as tx:
        stalled = queueing.end_stalled(tx)
        canary.look(tx, sends.find(tx, send_id, lock=True), context.clock())
        guards.check_ledger(context, tx)
        put = queueing.put_missing(context, tx, send_id)
        is_open = claims.is_open(tx, send_id)
        report = balance.report(tx, send_id)
        if is_open:  # workers have a part in it for a moment each, too short to count in
            guards.next_epoch(tx)
            _tell_of_no_worker(tx, sends.find(tx, send_id), context.clock())
    guards.try_remember_epoch(context)
    if stalled or put:
        log.info("jobs put", send=send_id, jobs=put, stalled=stalled)
    return report if is_open else finish(context, send_id)


def _tell_of_no_worker(tx: Tx, send: sends.SendRow, now: datetime) -> None:
    """Batches wait, and nobody runs them: told a minute after the start, since workers may just begin too."""
    ended = clock.ended(tx)
    alive = [host for host, at in clock.beats(tx).items() if host.endswith(" worker") and now - at < WORKER_SILENT]
    if any(host not in ended for host in alive):
        alerts.rearm(tx, send.edition, AlertKind.NO_WORKER)
    elif send.state is SendState.SENDING and send.started_at is not None and now - send.started_at >= NO_WORKER_AFTER:
        text = "batches wait for a worker, and none is alive: start `newsletter worker`"
        alerts.keep(tx, AlertKind.NO_WORKER, about=send.edition, text=text, now=now)


NO_WORKER_AFTER = timedelta(minutes=1)
WORKER_SILENT = timedelta(minutes=1)
"""Three signs of life."""

TEND_EVERY_S = 20.0
WORKERS_LOOK_S = 0.5
"""How often it is looked at what workers have done; each look is two small queries."""


def finish(context: Context, send_id: int) -> SendReport:
    """See whether a send is done, write that down for it and its edition, and give the numbers."""
    now = context.clock()
    with context.store.write() as tx:
        close(tx, send_id, now)
        report = balance.report(tx, send_id)
        if report.kind in TO_READERS:
            guards.next_epoch(tx)
    if report.kind in TO_READERS:
        guards.try_remember_epoch(context)
    return report


def close(tx: Tx, send_id: int, now: datetime) -> None:
    """Let a send whose batches have all ended end too, and its edition with it."""
    before = sends.find(tx, send_id)
    state = sends.settle_state(tx, send_id, now)
    ends = {SendState.SENT: EditionState.SENT, SendState.PARTIAL: EditionState.PARTIAL}
    if before.kind not in TO_READERS or state not in ends:
        return
    went = [EditionState.SENDING, EditionState.PARTIAL]
    if editions.move(tx, before.edition_id, went, ends[state], reason="", by="send", now=now):
        log.info("send finished", edition=before.edition, send=send_id, state=state.value)
    if state is SendState.SENT:
        alerts.rearm(tx, before.edition, AlertKind.IN_DOUBT, AlertKind.NOT_ACCEPTED)
    else:
        cure = f"`newsletter send resolve {before.edition}` shows them with their evidence"
        text = f"some batches may have been accepted though no answer said so; {cure}"
        alerts.keep(tx, AlertKind.IN_DOUBT, about=before.edition, text=text, now=now)


# --- by hand ------------------------------------------------------------------------------------------------------


def _live(tx: Tx, edition: str) -> sends.SendRow:
    live = sends.live(tx, edition)
    if live is None:
        raise UsageError(f"{edition} has no send yet")
    return sends.find(tx, live.id, lock=True)


def pause(context: Context, edition: str, *, reason: str) -> None:
    """Claim nothing more; what is in flight is finished. Raises UsageError where there is nothing to pause."""
    with context.store.write() as tx:
        live = _live(tx, edition)
        since = [SendState.SENDING]
        if not sends.move(tx, live.id, since, SendState.PAUSED, reason=reason, now=context.clock()):
            raise UsageError(f"{edition} is {live.state.value}; only a send that is sending can be paused")
    log.info("send paused", edition=edition, reason=reason)


def resume(context: Context, edition: str) -> int:
    """A person lets a paused or interrupted send go on, and the rest too if it waits for its canary.

    Gives its id for `run`. Raises UsageError, BusyError.
    """
    return _go_on(context, edition, by_hand=True)


def _go_on(context: Context, edition: str, *, by_hand: bool) -> int:
    now = context.clock()
    with context.store.write() as tx:
        live = _live(tx, edition)
        if live.state is SendState.PAUSED and not by_hand:
            raise UsageError(
                f"{edition} is paused: {live.reason}. After the cure: `newsletter send resume {edition}`, "
                f"or `newsletter send cancel {edition}`"
            )
        if live.state not in (SendState.PAUSED, SendState.SENDING):
            raise UsageError(f"{edition} is {live.state.value}; there is nothing to resume")
        claims.recover(tx, owner.is_gone, now)
        if not queueing.for_workers(context, live):  # workers share a send by their jobs
            refuse_if_busy(tx, live)
        guards.before_live_send(context, tx)
        if sends.move(tx, live.id, [SendState.PAUSED], SendState.SENDING, now=now):
            alerts.rearm(tx, edition, AlertKind.SEND_PAUSED, AlertKind.SEND_STALE)
        if by_hand:
            ledger_canary.let_go(tx, live.id, now)
        queueing.put_missing(context, tx, live.id)
    guards.remember_epoch(context)  # the process that began may have died before it could
    log.info("send resumed", edition=edition, send=live.id)
    return live.id


def resume_interrupted(context: Context, edition: str) -> int:
    """Carry on with a send that nobody paused; gives its id for `run`. Raises UsageError, BusyError."""
    return _go_on(context, edition, by_hand=False)


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
        editions.find(tx, edition, lock=True)  # before the send, as a start does, or the two wait for each other
        live = _live(tx, edition)
        since = [SendState.PENDING, SendState.SENDING, SendState.PAUSED]
        if not sends.move(tx, live.id, since, SendState.CANCELLED, reason=f"cancelled by {by}", now=now):
            raise UsageError(f"{edition} is {live.state.value}; it can no longer be cancelled")
        readers = sends.cancel_pending(tx, live.id, now)
        if live.kind == "correction":
            corrections.release(tx, live.id)
        states = [EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.SENDING, EditionState.HELD]
        editions.move(tx, live.edition_id, states, EditionState.CANCELLED, reason="cancelled", by=by, now=now)
    log.info("send cancelled", edition=edition, send=live.id, readers=readers, by=by)
    return readers
