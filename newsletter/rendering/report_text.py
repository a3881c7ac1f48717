"""A report in lines of plain text: for a terminal of 80 columns, and for the text part of the mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from newsletter.rendering.report_blocks import BlockView, ClickView, RateView
from newsletter.rendering.report_view import ReportView
from newsletter.rendering.words import wrap

_LABEL: Final = 34
"""Columns of a label; a longer one has a line of its own."""


def report_lines(view: ReportView) -> str:
    """The report, each line at most 78 columns: what an editor must know first, then the blocks."""
    parts = [
        "\n".join(wrap(line) for line in dict.fromkeys((view.title, view.heading))),
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
        yield wrap(block.legend)
        yield from _clicks(block.clicks)
    if block.foot:
        yield wrap(block.foot)


def _rates(rates: Sequence[RateView]) -> Iterator[str]:
    """`Delivered   2,431 of 2,500 accepted, 97.2% (usually 98.5%)`."""
    labels = min(max(len(_indented(row)) for row in rates), _LABEL)
    for row in rates:
        usual = f" ({row.usual})" if row.usual else ""
        said = ", ".join(part for part in (row.words, row.share) if part) + usual
        label = _indented(row)
        if len(label) > labels:
            yield label
            label = ""
        yield wrap(said, f"{label:<{labels}}  ", " " * (labels + 2))


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
