"""Nodes of front matter → values of their types, with every fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from newsletter.errors import Fault
from newsletter.model import SLUG
from newsletter.stories.frontmatter import line_of
from newsletter.stories.markdown import link_problem
from newsletter.stories.nodes import Entry, Node
from newsletter.stories.spans import squash

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is not known: the nearest one, or all of them."""
    choices = tuple(known)
    close = get_close_matches(word, choices, n=1)
    return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(choices)}"


@dataclass(frozen=True, slots=True)
class Fields:
    """The entries of one mapping. Each reader gives None for what is absent, empty or at fault; faults are added to
    `faults`, which nested fields share. Naive times are taken in `zone`.
    """

    entries: dict[str, Entry]
    path: str
    zone: ZoneInfo
    faults: list[Fault] = field(default_factory=list)

    def fault(self, node: Node, problem: str) -> None:
        self.faults.append(Fault(self.path, line_of(node), problem))

    def fault_of_file(self, problem: str, key: str = "") -> None:
        """A fault of what is not there: at the line of a key without a value, else at the first."""
        entry = self.entries.get(key)
        self.faults.append(Fault(self.path, line_of(entry.key) if entry else 1, problem))

    def known(self, keys: tuple[str, ...], where: str = "") -> None:
        """Makes a fault of each key that is not one of `keys`."""
        for name, entry in self.entries.items():
            if name not in keys:
                self.fault(entry.key, f"`{name}` is not a key{where}: {nearest(name, keys)}")

    def value(self, key: str) -> Node | None:
        """The value's node; None where the key is absent or has nothing after it."""
        entry = self.entries.get(key)
        return None if entry is None or entry.value.text == "" else entry.value

    def text(self, key: str) -> str | None:
        """One line of text."""
        node = self.value(key)
        return None if node is None else self.text_of(node, key)

    def text_of(self, node: Node, key: str) -> str | None:
        if node.text is None:
            self.fault(node, f"`{key}` is one line of text: if it begins with [ or {{, put it in quotes")
            return None
        return squash(node.text) or None

    def slug(self, key: str) -> str | None:
        """A name in lower-case letters, digits and hyphens."""
        node = self.value(key)
        return None if node is None else self.slug_of(node, key)

    def slug_of(self, node: Node, key: str) -> str | None:
        text = self.text_of(node, key)
        if text is not None and not SLUG.match(text):
            self.fault(node, f"`{key}` is a name of lower-case letters, digits and hyphens, not {text!r}")
            return None
        return text

    def slugs(self, key: str) -> tuple[str, ...] | None:
        """A list of such names, or one alone."""
        node = self.value(key)
        if node is None:
            return None
        found = (self.slug_of(item, key) for item in (node.items if node.items is not None else (node,)))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def number(self, key: str, *, low: int, high: int) -> int | None:
        node = self.value(key)
        text = None if node is None else self.text_of(node, key)
        if node is None or text is None:
            return None
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            self.fault(node, f"`{key}` is a whole number from {low} to {high}, not {text!r}")
            return None
        return int(text)

    def moment(self, key: str) -> datetime | None:
        """An instant in UTC, read from 2026-05-04T06:00 in the zone, or with an offset of its own."""
        node = self.value(key)
        text = None if node is None else self.text_of(node, key)
        return None if node is None or text is None else self._moment_of(node, text, key)

    def day(self, key: str) -> date | None:
        """A day: 2026-05-04."""
        node = self.value(key)
        text = None if node is None else self.text_of(node, key)
        if node is None or text is None:
            return None
        found = _day_of(text)
        if found is None:
            self.fault(node, f"`{key}` is a day such as 2026-05-04, not {text!r}")
        return found

    def day_or_moment(self, key: str) -> date | datetime | None:
        """A day, or an instant in the zone."""
        text = self.value(key)
        if text is not None and text.text is not None and _DAY.match(text.text.strip()):
            return self.day(key)
        instant = self.moment(key)
        return None if instant is None else instant.astimezone(self.zone)

    def url(self, key: str) -> str | None:
        """An https or http address."""
        url = self.text(key)
        if url is None:
            return None
        problem = link_problem(url) if url.lower().startswith("http") else f"`{key}` begins with https://, not {url!r}"
        if problem is not None:
            self.fault(self.entries[key].value, problem)
            return None
        return url

    def _moment_of(self, node: Node, text: str, key: str) -> datetime | None:
        try:
            if not _MOMENT.match(text):
                raise ValueError(text)
            read = datetime.fromisoformat(text)
            if not 1970 < read.year < 9000:  # nearer to the calendar's ends a zone could not be applied
                raise ValueError(text)
        except ValueError:
            self.fault(node, f"`{key}` is a day and a time such as 2026-05-04T06:00, not {text!r}")
            return None
        if read.tzinfo is not None:
            return read.astimezone(UTC)
        instant = read.replace(tzinfo=self.zone).astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) != read:
            self.fault(node, f"`{key}`: {text} does not exist in {self.zone.key}, clocks go forward over it")
            return None
        return instant

    def inner(self, node: Node, key: str) -> Fields | None:
        """The fields of a mapping inside this one."""
        if node.fields is None:
            self.fault(node, f"`{key}` is a mapping: {key}: {{…: …, …: …}}")
            return None
        return Fields(node.fields, self.path, self.zone, self.faults)


def _day_of(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        return None
    return day if day is not None and 1970 < day.year < 9000 else None
