"""What only whoever reads the address on file may do, by a link in a letter: see what is held of them, take another
address, be erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from newsletter.audience import identity, tokens
from newsletter.model import Newsletter
from newsletter.pipeline import erasing, joining
from newsletter.pipeline.context import Context
from newsletter.pipeline.places import newsletter_of
from newsletter.pipeline.readers import address_key
from newsletter.storage import Tx, letters, own_data, roster
from newsletter.storage.letters import LetterKind, LetterRow

log = structlog.get_logger()

LASTS: Final = timedelta(hours=1)
"""How long the link of a letter works that lets somebody in, or brings another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the link of a letter shows. An `access` letter has everything that is held (`data`); one for a new address
    has that, masked; `over` is a link whose time is past, which shows nothing of anybody.
    """

    kind: Literal["access", "address"]
    over: bool
    newsletter: Newsletter | None = None
    data: own_data.Document | None = None
    masked: str = ""
    done: bool = False


Asked = Literal["sent", "same", "none", "over", "later"]
"""What came of asking for another address: a letter is on its way if mail may go there; it is the address on file
already; it is no address; the link's time is past; too many were asked for just now.
"""


def opened(context: Context, text: str) -> Opened:
    """What the page behind a letter's link shows; changes nothing. Raises tokens.BadTokenError."""
    with context.store.read() as tx:
        letter, person = _letter(context, tx, text)
        return _opened(context, tx, letter, person)


def ask_address(context: Context, text: str, typed: str) -> Asked:
    """Post a letter to the new address of a reader, whose link makes it theirs. Raises tokens.BadTokenError.

    Where mail must not go there, or enough went today, be it for other readers, none is posted, and the answer is the
    same: nobody learns here what another address is to us.
    """
    with context.store.write() as tx:
        letter, person = _letter(context, tx, text)
        now = context.clock()
        if letter.kind != "access" or letter.expires_at <= now:
            return "over"
        try:
            who = identity.identify(typed, address_key(context))
        except identity.BadAddressError:
            return "none"
        if who.address == person.address:
            return "same"
        if not joining.withheld(tx, who.key, None) and _to(context, tx, who.key, now) < letters.A_DAY:
            post(tx, "address", person.id, letter.list_id, now, address=who.address)
        return "sent"


def _to(context: Context, tx: Tx, key: int, now: datetime) -> int:
    """How many letters were put out to an address in a day by those whose it is not, however they spelt it."""
    given = letters.addresses_since(tx, now - joining.A_DAY)
    return sum(identity.identify(address, address_key(context)).key == key for address in given)


def confirm_address(context: Context, text: str) -> Opened:
    """Give a reader the address that the letter went to. Twice is once. Raises tokens.BadTokenError."""
    with context.store.write() as tx:
        letter, person = _letter(context, tx, text)
        now = context.clock()
        if letter.kind != "address" or letter.address is None or letter.expires_at <= now:
            return _opened(context, tx, letter, person)
        who = identity.identify(letter.address, address_key(context))
        if joining.withheld(tx, who.key, None) or not letters.use(tx, letter.id, now):
            return _opened(context, tx, letter, person)
        erasing.move(tx, person, who, letter=letter.id, now=now)
        log.info("address changed", subscriber=person.id)
        return Opened(
            kind="address", over=False, newsletter=_newsletter(context, tx, letter), masked=identity.mask(who.address),
            done=True,
        )  # fmt: skip


def erase(context: Context, text: str) -> Opened | None:
    """Erase the reader of an access letter, on their own word; None where its time is past. Raises
    tokens.BadTokenError.
    """
    with context.store.write() as tx:
        letter, person = _letter(context, tx, text)
        if letter.kind != "access" or letter.expires_at <= context.clock():
            return None
        newsletter = _newsletter(context, tx, letter)
        erasing.erase_person(tx, person, source="own wish", now=context.clock())
        return Opened(kind="access", over=False, newsletter=newsletter, done=True)


def _letter(context: Context, tx: Tx, text: str) -> tuple[LetterRow, roster.SubscriberRow]:
    token = tokens.read(text, "letter", context.settings.secret_keys)
    letter = letters.find(tx, token.send_id, "access") or letters.find(tx, token.send_id, "address")
    person = roster.by_id(tx, token.subscriber_id)
    if letter is None or person is None or letter.subscriber_id != person.id:
        raise tokens.BadTokenError("its letter or reader is gone")
    return letter, person


def _opened(context: Context, tx: Tx, letter: LetterRow, person: roster.SubscriberRow) -> Opened:
    newsletter = _newsletter(context, tx, letter)
    done = letter.kind == "address" and letter.used_at is not None
    over = not done and letter.expires_at <= context.clock()
    if letter.kind == "access":
        if over or person.address is None:
            return Opened(kind="access", over=True, newsletter=newsletter)
        return Opened(kind="access", over=False, newsletter=newsletter, data=own_data.collect(tx, person.address_key))
    refused = letter.address is not None and _withheld(context, tx, letter.address)
    masked = identity.mask(letter.address) if letter.address and not over else ""
    return Opened(kind="address", over=over or refused, newsletter=newsletter, masked=masked, done=done)


def _withheld(context: Context, tx: Tx, address: str) -> bool:
    return bool(joining.withheld(tx, identity.identify(address, address_key(context)).key, None))


def post(
    tx: Tx, kind: LetterKind, subscriber_id: int, list_id: int | None, now: datetime, *, address: str | None = None
) -> None:
    """Put out a letter with a link that works for an hour. In silence none, where somebody had enough today: forms are
    a way to bomb others with mail.
    """
    if letters.count_since(tx, kind, subscriber_id, now - joining.A_DAY) < letters.A_DAY:
        letters.post(
            tx, kind, subscriber_id=subscriber_id, list_id=list_id, address=address, expires_at=now + LASTS, now=now
        )


def _newsletter(context: Context, tx: Tx, letter: LetterRow) -> Newsletter | None:
    slug = roster.list_slug(tx, letter.list_id) if letter.list_id is not None else None
    return newsletter_of(context, slug) if slug is not None else None
