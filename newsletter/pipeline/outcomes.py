"""What became of an edition: the ledger's numbers, gathered into one report that every form of it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from newsletter.audience import tokens
from newsletter.errors import UsageError
from newsletter.model import EditionReport, EventKind, Figures, LinkClicks, Newsletter, Readers
from newsletter.pipeline import reporting
from newsletter.pipeline.comparing import counted, delivered_of, named, opened, usual
from newsletter.pipeline.context import Context, target
from newsletter.storage import Tx, balance, clicks, editions, reports, sends, tallies
from newsletter.tracking import edition_document, report_document, url_index
from newsletter.tracking.bounces import Bounce, classify
from newsletter.tracking.reading import sections_read, stories_read

COMPARED_WITH = 10
"""Editions before this one."""


def outcome(context: Context, edition: str) -> EditionReport:
    """The report on an edition that was frozen; who just asked for it may have its opens and clicks labelled first
    (`judging.judge_edition`), or the next tick does. Raises UsageError for one that has no send to its readers.
    """
    now = context.clock()
    on = target(context, edition, now)
    with context.store.read() as tx:
        found = _gathered(tx, on.newsletter, edition, now)
    if found is None:
        raise UsageError(f"{edition} was not sent: there is nothing to report yet")
    return found


def last(context: Context, newsletter: str, count: int) -> tuple[EditionReport, ...]:
    """The reports on a newsletter's last editions that went, newest first, compared with none. Raises UsageError."""
    of, now = context.newsletter(newsletter), context.clock()
    with context.store.read() as tx:
        names = reports.went(tx, of.slug, count)
        found = [_gathered(tx, of, name, now, compared_with=0) for name in names]
    return tuple(report for report in found if report is not None)


def was_frozen(context: Context, edition: str) -> bool:
    """Whether an edition has a send to its readers, of which there is something to tell."""
    with context.store.read() as tx:
        return sends.live(tx, edition) is not None


def document(context: Context, edition: str) -> dict[str, Any]:
    """The answer of `report --json`: that of `send status --json`, and under `report` what became of it, or null."""
    report = edition_document(outcome(context, edition)) if was_frozen(context, edition) else None
    return reporting.document(reporting.standing(context, edition)) | {"report": report}


def documents(found: Iterable[EditionReport]) -> list[dict[str, Any]]:
    """The answer of `report --last N --json`, newest first."""
    return [{"send": report_document(report.send), "report": edition_document(report)} for report in found]


def link(context: Context, edition: str) -> str:
    """Where editors see the report on an edition: whoever has the address sees it. Raises UsageError."""
    with context.store.read() as tx:
        row = editions.find(tx, edition)
    if row is None:
        raise UsageError(f"{edition} is not known yet; see `newsletter edition plan {edition}`")
    token = tokens.sign(tokens.Token("report", 0, 0, row.id), context.settings.secret_keys[0])
    return f"{context.settings.base_url.rstrip('/')}/desk/report/{token}"


def edition_behind(context: Context, token: str) -> tuple[Newsletter, str]:
    """The edition whose report a link of `link` leads to. Raises BadTokenError for any other, and where it is gone."""
    number = tokens.read(token, "report", context.settings.secret_keys).send_id
    with context.store.read() as tx:
        name = reports.edition_name(tx, number)
    newsletter = context.newsletters.get((name or "").partition("/")[0])
    if name is None or newsletter is None or not was_frozen(context, name):
        raise tokens.BadTokenError("of an edition that is gone, or was not sent")
    return newsletter, name


def _gathered(
    tx: Tx, newsletter: Newsletter, edition: str, now: datetime, *, compared_with: int = COMPARED_WITH
) -> EditionReport | None:
    row, live = editions.find(tx, edition), sends.live(tx, edition)
    if row is None or live is None:
        return None
    send = balance.report(tx, live.id)
    ended, deferred = reports.open_copies(tx, live.id)
    waiting = max(send.accepted - ended, 0)
    seen_of = reports.trackings(tx, live.id)
    told = send.facts.get(EventKind.DELIVERED, 0)
    links = _links(tx, row.id) if counted(seen_of) else ()
    stories = tuple((s.slug, s.section, s.headline) for s in editions.frozen_stories(tx, row.id) if s.corrects is None)
    titles = {section.slug: section.title for section in newsletter.sections}
    shares, compared = usual(tx, newsletter.slug, live, now, compared_with)
    return EditionReport(
        send=send,
        subject=live.subject,
        as_of=now,
        waiting=waiting,
        deferred=min(deferred, waiting),
        bounces=_bounces(tx, live.id),
        opens=_readers(tx, live.id, EventKind.OPENED, delivered_of(tx, live.id, opened(seen_of), seen_of, told)),
        followers=_readers(tx, live.id, EventKind.CLICKED, delivered_of(tx, live.id, named(seen_of), seen_of, told)),
        clicks=_total(links) if counted(seen_of) else None,
        countable=delivered_of(tx, live.id, counted(seen_of), seen_of, told) or 0,
        stories=stories_read(stories, titles, links),
        sections=sections_read(stories, titles, links),
        links=links,
        usual=shares,
        compared=compared,
        corrections=tuple(
            balance.report(tx, other.id)
            for other in sends.of_edition(tx, edition)
            if other.kind == "correction" and other.edition != edition
        ),
    )


def _links(tx: Tx, edition_id: int) -> tuple[LinkClicks, ...]:
    """The links of the mails, those that people followed most first."""
    found = clicks.by_link(tx, edition_id, index=url_index)
    return tuple(sorted(found, key=lambda each: (-each.human, -each.raw, each.number)))


def _total(links: tuple[LinkClicks, ...]) -> Figures:
    return Figures(human=sum(each.human for each in links), raw=sum(each.raw for each in links))


def _readers(tx: Tx, send_id: int, kind: EventKind, whole: int | None) -> Readers | None:
    """Who opened, or followed a link; None where it is seen of nobody."""
    if whole is None:
        return None
    rows = [row for row in tallies.tallies(tx, send_id) if row.kind is kind]
    return Readers(
        human=sum(row.deliveries for row in rows if row.machine is False),
        raw=sum(row.deliveries for row in rows),
        whole=whole,
    )


def _bounces(tx: Tx, send_id: int) -> Mapping[str, int]:
    """Copies that bounced or were blocked, by the class of their last reason."""
    classes = {
        copy: classify(EventKind(kind), reason) for copy, kind, reason in reports.bounce_reasons(tx, send_id)
    }  # fmt: skip
    found = Counter(each.value for each in classes.values() if each is not None)
    return {each.value: found[each.value] for each in Bounce if found[each.value]}
