"""The blocks of a report: whom it went to, what became of the copies, what readers did, what they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from newsletter.model import EditionReport, Figures, LinkClicks, Rate, Read, Readers, SendReport
from newsletter.rendering.report_wording import Words, labels, reason, roles

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
    """A heading and what stands under it: rates, or clicks, whose numbers a `legend` explains."""

    title: str
    rates: tuple[RateView, ...] = ()
    clicks: tuple[ClickView, ...] = ()
    foot: str = ""
    legend: str = ""


def readers(report: EditionReport, words: Words) -> BlockView:
    """Every candidate, and the sum."""
    _, names, send = words.catalogue.gettext, labels(words), report.send
    rows = [rate_view(report, words, "accepted")]
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


def copies(report: EditionReport, words: Words) -> BlockView:
    """How each accepted copy ended, and how many have not."""
    _, names = words.catalogue.gettext, labels(words)
    if not report.send.accepted:
        return BlockView(title="")
    rows = [rate_view(report, words, "delivered", bar=True)]
    if report.waiting:
        rows.append(RateView(label=names["waiting"], words=words.number(report.waiting)))
        if report.deferred:
            rows.append(RateView(label=names["deferred"], words=words.number(report.deferred), detail=True))
    came_back = [name for name in ("bounced", "blocked") if name == "bounced" or report.rates[name].count]
    rows += [rate_view(report, words, name) for name in came_back]
    rows += [
        RateView(label=names[kind], words=words.number(count), detail=True) for kind, count in report.bounces.items()
    ]
    if report.rates["dropped"].count:
        rows.append(rate_view(report, words, "dropped"))
    return BlockView(title=_("What became of the copies"), rates=tuple(rows))


def doings(report: EditionReport, words: Words) -> BlockView:
    """Opens and clicks where they are seen, human and raw side by side; who left and who complained."""
    _, names = words.catalogue.gettext, labels(words)
    if not report.send.accepted:
        return BlockView(title="")
    rows: list[RateView] = []
    for name, seen in (("opened", report.opens), ("clicked", report.followers)):
        if seen is not None:
            rows += [rate_view(report, words, name, bar=True), _raw(seen, words)]
    if report.clicks is not None:
        rate = rate_view(report, words, "clicks")
        rows.append(replace(rate, label=names["clicks"], words=_beside(report.clicks, words)))
    rows += [rate_view(report, words, name) for name in ("unsubscribed", "complained")]
    return BlockView(title=_("What readers did"), rates=tuple(rows))


def _raw(seen: Readers, words: Words) -> RateView:
    """The same with machines, which load pictures and follow links for their own reasons."""
    share = words.share(seen.raw / seen.whole) if seen.whole else ""
    return RateView(
        label=words.catalogue.gettext("with machines"), words=words.number(seen.raw), share=share, detail=True
    )  # fmt: skip


def _beside(times: Figures, words: Words) -> str:
    said = words.catalogue.gettext("{human} by people, {raw} with machines")
    return said.format(human=words.number(times.human), raw=words.number(times.raw))


def rate_view(report: EditionReport, words: Words, name: str, *, bar: bool = False) -> RateView:
    """A rate of the report by its name, with what is usual."""
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


def clicks(report: EditionReport, words: Words) -> Sequence[BlockView]:
    """Clicks by story, by section and by link; nothing where they are not counted."""
    _ = words.catalogue.gettext
    if report.clicks is None:
        return ()
    lead, place = _("lead"), _("place\u00a0{number}")
    stories = [
        (
            story,
            f"{story.section} · {lead if story.position == 1 else place.format(number=words.number(story.position))}",
        )
        for story in report.stories
    ]
    found = (
        BlockView(title=_("Clicks by story"), clicks=_read(stories, words)),
        BlockView(title=_("Clicks by section"), clicks=_read([(section, "") for section in report.sections], words)),
        BlockView(title=_("Clicks by link"), clicks=_links(report.links, words), foot=_left_off(report.links, words)),
    )
    return tuple(replace(block, legend=_("by people (with machines)")) for block in found)


def _read(items: Iterable[tuple[Read, str]], words: Words) -> tuple[ClickView, ...]:
    found = tuple(items)
    most = max((item.raw for item, _ in found), default=0)
    return tuple(_click(item.title, place, item, most, words) for item, place in found)


def _links(links: Sequence[LinkClicks], words: Words) -> tuple[ClickView, ...]:
    shown = [link for link in links if link.raw][:LINKS_SHOWN]
    most = max((link.raw for link in shown), default=0)
    names = roles(words)
    return tuple(
        _click(_address(link.url), names.get(link.role, ""), link, most, words, link.url) for link in shown
    )  # fmt: skip


def _left_off(links: Sequence[LinkClicks], words: Words) -> str:
    followed = sum(1 for link in links if link.raw)
    rest = len(links) - min(followed, LINKS_SHOWN)
    said = words.catalogue.ngettext("and {count} other link", "and {count} other links", rest)
    return said.format(count=words.number(rest)) if rest else ""


def _click(title: str, place: str, of: Read | LinkClicks, most: int, words: Words, url: str = "") -> ClickView:
    return ClickView(
        title=title, place=place, human=words.number(of.human), raw=words.number(of.raw),
        bar=length(of.human, most), raw_bar=length(of.raw, most), url=url,
    )  # fmt: skip


def _address(url: str) -> str:
    """An address as people know it: without its scheme and query."""
    parts = urlsplit(url)
    shown = f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}" or url
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def corrections(report: EditionReport, words: Words) -> BlockView:
    """The mails that corrected the edition: how many of those who got what was wrong were reached."""
    _, names = words.catalogue.gettext, labels(words)
    rows: list[RateView] = []
    for send in report.corrections:
        went = Rate(count=send.accepted, whole=send.candidates, of="candidates")
        came = Rate(count=send.facts.get("delivered", 0), whole=send.accepted, of="accepted")
        rows.append(RateView(label=send.edition, words=words.of(went), share=_shown(went, words)))
        rows.append(RateView(label=names["delivered"], words=words.of(came), share=_shown(came, words), detail=True))
    return BlockView(title=_("Corrections"), rates=tuple(rows))


def _shown(rate: Rate, words: Words) -> str:
    return "" if rate.share is None else words.share(rate.share)
