"""One form for one text: spans with their white space settled and like neighbours joined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from newsletter.model import Span, Spans

_RUN = re.compile(r"[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")
"""White space that a line of text does not tell apart. No-break and typographic spaces are kept as they are."""


def squash(text: str) -> str:
    """The text in NFC, each run of common white space as one space, nothing at its ends."""
    return _RUN.sub(" ", unicodedata.normalize("NFC", text)).strip()


def tidy(spans: Iterable[Span]) -> Spans:
    """The same text in its one form: NFC, white space squashed, neighbours of one style joined, no empty span.

    White space between two styles has neither, so `**a** b` and `**a **b` come out alike; inside a link it stays in
    the link. A second call changes nothing.
    """
    given = _joined(spans)
    if len(given) == 1:
        text = squash(given[0].text)
        return (replace(given[0], text=text),) if text else ()
    return _joined(_spaced(given))


def _joined(spans: Iterable[Span]) -> Spans:
    return tuple(
        Span(
            text=unicodedata.normalize("NFC", "".join(span.text for span in group)),
            strong=style[0],
            emphasis=style[1],
            href=style[2],
        )
        for style, group in groupby((span for span in spans if span.text), _style)
    )


def _style(span: Span) -> tuple[bool, bool, str | None]:
    return span.strong, span.emphasis, span.href


def _spaced(spans: Spans) -> Iterable[Span]:
    """The spans cut into words and spaces, each run of spaces styled by its neighbours."""
    pieces = [replace(span, text=piece) for span in spans for piece in re.split(r"(\s+)", span.text) if piece]
    last: Span | None = None
    space = ""
    for piece in pieces:
        if piece.text.isspace():
            space += piece.text
            continue
        if space and last is not None:
            yield _between(last, piece, _RUN.sub(" ", space))
        yield piece
        last, space = piece, ""


def _between(before: Span, after: Span, space: str) -> Span:
    if _style(before) == _style(after):
        return replace(before, text=space)
    return Span(text=space, href=before.href if before.href == after.href else None)
