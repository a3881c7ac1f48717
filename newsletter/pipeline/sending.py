"""A frozen edition goes out: started once, carried on by whoever has a hand free, ended with numbers that balance."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from newsletter.audience import tokens
from newsletter.errors import BusyError, ConfigError, GatewayError, InDoubt, NotSent, Refused, UsageError
from newsletter.model import AlertKind, EditionState, Envelope, Message, Newsletter, Receipt, SendReport, SendState
from newsletter.pipeline import alerts, guards
from newsletter.pipeline.context import Context
from newsletter.sending import owner, plan
from newsletter.sending.dispatch import Work, dispatch
from newsletter.sending.gateway import Outcome, Outgoing
from newsletter.storage import Tx, answers, balance, claims, editions, messages, sends

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Told after each exchange: readers done, candidates."""


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
    run_ = _Run(context, send_id, progress)
    dispatch(
        run_.exchange,
        context.gateway(),
        concurrency=context.settings.send_concurrency,
        clock=context.clock,
        stop=stop or threading.Event(),
    )
    report = finish(context, send_id)
    alerts.deliver(context)  # of a pause, where no clock runs that would
    return report


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
    if state is SendState.SENT:
        alerts.rearm(tx, before.edition, AlertKind.IN_DOUBT, AlertKind.NOT_ACCEPTED)
    else:
        cure = f"`newsletter send resolve {before.edition}` shows them with their evidence"
        text = f"some batches may have been accepted though no answer said so; {cure}"
        alerts.keep(tx, AlertKind.IN_DOUBT, about=before.edition, text=text, now=now)


class _Run:
    """One process's part in one send: what is claimed, handed over and recorded in one commit each time round."""

    def __init__(self, context: Context, send_id: int, progress: Progress | None) -> None:
        self._context, self._send_id, self._progress = context, send_id, progress
        self._owner = owner.this_process()
        self._lease = plan.lease(context.settings.sendgrid_timeout_s)
        self._messages: dict[int, Message] = {}
        with context.store.read() as tx:
            send = sends.find(tx, send_id)
        self._newsletter = context.newsletter(send.edition.partition("/")[0])
        self._envelope = envelope(self._newsletter, send)
        self._link = link_signer(context, send)

    def exchange(self, outcomes: Sequence[Outcome], free: int) -> Work:
        """Record what came back, then claim what may go next: one commit."""
        now = self._context.clock()
        with self._context.store.write() as tx:
            send = _pause_if_broken(tx, self._send_id, outcomes, now)
            for outcome in outcomes:
                _record(tx, self._send_id, outcome)
            if send.state is SendState.CANCELLED:
                sends.cancel_pending(tx, send.id, now)  # what came back as not sent
            if send.state is not SendState.SENDING or not free:
                work = Work(batches=(), next_at=None)
            else:
                work = self._claim(tx, send, free, now)
            done = balance.settled_count(tx, self._send_id) if self._progress and outcomes else 0
        if self._progress and outcomes:
            self._progress(done, send.candidates)
        return work

    def _claim(self, tx: Tx, send: sends.SendRow, free: int, now: datetime) -> Work:
        got = claims.claim(tx, send, owner=self._owner, lease=self._lease, limit=free, link=self._link, now=now)
        return Work(
            batches=tuple(
                Outgoing(batch=batch, message=self._message(tx, variant), envelope=self._envelope)
                for batch, variant in got.batches
            ),
            next_at=got.next_at,
        )

    def _message(self, tx: Tx, variant_id: int) -> Message:
        if variant_id not in self._messages:
            self._messages[variant_id] = messages.of_variant(tx, variant_id)
        return self._messages[variant_id]


def envelope(newsletter: Newsletter, send: sends.SendRow) -> Envelope:
    """What stands around the message of a send."""
    domain = newsletter.sender.address.rpartition("@")[2]
    return Envelope(
        sender=newsletter.sender,
        reply_to=newsletter.reply_to,
        list_id=f"<{newsletter.list}.{domain}>",
        subject=send.subject,
        automatic=send.kind == "notice",
    )


def link_signer(context: Context, send: sends.SendRow) -> claims.Link:
    """The function that gives each reader's own unsubscribe link. Those of tests are inert: subscriber 0."""
    base, key = context.settings.base_url.rstrip("/"), context.settings.secret_keys[0]
    list_id = send.list_id or 0

    def link(subscriber_id: int) -> str:
        token = tokens.Token("unsubscribe", subscriber_id, list_id, send.id)
        return f"{base}/u/{tokens.sign(token, key)}"

    return link


def _record(tx: Tx, send_id: int, outcome: Outcome) -> None:
    """Write down what came of one request; the map of sending.md, After the answer."""
    batch, answer, at = outcome.batch, outcome.answer, outcome.finished_at
    ids = {"send": send_id, "batch": batch.number, "attempt": batch.attempt}
    match answer:
        case Receipt():
            answers.accepted(tx, batch, answer.message_id, at)
            log.debug("batch accepted", **ids)
        case NotSent():
            again = plan.next_attempt(answer, batch.attempt, at)
            answers.not_sent(tx, batch, str(answer), at, status=answer.status, not_before=again)
            log.warning("batch not sent", **ids, error=str(answer), again_at=again.isoformat())
        case Refused() if answer.positions:
            answers.refused(tx, batch, answer.positions, str(answer), at, status=answer.status)
            log.warning("readers refused", **ids, readers=len(answer.positions))
        case Refused():
            answers.not_sent(tx, batch, str(answer), at, status=answer.status, not_before=None)
            log.error("request refused", **ids, error=str(answer))
        case InDoubt():
            answers.in_doubt(tx, batch, str(answer), at, status=answer.status)
            log.error("batch in doubt", **ids, error=str(answer))


def _pause_if_broken(tx: Tx, send_id: int, outcomes: Sequence[Outcome], now: datetime) -> sends.SendRow:
    """Pause the send when the way to the ESP is broken; gives the send, locked, as it stands then."""
    send = sends.find(tx, send_id, lock=True)
    failures = [o.answer for o in outcomes if isinstance(o.answer, GatewayError)]
    failed = sum(plan.counts_as_error(o.answer, o.batch.attempt) for o in outcomes)
    succeeded = len(outcomes) - len(failures)
    in_a_row = sends.count_errors(tx, send_id, failed=failed, succeeded=succeeded) if outcomes else 0
    why = next((str(error) for error in failures if plan.stops_send(error)), None)
    if why is None and in_a_row >= plan.ERRORS_BEFORE_PAUSE:
        why = f"{in_a_row} requests in a row failed; the last one: {failures[-1]}"
    if why is None or not sends.move(tx, send_id, [SendState.SENDING], SendState.PAUSED, reason=why, now=now):
        return send
    log.error("send paused", edition=send.edition, send=send_id, reason=why)
    if send.kind == "live":
        alerts.keep(tx, AlertKind.SEND_PAUSED, about=send.edition, text=why, now=now)
    return sends.find(tx, send_id)


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
        if sends.move(tx, live.id, [SendState.PAUSED], SendState.SENDING, now=now):
            alerts.rearm(tx, edition, AlertKind.SEND_PAUSED, AlertKind.SEND_STALE)
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
