"""Readers leave, by a link of theirs or by an operator's hand, and may take it back; and addresses that must not be
mailed any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from newsletter.audience import identity, tokens
from newsletter.errors import UsageError
from newsletter.model import Basis, Consent, ConsentEvent
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import identify, require_list, title_of
from newsletter.storage import Tx, consent, events, roster, sends, subscriptions
from newsletter.storage.subscriptions import Subscription

log = structlog.get_logger()

UNDO: Final = timedelta(hours=1)
"""How long a leave can be taken back by the same link. Mails are forwarded and kept for years: later, only whoever
reads the address on file may come back, by a letter to it (docs/decisions/0045).
"""

By = Literal["one-click", "page", "preferences"]
"""How a reader left by themselves: the mail program's button, ours, or the preferences."""

_OWN: Final = ("one-click", "page", "preferences")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a reader's unsubscribe link stands for: which newsletter, whose masked address, whether it was done, and
    whether that can be taken back. `here` is False for a person of whom nothing is kept any more.
    """

    title: str
    masked: str
    inert: bool
    left: bool
    undo: bool = False
    back: bool = False
    here: bool = True


def leaving(context: Context, text: str) -> Leaving:
    """What the page behind an unsubscribe link shows; changes nothing. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    with context.store.read() as tx:
        return _leaving(context, tx, token)


def leave(context: Context, text: str, by: By = "one-click") -> Leaving:
    """Take the reader of a link off its list, at once. Twice is once. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    with context.store.write() as tx:
        if not token.inert:
            place = subscriptions.find(tx, token.subscriber_id, token.list_id)
            if place is not None:
                take_off_by(tx, token, place, by=by, now=context.clock())
        return _leaving(context, tx, token)


def undo(context: Context, text: str) -> Leaving:
    """Put the reader of a link back as they were, if they left by themselves just now. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    with context.store.write() as tx:
        back = not token.inert and put_back(context, tx, token, token.list_id)
        found = _leaving(context, tx, token)
    return Leaving(title=found.title, masked=found.masked, inert=found.inert, left=found.left, back=back)


def take_off(tx: Tx, subscriber_id: int, place: Subscription, *, source: str, now: datetime) -> bool:
    """Take a reader off a list and write it down, exactly once; True where that was news."""
    person = roster.by_id(tx, subscriber_id)
    if person is None or not roster.unsubscribe(tx, subscriber_id, place.list_id, now=now):
        return False
    entry = Consent(
        at=now, address_key=person.address_key, list=place.list, event=ConsentEvent.WITHDRAWN, source=source
    )
    consent.record(tx, [entry])
    log.info("reader left", subscriber=subscriber_id, list=place.list_id, by=source.partition(":")[0])
    return True


def take_off_by(tx: Tx, token: tokens.Token, place: Subscription, *, by: By, now: datetime) -> None:
    """The same by a link of the reader's, which counts for the mail that it stood in, if it was of this list."""
    person = roster.by_id(tx, token.subscriber_id)
    news = take_off(tx, token.subscriber_id, place, source=f"{by}: {mail_of(tx, token)}", now=now)
    if news and person is not None and token.send_id and place.list_id == token.list_id:
        events.left_by(tx, token.send_id, person.address_key, now)


def put_back(context: Context, tx: Tx, token: tokens.Token, list_id: int) -> bool:
    """Take a leave of just now back: sections, pause, basis and its end are as they were. True where that was news.

    It is logged as confirmed, since after a withdrawal nothing less makes anybody a reader again; on the basis of
    before, which it does not better.
    """
    now = context.clock()
    place = subscriptions.find(tx, token.subscriber_id, list_id)
    person = roster.by_id(tx, token.subscriber_id)
    if place is None or person is None or not can_undo(tx, person, place, now):
        return False
    if not subscriptions.come_back(tx, person.id, list_id, now):
        return False
    basis = basis_of(place)
    until = place.until if basis is Basis.IMPLIED else None
    entry = Consent(
        at=now, address_key=person.address_key, list=place.list, event=ConsentEvent.CONFIRMED, basis=basis,
        until=until, source=f"undo: {mail_of(tx, token)}",
    )  # fmt: skip
    consent.record(tx, [entry])
    log.info("reader came back", subscriber=person.id, list=list_id)
    return True


def can_undo(tx: Tx, person: roster.SubscriberRow, place: Subscription, now: datetime) -> bool:
    """Whether the last thing that happened was that the reader left, by themselves, within the hour, a list that they
    had been on and to which nothing else forbids to mail them.
    """
    if place.on or person.address is None or subscriptions.held(tx, person.address_key, place.list):
        return False
    entries = [entry for entry in consent.of(tx, person.address_key) if entry.list == place.list]
    if not entries or entries[-1].event is not ConsentEvent.WITHDRAWN:
        return False
    last = entries[-1]
    asked_only = len(entries) > 1 and entries[-2].event is ConsentEvent.REQUESTED
    return last.source.partition(":")[0] in _OWN and now - last.at < UNDO and not asked_only


def basis_of(place: Subscription) -> Basis | None:
    """Why we may write to somebody, where the words of an older import say it."""
    return Basis(place.basis) if place.basis in set(Basis) else None


def mail_of(tx: Tx, token: tokens.Token) -> str:
    """The mail whose link was used, in words. Letters are of no send."""
    if token.send_id == 0:
        return "link in a letter"
    edition = sends.edition_of(tx, token.send_id)
    return f"link in {edition} (send {token.send_id})" if edition else f"link of send {token.send_id}"


def _leaving(context: Context, tx: Tx, token: tokens.Token) -> Leaving:
    if token.inert:
        return Leaving(title="", masked="", inert=True, left=False)
    person = roster.by_id(tx, token.subscriber_id)
    place = subscriptions.find(tx, token.subscriber_id, token.list_id)
    if person is None or place is None:
        raise tokens.BadTokenError("its list or reader is gone")
    return Leaving(
        title=title_of(context, place.list),
        masked=identity.mask(person.address) if person.address else "",
        inert=False,
        left=not place.on,
        undo=can_undo(tx, person, place, context.clock()),
        here=person.address is not None,
    )


def unsubscribe(context: Context, address: str, list_: str | None, *, source: str = "operator") -> tuple[str, ...]:
    """Take somebody off one list or all of them, by an operator's hand; gives the lists that was news for."""
    if list_ is not None:
        require_list(context, list_)
    who = identify(context, address)
    with context.store.write() as tx:
        person = roster.subscriber(tx, who.key)
        if person is None:
            raise UsageError("there is no such subscriber")
        return tuple(
            place.list
            for place in subscriptions.of(tx, person.id)
            if list_ in {None, place.list} and take_off(tx, person.id, place, source=source, now=context.clock())
        )


def suppress(context: Context, addresses: Iterable[str], *, reason: str, source: str) -> int:
    """Suppress addresses for every list; gives how many were news. Raises UsageError for what is no address."""
    keys = [identify(context, address).key for address in addresses]
    with context.store.write() as tx:
        news = roster.suppress(tx, keys, reason=reason, scope="all", source=source, now=context.clock())
    log.info("addresses suppressed", news=news, reason=reason)
    return news
