"""A newsletter's last editions, one a line: for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from newsletter.model import EditionReport, Newsletter
from newsletter.rendering import catalogue
from newsletter.rendering.report_wording import Words

_COLUMNS: Final = {
    "delivered": "delivered", "opened": "opened", "clicked": "clicked", "clicks": "clicks/100",
    "unsubscribed": "left", "complained": "spam",
}  # fmt: skip


def trend_lines(reports: Sequence[EditionReport], newsletter: Newsletter, templates: Path) -> str:
    """A heading and a line for each edition, newest first; what was seen of none of them has no column, and of what no
    event has come there is a dash.
    """
    words = Words("en", catalogue.load("en", templates))
    if not reports:
        return f"no edition of {newsletter.slug} has gone out yet\n"
    names = [name for name in _COLUMNS if any(name in report.rates for report in reports)]
    rows = [["edition", "accepted", *(_COLUMNS[name] for name in names)]]
    for report in reports:
        shares = [_share(report, name, words) for name in names]
        rows.append([report.send.edition, words.number(report.send.accepted), *shares])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _share(report: EditionReport, name: str, words: Words) -> str:
    rate = report.rates.get(name)
    if rate is None or rate.share is None or not report.send.facts:
        return "-"
    return words.number(round(rate.share * 100, 1)) if name == "clicks" else words.share(rate.share)
