"""One process's part in a send: batches are claimed, handed over and recorded, in one commit each time round.

`Part.exchange` is what the loop of `sending.run` calls; who has a single batch to send calls it for that batch alone:

    work = part.exchange([], 1, numbers=[7])
    outcomes = [submit(gateway, outgoing, clock) for outgoing in work.batches]
    part.exchange(outcomes, 0)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from newsletter.audience import tokens
from newsletter.errors import GatewayError, InDoubt, NotSent, Refused
from newsletter.model import Envelope, Message, Newsletter, Receipt, SendState
from newsletter.pipeline.context import Context
from newsletter.sending import owner, plan
from newsletter.sending.dispatch import Work
from newsletter.sending.gateway import Outcome, Outgoing
from newsletter.storage import Tx, answers, balance, claims, messages, sends

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Told now and then, and at the end: readers done, candidates."""

PROGRESS_EVERY_S = 0.2


class Part:
    """One process's part in one send: what is claimed, handed over and recorded, in one commit each time round."""

    def __init__(self, context: Context, send_id: int, progress: Progress | None = None) -> None:
        self._context, self._send_id, self._progress = context, send_id, progress
        self._told_at = -PROGRESS_EVERY_S
        self._owner = owner.this_process()
        self._lease = plan.lease(context.settings.sendgrid_timeout_s)
        self._messages: dict[int, Message] = {}
        with context.store.read() as tx:
            send = sends.find(tx, send_id)
        self._newsletter = context.newsletter(send.edition.partition("/")[0])
        self._envelope = envelope(self._newsletter, send)
        self._link = link_signer(context, send)

    def exchange(self, outcomes: Sequence[Outcome], free: int, *, numbers: Sequence[int] | None = None) -> Work:
        """Record what came back, then claim what may go next (with `numbers`, only of these batches): one commit."""
        now = self._context.clock()
        with self._context.store.write() as tx:
            send = _pause_if_broken(tx, self._send_id, outcomes, now)
            _record_all(tx, self._send_id, outcomes)
            if send.state is SendState.CANCELLED and _failures(outcomes):
                sends.cancel_pending(tx, send.id, now)  # what came back as not sent
            if send.state is not SendState.SENDING or not free:
                work = Work(batches=(), next_at=None)
            else:
                work = self._claim(tx, send, free, now, numbers)
            done = self._done(tx, last=not work.batches) if outcomes else None
        if self._progress and done is not None:
            self._progress(done, send.candidates)
        return work

    def _claim(self, tx: Tx, send: sends.SendRow, free: int, now: datetime, numbers: Sequence[int] | None) -> Work:
        got = claims.claim(
            tx, send, owner=self._owner, lease=self._lease, limit=free, link=self._link, now=now, numbers=numbers
        )
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

    def _done(self, tx: Tx, *, last: bool) -> int | None:
        """Readers done, over all processes; None where it was told a moment ago: all batches are counted for it."""
        if self._progress is None or (not last and time.monotonic() - self._told_at < PROGRESS_EVERY_S):
            return None
        self._told_at = time.monotonic()
        return balance.settled_count(tx, self._send_id)


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
    token = tokens.signer("unsubscribe", key, list_id=send.list_id or 0, send_id=send.id)
    return lambda subscriber_id: f"{base}/u/{token(subscriber_id)}"


def _record_all(tx: Tx, send_id: int, outcomes: Sequence[Outcome]) -> None:
    """Write down what came of requests; those that were accepted, all at once."""
    taken = []
    for outcome in outcomes:
        if isinstance(outcome.answer, Receipt):
            taken.append(
                answers.Accepted(batch=outcome.batch, receipt=outcome.answer.message_id, at=outcome.finished_at)
            )
            log.debug("batch accepted", send=send_id, batch=outcome.batch.number, attempt=outcome.batch.attempt)
        else:
            _record(tx, send_id, outcome)
    answers.all_accepted(tx, taken)


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


def _failures(outcomes: Sequence[Outcome]) -> list[GatewayError]:
    return [outcome.answer for outcome in outcomes if isinstance(outcome.answer, GatewayError)]


def _pause_if_broken(tx: Tx, send_id: int, outcomes: Sequence[Outcome], now: datetime) -> sends.SendRow:
    """Pause the send when the way to the ESP is broken; gives the send as it stands then, locked against being paused,
    cancelled or ended by others. Where nothing has to be written of it, several processes hold it so at once.
    """
    failures = _failures(outcomes)
    if not failures and not (outcomes and sends.find(tx, send_id).errors_in_a_row):
        return sends.find(tx, send_id, shared=True)
    send = sends.find(tx, send_id, lock=True)
    failed = sum(plan.counts_as_error(o.answer, o.batch.attempt) for o in outcomes)
    in_a_row = sends.count_errors(tx, send_id, failed=failed, succeeded=len(outcomes) - len(failures))
    why = next((str(error) for error in failures if plan.stops_send(error)), None)
    if why is None and failures and in_a_row >= plan.ERRORS_BEFORE_PAUSE:
        why = f"{in_a_row} requests in a row failed; the last one: {failures[-1]}"
    if why is None or not sends.move(tx, send_id, [SendState.SENDING], SendState.PAUSED, reason=why, now=now):
        return send
    log.error("send paused", edition=send.edition, send=send_id, reason=why)
    return sends.find(tx, send_id)
