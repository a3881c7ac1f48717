"""Lines of any format → passages: text by the rules of plain text, items, quotations and pictures as they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from newsletter.model import Span, Spans
from newsletter.stories.importing.lists import NESTING
from newsletter.stories.importing.page import Line
from newsletter.stories.importing.passages import IsHead, Passage, passages
from newsletter.stories.importing.styled import Kind, Styled, cut, dress


def styled_passages(lines: tuple[Line, ...], is_head: IsHead) -> tuple[Passage, ...]:
    """The passages of a story's body, each with its spans. Neighbouring lines of text are joined or parted as in plain
    text, bullets that are only glyphs among them: a mail has both.
    """
    found: list[Passage] = []
    for formed, run in groupby(lines, _has_form):
        lines_of_run = tuple(run)
        found += map(_formed, lines_of_run) if formed else _texts(lines_of_run, is_head)
    return tuple(found)


def _has_form(line: Line) -> bool:
    return line.styled is not None and line.styled.kind is not Kind.TEXT


def _formed(line: Line) -> Passage:
    form = line.styled or Styled()
    indent = form.level * NESTING if form.kind is Kind.ITEM else 0
    bullet = "" if form.kind is Kind.ITEM else None
    return Passage(line.number, line.text, indent, bullet, form.spans, form)


def _texts(run: tuple[Line, ...], is_head: IsHead) -> list[Passage]:
    """Passages of text, their lines counted within the run, so that each finds its spans."""
    counted = tuple(replace(line, number=at) for at, line in enumerate(run))
    found = passages(counted, is_head)
    ends = [*(passage.line for passage in found), len(run)][1:]
    return [_dressed(passage, run[passage.line : end]) for passage, end in zip(found, ends, strict=True)]


def _dressed(passage: Passage, lines: tuple[Line, ...]) -> Passage:
    spans: list[Span] = []
    for line in lines:
        spans += (*_spans(line), Span(text=" ")) if line.text else ()
    # a bullet's glyph stands in the line and not in the passage
    start = len(passage.bullet or "")
    return replace(passage, line=lines[0].number, spans=dress(passage.text, cut(tuple(spans), start)))


def _spans(line: Line) -> Spans:
    return line.styled.spans if line.styled is not None else (Span(text=line.text),)
