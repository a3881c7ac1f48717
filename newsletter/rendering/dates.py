"""Dates, times and numbers as the newsletter's language writes them: the sole home of Babel in this room."""

from __future__ import annotations

from copy import copy
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.numbers import format_decimal

from newsletter.model import CalendarEntry

_DAY: Final = "MMMEd"
"""CLDR's skeleton of `Thu, May 14`, which every language has."""

_NARROW_SPACES: Final = {0x202F: "\u00a0", 0x2009: "\u00a0"}
"""Narrow and thin spaces, which the fonts of older clients lack, become the no-break space."""


@lru_cache(maxsize=32)
def locale(language: str) -> Locale:
    """What Babel knows of `en` or `pt-BR`; else of the language without its region, or of English."""
    for name in (language, language.partition("-")[0]):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def long_date(on: date, language: str) -> str:
    """`Monday, May 4, 2026`, whatever the machine's own language is."""
    return format_date(on, "full", locale=locale(language)).translate(_NARROW_SPACES)


def day(on: date, language: str) -> str:
    """`May 4, 2026`."""
    return format_date(on, "long", locale=locale(language)).translate(_NARROW_SPACES)


def number(count: float, language: str) -> str:
    """`1,240`, in the digits of the language."""
    return format_decimal(count, locale=locale(language)).translate(_NARROW_SPACES)


def percent(share: float, language: str, digits: int) -> str:
    """`9.12%`, or `9,12 %` where the language writes it so."""
    pattern = copy(locale(language).percent_formats[None])
    pattern.frac_prec = (digits, digits)
    written: str = pattern.apply(share, locale(language))
    return written.translate(_NARROW_SPACES)


def moment(at: datetime, zone: ZoneInfo, language: str) -> str:
    """`May 5, 2026, 6:00 AM EDT`."""
    local = at.astimezone(zone)
    time = format_time(local, "short", tzinfo=zone, locale=locale(language))
    return f"{day(local.date(), language)}, {time} {local.tzname()}".translate(_NARROW_SPACES)


def when(entry: CalendarEntry, zone: ZoneInfo, language: str) -> str:
    """A calendar entry's day, or days, and its time in `zone`: `Thu, May 14, 2:00 PM – 4:00 PM EDT`."""
    starts = _local(entry.starts, zone)
    ends = _local(entry.ends, zone) if entry.ends else None
    first, last = _day(starts), _day(ends or starts)
    if last != first:
        words = format_interval(first, last, _DAY, locale=locale(language))
    else:
        words = format_skeleton(_DAY, first, locale=locale(language))
        if isinstance(starts, datetime):
            until = ends if isinstance(ends, datetime) else None
            words = f"{words}, {_times(starts, until, zone, language)}"
    return words.translate(_NARROW_SPACES)


def _local(value: date | datetime, zone: ZoneInfo) -> date | datetime:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _times(starts: datetime, ends: datetime | None, zone: ZoneInfo, language: str) -> str:
    """Both times and the zone's short name as it is on that day (EDT, not EST, in May)."""
    times = [format_time(one, "short", tzinfo=zone, locale=locale(language)) for one in (starts, ends) if one]
    return f"{' – '.join(times)} {starts.tzname()}"
