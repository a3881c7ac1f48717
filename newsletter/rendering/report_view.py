"""What templates print of a report: labels, numbers and shares in a newsletter's language, and how long each bar is.

Mail, text and page print the same view, so that they cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from newsletter.model import EDITION_ID, EditionReport, Newsletter, Rate
from newsletter.rendering import catalogue, dates
from newsletter.rendering.report_blocks import (
    BlockView,
    RateView,
    clicks,
    copies,
    corrections,
    doings,
    rate_view,
    readers,
)
from newsletter.rendering.report_wording import Words, warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView:
    """One of the few numbers that come first, what it is, and what stands beside it: what is usual."""

    number: str
    label: str
    beside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as it is printed: `title` names the newsletter and the day, `heading` what the edition was about."""

    title: str
    heading: str
    edition: str
    summary: str
    as_of: str
    still_open: str
    warnings: tuple[tuple[str, str], ...]
    figures: tuple[FigureView, ...]
    blocks: tuple[BlockView, ...]
    compared: str


def report_view(report: EditionReport, newsletter: Newsletter, templates: Path) -> ReportView:
    """A report in its newsletter's language and zone. Raises RenderError (`catalogue.load`)."""
    words = Words(newsletter.language, catalogue.load(newsletter.language, templates))
    _ = words.catalogue.gettext
    on = EDITION_ID.match(report.send.edition)
    day = dates.day(date.fromisoformat(on["date"]), words.language) if on else report.send.edition
    title = _("{title} of {day}: the report").format(title=newsletter.title, day=day)
    blocks = (
        readers(report, words),
        copies(report, words),
        doings(report, words),
        *clicks(report, words),
        corrections(report, words),
    )
    return ReportView(
        title=title,
        heading=f"“{report.subject}”" if report.subject else title,
        edition=report.send.edition,
        summary=_summary(report, words),
        as_of=_("As of {moment}.").format(moment=dates.moment(report.as_of, newsletter.zone, words.language)),
        still_open=_still_open(report, words),
        warnings=warnings(report, words),
        figures=_figures(report, words),
        blocks=tuple(block for block in blocks if block.rates or block.clicks),
        compared=_compared(report, words),
    )


def _summary(report: EditionReport, words: Words) -> str:
    """One line that an inbox shows: what was delivered, who left, what was read most."""
    _, rates = words.catalogue.gettext, report.rates
    told = _("{count} of {whole} delivered").format(
        count=words.number(rates["delivered"].count), whole=words.number(report.send.accepted)
    )
    left = _("{count} unsubscribed").format(count=words.number(rates["unsubscribed"].count))
    said = [told, left, _("{count} marked it as spam").format(count=words.number(rates["complained"].count))]
    most = max(report.stories, key=lambda story: story.human, default=None)
    if most is not None and most.human:
        said.append(_("read most: {headline}").format(headline=most.title))
    return "; ".join(said)


def _still_open(report: EditionReport, words: Words) -> str:
    _, send, found = words.catalogue.gettext, report.send, []
    if send.pending:
        said = _("The send is not over: {count} copies have yet to go.")
        found.append(said.format(count=words.number(send.pending)))
    if report.waiting:
        said = _("Of {count} copies no event has told yet what became of them.")
        found.append(said.format(count=words.number(report.waiting)))
    if report.grows:
        found.append(_("These numbers will grow."))
    return " ".join(found)


def _compared(report: EditionReport, words: Words) -> str:
    if not report.compared:
        return ""
    said = words.catalogue.ngettext(
        "“Usually” is what the last edition had at the same age.",
        "“Usually” is the middle of the last {count} editions, each at the same age.",
        report.compared,
    )
    return said.format(count=words.number(report.compared))


def _figures(report: EditionReport, words: Words) -> tuple[FigureView, ...]:
    """Four numbers that an editor asks first, or fewer: shares of what was seen, counts of what readers did."""
    seen = [name for name in ("delivered", "opened", "clicks", "clicked") if name in report.rates][:2]
    rates = [(name, rate_view(report, words, name)) for name in (*seen, "unsubscribed", "complained")]
    return tuple(_figure(name, row, report.rates[name], words) for name, row in rates if row.share)


def _figure(name: str, row: RateView, rate: Rate, words: Words) -> FigureView:
    if name not in {"clicks", "unsubscribed", "complained"}:
        return FigureView(number=row.share, label=row.label, beside=row.usual)
    beside = ", ".join(filter(None, (row.share, row.usual)))
    return FigureView(number=words.number(rate.count), label=row.label, beside=beside)
