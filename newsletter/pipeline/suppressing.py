"""Addresses that must not be mailed, with the mail service's own lists beside ours: brought together, and lifted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from newsletter.audience.identity import BadAddressError, identifier
from newsletter.errors import ConfigError, NotSent, UsageError
from newsletter.model import Consent, ConsentEvent
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import address_key, identify
from newsletter.sending.suppressions import PAGE, REASONS, Listed, ServiceLists
from newsletter.storage import consent, roster, suppressions

log = structlog.get_logger()

OWN_WISH = frozenset({"complaint", "unsubscribe", "erased"})
"""What people decided themselves: it is lifted only for a reason, which their consent log keeps."""

_PATIENCE = 5
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One of SendGrid's lists: how many addresses it has, how many of them were news to us, and how many are none."""

    list: str
    reason: str
    listed: int
    news: int
    unreadable: int


def pull(context: Context, *, sleep: Callable[[float], None] = time.sleep) -> tuple[Pulled, ...]:
    """Suppress here whom SendGrid mails no more. A page is a transaction: what is done twice changes nothing.

    Raises ConfigError without a key, Refused, NotSent or InDoubt; the pages before are kept.
    """
    lists = _lists(context)
    return tuple(_pull(context, lists, name, reason, sleep) for name, reason in REASONS.items())


def _pull(context: Context, lists: ServiceLists, name: str, reason: str, sleep: Callable[[float], None]) -> Pulled:
    listed = news = unreadable = 0
    identity = identifier(address_key(context))
    for page in _pages(lists, name, sleep):
        held = []
        for each in page:
            try:
                key = identity(each.address).key
            except BadAddressError:
                unreadable += 1
                continue
            source = f"SendGrid's {name.replace('_', ' ')}"
            held.append(suppressions.Held(address_key=key, reason=reason, source=source, since=each.since))
        listed += len(page)
        with context.store.write() as tx:
            news += suppressions.keep(tx, held)
    log.info("suppressions pulled", list=name, listed=listed, news=news)
    return Pulled(list=name, reason=reason, listed=listed, news=news, unreadable=unreadable)


def _pages(lists: ServiceLists, name: str, sleep: Callable[[float], None]) -> Iterator[tuple[Listed, ...]]:
    number = 0
    while True:
        page = _patiently(partial(lists.page, name, number), sleep)
        yield page
        if len(page) < PAGE:
            return
        number += 1


def _patiently(ask: Callable[[], tuple[Listed, ...]], sleep: Callable[[float], None]) -> tuple[Listed, ...]:
    """Where SendGrid asks to slow down, wait as long as it says; a few times. Raises what it raised last."""
    for _ in range(_PATIENCE):
        try:
            return ask()
        except NotSent as error:
            if error.status != 429:
                raise
            wait_s = error.retry_after.total_seconds() if error.retry_after else 1.0
            sleep(min(max(wait_s, 0.0), _LONGEST_WAIT_S))
    return ask()


def lift(context: Context, address: str, *, why: str, by: str) -> tuple[tuple[str, str], ...]:
    """Let an address be mailed again: off SendGrid's lists, then off ours; gives the scopes and reasons that ended.

    Raises UsageError where nothing holds it here, or it was its owner's wish and no reason is given. Nothing is lifted
    here where SendGrid does not answer: it would go on dropping what we send.
    """
    who = identify(context, address)
    with context.store.read() as tx:
        held = {(scope, reason) for _, scope, reason, _, _ in roster.suppressions(tx, who.key)}
        person = roster.subscriber(tx, who.key)
    wishes = sorted({reason for _, reason in held} & OWN_WISH)
    if wishes and not why:
        raise UsageError(
            f"its owner decided so ({', '.join(wishes)}): say with --reason what changed, such as a letter of theirs; "
            "it is kept in their consent log"
        )
    _lists(context).lift(person.address if person and person.address else who.address)
    with context.store.write() as tx:
        lifted = suppressions.lift(tx, who.key)
        entries = [
            Consent(
                at=context.clock(), address_key=who.key, list=scope, event=ConsentEvent.CHANGED, source=by,
                detail=f"may be mailed again (was {reason}): {why}",
            )
            for scope, reason in lifted
            if reason in OWN_WISH
        ]  # fmt: skip
        consent.record(tx, entries)
    log.info("suppressions lifted", reasons=sorted({reason for _, reason in lifted}), by=by)
    return lifted


def _lists(context: Context) -> ServiceLists:
    settings = context.settings
    if settings.sendgrid_api_key is None:
        raise ConfigError(
            "NEWSLETTER_SENDGRID_API_KEY is not set: SendGrid's lists cannot be asked for without a key that has the "
            "right Suppressions"
        )
    return ServiceLists(settings.sendgrid_api_key, settings.sendgrid_url, settings.sendgrid_timeout_s)
