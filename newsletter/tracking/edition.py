"""What became of an edition, as a document for programs (docs/interface.md)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from newsletter.model import EditionReport, Figures, LinkClicks, Rate, Read, Readers, Usual, graded
from newsletter.tracking.report import report_document


def edition_document(report: EditionReport) -> dict[str, Any]:
    """The report as `newsletter report --json` shows it under `report`; instants as ISO 8601 in UTC.

    What is not seen of readers is null, and not 0.
    """
    return {
        "as_of": report.as_of.astimezone(UTC).isoformat(),
        "subject": report.subject,
        "waiting": report.waiting,
        "deferred": report.deferred,
        "grows": report.grows,
        "rates": {
            name: _rate(rate, report.usual.get(name), odd=report.is_odd(name)) for name, rate in report.rates.items()
        },
        "compared": report.compared,
        "complaints": graded(report.rates["complained"]),
        "bounces": dict(report.bounces),
        "opens": _figures(report.opens),
        "followers": _figures(report.followers),
        "clicks": _figures(report.clicks),
        "stories": [_read(story) for story in report.stories],
        "sections": [_read(section) for section in report.sections],
        "links": [_link(link) for link in report.links],
        "corrections": [report_document(send) for send in report.corrections],
    }


def _rate(rate: Rate, usual: Usual | None, *, odd: bool) -> dict[str, Any]:
    beside = {"middle": usual.middle, "lowest": usual.lowest, "highest": usual.highest} if usual else None
    return {"count": rate.count, "of": rate.of, "whole": rate.whole, "share": rate.share, "usual": beside, "odd": odd}


def _figures(figures: Figures | None) -> dict[str, int] | None:
    if figures is None:
        return None
    whole = {"whole": figures.whole} if isinstance(figures, Readers) else {}
    return {"human": figures.human, "raw": figures.raw, **whole}


def _read(of: Read) -> dict[str, Any]:
    return {"position": of.position, "slug": of.slug, "title": of.title, "section": of.section, "human": of.human,
            "raw": of.raw}  # fmt: skip


def _link(link: LinkClicks) -> dict[str, Any]:
    return {"url": link.url, "role": link.role, "story": link.story, "section": link.section, "human": link.human,
            "raw": link.raw}  # fmt: skip
