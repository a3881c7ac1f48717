"""The lists of the house as one reader sees them: those they are on, those they left, and those they may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from newsletter.audience import identity
from newsletter.model import Newsletter
from newsletter.pipeline import leaving, wishes
from newsletter.pipeline.context import Context
from newsletter.pipeline.joining import asks_for_tracking
from newsletter.pipeline.wishes import Offer
from newsletter.storage import Tx, roster
from newsletter.storage.subscriptions import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A list of the house as one reader sees it. `newsletter` is None where the list has none any more.

    `state` is `active`, `pending` (it waits for their confirmation), `left`, or `other` (they never were on it).
    """

    list: str
    title: str
    newsletter: Newsletter | None
    state: Literal["active", "pending", "left", "other"]
    offer: Offer
    sections: tuple[str, ...] | None = None
    paused_until: date | None = None
    tracked: bool = False
    undo: bool = False

    @property
    def joinable(self) -> bool:
        """They may ask for a letter that puts them on it, again where it did not come."""
        return self.state != "active" and self.newsletter is not None and self.newsletter.sign_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the page shows: whose, masked; all lists that concern them, that of the link first. Of a test nothing."""

    inert: bool
    masked: str = ""
    newsletter: Newsletter | None = None
    places: tuple[Place, ...] = ()
    today: date | None = None

    def place(self, list_: str) -> Place | None:
        return next((place for place in self.places if place.list == list_), None)


def shown(
    context: Context, tx: Tx, person: roster.SubscriberRow, of: Sequence[Subscription], list_id: int
) -> Preferences:
    """What one reader sees of the house, the list `list_id` of theirs first."""
    now = context.clock()
    mine = next(place.list for place in of if place.list_id == list_id)
    others = sorted({n.list for n in context.newsletters.values()} - {place.list for place in of})
    places = [_place(context, tx, person, place, now) for place in of]
    places += [_other(context, list_) for list_ in others]
    newsletter = newsletter_of(context, mine)
    return Preferences(
        inert=False,
        masked=identity.mask(person.address or ""),
        newsletter=newsletter,
        places=tuple(sorted(places, key=lambda place: place.list != mine)),
        today=now.astimezone(newsletter.zone if newsletter else context.organisation.zone).date(),
    )


def _place(context: Context, tx: Tx, person: roster.SubscriberRow, of: Subscription, now: datetime) -> Place:
    offer, until = offer_of(context, of.list), wishes.running(of, now)
    newsletter = newsletter_of(context, of.list)
    state: Literal["active", "pending", "left"] = (
        "left" if not of.on else "pending" if of.state == "pending" else "active"
    )
    return Place(
        list=of.list, title=newsletter.title if newsletter else of.list, newsletter=newsletter, state=state,
        offer=offer, sections=wishes.chosen(of, offer), tracked=of.tracked,
        paused_until=until.astimezone(offer.zone).date() if until else None,
        undo=leaving.can_undo(tx, person, of, now),
    )  # fmt: skip


def _other(context: Context, list_: str) -> Place:
    newsletter = newsletter_of(context, list_)
    return Place(
        list=list_, title=newsletter.title if newsletter else list_, newsletter=newsletter, state="other",
        offer=offer_of(context, list_),
    )  # fmt: skip


def newsletter_of(context: Context, list_: str) -> Newsletter | None:
    """The newsletter that readers know a list by."""
    return next((n for n in context.newsletters.values() if n.list == list_), None)


def offer_of(context: Context, list_: str) -> Offer:
    """What can be chosen of a list: of all newsletters that go to it."""
    to_it = [n for n in context.newsletters.values() if n.list == list_]
    return Offer(
        sections={section.slug: section.title for n in to_it for section in n.sections},
        asks_tracking=any(map(asks_for_tracking, to_it)),
        zone=to_it[0].zone if to_it else context.organisation.zone,
    )
