"""The headline where a format has headings."""

from __future__ import annotations

from dataclasses import replace

from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.page import Line, Sheet
from newsletter.stories.importing.styled import Kind

LONGEST = 300
"""Characters of a heading that is a headline; a longer one is a paragraph that somebody made large."""

OVER_AT_MOST, CHARACTERS_OVER = 6, 600
"""What may stand over a page's heading: its date, its kind, a line of names. More is a text with a heading in it."""


def title_of(written: tuple[Line, ...]) -> Line | None:
    """The first heading of the first level near the top, else a heading of any level that is the first line."""
    over = 0
    for place, line in enumerate(written[: OVER_AT_MOST + 1]):
        if over > CHARACTERS_OVER:
            return None
        if is_heading(line) and (line.styled is None or line.styled.level == 1 or place == 0):
            better = next((other for other in written[place + 1 : OVER_AT_MOST + 1] if _is_first(other)), None)
            return line if _is_first(line) or better is None else better
        over += len(line.text)
    return None


def take_title(sheet: Sheet, title: Line) -> Sheet:
    """The sheet with its headline; the lines over it are left out, and listed."""
    at = next(place for place, line in enumerate(sheet.written) if line is title)
    over = sheet.written[:at]
    sheet = sheet.drop(*over).warn(*(Doubt(line.number, _OVER.format(text=line.text)) for line in over))
    return as_headline(sheet, title)


def as_headline(sheet: Sheet, title: Line, text: str | None = None) -> Sheet:
    """The sheet with a line as its headline, which has no style and no link: what it led to is told. `text` is the
    line without marks that do not belong to it.
    """
    spans = title.styled.spans if title.styled is not None else ()
    hrefs = [span.href for span in spans if span.href]
    lines = tuple(line for line in sheet.lines if line is not title)
    sheet = replace(sheet, lines=lines, headline=text or title.text, headline_line=title.number)
    return sheet.warn(*(Doubt(title.number, _LINKED.format(href=href)) for href in hrefs))


def is_heading(line: Line) -> bool:
    """Whether a line is a heading by its format, and short enough to be a headline."""
    return line.styled is not None and line.styled.kind is Kind.HEADING and len(line.text) <= LONGEST


def can_be_title(line: Line) -> bool:
    """Whether a line that is no heading may be taken for the headline: no item and no quotation."""
    return line.styled is None or line.styled.kind in (Kind.TEXT, Kind.HEADING)


def _is_first(line: Line) -> bool:
    return is_heading(line) and line.styled is not None and line.styled.level == 1


_OVER = "“{text}” stands over the headline and was left out"
_LINKED = "the headline was a link to {href}; write it as `url` into the draft if readers should get it"
