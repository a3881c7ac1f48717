"""One process's part in a send: batches are claimed, handed over and recorded, in one commit each time round.

`Part.exchange` is what the loop of `sending.run` calls; a worker, who has a single batch to send, calls it for that
batch alone (`numbers`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from newsletter.audience import tokens
from newsletter.errors import InDoubt, NotSent, Refused
from newsletter.model import TO_READERS, Envelope, Message, Receipt, SendState, Tracking
from newsletter.pipeline import canary, guards, pausing, queueing
from newsletter.pipeline.context import Context
from newsletter.rendering.tokens import LEAVE, in_todays_words, way
from newsletter.sending import owner, plan
from newsletter.sending.dispatch import Work
from newsletter.sending.gateway import Outcome, Outgoing
from newsletter.storage import Tx, answers, balance, claims, messages, sends

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Told each time round, also while nothing comes back: readers done, candidates."""

Wait = Callable[[datetime], None]
"""Told once until when the rest waits for its canary."""

COUNT_DONE_EVERY_S = 0.2
"""Readers done are counted over all batches, and so not each time."""


class Part:
    """One process's part in one send: what is claimed, handed over and recorded, in one commit each time round."""

    def __init__(
        self, context: Context, send_id: int, progress: Progress | None = None, wait: Wait | None = None
    ) -> None:
        self._context, self._send_id, self._progress, self._wait = context, send_id, progress, wait
        self._done, self._done_at = 0, -COUNT_DONE_EVERY_S
        self._told: datetime | None = None
        self._owner = owner.this_process()
        self._lease = plan.lease(context.settings.sendgrid_timeout_s)
        self._contents: dict[int, _Content] = {}
        self._counted_at = context.clock()
        self._checked = False
        with context.store.read() as tx:
            send = sends.find(tx, send_id)
        self._sign = token_signer(context, send)

    def exchange(self, outcomes: Sequence[Outcome], free: int, *, numbers: Sequence[int] | None = None) -> Work:
        """Record what came back, then claim what may go next (with `numbers`, only of these batches): one commit."""
        now, until = self._context.clock(), None
        with self._context.store.write() as tx:
            send = pausing.locked(tx, self._send_id, outcomes)
            _record_all(tx, self._send_id, outcomes)
            unsent = _unsent(outcomes)
            if unsent and send.state is SendState.CANCELLED:
                sends.cancel_pending(tx, send.id, now)
            if unsent and send.state is SendState.PARTIAL and claims.is_open(tx, send.id):
                send = pausing.reopen(tx, send, reason="a late answer: not sent", by="send", now=now)
            send = pausing.pause_if_broken(tx, send, outcomes, now)
            if send.state is SendState.SENDING and free:
                self._check(tx, send)
                send, until = canary.look(tx, send, now)
            if send.state is not SendState.SENDING or not free or until is not None:
                work = Work(batches=(), next_at=until if self._wait else None)
            else:
                work = self._claim(tx, send, free, now, numbers)
            queueing.put_again(self._context, tx, send, unsent)
            counted = free and self._count(tx, send, now)
            self._look(tx, last=not work.batches)
        if counted:  # before the requests are made
            guards.try_remember_epoch(self._context)
        self._say(send.candidates, until)
        return work

    def _check(self, tx: Tx, send: sends.SendRow) -> None:
        """Before the first claim: a worker may have other settings than who began. Raises ConfigError, StoreError."""
        if send.kind in TO_READERS and not self._checked:
            guards.check_ledger(self._context, tx)
            self._checked = True

    def _count(self, tx: Tx, send: sends.SendRow, now: datetime) -> bool:
        """Every now and then the ledger counts while it sends, and is looked at: it may be a backup's by now."""
        if send.kind not in TO_READERS or abs(now - self._counted_at) < guards.COUNT_EVERY:
            return False
        guards.check_epoch(self._context, tx)
        guards.next_epoch(tx)
        self._counted_at = now
        return True

    def _look(self, tx: Tx, *, last: bool) -> None:
        """Readers done, over all processes, unless it was counted a moment ago."""
        if self._progress and (last or time.monotonic() - self._done_at >= COUNT_DONE_EVERY_S):
            self._done, self._done_at = balance.settled_count(tx, self._send_id), time.monotonic()

    def _say(self, candidates: int, until: datetime | None) -> None:
        if self._progress:
            self._progress(self._done, candidates)
        if self._wait and until and until != self._told:
            self._told = until
            self._wait(until)

    def _claim(self, tx: Tx, send: sends.SendRow, free: int, now: datetime, numbers: Sequence[int] | None) -> Work:
        me = replace(self._owner, uptime_s=self._context.uptime())
        until_s = owner.since_boot_s() + self._lease.total_seconds()  # before the claim, whose lease ends later
        got = claims.claim(tx, send, owner=me, lease=self._lease, limit=free, sign=self._sign, now=now, numbers=numbers)
        outgoing = []
        for batch, variant in got.batches:
            of = self._content(tx, send, variant)
            outgoing.append(
                Outgoing(
                    batch=batch, message=of.message, envelope=of.envelope, tracking=of.tracking, until_s=until_s
                )
            )  # fmt: skip
        return Work(batches=tuple(outgoing), next_at=got.next_at)

    def _content(self, tx: Tx, send: sends.SendRow, variant_id: int) -> _Content:
        if variant_id not in self._contents:
            message = _to_be_sent(messages.of_variant(tx, variant_id), self._context.settings.base_url)
            self._contents[variant_id] = _Content(
                message=message,
                envelope=envelope(self._context, send, message),
                tracking=messages.tracking(tx, variant_id),
            )
        return self._contents[variant_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What all batches of a variant carry."""

    message: Message
    envelope: Envelope
    tracking: Tracking


def _to_be_sent(message: Message, base_url: str) -> Message:
    html, text = (in_todays_words(part, base_url) for part in (message.html, message.text))
    return replace(message, html=html, text=text)


def envelope(context: Context, send: sends.SendRow, message: Message) -> Envelope:
    """What stands around a message of a send. To editors a mail has the send's subject; variants have their own."""
    newsletter = context.newsletter(send.edition.partition("/")[0])
    domain = newsletter.sender.address.rpartition("@")[2]
    return Envelope(
        sender=newsletter.sender,
        reply_to=newsletter.reply_to,
        list_id=f"<{newsletter.list}.{domain}>",
        subject=message.subject if send.kind in TO_READERS else send.subject,
        way_out=way(context.settings.base_url, LEAVE),
        automatic=send.kind == "notice",
    )


def token_signer(context: Context, send: sends.SendRow) -> claims.Sign:
    """The function that gives each reader's own token. Those of tests are inert: subscriber 0."""
    key = context.settings.secret_keys[0]
    return tokens.signer("reader", key, list_id=send.list_id or 0, send_id=send.id)


def _unsent(outcomes: Sequence[Outcome]) -> frozenset[int]:
    """The batches that wait again after their requests: nobody of them, or not all, was accepted."""
    return frozenset(o.batch.id for o in outcomes if isinstance(o.answer, NotSent | Refused))


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
