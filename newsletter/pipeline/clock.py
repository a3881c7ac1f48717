"""The tick: what is due is carried out, in order; what fails is told, and tried again at the next one.

The clock decides nothing by itself: `schedule.due_actions` says what is due, the ledger says what was done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from newsletter.errors import BusyError, ConfigError, NewsletterError, StoreError, UsageError
from newsletter.model import Action, ActionKind, AlertKind, EditionState, LedgerView, SendReport, SendState, Step
from newsletter.pipeline import (
    freezing,
    heartbeat,
    joining,
    letters,
    morning,
    outcomes,
    planning,
    policy,
    preparing,
    retention,
    sending,
    testing,
)
from newsletter.pipeline.context import Context, Target, target
from newsletter.pipeline.telling import tell_failure, tell_once
from newsletter.schedule import due_actions
from newsletter.sending import owner
from newsletter.storage import alerts as kept_alerts
from newsletter.storage import claims, editions, sends
from newsletter.storage import clock as ledger_clock

log = structlog.get_logger()

LOOK_BACK = timedelta(days=40)
"""How far back a scheduled date without a row is still written down as missed."""

BEAT_EVERY = timedelta(seconds=20)

BY = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One action and what came of it: empty where it was carried out."""

    action: Action
    problem: str = ""


def due(context: Context, now: datetime) -> tuple[Action, ...]:
    """What is due at a moment; changes nothing."""
    with context.store.read() as tx:
        since = max(ledger_clock.ledger_since(tx), now - LOOK_BACK)
        view = LedgerView(since=since, editions=ledger_clock.facts(tx, since), watched_since=ledger_clock.watched(tx))
    return due_actions(now, context.newsletters.values(), context.holidays, view)


def tick(context: Context, *, stop: threading.Event | None = None) -> tuple[Done, ...]:
    """Carry out what is due now. Raises StoreError where the ledger cannot be read or written; nothing else."""
    now = context.clock()
    stop = stop or threading.Event()
    with context.store.write() as tx:
        for edition, number in claims.recover(tx, owner.is_gone, now):
            log.error("batch in doubt", edition=edition, batch=number, error="its process is gone")
        schedules = {n.slug: repr((n.schedule, n.zone.key)) for n in context.newsletters.values() if n.schedule}
        ledger_clock.watch(tx, schedules, now)
    heartbeat.beat(context, now)
    policy.settle(context, now)
    done: list[Done] = []
    left: set[str] = set()
    for action in due(context, now):
        if stop.is_set():
            break
        if action.edition in left:
            continue
        problem = _carry_out(context, action, stop)
        done.append(Done(action=action, problem=problem))
        if problem:
            left.add(action.edition)
    _tell_of_pauses(context)
    letters.deliver(context)
    joining.forget(context)
    retention.look_after(context, stop)
    return tuple(done)


def _tell_of_pauses(context: Context) -> None:
    """Workers, and commands, may have paused a send since the last tick."""
    with context.store.read() as tx:
        paused, stale = sends.paused(tx), kept_alerts.about(tx, AlertKind.SEND_STALE)
    for send in paused:
        if send.edition in stale:
            continue
        cure = f"After the cure: newsletter send resume {send.edition}"
        text = f"{send.reason}\n\n{cure}"
        tell_once(context, send.edition, "is paused", text=text, kind=AlertKind.SEND_PAUSED)


def _carry_out(context: Context, action: Action, stop: threading.Event) -> str:
    """Do one thing; gives why it was not done, or nothing."""
    try:
        _STEPS[action.kind](context, action, stop)
    except BusyError as error:
        log.info("somebody else is doing it", edition=action.edition, action=action.kind.value, who=str(error))
        return str(error)
    except _Held as error:
        return str(error)
    except NewsletterError as error:
        log.error("not done", edition=action.edition, action=action.kind.value, error=str(error))
        tell_failure(context, action, error)
        return str(error)
    return ""


class _Held(NewsletterError):
    """The action turned out otherwise, and that was written down and told."""


def _target(context: Context, action: Action) -> Target:
    return target(context, action.edition, context.clock())


def _take(context: Context, action: Action, step: Step) -> bool:
    with context.store.write() as tx:
        return ledger_clock.take_step(tx, action.edition, step, context.clock())


def _remind(context: Context, action: Action, _stop: threading.Event) -> None:
    if not _take(context, action, Step.REMIND):
        return
    on = _target(context, action)
    plan = planning.plan(context, on, context.clock())
    word = "is ready" if not plan.missing else f"is not ready: {len(plan.missing)} missing"
    log.info("reminder", edition=action.edition, ready=not plan.missing)
    testing.send_notice(context, on, subject=f"{action.edition} {word}", text=planning.in_text(plan))


def _draft_test(context: Context, action: Action, _stop: threading.Event) -> None:
    if _take(context, action, Step.DRAFT_TEST):
        testing.send_test(context, _target(context, action), word="DRAFT")


def _freeze(context: Context, action: Action, _stop: threading.Event) -> None:
    on = _target(context, action)
    try:
        freezing.freeze(context, on, by=BY, at=action.planned_at)
    except preparing.TooFewStoriesError as error:
        _too_few(context, action, on, str(error))
    except freezing.AudienceError as error:
        _stand(context, action, EditionState.HELD, str(error))
        raise _Held(str(error)) from error
    except UsageError as error:
        state = freezing.standing(context, on)
        if state in freezing.MAY_FREEZE:
            raise
        raise BusyError(f"{action.edition} is {state.value}: another scheduler was faster") from error


def _too_few(context: Context, action: Action, on: Target, problem: str) -> None:
    """The newsletter's policy: hold, skip, or go with what there is and tell the editors. Never an empty edition."""
    too_few = on.newsletter.too_few
    if too_few == "send_notice":
        try:
            freezing.freeze(context, on.with_few(), by=BY, at=action.planned_at)
        except preparing.TooFewStoriesError:
            too_few = "hold"
        else:
            tell_once(context, action.edition, "goes with few stories", text=problem)
            return
    _stand(context, action, EditionState.SKIPPED if too_few == "skip" else EditionState.HELD, problem)
    raise _Held(problem)


def _frozen_test(context: Context, action: Action, _stop: threading.Event) -> None:
    with context.store.read() as tx:
        row = editions.find(tx, action.edition)
        tested = row is None or ledger_clock.last_test(tx, row.id) == row.fingerprint
    if tested or not _take(context, action, Step.FROZEN_TEST):
        return
    try:
        testing.send_test(context, _target(context, action))
    except ConfigError as error:  # without editors nobody waits for a test; the edition goes on
        log.warning("no test", edition=action.edition, reason=str(error))


def _send(context: Context, action: Action, stop: threading.Event) -> None:
    why_not = freezing.look_again(context, _target(context, action), context.clock())
    if why_not is not None:
        _stand(context, action, EditionState.HELD, why_not)
        raise _Held(why_not)
    try:
        send_id = sending.start(context, action.edition, by=BY, late=action.late)
    except UsageError as error:
        if freezing.standing(context, _target(context, action)) in editions.WENT:
            raise BusyError(f"{action.edition} went out: another scheduler was faster") from error
        raise
    if action.late:
        tell_once(context, action.edition, "goes late", text=f"It goes {action.reason}.", kind=AlertKind.LATE)
    _told(context, action, _run(context, send_id, stop))


def _resume(context: Context, action: Action, stop: threading.Event) -> None:
    with context.store.read() as tx:
        live = sends.live(tx, action.edition)
    if live is None or live.state is SendState.PAUSED:  # since this tick began: whoever did it has the last word
        raise BusyError(f"{action.edition} was paused: {live.reason if live else ''}")
    if sending.is_for_workers(context, live.id):
        _told(context, action, sending.tend(context, live.id))
    else:
        _told(context, action, _run(context, sending.resume_interrupted(context, action.edition), stop))


def _run(context: Context, send_id: int, stop: threading.Event) -> SendReport:
    """Send, with a heartbeat now and then: a send may last longer than a monitor waits for the next tick."""
    beaten = context.clock()

    def beat(_done: int, _whole: int) -> None:
        nonlocal beaten
        now = context.clock()
        if now - beaten >= BEAT_EVERY:
            beaten = now
            try:
                heartbeat.beat(context, now)
            except StoreError as error:  # batches are claimed at this moment: their requests must be made
                log.warning("no heartbeat", error=str(error))

    if sending.is_for_workers(context, send_id):  # the tick has other newsletters to look after
        return sending.tend(context, send_id)
    return sending.run(context, send_id, stop=stop, progress=beat)


def _told(context: Context, action: Action, report: SendReport) -> None:
    """Tell the editors of a send that ended with batches in doubt; of one that paused the tick tells at its end."""
    if report.state != SendState.PAUSED and report.in_doubt:
        cure = f"See: newsletter send resolve {action.edition}"
        text = f"{report.in_doubt} readers are in doubt: nobody knows yet whether they got it.\n\n{cure}"
        tell_once(context, action.edition, "is in doubt in part", text=text, kind=AlertKind.IN_DOUBT)


def _pause_stale(context: Context, action: Action, _stop: threading.Event) -> None:
    sending.pause(context, action.edition, reason=action.reason)
    cure = f"newsletter send resume {action.edition}, or newsletter send cancel {action.edition}"
    tell_once(
        context, action.edition, "is paused as stale", text=f"{action.reason}\n\n{cure}", kind=AlertKind.SEND_STALE
    )


def _stand(context: Context, action: Action, state: EditionState, reason: str) -> None:
    on = _target(context, action)
    if freezing.stand(context, on, state, reason=reason, by=BY, at=action.planned_at):
        tell_once(context, action.edition, f"is {state.value}", text=reason, kind=_ALERTS.get(state))


_ALERTS = {EditionState.HELD: AlertKind.HELD, EditionState.MISSED: AlertKind.MISSED}


def _standing(state: EditionState) -> _Step:
    def step(context: Context, action: Action, _stop: threading.Event) -> None:
        _stand(context, action, state, action.reason)

    return step


def _report(context: Context, action: Action, _stop: threading.Event) -> None:
    if not _take(context, action, Step.REPORT):
        return
    if outcomes.was_frozen(context, action.edition):
        morning.tell(context, _target(context, action))


_Step = Callable[[Context, Action, threading.Event], None]

_STEPS: dict[ActionKind, _Step] = {
    ActionKind.REMIND: _remind,
    ActionKind.DRAFT_TEST: _draft_test,
    ActionKind.FREEZE: _freeze,
    ActionKind.FROZEN_TEST: _frozen_test,
    ActionKind.SEND: _send,
    ActionKind.RESUME: _resume,
    ActionKind.PAUSE_STALE: _pause_stale,
    ActionKind.HOLD: _standing(EditionState.HELD),
    ActionKind.SKIP: _standing(EditionState.SKIPPED),
    ActionKind.MISS: _standing(EditionState.MISSED),
    ActionKind.REPORT: _report,
}
