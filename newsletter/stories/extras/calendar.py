"""Which entries of the calendar an edition shows."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from newsletter.model import CalendarEntry, Newsletter
from newsletter.stories.extras.supply import Listing, Unused, meant_for

AHEAD = timedelta(days=30)
"""An entry is shown from so long before it starts."""

SHOWN = 6
"""So many entries at most; the soonest go first."""

_WEEK = timedelta(days=7)


def upcoming(
    newsletter: Newsletter, listings: tuple[Listing, ...], *, on: date, at: datetime
) -> tuple[tuple[CalendarEntry, ...], tuple[Unused, ...]]:
    """What the edition of `on`, that goes at `at`, shows of the calendar, soonest first; and what it has no room for.

    An entry is shown from 30 days ahead until it is over: a day with its end, a time with its end or, without one,
    its start. What is under way comes first. Of a weekly one the next time is shown. For an edition that goes late the
    day on which it goes counts.
    """
    on = max(on, at.astimezone(newsletter.zone).date())
    times = [_next(each, on, at) for each in listings if meant_for(each.newsletters, newsletter)]
    near = [each for each in times if not _over(each, on, at) and _day(each.starts) <= on + AHEAD]
    near.sort(key=lambda each: (_instant(each.starts, newsletter.zone), each.title, each.path))
    reason = f"no room: the calendar shows the {SHOWN} dates that are next"
    return tuple(near[:SHOWN]), tuple(Unused(where=each.path, reason=reason) for each in near[SHOWN:])


def _next(listing: Listing, on: date, at: datetime) -> CalendarEntry:
    """The entry, or of a weekly one the first time that is not over."""
    entry = listing.entry
    if not listing.weekly:
        return entry
    weeks = max(0, (on - _day(entry.ends or entry.starts)).days // 7 - 1)
    while _over(moved := _later(entry, weeks), on, at):
        weeks += 1
    return moved


def _later(entry: CalendarEntry, weeks: int) -> CalendarEntry:
    """The entry so many weeks later, at the same local time."""
    return CalendarEntry(
        title=entry.title, starts=entry.starts + weeks * _WEEK,
        ends=None if entry.ends is None else entry.ends + weeks * _WEEK,
        place=entry.place, url=entry.url, path=entry.path, line=entry.line,
    )  # fmt: skip


def _over(entry: CalendarEntry, on: date, at: datetime) -> bool:
    end = entry.ends or entry.starts
    return end <= at if isinstance(end, datetime) else end < on


def _day(when: date | datetime) -> date:
    return when.date() if isinstance(when, datetime) else when


def _instant(when: date | datetime, zone: ZoneInfo) -> datetime:
    return when if isinstance(when, datetime) else datetime.combine(when, time(), zone)
