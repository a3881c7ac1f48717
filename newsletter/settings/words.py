"""How one value of a settings file is read: text, names, times, days, zones, addresses. Each raises `Wrong`."""

from __future__ import annotations

import re
from datetime import date, time
from functools import cache
from typing import get_args, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from email_validator import EmailNotValidError, validate_email

from newsletter.model import FIXED, LEVELLED, SLUG
from newsletter.model.letters import unfit
from newsletter.settings.names import nearest
from newsletter.settings.shapes import Reader, Wrong, kind_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LEVELS = ("stop", "warn", "off")
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages that are written so unless a newsletter says otherwise."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")  # the common part of BCP 47


def lines(value: object) -> str:
    """Text of one or more lines, without blanks around it."""
    if not isinstance(value, str):
        raise Wrong(f"is {kind_of(value)}; write text in quotes")
    text = "\n".join(part.strip() for part in value.strip().splitlines())
    if not text:
        raise Wrong("is empty; write some text, or leave the key out")
    if (char := unfit(text.replace("\n", " "))) is not None:
        raise Wrong(f"holds {char}, an invisible character that has no place there; type the text anew")
    return text


def line(value: object) -> str:
    """Text of one line: it may stand in a header of a mail."""
    text = lines(value)
    if "\n" in text:
        raise Wrong("goes over several lines; write it in one")
    return text


def slug(value: object) -> str:
    """A name for files, addresses and commands."""
    text = line(value)
    if not SLUG.match(text) or len(text) > 80:
        raise Wrong(f"'{text}' is not a name; use lower-case letters, digits and single hyphens, such as policy-legal")
    return text


def language(value: object) -> str:
    """A language as mails and browsers name it: `en`, `pt-BR`."""
    text = line(value)
    if not _LANGUAGE.match(text):
        raise Wrong(f"'{text}' is not a language; write its code, such as en or pt-BR")
    return text


def flag(value: object) -> bool:
    """True or false, without quotes."""
    if not isinstance(value, bool):
        raise Wrong(f"is {kind_of(value)}; write true or false, without quotes")
    return value


def count(value: object) -> int:
    """A whole number, zero or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Wrong(f"is {kind_of(value)}; write a whole number, without quotes")
    return value


def share(value: object) -> float:
    """A share, such as 0.2 for a fifth; its bounds are the model's."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Wrong(f"is {kind_of(value)}; write a share, such as 0.2 for a fifth")
    return float(value)


def choice(owner: type, name: str) -> Reader:
    """One of the words that the model's field knows."""
    allowed: tuple[str, ...] = get_args(get_type_hints(owner)[name])

    def read(value: object) -> str:
        text = line(value)
        if text not in allowed:
            raise Wrong(f"'{text}' is not one of {', '.join(allowed)}{nearest(text, allowed)}")
        return text

    return read


def clock_time(value: object) -> time:
    """A local time of day, to the minute."""
    if isinstance(value, time) and not value.second and not value.microsecond:
        return value
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value.strip()) if isinstance(value, str) else None
    if match is None:
        shown = f"'{value}'" if isinstance(value, str) else kind_of(value)
        raise Wrong(f"{shown} is not a time of day; write it as HH:MM, such as 06:30")
    return time(int(match[1]), int(match[2]))


def days(value: object) -> frozenset[int]:
    """Days of the week as numbers from 0 for Monday, read from names only."""
    text = line(value).lower().replace(" ", "")
    if re.search(r"\d", text):
        raise Wrong(
            f"'{text}' has numbers, which some calendars count from Sunday and some from Monday; "
            "write names, such as mon-fri or mon,wed,fri"
        )
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start, end = _day(first), _day(last if dash else first)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)


def _day(name: str) -> int:
    for names in (DAYS, _LONG_DAYS):
        if name in names:
            return names.index(name)
    raise Wrong(f"'{name}' is not a day{nearest(name, _LONG_DAYS)}; write mon, tue, wed, thu, fri, sat or sun")


def zone(value: object) -> ZoneInfo:
    """A time zone by its IANA name. Abbreviations are refused: EST, for one, knows no summer time."""
    text = line(value)
    if text in _zones():
        return ZoneInfo(text)
    raise Wrong(f"'{text}' is not a time zone{_nearest_zone(text)}; write its IANA name, such as America/New_York")


@cache
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def _nearest_zone(text: str) -> str:
    wanted = text.replace(" ", "_").casefold()
    cities = {name.rpartition("/")[2].casefold(): name for name in sorted(_zones())}
    whole = {name.casefold(): name for name in _zones()}
    if wanted in whole or wanted in cities:
        return f" (did you mean {whole.get(wanted) or cities[wanted]}?)"
    return nearest(text.replace(" ", "_"), sorted(_zones()))


def address(value: object) -> str:
    """A mail address, as it is typed. Only its form is looked at: nothing is asked of the network."""
    text = line(value)
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Wrong(f"'{text}' is not a mail address: {error}") from error
    return text


def web(value: object) -> str:
    """An https or http address."""
    text = line(value)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise Wrong(f"'{text}' is not an address that begins with https://")
    return text


def web_or_mail(value: object) -> str:
    """An https or http address, or a mail address written as mailto:, with a subject if wanted."""
    text = line(value)
    if not text.startswith("mailto:"):
        return web(text)
    address(text.removeprefix("mailto:").partition("?")[0])
    return text


def day_of_year(text: str) -> date:
    """A date as YYYY-MM-DD."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise Wrong('is not a date; write it in quotes as YYYY-MM-DD, such as "2026-12-25"')
    return found


def named_texts(value: object) -> dict[str, str]:
    """A table of names and texts (`[theme]`)."""
    if not isinstance(value, dict):
        raise Wrong(f"is {kind_of(value)}; write a table of names and texts")
    found: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for name, text in value.items():
        try:
            found[name] = line(text)
        except Wrong as error:
            wrong.extend(error.under(name))
    if wrong:
        raise Wrong(inside=tuple(wrong))
    return found


def levels(value: object) -> dict[str, str]:
    """How hard checks of the proof are taken (`[proof]`)."""
    found = named_texts(value)
    wrong = [(check, problem) for check, level in found.items() if (problem := _unlevelled(check, level))]
    if wrong:
        raise Wrong(inside=tuple(wrong))
    return found


def _unlevelled(check: str, level: str) -> str:
    if check in FIXED:
        return "always stops an edition; take the line out"
    if check not in LEVELLED:
        return f"there is no such check{nearest(check, LEVELLED)}; docs/templates.md has their names"
    return "" if level in LEVELS else f"'{level}' is none of {', '.join(LEVELS)}"
