"""A report in lines of plain text: for a terminal of 80 columns, and for the text part of the mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from newsletter.rendering.report_view import BlockView, ClickView, RateView, ReportView
from newsletter.rendering.words import WIDTH, wrap

_LABEL: Final = 34
"""Columns of a label; a longer one has a line of its own."""


def report_lines(view: ReportView) -> str:
    """The report, each line at most 78 columns: what an editor must know first, then the blocks."""
    parts = [
        "\n".join(wrap(line) for line in (view.title, f"“{view.subject}”" if view.subject else "") if line),
        "\n".join(wrap(line) for line in (view.as_of, view.still_open) if line),
        *(wrap(text, "! " if level != "note" else "* ", "  ") for level, text in view.warnings),
        *("\n".join(_block(block)) for block in view.blocks),
        wrap(view.compared),
    ]
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def _block(block: BlockView) -> Iterator[str]:
    yield block.title
    yield "-" * len(block.title)
    if block.rates:
        yield from _rates(block.rates)
    if block.clicks:
        yield from _clicks(block.clicks)
    if block.foot:
        yield wrap(block.foot)


def _rates(rates: Sequence[RateView]) -> Iterator[str]:
    labels = min(max(len(_indented(row)) for row in rates), _LABEL)
    words = max(len(row.words) for row in rates)
    shares = max(len(row.share) for row in rates)
    for row in rates:
        label = _indented(row)
        if len(label) > labels:
            yield label
            label = ""
        line = f"{label:<{labels}}  {row.words:<{words}}  {row.share:>{shares}}".rstrip()
        if row.usual and len(line) + 2 + len(row.usual) > WIDTH:
            yield line
            line = " " * (labels + 2)
        yield f"{line}  {row.usual}".rstrip() if row.usual else line


def _indented(row: RateView) -> str:
    return f"  {row.label}" if row.detail else row.label


def _clicks(clicks: Sequence[ClickView]) -> Iterator[str]:
    """`  312 (402)  Ports Reopen`: what people did, and with machines in parentheses, before what it was."""
    human = max(len(row.human) for row in clicks)
    raw = max(len(row.raw) for row in clicks) + 2
    for row in clicks:
        margin = f"{row.human:>{human}}  {f'({row.raw})':>{raw}}  "
        place = f"  [{row.place}]" if row.place else ""
        yield wrap(row.title + place, margin, " " * len(margin))
