"""Operators are told of each trouble once: an alert is kept in the ledger, then mailed and posted.

`alert` is for wherever a trouble is seen; `keep` for the transaction in which it comes about, so that the two are
committed together. What cannot be told is tried again by `deliver`, which every tick and every `serve` calls.
"""

from __future__ import annotations

import http.client
from datetime import datetime, timedelta

import structlog

from newsletter.audience import tokens
from newsletter.errors import ConfigError, InDoubt, NewsletterError, StoreError
from newsletter.model import Alert, AlertKind, Batch, Envelope, Newsletter, Recipient, runbook
from newsletter.operators import hook, mail
from newsletter.pipeline.context import Context
from newsletter.rendering.notice import notice
from newsletter.rendering.tokens import LEAVE, way
from newsletter.sending.gateway import Outgoing
from newsletter.storage import Tx
from newsletter.storage import alerts as kept
from newsletter.storage import clock as ledger_clock

log = structlog.get_logger()

TELL_WITHIN = timedelta(hours=24)
"""For so long an alert that could not be told is tried again: after that it is no news."""

AGAIN_AFTER = timedelta(minutes=1)

_LEASE = timedelta(minutes=5)
"""Longer than telling may take, so that no two processes tell the same."""


def alert(context: Context, kind: AlertKind, *, about: str, text: str) -> bool:
    """Tell operators of a trouble, once until it is cleared; True where it was news. Raises nothing.

    `about` is an edition's id or a host. Not for the inside of a transaction, where `keep` belongs, nor for a reader's
    request: a mail server may take seconds to answer.
    """
    try:
        with context.store.write() as tx:
            news = keep(tx, kind, about=about, text=text, now=context.clock())
    except StoreError as error:
        log.error("alert not kept", kind=kind.value, about=about, reason=text, error=str(error))
        return False
    if news:
        deliver(context)
    return news


def keep(tx: Tx, kind: AlertKind, *, about: str, text: str, now: datetime) -> bool:
    """Keep an alert in the transaction of its cause; the next `deliver` tells it. True where it was news."""
    news = kept.keep(tx, Alert(kind=kind, about=about[:160], text=text, at=now))
    if news:
        log.error("alert", kind=kind.value, about=about, reason=text)
    return news


def clear(context: Context, kind: AlertKind, *, about: str) -> None:
    """The cause is gone: the next one is told anew."""
    with context.store.read() as tx:
        if about not in kept.about(tx, kind):  # nearly always: no write for nothing
            return
    with context.store.write() as tx:
        rearm(tx, about, kind)


def rearm(tx: Tx, about: str, *kinds: AlertKind) -> None:
    """A person has dealt with it, or it is over: when it comes again operators and editors are told anew."""
    if kept.clear(tx, about, kinds):
        log.info("alert cleared", about=about, kinds=[kind.value for kind in kinds])
    for kind in kinds:
        ledger_clock.give_back_step(tx, about, step(kind))


def step(kind: AlertKind) -> str:
    """The clock's step that says: the editors were told."""
    return f"told: {kind.value}"


def deliver(context: Context) -> None:
    """Mail and post what waits to be told. What fails is logged and tried again a minute later; nothing is raised."""
    settings, now = context.settings, context.clock()
    mail_, post = bool(settings.alert_to), settings.alert_webhook is not None
    since = now - TELL_WITHIN
    try:
        with context.store.read() as tx:
            if not kept.any_waiting(tx, mail=mail_, post=post, since=since, now=now):
                return
        with context.store.write() as tx:
            untold = kept.take(tx, mail=mail_, post=post, since=since, now=now, lease=_LEASE)
        for item in untold:
            mailed, posted = item.mail and try_mail(context, item.alert), item.post and try_post(context, item.alert)
            with context.store.write() as tx:
                kept.told(tx, item.alert, mailed=mailed, posted=posted, again_at=now + AGAIN_AFTER, now=now)
    except StoreError as error:
        log.error("alerts not told", error=str(error))


def try_post(context: Context, alert: Alert) -> bool:
    """Post an alert to the operators' webhook; False where it was not taken."""
    try:
        hook.post(context.settings.alert_webhook or "", alert)
    except (OSError, ValueError) as error:
        return _untold(alert, "webhook", error)
    log.info("alert posted", kind=alert.kind.value, about=alert.about)
    return True


def try_mail(context: Context, alert: Alert) -> bool:
    """Mail an alert to the operators, by their own server or else by the ESP; False where it was not taken."""
    text = f"{alert.text}\n\nWhat to do: {runbook(alert.kind)}"
    try:
        if context.settings.alert_smtp_url is not None:
            _by_smtp(context, alert, text)
        else:
            _by_esp(context, alert, text)
    except (OSError, ValueError, http.client.HTTPException, NewsletterError) as error:
        return _untold(alert, "mail", error)
    log.info("alert mailed", kind=alert.kind.value, about=alert.about)
    return True


def _untold(alert: Alert, way: str, error: Exception) -> bool:
    """What a mail server answers may hold addresses, and a webhook's address its token: their type is enough."""
    why = str(error) if isinstance(error, NewsletterError) else type(error).__name__
    log.warning("alert not told", kind=alert.kind.value, about=alert.about, way=way, error=why)
    return False


def _by_smtp(context: Context, alert: Alert, text: str) -> None:
    server, settings = context.settings.alert_smtp_url, context.settings
    assert server is not None  # asked a line before the call
    sender = server.user if "@" in server.user else _voice(context, alert).sender.address
    mail.send(server, sender=sender, to=settings.alert_to, subject=alert.subject, text=text, at=alert.at)


def _by_esp(context: Context, alert: Alert, text: str) -> None:
    """Outside of the ledger, whose sends are of editions. In doubt counts as told: it most probably arrives."""
    newsletter = _voice(context, alert)
    message = notice(alert.subject, text, newsletter, context.organisation, readers="the operators")
    domain = newsletter.sender.address.rpartition("@")[2]
    inert = tokens.sign(tokens.Token("reader", 0, 0, 0), context.settings.secret_keys[0])  # as a test's
    recipients = tuple(
        Recipient(delivery_id="alert", subscriber_id=0, address=address, name="", token=inert)
        for address in context.settings.alert_to
    )
    batch = Batch(id=0, edition=f"{newsletter.slug}/alert", kind="notice", number=1, attempt=1, recipients=recipients)
    envelope = Envelope(
        sender=newsletter.sender, reply_to=None, list_id=f"<alerts.{domain}>", subject=alert.subject,
        way_out=way(context.settings.base_url, LEAVE), automatic=True,
    )  # fmt: skip
    try:
        context.gateway().submit(Outgoing(batch=batch, message=message, envelope=envelope))
    except InDoubt as error:
        log.warning("alert in doubt", kind=alert.kind.value, about=alert.about, error=str(error))


def _voice(context: Context, alert: Alert) -> Newsletter:
    """Whose sender says it: the newsletter that it is about, or the first. Raises ConfigError where there is none."""
    if not context.newsletters:
        raise ConfigError(f"{context.settings.content / 'newsletters'} has no newsletter whose sender could tell it")
    first = min(context.newsletters)
    return context.newsletters.get(alert.about.partition("/")[0], context.newsletters[first])
