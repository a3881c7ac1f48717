"""Readers are erased, or have another address: what goes, what stays, and what the consent log says of it.

What stays of somebody who was erased is the keyed hash of the address: the ledger counts under it, and a suppression
keeps it from being mailed again, whoever imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from newsletter.audience.identity import Identity, mask
from newsletter.errors import UsageError
from newsletter.model import Basis, Consent, ConsentEvent
from newsletter.pipeline import leaving
from newsletter.pipeline.context import Context
from newsletter.pipeline.joining import OWN_WILL
from newsletter.pipeline.readers import identify
from newsletter.storage import Tx, consent, erasure, moving, roster, subscriptions
from newsletter.storage import joining as stored
from newsletter.storage.subscriptions import Subscription

log = structlog.get_logger()


def erase(context: Context, address: str, *, by: str) -> int:
    """Erase whoever has an address, by an operator's hand; gives how many copies of mails are theirs.

    Raises UsageError where nobody has it.
    """
    who = identify(context, address)
    with context.store.write() as tx:
        person = roster.subscriber(tx, who.key)
        if person is None or person.address is None:
            raise UsageError("nobody with this address is known here; to keep it from being mailed, suppress it")
        copies = len(erasure.deliveries_of(tx, person))
        erase_person(tx, person, source=f"operator: {by}", now=context.clock())
    return copies


def erase_person(tx: Tx, person: roster.SubscriberRow, *, source: str, now: datetime) -> None:
    """Take a person off all lists, suppress all addresses they were mailed at, and forget the rest."""
    for place in subscriptions.of(tx, person.id):
        leaving.take_off(tx, person.id, place, source=f"erasure: {source}", now=now)
    keys = erasure.keys_of(tx, person)
    roster.suppress(tx, keys, reason=erasure.ERASED, scope="all", source=source, now=now)
    erasure.forget(tx, person)
    log.info("reader erased", subscriber=person.id)


def forget_late(tx: Tx, news: Mapping[int, int]) -> None:
    """Events may come after their reader was erased: they count, and what they tell of the person is not kept.

    `news` are the address keys of the deliveries of which events have just come, by delivery.
    """
    erased = erasure.erased_among(tx, set(news.values()))
    if erased:
        erasure.forget_events(tx, sorted(number for number, key in news.items() if key in erased))


def move(tx: Tx, person: roster.SubscriberRow, who: Identity, *, letter: int, now: datetime) -> None:
    """A reader has the address `who`, to which the letter went. The one who has it already is them, too."""
    new = roster.NewSubscriber(address=who.address, address_key=who.key, reserved=who.reserved, name="")
    into = roster.subscriber(tx, who.key)
    if into is not None and into.id == person.id:  # the same address, typed in another way
        moving.rename(tx, person, new)
        return
    places = [place for place in subscriptions.of(tx, person.id) if place.on]
    if "all" in stored.lift(tx, who.key, "all", OWN_WILL) and into is not None:
        for place in subscriptions.of(tx, into.id):  # what they had left by the same will stays left
            leaving.take_off(tx, into.id, place, source="left everything before", now=now)
    had = {place.list for place in subscriptions.of(tx, into.id) if place.state == "active"} if into else set()
    moving.carry(tx, person.address_key, who.key, now)
    if into is None:
        moving.rename(tx, person, new)
    else:
        moving.merge(tx, person, into, new, now, letter)
    moving.close_letters(tx, person.id, letter, now)
    said = f"address changed from {mask(person.address or '')} to {mask(who.address)}"
    for place in places:
        revived = into is not None and place.state == "active" and place.list not in had
        consent.record(
            tx, [_moved(place, person.address_key, said, now), _moved(place, who.key, said, now, revived=revived)]
        )


def _moved(place: Subscription, key: int, said: str, now: datetime, *, revived: bool = False) -> Consent:
    """An entry for one of the keys. Who was not on a list at the new address is by this: that is a confirmation."""
    basis = leaving.basis_of(place) if revived else None
    return Consent(
        at=now, address_key=key, list=place.list, basis=basis, until=place.until if basis is Basis.IMPLIED else None,
        event=ConsentEvent.CONFIRMED if revived else ConsentEvent.CHANGED, source="letter to the new address",
        detail=said,
    )  # fmt: skip
