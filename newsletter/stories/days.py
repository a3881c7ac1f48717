"""Words that tell a day from the day of writing: "yesterday", "on Wednesday". Readers count from the day they read."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from newsletter.stories.words import Words


def stale_word(text: str, written: date, goes: date, words: Words, *, weekdays: bool) -> str | None:
    """The first word of the text that would tell another day on `goes` than it told on the day of writing.

    "Yesterday" does on any other day; a weekday, where `weekdays` asks for them, once that weekday has come again.
    """
    pattern = _pattern(words)
    if goes <= written or pattern is None:
        return None
    for found in pattern.finditer(text):
        day = found["weekday"]
        if day is None or (weekdays and _next(day, written, words) <= (goes - written).days):
            return found[0]
    return None


def _next(weekday: str, written: date, words: Words) -> int:
    """Days from the day of writing to the next such weekday: 1 to 7."""
    return (words.weekdays.index(weekday.casefold()) - written.weekday() - 1) % 7 + 1


@lru_cache
def _pattern(words: Words) -> re.Pattern[str] | None:
    if not words.days:
        return None
    days = "|".join(sorted(words.days, key=len, reverse=True))
    return re.compile(rf"\b(?:(?:{days})|(?P<weekday>{'|'.join(words.weekdays)}))\b", re.IGNORECASE)
