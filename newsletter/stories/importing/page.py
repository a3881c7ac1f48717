"""The page as numbered lines, and the sheet that the steps hand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from newsletter.model import Block, Citation, Image
from newsletter.stories.importing.draft import Doubt, Dropped, PossibleLink
from newsletter.stories.importing.normalise import INVISIBLE, TURNING, link_gaps, normalise
from newsletter.stories.importing.styled import Styled

LINE_END = re.compile(r"\r\n|\n|\r")
"""What editors (the programs) count as a line's end."""

SOFT_BREAK = re.compile("[\u2028\u2029\x85\v\f]")
"""Breaks that word processors put inside a line: a new line of text under the same number."""

TAB = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, normalised. `text` is empty where it is blank; `indent` counts columns, a tab going to the next
    fourth; `gaps` are the words around each place where a link probably was.

    `after_furniture` tells that page furniture stood right before it: another story may begin here; `turned` that marks
    of direction were taken out of it. `styled` is what
    a format with styles knows of it; None for plain text.
    """

    number: int
    text: str
    indent: int = 0
    gaps: tuple[tuple[str, str], ...] = ()
    after_furniture: bool = False
    turned: bool = False
    styled: Styled | None = None

    @property
    def whole(self) -> str:
        """The text, followed by the addresses of its links: what is lost where the line is dropped."""
        hrefs = [span.href for span in self.styled.spans if span.href] if self.styled is not None else []
        return " ".join((self.text, *(f"({href})" for href in hrefs if href not in self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One story on its way: the lines not yet read, and what was made of the others."""

    lines: tuple[Line, ...]
    headline: str | None = None
    headline_line: int = 0
    section_label: str | None = None
    image: Image | None = None
    blocks: tuple[Block, ...] = ()
    citations: tuple[Citation, ...] = ()
    possible_links: tuple[PossibleLink, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[Doubt, ...] = ()

    @property
    def written(self) -> tuple[Line, ...]:
        """The lines that are not blank."""
        return tuple(line for line in self.lines if line.text)

    def drop(self, *lines: Line) -> Sheet:
        """The sheet without these lines, which are listed as dropped."""
        kept = tuple(line for line in self.lines if not any(line is other for other in lines))
        return replace(
            self, lines=kept, dropped=self.dropped + tuple(Dropped(line.number, line.whole) for line in lines)
        )

    def warn(self, *doubts: Doubt) -> Sheet:
        """The sheet with more to look at."""
        return replace(self, warnings=self.warnings + doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A file as its format was read: its lines, and what was left out or noted on the way.

    `unit` is what `line` counts, here and in the report: lines of a text, paragraphs of a document that shows none.
    """

    lines: tuple[Line, ...]
    unit: Literal["line", "paragraph"] = "line"
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[Doubt, ...] = ()


def read_lines(text: str) -> tuple[Line, ...]:
    """The lines of a text, numbered from 1 as a text editor numbers them."""
    return tuple(
        _line(number, part)
        for number, raw in enumerate(LINE_END.split(text), start=1)
        for part in SOFT_BREAK.split(raw)
    )


def _line(number: int, raw: str) -> Line:
    text = normalise(raw)
    if not text:
        return Line(number=number, text="")
    indent, turned = _indent(INVISIBLE.sub("", raw)), TURNING.search(raw) is not None
    return Line(number=number, text=text, indent=indent, gaps=link_gaps(raw), turned=turned)


def _indent(raw: str) -> int:
    column = 0
    for char in raw:
        if char == "\t":
            column += TAB - column % TAB
        elif char.isspace():
            column += 1
        else:
            break
    return column


def key(text: str) -> str:
    """What two lines have in common that say the same: case, apostrophes and a final arrow do not count."""
    return text.casefold().replace("’", "'").rstrip(" »›>→")
