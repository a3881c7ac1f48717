"""What templates print of a report: labels, numbers and shares in a newsletter's language, and how long each bar is.

Mail, text and page print the same view, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from newsletter.model import Clicked, EditionReport, Followed, Newsletter, Read, SendReport
from newsletter.model.editions import EDITION_ID
from newsletter.rendering import catalogue, dates
from newsletter.rendering.report_wording import Words, labels, reason, warnings

BAR: Final = 1000
"""The length of a whole bar."""

LINKS_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RateView:
    """`Delivered`, `2,431 of 2,500 accepted`, `97.2%`, `usually 97.0%`. `bar` is 0 to 1,000, None where none is drawn;
    a `detail` belongs to the row before it.
    """

    label: str
    words: str
    share: str = ""
    usual: str = ""
    bar: int | None = None
    detail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickView:
    """A story, section or link with its clicks: by people, and with those of machines; bars of up to 1,000."""

    title: str
    place: str
    human: str
    raw: str
    bar: int
    raw_bar: int
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockView:
    """A heading and what stands under it: rates, or clicks."""

    title: str
    rates: tuple[RateView, ...] = ()
    clicks: tuple[ClickView, ...] = ()
    foot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as it is printed. `figures` are the few that come first: (number, what it is)."""

    title: str
    edition: str
    subject: str
    summary: str
    as_of: str
    still_open: str
    warnings: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str], ...]
    blocks: tuple[BlockView, ...]
    compared: str


def report_view(report: EditionReport, newsletter: Newsletter, templates: Path) -> ReportView:
    """A report in its newsletter's language and zone. Raises RenderError (`catalogue.load`)."""
    words = Words(newsletter.language, catalogue.load(newsletter.language, templates))
    _ = words.catalogue.gettext
    on = EDITION_ID.match(report.send.edition)
    day = dates.day(date.fromisoformat(on["date"]), words.language) if on else report.send.edition
    title = _("{title} of {day}: the report").format(title=newsletter.title, day=day)
    blocks = (_readers(report, words), _copies(report, words), _doings(report, words), *_clicks(report, words))
    return ReportView(
        title=title,
        edition=report.send.edition,
        subject=report.subject,
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
    said = [
        words.of(rates["delivered"]),
        _("{count} unsubscribed").format(count=words.number(rates["unsubscribed"].count)),
    ]
    said.append(_("{count} marked it as spam").format(count=words.number(rates["complained"].count)))
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


def _figures(report: EditionReport, words: Words) -> tuple[tuple[str, str], ...]:
    """Up to four numbers that an editor asks first."""
    rates, names = report.rates, labels(words)
    wanted = [name for name in ("delivered", "opened", "clicked", "clicks") if name in rates][:2]
    found = [
        (words.measure(name, share), names[name]) for name in wanted if (share := rates[name].share) is not None
    ]  # fmt: skip
    return (
        *found,
        *((words.number(rates[name].count), names[name]) for name in ("unsubscribed", "complained")),
    )


def _readers(report: EditionReport, words: Words) -> BlockView:
    """Every candidate, and the sum."""
    _, names, send = words.catalogue.gettext, labels(words), report.send
    rows = [_rate(report, words, "accepted")]
    for name, counts in (("excluded", send.excluded), ("refused", send.refused)):
        if counts:
            rows.append(RateView(label=names[name], words=words.number(sum(counts.values()))))
            rows += _reasons(words, counts)
    rows += [
        RateView(label=names[name], words=words.number(count))
        for name, count in (("in_doubt", send.in_doubt), ("pending", send.pending))
        if count
    ]
    return BlockView(title=_("Whom it went to"), rates=tuple(rows), foot=_sum(send, words))


def _reasons(words: Words, counts: Mapping[str, int]) -> Iterator[RateView]:
    for said, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield RateView(label=reason(words, said), words=words.number(count), detail=True)


def _sum(send: SendReport, words: Words) -> str:
    """`2,500 + 3 = 2,503 candidates`: accepted, and whatever else there is."""
    rest = (sum(send.excluded.values()), sum(send.refused.values()), send.in_doubt, send.pending)
    parts = [words.number(count) for count in (send.accepted, *(count for count in rest if count))]
    candidates = words.catalogue.gettext("{count} candidates").format(count=words.number(send.candidates))
    return f"{' + '.join(parts)} = {candidates}"


def _copies(report: EditionReport, words: Words) -> BlockView:
    _, names = words.catalogue.gettext, labels(words)
    if not report.send.accepted:
        return BlockView(title="")
    rows = [_rate(report, words, "delivered", bar=True)]
    if report.waiting:
        rows.append(RateView(label=names["waiting"], words=words.number(report.waiting)))
        if report.deferred:
            rows.append(RateView(label=names["deferred"], words=words.number(report.deferred), detail=True))
    rows.append(_rate(report, words, "bounced"))
    rows += [
        RateView(label=names[kind], words=words.number(count), detail=True)
        for kind, count in report.bounces.items()
        if count
    ]
    rows += [_rate(report, words, name) for name in ("blocked", "dropped") if report.rates[name].count]
    return BlockView(title=_("What became of the copies"), rates=tuple(rows))


def _doings(report: EditionReport, words: Words) -> BlockView:
    """Opens and clicks where they are seen, human and raw side by side; who left and who complained."""
    _, names = words.catalogue.gettext, labels(words)
    if not report.send.accepted:
        return BlockView(title="")
    rows: list[RateView] = []
    for name, seen, times in (("opened", report.opens, _("opens")), ("clicked", report.followers, "")):
        if seen is not None:
            rows.append(_rate(report, words, name, bar=True))
            if times:
                rows.append(RateView(label=times, words=_beside(seen.times, words), detail=True))
    if report.clicks is not None:
        rate = _rate(report, words, "clicks")
        rows.append(replace(rate, label=names["clicks"], words=_beside(report.clicks, words)))
    rows += [_rate(report, words, name) for name in ("unsubscribed", "complained")]
    return BlockView(title=_("What readers did"), rates=tuple(rows))


def _beside(times: Followed, words: Words) -> str:
    said = words.catalogue.gettext("{human} by people, {raw} with machines")
    return said.format(human=words.number(times.human), raw=words.number(times.raw))


def _rate(report: EditionReport, words: Words, name: str, *, bar: bool = False) -> RateView:
    rate, usual = report.rates[name], report.usual.get(name)
    said = words.catalogue.gettext("usually {share}")
    return RateView(
        label=labels(words)[name],
        words=words.of(rate),
        share="" if rate.share is None else words.measure(name, rate.share),
        usual=said.format(share=words.measure(name, usual.middle)) if usual else "",
        bar=length(rate.count, rate.whole) if bar else None,
    )


def length(count: int, whole: int) -> int:
    """How long a bar is: 0 for none, 1,000 for all and for nothing less, at least 1 for anything."""
    if not whole or not count:
        return 0
    return min(max(count * BAR // whole, 1), BAR)


def _clicks(report: EditionReport, words: Words) -> Sequence[BlockView]:
    _ = words.catalogue.gettext
    if report.clicks is None:
        return ()
    lead = _("lead")
    stories = [
        (story, f"{story.section} · {lead if story.position == 1 else words.number(story.position)}")
        for story in report.stories
    ]
    return (
        BlockView(title=_("Clicks by story"), clicks=_read(stories, words)),
        BlockView(title=_("Clicks by section"), clicks=_read([(section, "") for section in report.sections], words)),
        BlockView(title=_("Clicks by link"), clicks=_links(report.links, words), foot=_left_off(report.links, words)),
    )


def _read(items: Iterable[tuple[Read, str]], words: Words) -> tuple[ClickView, ...]:
    found = tuple(items)
    most = max((item.raw for item, _ in found), default=0)
    return tuple(_click(item.title, place, item, most, words) for item, place in found)


def _links(links: Sequence[Clicked], words: Words) -> tuple[ClickView, ...]:
    shown = [link for link in links if link.raw][:LINKS_SHOWN]
    most = max((link.raw for link in shown), default=0)
    return tuple(_click(_address(link.url), link.role, link, most, words, link.url) for link in shown)


def _left_off(links: Sequence[Clicked], words: Words) -> str:
    followed = sum(1 for link in links if link.raw)
    rest = len(links) - min(followed, LINKS_SHOWN)
    said = words.catalogue.ngettext("and {count} other link", "and {count} other links", rest)
    return said.format(count=words.number(rest)) if rest else ""


def _click(title: str, place: str, of: Read | Clicked, most: int, words: Words, url: str = "") -> ClickView:
    return ClickView(
        title=title, place=place, human=words.number(of.human), raw=words.number(of.raw),
        bar=length(of.human, most), raw_bar=length(of.raw, most), url=url,
    )  # fmt: skip


def _address(url: str) -> str:
    """An address as people know it: without its scheme and query."""
    parts = urlsplit(url)
    shown = f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}" or url
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
