"""Lines → passages: which lines make one paragraph or one item, and where the next begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from newsletter.model import Spans
from newsletter.stories.importing.lists import Bullet, bullets_of
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.importing.page import Line
from newsletter.stories.importing.sentences import ends_sentence, starts_lower
from newsletter.stories.importing.styled import Styled

NARROWEST, WIDEST = 50, 100
"""Columns between which mail programs and editors wrap a text."""

BROKEN_AT_HYPHEN = re.compile(r"(?<=\w)-\n(?=\w)(?!(?:and|or|to)\b)")
"""A compound that a line's end parts ("zero-for-" and "zero"); not "zero- and low-carbon"."""

IsHead = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Passage:
    """The text of one paragraph, or of one item where `bullet` is its glyph; `line` is where it begins. `spans` have
    its style; `form` is what a format says of it (a numbered item, a quotation, a picture).
    """

    line: int
    text: str
    indent: int = 0
    bullet: str | None = None
    spans: Spans = ()
    form: Styled | None = None


def passages(lines: tuple[Line, ...], is_head: IsHead) -> tuple[Passage, ...]:
    """The passages of a story's body. A blank line or a bullet begins a new one; within a run of lines, each line is
    a paragraph, unless they are one text that was wrapped. `is_head` tells whether a text has a run-in head.
    """
    found: list[Passage] = []
    for run, bullet in _runs(lines):
        found += _item_first(run, bullet, is_head) if bullet else _paragraphs(run, is_head)
    return tuple(found)


def _runs(lines: tuple[Line, ...]) -> Iterator[tuple[list[Line], Bullet | None]]:
    """Lines that follow one another without a blank one, each bullet at the head of its own run."""
    bullets = bullets_of(tuple(line for line in lines if line.text))
    run: list[Line] = []
    bullet: Bullet | None = None
    place = -1
    for line in lines:
        place += bool(line.text)
        if run and (not line.text or place in bullets):
            yield run, bullet
            run, bullet = [], None
        if line.text:
            bullet = bullet if run else bullets.get(place)
            run.append(line)
    if run:
        yield run, bullet


def _item_first(run: list[Line], bullet: Bullet, is_head: IsHead) -> Iterator[Passage]:
    """The item that the run begins with, with its wrapped lines, then whatever follows it."""
    first, size = run[0], 1
    joins = _joins(run, is_head)
    while size < len(run) and (joins[size] or _continues_item(size, run[size], first, bullet)):
        size += 1
    text = _joined([bullet.text, *(line.text for line in run[1:size])])
    if text:
        yield Passage(first.number, text, first.indent, bullet.glyph)
    if run[size:]:
        yield from _paragraphs(run[size:], is_head)


def _continues_item(place: int, line: Line, first: Line, bullet: Bullet) -> bool:
    return (place == 1 and not bullet.text) or line.indent > first.indent


def _paragraphs(run: list[Line], is_head: IsHead) -> Iterator[Passage]:
    joins = _joins(run, is_head)
    starts = [at for at, joined in enumerate(joins) if not joined]
    for start, end in zip(starts, [*starts[1:], len(run)], strict=True):
        text = _joined([line.text for line in run[start:end]])
        yield Passage(run[start].number, text, run[start].indent)


def _joined(lines: list[str]) -> str:
    return normalise(BROKEN_AT_HYPHEN.sub("-", "\n".join(lines)))


def _joins(run: list[Line], is_head: IsHead) -> list[bool]:
    """For each line of a run, whether it belongs to the paragraph of the line before."""
    full = _full_lines(run)
    if not full:
        return [False, *(_runs_on(before, line) for before, line in pairwise(run))]
    pairs = zip(full, pairwise(run), strict=True)
    return [False, *(is_full and not (_ends(a) and is_head(b.text)) for is_full, (a, b) in pairs)]


def _runs_on(before: Line, line: Line) -> bool:
    """Whether a sentence goes on: it has not ended, and the next line begins with a small letter."""
    return not _ends(before) and starts_lower(line.text)


def _ends(line: Line) -> bool:
    return ends_sentence(line.text) or line.text.endswith(":")


def _full_lines(run: list[Line]) -> list[bool]:
    """For each line but the last, whether it is full: the next line's first word would not have fitted on it.

    Empty where the run was not wrapped at a column: wrapped text has full lines that end no sentence, and a line
    that is not full ends its paragraph.
    """
    widths = [line.indent + len(line.text) for line in run]
    if len(run) < 2 or not NARROWEST <= max(widths) <= WIDEST:
        return []
    room = [max(widths) - width for width in widths]
    full = [len(after.text.split(" ", 1)[0]) >= space for space, after in zip(room[:-1], run[1:], strict=True)]
    ends = [_ends(line) for line in run[:-1]]
    whole = all(is_full or end for is_full, end in zip(full, ends, strict=True))
    return full if whole and any(is_full and not end for is_full, end in zip(full, ends, strict=True)) else []
