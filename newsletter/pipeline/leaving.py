"""Readers leave, by a link of theirs or by an operator's hand; and addresses that must not be mailed any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from newsletter.audience import identity, tokens
from newsletter.errors import UsageError
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import identify, require_list, title_of
from newsletter.storage import Tx, roster

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a reader's unsubscribe link stands for: which newsletter, whose masked address, and whether it was done."""

    title: str
    masked: str
    inert: bool
    left: bool


def leaving(context: Context, text: str) -> Leaving:
    """What the page behind an unsubscribe link shows; changes nothing. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    with context.store.read() as tx:
        return _leaving(context, tx, token)


def leave(context: Context, text: str) -> Leaving:
    """Take the reader of a link off its list, at once. Twice is once. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    with context.store.write() as tx:
        if not token.inert:
            news = roster.unsubscribe(
                tx, token.subscriber_id, token.list_id, source=f"link of send {token.send_id}", now=context.clock()
            )
            if news:
                log.info("reader left", subscriber=token.subscriber_id, list=token.list_id, send=token.send_id)
        return _leaving(context, tx, token)


def _leaving(context: Context, tx: Tx, token: tokens.Token) -> Leaving:
    if token.inert:
        return Leaving(title="", masked="", inert=True, left=False)
    slug = roster.list_slug(tx, token.list_id)
    person = roster.by_id(tx, token.subscriber_id)
    state = roster.membership_state(tx, token.subscriber_id, token.list_id)
    if slug is None or person is None or state is None:
        raise tokens.BadTokenError("its list or reader is gone")
    return Leaving(
        title=title_of(context, slug),
        masked=identity.mask(person.address) if person.address else "",
        inert=False,
        left=state == "unsubscribed",
    )


def unsubscribe(context: Context, address: str, list_: str | None) -> tuple[str, ...]:
    """Take somebody off one list or all of them, by an operator's hand; gives the lists that was news for."""
    if list_ is not None:
        require_list(context, list_)
    who = identify(context, address)
    with context.store.write() as tx:
        person = roster.subscriber(tx, who.key)
        if person is None:
            raise UsageError("there is no such subscriber")
        left = []
        for membership in roster.memberships(tx, person.id):
            if list_ is not None and membership.list != list_:
                continue
            id_ = roster.list_id(tx, membership.list)
            if id_ is not None and roster.unsubscribe(tx, person.id, id_, source="operator", now=context.clock()):
                left.append(membership.list)
                log.info("reader left", subscriber=person.id, list=id_, by="operator")
    return tuple(left)


def suppress(context: Context, addresses: Iterable[str], *, reason: str, source: str) -> int:
    """Suppress addresses for every list; gives how many were news. Raises UsageError for what is no address."""
    keys = [identify(context, address).key for address in addresses]
    with context.store.write() as tx:
        news = roster.suppress(tx, keys, reason=reason, scope="all", source=source, now=context.clock())
    log.info("addresses suppressed", news=news, reason=reason)
    return news
