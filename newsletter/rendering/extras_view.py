"""What an edition holds beside its stories, as templates see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from newsletter.model import Block, Brief, CalendarEntry, Correction, Image, Note, Spans, Sponsor
from newsletter.rendering import dates
from newsletter.rendering.blocks import Passage, addresses, ascii_spans, hrefs, passages, ready
from newsletter.rendering.links import ascii_address
from newsletter.rendering.story_view import refer

References = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraView:
    """What all extras share: `kind` is the role of the links in their text. They belong to no story."""

    kind: str
    references: References

    def role(self, _href: str) -> str:
        """What a link of its text is."""
        return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView(ExtraView):
    """The editor's note; `by` signs it."""

    passages: tuple[Passage, ...]
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorView(ExtraView):
    """A paid slot, labelled in words. `link_text` is the label where the editors wrote none."""

    slug: str
    label: str
    passages: tuple[Passage, ...]
    image: Image | None
    url: str | None
    link_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefView(ExtraView):
    """One line of "also in the news"."""

    spans: Spans
    outlet: str | None
    access: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView(ExtraView):
    """A date for readers; `when` is in words, in the newsletter's zone."""

    title: str
    when: str
    place: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView(ExtraView):
    """What was wrong in the story of that headline, which went out on the day `on`, in words."""

    headline: str
    on: str
    passages: tuple[Passage, ...]
    url: str | None


class Extra:
    """Makes views of one edition's extras; `numbers` gets the addresses that have no number yet."""

    def __init__(self, language: str, zone: ZoneInfo, numbers: dict[str, int]) -> None:
        self._language = language
        self._zone = zone
        self._numbers = numbers

    def note(self, note: Note) -> NoteView:
        blocks = self._ready(note.blocks)
        return NoteView(kind="body", references=self._refer(blocks), passages=passages(blocks), by=note.by)

    def sponsor(self, sponsor: Sponsor) -> SponsorView:
        blocks = self._ready(sponsor.blocks)
        return SponsorView(
            kind="sponsor",
            references=self._refer(blocks),
            slug=sponsor.slug,
            label=sponsor.label,
            passages=passages(blocks),
            image=sponsor.image,
            url=ascii_address(sponsor.url) if sponsor.url else None,
            link_text=sponsor.link_text or sponsor.label,
        )

    def brief(self, brief: Brief) -> BriefView:
        spans = ascii_spans(brief.spans)
        references = refer(tuple(hrefs(spans)), self._numbers)
        return BriefView(kind="brief", references=references, spans=spans, outlet=brief.outlet, access=brief.access)

    def entry(self, entry: CalendarEntry) -> EntryView:
        return EntryView(
            kind="calendar",
            references=(),
            title=entry.title,
            when=dates.when(entry, self._zone, self._language),
            place=entry.place,
            url=ascii_address(entry.url) if entry.url else None,
        )

    def correction(self, correction: Correction) -> CorrectionView:
        blocks = self._ready(correction.blocks)
        return CorrectionView(
            kind="correction",
            references=self._refer(blocks),
            headline=correction.headline,
            on=self._day(correction.on),
            passages=passages(blocks),
            url=ascii_address(correction.url) if correction.url else None,
        )

    def _ready(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        return tuple(ready(block) for block in blocks)

    def _refer(self, blocks: tuple[Block, ...]) -> References:
        return refer(tuple(addresses(blocks)), self._numbers)

    def _day(self, on: date) -> str:
        return dates.long_date(on, self._language)
