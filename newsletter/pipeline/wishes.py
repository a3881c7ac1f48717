"""What a reader asks to have of a list, and what that comes to: pure, from the fields of a form to a change."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from newsletter.storage.subscriptions import Subscription

LONGEST_PAUSE: Final = timedelta(days=366)
"""Who wants none for longer is better served by leaving."""

Trouble = Literal["sections", "date", "past", "far"]
"""No section is chosen; the date is none, is not to come, or lies more than a year ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The fields of the form as they came. `pause` is `keep`, `none`, `week`, `fortnight`, `month` or `date`."""

    sections: tuple[str, ...] = ()
    pause: str = "keep"
    date: str = ""
    tracked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be chosen of a list: its sections in their order, by slug with their titles; whether it asks for
    agreement to be seen; and its zone, in which days begin.
    """

    sections: Mapping[str, str]
    asks_tracking: bool
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a subscription will be, and what of it is another than before."""

    sections: tuple[str, ...] | None
    paused_until: datetime | None
    tracked: bool
    new_sections: bool
    new_pause: bool
    new_tracking: bool

    @property
    def any(self) -> bool:
        return self.new_sections or self.new_pause or self.new_tracking


def change(place: Subscription, offer: Offer, wish: Wish, now: datetime) -> Change | Trouble:
    """What a wish comes to. All sections are none in particular, so that those to come are among them."""
    sections = tuple(slug for slug in offer.sections if slug in wish.sections)
    if len(offer.sections) > 1 and not sections:
        return "sections"
    wanted = None if len(sections) == len(offer.sections) or len(offer.sections) < 2 else sections
    today = now.astimezone(offer.zone).date()
    until = _pause(place, offer, wish, today, now)
    if isinstance(until, str):
        return until
    tracked = wish.tracked if offer.asks_tracking else place.tracked
    return Change(
        sections=wanted,
        paused_until=until,
        tracked=tracked,
        new_sections=wanted != chosen(place, offer),
        new_pause=until != running(place, now),
        new_tracking=tracked != place.tracked,
    )


def chosen(place: Subscription, offer: Offer) -> tuple[str, ...] | None:
    """The sections of the offer that a reader has chosen, None for all."""
    if place.sections is None:
        return None
    there = tuple(slug for slug in offer.sections if slug in place.sections)
    return None if len(there) == len(offer.sections) else there


def running(place: Subscription, now: datetime) -> datetime | None:
    """Until when a pause lasts, if one does."""
    return place.paused_until if place.paused_until is not None and place.paused_until > now else None


def _pause(place: Subscription, offer: Offer, wish: Wish, today: date, now: datetime) -> datetime | Trouble | None:
    if wish.pause == "keep":
        return running(place, now)
    ends = {"week": today + timedelta(weeks=1), "fortnight": today + timedelta(weeks=2), "month": month_after(today)}
    if wish.pause in ends:
        return _begins(ends[wish.pause], offer.zone)
    if wish.pause != "date":
        return None
    try:
        on = date.fromisoformat(wish.date.strip())
    except ValueError:
        return "date"
    if on <= today:
        return "past"
    return "far" if on > today + LONGEST_PAUSE else _begins(on, offer.zone)


def _begins(on: date, zone: ZoneInfo) -> datetime:
    """Mails come again on that day."""
    return datetime.combine(on, time(), zone)


def month_after(day: date) -> date:
    """The same day of the next month, or its last."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
