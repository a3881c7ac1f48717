"""The calendar of a newsletter: which dates have an edition, when it goes, and what a holiday does.

Instants are in UTC: subtracting within one zone counts its wall clock, wrongly where clocks are put forward or back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from newsletter.model import Newsletter, Schedule

_SHIFT_DAYS = 31
"""How far a holiday's edition may be shifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An edition to come: its date in the newsletter's zone, when it goes (UTC), and a note where it was shifted."""

    date: date
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A date of the schedule: an edition is planned, or `skipped` says why there is none."""

    date: date
    skipped: str = ""
    note: str = ""


def planned_time(newsletter: Newsletter, on: date) -> datetime:
    """When the edition of a date goes, in UTC. Raises ValueError for a newsletter without a schedule."""
    return local_instant(newsletter, on, _schedule(newsletter).time)


def late_deadline(newsletter: Newsletter, on: date) -> datetime:
    """Until when the edition of a date still goes by itself, in UTC. Raises ValueError without a schedule."""
    return local_instant(newsletter, on, _schedule(newsletter).late_until)


def goes_until(newsletter: Newsletter, on: date) -> datetime:
    """Until when the edition of a date goes by itself, in UTC: `late_until`; midnight where there is no schedule."""
    if newsletter.schedule is None:
        return local_instant(newsletter, on + timedelta(days=1), time())
    return late_deadline(newsletter, on)


def next_editions(
    newsletter: Newsletter, holidays: Mapping[date, str], after: datetime, count: int
) -> tuple[Planned, ...]:
    """The next `count` editions that are planned later than `after`; none without a schedule.

    Fewer where the calendar of the next ten years has no more.
    """
    if newsletter.schedule is None:
        return ()
    found: list[Planned] = []
    day = after.astimezone(newsletter.zone).date()
    for slot in slots(newsletter.schedule, holidays, day, day + timedelta(days=3653)):
        at = planned_time(newsletter, slot.date)
        if len(found) == count:
            break
        if not slot.skipped and at > after:
            found.append(Planned(date=slot.date, at=at, note=slot.note))
    return tuple(found)


def slots(schedule: Schedule, holidays: Mapping[date, str], first: date, last: date) -> Iterator[Slot]:
    """The dates from `first` to `last` that the schedule has an edition for, or would have, but for a holiday."""
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        holiday = holidays.get(day)
        if day.weekday() in schedule.days:
            if holiday is None or schedule.holidays == "send":
                yield Slot(date=day)
            else:
                yield Slot(date=day, skipped=_why_skipped(schedule, holidays, day))
        elif schedule.holidays == "shift" and holiday is None:
            shifted = _shifted_here(schedule, holidays, day)
            if shifted:
                yield Slot(date=day, note=f"in place of {shifted}")


def _why_skipped(schedule: Schedule, holidays: Mapping[date, str], day: date) -> str:
    if schedule.holidays == "skip":
        return holidays[day]
    for number in range(1, _SHIFT_DAYS + 1):
        other = day + timedelta(days=number)
        if _is_free(schedule, holidays, other):
            return f"{holidays[day]}; shifted to {other.isoformat()}"
    return f"{holidays[day]}; no free day to shift it to within {_SHIFT_DAYS} days"


def _shifted_here(schedule: Schedule, holidays: Mapping[date, str], day: date) -> str:
    """The regular days, just before this free one, whose holidays shift their editions here (all to one edition)."""
    found: list[str] = []
    for number in range(1, _SHIFT_DAYS + 1):
        other = day - timedelta(days=number)
        if _is_free(schedule, holidays, other):
            break
        if other.weekday() in schedule.days and other in holidays:
            found.append(f"{other.isoformat()} ({holidays[other]})")
    return " and ".join(reversed(found))


def _is_free(schedule: Schedule, holidays: Mapping[date, str], day: date) -> bool:
    return day.weekday() not in schedule.days and day not in holidays


def _schedule(newsletter: Newsletter) -> Schedule:
    if newsletter.schedule is None:
        raise ValueError(f"{newsletter.slug} has no schedule; it is sent by hand")
    return newsletter.schedule


def local_instant(newsletter: Newsletter, on: date, at: time) -> datetime:
    """A local time of a date in the newsletter's zone, in UTC."""
    return datetime.combine(on, at, tzinfo=newsletter.zone).astimezone(UTC)
