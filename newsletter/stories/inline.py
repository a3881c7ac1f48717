"""Spans → one line of Markdown that reads back as the same spans.

CommonMark tells opening from closing marks by the characters beside them ("flanking", CommonMark 0.31 §6.2). Where
a neighbour would spoil a mark, it is written as a character reference, which counts as punctuation there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from newsletter.model import Span, Spans

_SPECIAL = re.compile(r"[\\`*_\[\]<$]|&(?=#?[A-Za-z0-9]{1,32};)")
_LINE_START = re.compile(r"(?P<mark>[#+>~=|-])|(?P<digits>\d{1,9})(?P<stop>[.)])")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the line: `text` is not yet escaped, `open` and `close` are marks, `syntax` stands as it is."""

    kind: str
    value: str


def escape(text: str) -> str:
    """The text with the characters that mean something to Markdown escaped; `$` too, which some readers take for
    mathematics.
    """
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def inline(spans: Spans) -> str:
    """One line of Markdown for spans in their one form (`spans.tidy`)."""
    pieces = _guarded(list(_by_link(spans)))
    return "".join(escape(piece.value) if piece.kind == "text" else piece.value for piece in pieces)


def line_start(text: str) -> str:
    """The line with a start escaped that would make it a heading, a list or a quotation."""
    match = _LINE_START.match(text)
    if match is None:
        return text
    if match["mark"]:
        return "\\" + text
    return f"{match['digits']}\\{text[match.start('stop') :]}"


def destination(href: str) -> str:
    """An address as the target of a Markdown link."""
    target = re.sub(r"[\\<>]|&(?=#?[A-Za-z0-9]{1,32};)", lambda match: "\\" + match[0], href)
    return f"<{target}>" if re.search(r"[()\s\\]", target) else target


def _by_link(spans: Spans) -> Iterator[_Piece]:
    for href, group in groupby(spans, lambda span: span.href):
        if href is None:
            yield from _by_weight(group)
            continue
        yield _Piece("syntax", "[")
        yield from _by_weight(group)
        yield _Piece("syntax", f"]({destination(href)})")


def _by_weight(spans: Iterator[Span]) -> Iterator[_Piece]:
    for strong, group in groupby(spans, lambda span: span.strong):
        if strong:
            yield _Piece("open", "**")
        for span in group:
            yield from _slanted(span)
        if strong:
            yield _Piece("close", "**")


def _slanted(span: Span) -> Iterator[_Piece]:
    if span.emphasis:
        yield _Piece("open", "_")
    yield _Piece("text", span.text)
    if span.emphasis:
        yield _Piece("close", "_")


def _guarded(pieces: list[_Piece]) -> Iterator[_Piece]:
    """The pieces, with each text's first and last character referenced where the mark beside it needs that."""
    for at, piece in enumerate(pieces):
        if piece.kind != "text":
            yield piece
            continue
        before = pieces[at - 1 : at] if at else []
        after = pieces[at + 1 : at + 2]
        head = bool(before) and before[0].kind == "close" and _spoils(piece.value[0], before[0], pieces[at - 2])
        tail = bool(after) and after[0].kind == "open" and _spoils(piece.value[-1], after[0], pieces[at + 2])
        yield from _split(piece.value, head=head, tail=tail, bang=bool(after) and after[0].value == "[")


def _spoils(neighbour: str, mark: _Piece, inner: _Piece) -> bool:
    """Whether a character outside a mark keeps the mark from opening or closing."""
    if not _is_word(neighbour):
        return False
    if mark.value == "_" or inner.kind != "text":
        return True
    edge = inner.value[0] if mark.kind == "open" else inner.value[-1]
    return not _is_word(edge)


def _is_word(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in "PS"


def _split(text: str, *, head: bool, tail: bool, bang: bool) -> Iterator[_Piece]:
    if head:
        yield _Piece("syntax", f"&#{ord(text[0])};")
        text = text[1:]
    last = text[-1:]
    tail = tail and bool(last)
    bang = bang and last == "!"  # `![` would begin an image
    if tail or bang:
        text = text[:-1]
    if text:
        yield _Piece("text", text)
    if bang:
        yield _Piece("syntax", "\\!")
    elif tail:
        yield _Piece("syntax", f"&#{ord(last)};")
