"""The page as numbered lines, and the sheet that the steps hand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsletter.model import Block, Citation, Image
from newsletter.stories.importing.draft import Doubt, Dropped, PossibleLink
from newsletter.stories.importing.normalise import link_gaps, normalise

LINE_END = re.compile(r"\r\n|\n|\r")
"""What editors (the programs) count as a line's end."""

SOFT_BREAK = re.compile("[\u2028\u2029\x85\v\f]")
"""Breaks that word processors put inside a line: a new line of text under the same number."""

TAB = 4
SEPARATOR = re.compile(r"[-–—_*=#~•·. ]{3,}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, normalised. `text` is empty where it is blank; `indent` counts columns, a tab going to the next
    fourth; `gaps` are the words around each place where a link probably was.

    `after_furniture` tells that page furniture stood right before it: another story may begin here.
    """

    number: int
    text: str
    indent: int = 0
    gaps: tuple[tuple[str, str], ...] = ()
    after_furniture: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One story on its way: the lines not yet read, and what was made of the others."""

    lines: tuple[Line, ...]
    headline: str | None = None
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
            self, lines=kept, dropped=self.dropped + tuple(Dropped(line.number, line.text) for line in lines)
        )

    def warn(self, *doubts: Doubt) -> Sheet:
        """The sheet with more to look at."""
        return replace(self, warnings=self.warnings + doubts)


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
    return Line(number=number, text=text, indent=_indent(raw), gaps=link_gaps(raw))


def _indent(raw: str) -> int:
    column = 0
    for char in raw:
        if char == "\t":
            column += TAB - column % TAB
        elif char.isspace():
            column += 1
        elif char != "\ufeff":
            break
    return column


def key(text: str) -> str:
    """What two lines have in common that say the same: case, apostrophes and a final arrow do not count."""
    return text.casefold().replace("’", "'").rstrip(" »›>→")


def drop_furniture(sheet: Sheet, furniture: tuple[str, ...]) -> Sheet:
    """Without the page's own lines ("View More"), wherever they stand, and without rules such as "* * *".

    Only a whole line is furniture. It becomes a blank one, and the next line of text remembers it.
    """
    known = {key(normalise(line)) for line in furniture}
    lines: list[Line] = []
    dropped: list[Dropped] = []
    after = False
    for line in sheet.lines:
        if line.text and (key(line.text) in known or SEPARATOR.match(line.text)):
            dropped.append(Dropped(line.number, line.text))
            lines.append(Line(number=line.number, text=""))
            after = True
        else:
            lines.append(replace(line, after_furniture=after and bool(line.text)))
            after = after and not line.text
    return replace(sheet, lines=tuple(lines), dropped=(*sheet.dropped, *dropped))


def note_links(sheet: Sheet) -> Sheet:
    """Notes each no-break space that became a plain one: copied pages have them where a link began or ended."""
    links = tuple(PossibleLink(line.number, *words) for line in sheet.written for words in line.gaps)
    sheet = replace(sheet, possible_links=sheet.possible_links + links)
    return sheet.warn(*(Doubt(link.line, _LINK.format(before=link.before, after=link.after)) for link in links))


_LINK = "a link was probably here, between “{before}” and “{after}” (a no-break space stood there)"


def warn_of_mojibake(sheet: Sheet) -> Sheet:
    """Warns where UTF-8 was once read as Windows-1252. Nothing is mended: whoever has the source copies it again."""
    found = ((line.number, _mended(line.text)) for line in sheet.written)
    return sheet.warn(*(Doubt(line, _GARBLED.format(mended=mended)) for line, mended in found if mended is not None))


_GARBLED = "letters were garbled on the way; here stood probably “{mended}”: copy the text again, as UTF-8"

MOJIBAKE = re.compile(r"(?:â€.|Ã[\u0080-\u00bf€-™]|Â[\u00a0-\u00bf])+")


def _mended(text: str) -> str | None:
    """The first garbled place with what it should be; None where the way back is not exact."""
    found = MOJIBAKE.search(text)
    if found is None:
        return None
    try:
        return found[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return None
