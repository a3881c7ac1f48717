"""What a format knows of a line beyond its text: its style, and whether it is an item, a heading, a quotation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from newsletter.model import Image, Span, Spans, plain
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.spans import tidy


class Kind(StrEnum):
    """Which part of a document a line is."""

    TEXT = "text"
    ITEM = "item"
    QUOTE = "quote"
    HEADING = "heading"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Styled:
    """The form of one line of a formatted document. `plain(spans)` is the line's text.

    group    which list or quotation it is part of: neighbours of one group belong together
    level    how deep an item stands, or the level of a heading, both from 1
    number   the number of a numbered item
    image    the picture that stands here; the line has no text then
    """

    spans: Spans = ()
    kind: Kind = Kind.TEXT
    group: int = 0
    level: int = 1
    number: int | None = None
    image: Image | None = None


def settled(spans: Iterable[Span]) -> Spans:
    """The spans with their text normalised as one text, each character in the style that it had."""
    given = tuple(spans)
    return dress(normalise(plain(given)), given)


def dress(text: str, spans: Spans) -> Spans:
    """The text, which was made of the spans' text, in their styles.

    Characters are matched in order; spaces and invisible characters of the spans that the text no longer has are
    passed over, and a character that was made of several (`. . .`) has the style of the first.
    """
    source = [(char, span) for span in spans for char in unicodedata.normalize("NFC", span.text)]
    found: list[tuple[Span, list[str]]] = []
    at = 0
    for char in text:
        while at < len(source) and source[at][0] != char and _passes(source[at][0], char):
            at += 1
        style = source[min(at, len(source) - 1)][1] if source else Span(text="")
        at = _after_dots(source, at) if char == "…" and at < len(source) and source[at][0] == "." else at + 1
        if not found or found[-1][0] is not style:
            found.append((style, []))
        found[-1][1].append(char)
    return tidy(replace(style, text="".join(chars)) for style, chars in found)


def _passes(char: str, wanted: str) -> bool:
    """Whether normalising may have taken the character away."""
    if char.isspace():
        return not wanted.isspace()
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Mn")


def _after_dots(source: list[tuple[str, Span]], at: int) -> int:
    """The place after the spaced dots that became an ellipsis."""
    end = at
    while at < len(source) and (source[at][0] == "." or source[at][0].isspace()):
        at += 1
        end = at if source[at - 1][0] == "." else end
    return end


def cut(spans: Spans, start: int, end: int | None = None) -> Spans:
    """The spans from one character of their text to another."""
    found = []
    place = 0
    for span in spans:
        low, high = max(0, start - place), len(span.text) if end is None else max(0, end - place)
        if part := span.text[low:high]:
            found.append(replace(span, text=part))
        place += len(span.text)
    return tuple(found)
