"""A look at what no step of an edition would notice: silent processes, a silent webhook, the disk; and at alerts whose
cause is over. Every scheduler and every `serve` looks, so that a dead one is noticed by the others.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from newsletter.errors import ConfigError, StoreError
from newsletter.model import Alert, AlertKind, EditionState, SendState
from newsletter.pipeline import alerts, complaints, guards
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, clock, database, letters, vitals
from newsletter.storage import alerts as kept

log = structlog.get_logger()

LOOK_EVERY_S = 20

SILENT_AFTER = timedelta(minutes=5)
"""Fifteen ticks. While an edition is sent there is a sign of life with each answer, and no request takes that long
unless the timeout was set so."""

STOPPED_AFTER = timedelta(minutes=15)
"""So long no scheduler may be missing after the last one was stopped in order, as for an upgrade."""

NO_EVENTS_AFTER = timedelta(minutes=30)
NO_EVENTS_WITHIN = timedelta(hours=24)
"""For so long SendGrid tries to deliver events again."""

LETTERS_WITHIN = timedelta(minutes=15)
"""Whoever signs up waits for a letter with the mailbox open."""

DISK_FREE_AT_LEAST = 500 * 1024 * 1024
"""Bytes: a million readers take about 300 MB with their events."""

FORGET_AFTER = timedelta(days=30)

JUMP_KEPT = timedelta(hours=1)

FAILED_TICKS = 3
"""A minute: a lock or a restart of the database is over by then."""

_AWAKE_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing looked at: `text` is what is wrong with it, empty where it is well."""

    kind: AlertKind
    about: str
    text: str = ""


class Watch:
    """One process's look-out. It knows when it last looked: after the machine slept, everybody seems silent."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looked_at: datetime | None = None

    def look(self) -> None:
        """Look once, tell what is wrong, and tell again what could not be told. Raises nothing of the database."""
        now, before = self._context.clock(), self._looked_at
        self._looked_at = now
        awake = before is not None and timedelta() <= now - before <= _AWAKE_WITHIN
        try:
            for condition in conditions(self._context, now, awake=awake):
                if condition.text:
                    alerts.alert(self._context, condition.kind, about=condition.about, text=condition.text)
                else:
                    alerts.clear(self._context, condition.kind, about=condition.about)
            complaints.look(self._context)
            _tidy(self._context, now)
        except (StoreError, OSError) as error:
            log.error("not looked", error=str(error))
        alerts.deliver(self._context)


class Ticks:
    """Counts ticks that failed in a row: while the ledger cannot be used, an alert must go without being kept in it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._failed_count = 0

    def failed(self, error: Exception) -> None:
        """At the third in a row operators are told, once until a tick succeeds."""
        self._failed_count += 1
        if self._failed_count != FAILED_TICKS:
            return
        text = f"the clock could not do its work {FAILED_TICKS} times in a row; nothing goes meanwhile: {error}"
        told = Alert(kind=AlertKind.TICK_FAILED, about=socket.gethostname(), text=text, at=self._context.clock())
        log.error("alert", kind=told.kind.value, about=told.about, reason=text)
        settings = self._context.settings
        mailed = bool(settings.alert_to) and alerts.try_mail(self._context, told)
        posted = settings.alert_webhook is not None and alerts.try_post(self._context, told)
        if (settings.alert_to or settings.alert_webhook) and not (mailed or posted):
            self._failed_count -= 1  # at the next failure once more

    def done(self) -> None:
        """A tick succeeded."""
        self._failed_count = 0


def conditions(context: Context, now: datetime, *, awake: bool) -> tuple[Condition, ...]:
    """Everything that is looked at, well or not. Raises StoreError."""
    with context.store.read() as tx:
        beats, last_send, last_event = clock.beats(tx), vitals.last_send(tx), vitals.last_event(tx)
        ended, told = clock.ended(tx), kept.about(tx, AlertKind.NO_EVENTS)
        found = [*_disk(context), _guard(context, tx), _letters(tx, now)]
        # A jump is over at once; it is kept for a while, so that it is told, and told again when it comes again.
        jumped = kept.about(tx, AlertKind.CLOCK_WRONG, now - JUMP_KEPT)
        found += [Condition(AlertKind.CLOCK_WRONG, host) for host in jumped]
    if awake:
        found += silence(beats, ended, now)
    heard_at = last_event.received_at if last_event else None
    found += [Condition(AlertKind.NO_EVENTS, edition) for edition in told if last_send and edition != last_send.edition]
    if last_send is not None:
        found.append(Condition(AlertKind.NO_EVENTS, last_send.edition, no_events(last_send, heard_at, now)))
    return tuple(found)


def silence(beats: Mapping[str, datetime], ended: frozenset[str], now: datetime) -> tuple[Condition, ...]:
    """Processes that left no sign of life, by their hosts; and "clock" where no scheduler runs any more.

    `ended` are those that said goodbye: they may be silent, but somebody must be the clock. A host of several words
    (`mill worker`) is no scheduler.
    """
    found = [
        Condition(AlertKind.SILENT, host, _silent(at) if now - at > SILENT_AFTER and host not in ended else "")
        for host, at in beats.items()
    ]
    clocks = {host: at for host, at in beats.items() if " " not in host}
    if clocks:
        last = max(clocks.values())
        stopped = now - last > STOPPED_AFTER and clocks.keys() <= ended
        text = f"the last scheduler was stopped at {last:%Y-%m-%d %H:%M} UTC, and none was started since: nothing goes"
        found.append(Condition(AlertKind.SILENT, "clock", text if stopped else ""))
    return tuple(found)


def _silent(at: datetime) -> str:
    return (
        f"no sign of life since {at:%Y-%m-%d %H:%M} UTC, and no goodbye: what it had in hand is in doubt, and without "
        "a scheduler nothing goes"
    )


def no_events(send: vitals.LastSend, heard_at: datetime | None, now: datetime) -> str:
    """What is wrong with the webhook after a send; empty where an event came, or where it is too early or too late."""
    waited = now - send.started_at
    if (heard_at is not None and heard_at >= send.started_at) or not NO_EVENTS_AFTER <= waited <= NO_EVENTS_WITHIN:
        return ""
    minutes = int(waited.total_seconds() // 60)
    return (
        f"no event came in the {minutes} minutes since {send.edition} began to go out: bounces suppress nobody, and no "
        "doubt is settled by evidence. Look at the Event Webhook in SendGrid, at its key, and at the web server"
    )


def _guard(context: Context, tx: Tx) -> Condition:
    """Whether the database came back from a backup, or nobody can say so: live sends are refused in both cases."""
    try:
        text = guards.restored(context, tx)
    except ConfigError as error:
        text = str(error)
    return Condition(AlertKind.RESTORED, socket.gethostname(), text)


def _letters(tx: Tx, now: datetime) -> Condition:
    oldest = letters.oldest_waiting(tx)
    text = ""
    if oldest is not None and now - oldest > LETTERS_WITHIN:
        text = (
            f"a letter to a reader has waited since {oldest:%Y-%m-%d %H:%M} UTC: whoever signs up cannot confirm. Look "
            "for `letter not sent` and `letters wait` in the log of the web app and the clock"
        )
    return Condition(AlertKind.LETTERS_WAIT, "letters", text)


def _disk(context: Context) -> tuple[Condition, ...]:
    host = socket.gethostname()
    free = database.free_bytes(context.settings.var if context.settings.var.exists() else Path())
    text = ""
    if free < DISK_FREE_AT_LEAST:
        asked = DISK_FREE_AT_LEAST // 1024**2
        text = f"{free // 1024**2} MB are free on the disk of {context.settings.var}, less than {asked}"
    return (Condition(AlertKind.DISK_LOW, host, text),)


def over(kind: AlertKind, edition: EditionState, send: SendState | None) -> bool:
    """Whether the cause of an edition's alert is gone. What has happened for good (late, sent twice) is never over."""
    match kind:
        case AlertKind.SEND_PAUSED | AlertKind.SEND_STALE:
            return send is not SendState.PAUSED
        case AlertKind.NO_WORKER:
            return send is not SendState.SENDING
        case AlertKind.IN_DOUBT | AlertKind.NOT_ACCEPTED:
            return send is SendState.SENT
        case AlertKind.HELD | AlertKind.MISSED:
            return edition is not {AlertKind.HELD: EditionState.HELD, AlertKind.MISSED: EditionState.MISSED}[kind]
        case AlertKind.NOT_DONE:
            return edition in (EditionState.SENT, EditionState.CANCELLED)
    return False


def _tidy(context: Context, now: datetime) -> None:
    with context.store.read() as tx:
        gone = [(kind, about) for kind, about, edition, send in vitals.alerted(tx) if over(kind, edition, send)]
        old = kept.any_before(tx, now - FORGET_AFTER) or clock.any_beat_before(tx, now - FORGET_AFTER)
    if not gone and not old:
        return
    with context.store.write() as tx:
        for kind, about in gone:
            alerts.rearm(tx, about, kind)
        kept.forget(tx, now - FORGET_AFTER)
        clock.forget_beats(tx, now - FORGET_AFTER)
