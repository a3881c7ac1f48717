"""Mail to editors: a test is the same bytes with inert links; a notice says something in words.

Both go through the ledger like any send, counted under no edition's promise.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from newsletter.audience import identity
from newsletter.errors import ConfigError, GatewayError, NewsletterError, UsageError
from newsletter.model import Mailbox, Message, SendKind, SendReport, SendState
from newsletter.pipeline import freezing, preparing, sending
from newsletter.pipeline.context import Context, Target
from newsletter.rendering.notice import notice
from newsletter.storage import editions, messages, sends

log = structlog.get_logger()


class NotDeliveredError(GatewayError):
    """Mail to editors that was not accepted; the text has the ESP's reason."""


def send_test(context: Context, target: Target, *, to: Sequence[str] = (), word: str = "TEST") -> SendReport:
    """Send editors what would go, or what is frozen: the same bytes, `[TEST 3f9a]` before the subject. Of an edition
    with variants it is the main one.

    `to` are addresses, without any the newsletter's editors. Raises ContentError, ProofError, UsageError,
    NotDeliveredError.
    """
    context.gateway()  # without a key nothing is begun
    frozen = _frozen(context, target)
    if frozen is None:
        made = preparing.prepare(context, target, context.clock())
        frozen = (made.main.message, made.fingerprint)
    message, fingerprint = frozen
    return send_message(context, target, message, fingerprint=fingerprint, to=to, word=word)


def send_message(
    context: Context,
    target: Target,
    message: Message,
    *,
    fingerprint: str,
    to: Sequence[str] = (),
    word: str = "TEST",
) -> SendReport:
    """Send editors a message that stands with this edition, whose fingerprint it carries, to be signed by.

    Raises UsageError, NotDeliveredError.
    """
    mark = fingerprint.removeprefix("sha256:")[:4]
    return _direct(context, target, "test", message, f"[{word} {mark}] {message.subject}", to)


def send_notice(context: Context, target: Target, *, subject: str, text: str, to: Sequence[str] = ()) -> SendReport:
    """Tell a newsletter's editors something in words, or those of `to`."""
    return _direct(
        context, target, "notice", notice(subject, text, target.newsletter, context.organisation), subject, to
    )


def _frozen(context: Context, target: Target) -> tuple[Message, str] | None:
    """The main message of a frozen edition, and the edition's fingerprint."""
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
        if row is None or row.fingerprint is None:
            return None
        return messages.of_edition(tx, row.id), row.fingerprint


def _direct(
    context: Context, target: Target, kind: SendKind, message: Message, subject: str, to: Sequence[str]
) -> SendReport:
    now = context.clock()
    people = _identified(context, target, to)
    with context.store.write() as tx:
        row = freezing.open_row(tx, target, now)
        variant_id = messages.keep(tx, row.id, message, now)
        send_id = sends.add_direct(
            tx, kind, edition_id=row.id, variant_id=variant_id, subject=subject, editors=people, now=now
        )
        sends.move(tx, send_id, [SendState.PENDING], SendState.SENDING, now=now)
    report = sending.run(context, send_id)
    log.info("mail to editors", edition=target.id, kind=kind, send=send_id, state=report.state, people=len(people))
    if report.state == SendState.PAUSED:
        with context.store.write() as tx:
            reason = sends.find(tx, send_id).reason
            sends.move(tx, send_id, [SendState.PAUSED], SendState.CANCELLED, reason=reason, now=now)
            sends.cancel_pending(tx, send_id, now)
        raise NotDeliveredError(f"the {kind} was not sent: {reason}")
    return report


def _identified(context: Context, target: Target, to: Sequence[str]) -> list[tuple[str, int]]:
    """Address and key of each editor, once each."""
    settings = context.settings
    wanted = [Mailbox(address=address) for address in to] or list(target.newsletter.editors)
    if not wanted:
        raise ConfigError(
            f"{settings.content / 'newsletters' / target.newsletter.slug}.toml has no [[editors]]: add one with an "
            "address, or name somebody with --to"
        )
    found: dict[int, str] = {}
    for editor in wanted:
        try:
            who = identity.identify(editor.address, (settings.address_key or "").encode())
        except identity.BadAddressError as error:
            raise UsageError(f"{editor.address!r} is not an address: {error}") from error
        if who.reserved and not settings.on_loopback:
            raise UsageError(f"{editor.address} lies in a domain kept for examples: no mail reaches it")
        found.setdefault(who.key, who.address)
    return [(address, key) for key, address in found.items()]


def try_notice(context: Context, target: Target, *, subject: str, text: str, besides: Sequence[str] = ()) -> bool:
    """Tell editors, if it can be done: what went wrong is logged, since a notice must not stop what it tells of.

    `besides` are addresses that learn it in another way: an editor among them gets no notice.
    """
    others = {address.casefold() for address in besides}
    to = [editor.address for editor in target.newsletter.editors if editor.address.casefold() not in others]
    if target.newsletter.editors and not to:
        return True
    try:
        send_notice(context, target, subject=subject, text=text, to=to)
    except NewsletterError as error:
        log.warning("notice not sent", edition=target.id, error=str(error))
        return False
    return True
