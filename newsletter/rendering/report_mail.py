"""The report on an edition as a mail to its editors: rendered and proofed as any edition is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from newsletter.model import (
    EDITION_ID,
    BulletList,
    Edition,
    EditionReport,
    Finding,
    Item,
    Message,
    Newsletter,
    Organisation,
    SectionStories,
    Span,
    Status,
    Story,
)
from newsletter.rendering.links import collect
from newsletter.rendering.proof import proof
from newsletter.rendering.render import FOLDER, fill, fingerprint
from newsletter.rendering.report_text import report_lines
from newsletter.rendering.report_view import ReportView, report_view
from newsletter.rendering.templates import MJML_SUFFIX, REPORT
from newsletter.rendering.view import view

LEFT_OUT: Final = ("unsubscribe",)
"""Checks of the proof that ask for what only readers need: editors stand in the newsletter's file."""


def report_mail(
    report: EditionReport,
    newsletter: Newsletter,
    organisation: Organisation,
    *,
    templates: Path,
    base_url: str,
    page: str,
    loopback: bool,
) -> tuple[Message, tuple[Finding, ...]]:
    """The mail in the newsletter's look and language, and what the proof says of it. `page` is the report's address on
    the web. Raises RenderError.
    """
    printed = report_view(report, newsletter, templates)
    # A part would print what belongs to an edition; a mail to editors carries no picture.
    look = replace(newsletter, template=REPORT, parts=(), proof={}, logo=None)
    edition = _as_edition(printed, report, look)
    values = {
        "edition": view(edition, look, organisation, base_url=base_url),
        "report": printed,
        "lines": report_lines(printed).rstrip("\n"),
        "page": page,
    }
    marked, text = fill(look, values, templates, title=edition.subject)
    html, links = collect(marked, edition.id)
    message = Message(
        subject=edition.subject, preheader=edition.preheader, html=html, text=text, links=links,
        fingerprint=fingerprint(edition.subject, edition.preheader, html, text), language=look.language,
    )  # fmt: skip
    found = proof(message, edition, look, organisation, loopback=loopback, templates=templates)
    return message, tuple(finding for finding in found if finding.check not in LEFT_OUT)


def _as_edition(printed: ReportView, report: EditionReport, look: Newsletter) -> Edition:
    """What the pipeline renders: an edition of one story, whose words the proof looks for in both parts."""
    named = EDITION_ID.match(report.send.edition)
    on = date.fromisoformat(named["date"]) if named else report.as_of.date()
    words = BulletList(items=tuple(Item(spans=(Span(text=said),)) for said in _said(printed)))
    story = Story(
        slug=REPORT, path=f"templates/{FOLDER}/{REPORT}{MJML_SUFFIX}", date=on, headline=printed.heading,
        section=look.sections[0].slug, blocks=(words,), status=Status.APPROVED, digest="",
    )  # fmt: skip
    return Edition(
        newsletter=look.slug, date=on, suffix=named["suffix"] if named else None, subject=printed.title,
        preheader=printed.summary, sections=(SectionStories(section=look.sections[0], stories=(story,)),),
    )  # fmt: skip


def _said(view: ReportView) -> Iterator[str]:
    yield from (view.as_of, view.still_open, *(text for _, text in view.warnings), view.compared)
    for block in view.blocks:
        yield from (block.title, block.foot)
        for rate in block.rates:
            yield from (rate.label, rate.words, rate.share, rate.usual)
        for click in block.clicks:
            yield from (click.title, click.place, click.human, click.raw)
