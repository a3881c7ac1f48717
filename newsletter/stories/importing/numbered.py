"""Pages whose stories are numbered: "1. Library Opens Late", some text, "2. …"."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from newsletter.stories.importing.draft import Doubt, Dropped
from newsletter.stories.importing.page import Line, Sheet
from newsletter.stories.importing.sentences import is_title_like

NUMBERED = re.compile(r"(?P<number>\d{1,2}[.)]) (?P<title>\S.*)\Z")


def headlines(sheet: Sheet) -> tuple[int, ...]:
    """Places in `sheet.lines` of numbered headlines: 1, 2, 3 … with text under each. Empty where there are not two."""
    written = [at for at, line in enumerate(sheet.lines) if line.text]
    found: list[int] = []
    for at, after in pairwise(written):
        title = _title(sheet.lines[at], len(found) + 1)
        if title is not None and is_title_like(title) and NUMBERED.match(sheet.lines[after].text) is None:
            found.append(at)
    return tuple(found) if len(found) > 1 else ()


def _title(line: Line, number: int) -> str | None:
    found = NUMBERED.match(line.text)
    return found["title"] if found is not None and int(found["number"][:-1]) == number else None


def split_numbered(sheet: Sheet, starts: tuple[int, ...]) -> tuple[Sheet, ...]:
    """A sheet for each numbered headline, without its number. What stands over the first is the page's: dropped."""
    ends = (*starts[1:], len(sheet.lines))
    over = tuple(line for line in sheet.lines[: starts[0]] if line.text)
    sheets = [_story(sheet.lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    first = replace(
        sheets[0],
        dropped=(*sheet.dropped, *(Dropped(line.number, line.text) for line in over), *sheets[0].dropped),
        warnings=sheet.warnings,
    )
    if over:
        first = first.warn(Doubt(over[0].number, f"lines over the first numbered story were left out: {len(over)}"))
    return (first, *sheets[1:])


def _story(lines: tuple[Line, ...]) -> Sheet:
    found = NUMBERED.match(lines[0].text)
    assert found is not None  # `headlines` gives no other line
    title = replace(lines[0], text=found["title"])
    sheet = Sheet(lines=(title, *lines[1:]), dropped=(Dropped(title.number, found["number"]),))
    return sheet.warn(Doubt(title.number, f"story {found['number'][:-1]} begins here; each becomes a file of its own"))
