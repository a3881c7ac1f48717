"""A reader's preferences, behind a link of each mail: which lists, which sections, a pause, whether they may be seen.

The link may be in other hands, since mails are forwarded: what it can do can be undone, and nobody is signed up by it
without a letter to the address on file (docs/decisions/0045).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog

from newsletter.audience import tokens
from newsletter.model import Consent, ConsentEvent, Newsletter
from newsletter.pipeline import access, joining, leaving, wishes
from newsletter.pipeline.context import Context
from newsletter.pipeline.places import Preferences, newsletter_of, offer_of, shown
from newsletter.pipeline.wishes import Change, Offer, Trouble, Wish
from newsletter.storage import Tx, consent, letters, roster, subscriptions
from newsletter.storage import joining as stored
from newsletter.storage.subscriptions import Subscription

log = structlog.get_logger()

Words = Callable[[Newsletter | None, Change, Offer], str]
"""A change in the words of its newsletter's language, as the reader is told it and as the log keeps it."""


What = Literal["saved", "same", "left", "left all", "back", "asked", "letter", "trouble", "later", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a form: `what` was done to which list, `words` say a change, `trouble` why it was not."""

    what: What
    list: str = ""
    words: str = ""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Whose link it is."""

    token: tokens.Token
    person: roster.SubscriberRow
    places: tuple[Subscription, ...]

    def place(self, list_: str) -> Subscription | None:
        return next((place for place in self.places if place.list == list_), None)


def preferences(context: Context, text: str) -> Preferences:
    """What the page behind a preferences link shows; changes nothing. Raises tokens.BadTokenError."""
    token = tokens.read(text, "reader", context.settings.secret_keys)
    if token.inert:
        return Preferences(inert=True)
    with context.store.read() as tx:
        reader = _reader(tx, token)
        return shown(context, tx, reader.person, reader.places, token.list_id)


def save(context: Context, text: str, list_: str, wish: Wish, *, words: Words, wording: str) -> Done:
    """Write down what a reader wants to have of a list that they are on. `wording` is what they agree to where they
    let themselves be seen. Raises tokens.BadTokenError.
    """

    def act(tx: Tx, reader: _Reader) -> Done:
        place = reader.place(list_)
        if place is None or place.state != "active":
            return Done(what="nothing")
        offer, now = offer_of(context, list_), context.clock()
        found = wishes.change(place, offer, wish, now)
        if isinstance(found, str):
            return Done(what="trouble", list=list_, trouble=found)
        if not found.any:
            return Done(what="same", list=list_)
        subscriptions.prefer(
            tx, reader.person.id, place.list_id,
            sections=found.sections, paused_until=found.paused_until, tracked=found.tracked, now=now,
        )  # fmt: skip
        said = words(newsletter_of(context, list_), found, offer)
        entry = Consent(
            at=now, address_key=reader.person.address_key, list=list_, event=ConsentEvent.CHANGED,
            wording=wording if found.new_tracking and found.tracked else "",
            source=f"preferences: {leaving.mail_of(tx, reader.token)}", detail=said,
        )  # fmt: skip
        consent.record(tx, [entry])
        log.info("preferences changed", subscriber=reader.person.id, list=place.list_id)
        return Done(what="saved", list=list_, words=said)

    return _do(context, text, act)


def leave(context: Context, text: str, list_: str | None) -> Done:
    """Take the reader off a list, or off all. Raises tokens.BadTokenError."""

    def act(tx: Tx, reader: _Reader) -> Done:
        for place in reader.places:
            if list_ in {None, place.list}:
                leaving.take_off_by(tx, reader.token, place, by="preferences", now=context.clock())
        if list_ is None:
            return Done(what="left all")
        return Done(what="left" if reader.place(list_) else "nothing", list=list_)

    return _do(context, text, act)


def undo(context: Context, text: str, list_: str) -> Done:
    """Put the reader back on a list that they left just now. Raises tokens.BadTokenError."""

    def act(tx: Tx, reader: _Reader) -> Done:
        place = reader.place(list_)
        back = place is not None and leaving.put_back(context, tx, reader.token, place.list_id)
        return Done(what="back" if back else "nothing", list=list_)

    return _do(context, text, act)


def join(context: Context, text: str, list_: str, *, wording: str) -> Done:
    """Ask for another list: a letter goes to the address on file, and its link does it. Raises tokens.BadTokenError."""

    def act(tx: Tx, reader: _Reader) -> Done:
        wanted = shown(context, tx, reader.person, reader.places, reader.token.list_id).place(list_)
        if wanted is None or not wanted.joinable:
            return Done(what="nothing")
        now, person = context.clock(), reader.person
        if letters.count_since(tx, "confirm", person.id, now - joining.A_DAY) >= letters.A_DAY:
            return Done(what="asked", list=list_)
        list_id = roster.ensure_list(tx, list_, wanted.title, now)
        source = f"preferences: {leaving.mail_of(tx, reader.token)}"
        known = roster.NewSubscriber(
            address=person.address or "", address_key=person.address_key, reserved=person.reserved, name=person.name
        )
        stored.ask(tx, list_id, subscriber=person, new=known, tracked=False, source=source, now=now)
        entry = Consent(
            at=now, address_key=person.address_key, list=list_, event=ConsentEvent.REQUESTED, wording=wording,
            source=source,
        )  # fmt: skip
        consent.record(tx, [entry])
        letters.post(
            tx, "confirm", subscriber_id=person.id, list_id=list_id, expires_at=now + joining.CONFIRM_WITHIN, now=now
        )
        return Done(what="asked", list=list_)

    return _do(context, text, act)


def let_in(context: Context, text: str) -> Done:
    """Mail a link to the address on file, for what only its reader may do. Raises tokens.BadTokenError."""

    def act(tx: Tx, reader: _Reader) -> Done:
        access.post(tx, "access", reader.person.id, reader.token.list_id, context.clock())
        return Done(what="letter")

    return _do(context, text, act)


def _do(context: Context, text: str, act: Callable[[Tx, _Reader], Done]) -> Done:
    token = tokens.read(text, "reader", context.settings.secret_keys)
    if token.inert:
        return Done(what="nothing")
    with context.store.write() as tx:
        return act(tx, _reader(tx, token))


def _reader(tx: Tx, token: tokens.Token) -> _Reader:
    person = roster.by_id(tx, token.subscriber_id)
    places = subscriptions.of(tx, token.subscriber_id)
    known = any(place.list_id == token.list_id for place in places)
    if person is None or person.address is None or not known:
        raise tokens.BadTokenError("its list or reader is gone")
    return _Reader(token=token, person=person, places=places)
