"""What the templates see of an edition: counts, dates and addresses worked out; what `parts` leave out is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from newsletter.model import Edition, Feedback, Image, Logo, Newsletter, Organisation, SectionStories, Sponsor, Story
from newsletter.rendering import dates, tokens, words
from newsletter.rendering.extras_view import (
    BriefView,
    CorrectionView,
    EntryView,
    Extra,
    NoteView,
    SponsorView,
)
from newsletter.rendering.links import ascii_address
from newsletter.rendering.story_view import StoryView, story_view


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section with a title and at least one story; `sponsors` are the paid slots that follow it."""

    slug: str
    title: str
    stories: tuple[StoryView, ...]
    sponsors: tuple[SponsorView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountView:
    """How much there is to read: numbers, and the words as the language writes their number."""

    stories: int
    words: int
    words_written: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView:
    """Where the edition stands in the browser, and where all editions do."""

    edition: str
    all: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """An edition as it is printed. What the newsletter's `parts` leave out is none, or empty.

    contents    the stories that "in this edition" names; empty where there is one story
    unsubscribe, preferences
                the reader's own pages, each with their token
    numbers     the number of each address in the text part
    """

    title: str
    tagline: str
    logo: Image | None
    date: str
    is_extra: bool
    subject: str
    preheader: str
    sections: tuple[SectionView, ...]
    count: CountView | None
    note: NoteView | None
    contents: tuple[StoryView, ...]
    lead_sponsors: tuple[SponsorView, ...]
    end_sponsors: tuple[SponsorView, ...]
    briefs: tuple[BriefView, ...]
    calendar: tuple[EntryView, ...]
    corrections: tuple[CorrectionView, ...]
    feedback: Feedback | None
    archive: ArchiveView | None
    unsubscribe: str
    preferences: str
    reason: str
    publisher: str
    publisher_url: str | None
    postal_lines: tuple[str, ...]
    numbers: dict[str, int]

    @property
    def stories(self) -> tuple[StoryView, ...]:
        return tuple(story for section in self.sections for story in section.stories)


def view(edition: Edition, newsletter: Newsletter, organisation: Organisation, *, base_url: str) -> EditionView:
    """The edition for the templates. Pictures are as they are written: `printed` gives them their address and size."""
    numbers: dict[str, int] = {}
    extra = Extra(newsletter.language, newsletter.zone, numbers)
    extras, parts = edition.extras, newsletter.parts
    note = extra.note(extras.note) if extras.note else None
    lead, by_section, end = _places(edition)
    sections: list[SectionView] = []
    lead_sponsors: tuple[SponsorView, ...] = ()
    for section in _printed(edition):
        stories = tuple(story_view(story, newsletter, base_url, numbers) for story in section.stories)
        if not sections:
            lead_sponsors = tuple(map(extra.sponsor, lead))
        sponsors = tuple(map(extra.sponsor, by_section.get(section.section.slug, ())))
        sections.append(
            SectionView(slug=section.section.slug, title=section.section.title, stories=stories, sponsors=sponsors)
        )
    every = tuple(story for section in sections for story in section.stories)
    return EditionView(
        title=newsletter.title,
        tagline=newsletter.tagline,
        logo=_logo(newsletter.logo),
        date=dates.long_date(edition.date, newsletter.language),
        is_extra=edition.suffix is not None,
        subject=edition.subject,
        preheader=edition.preheader,
        sections=tuple(sections),
        count=_count(edition.stories, newsletter.language) if "count" in parts else None,
        note=note,
        contents=every if "contents" in parts and len(every) > 1 else (),
        lead_sponsors=lead_sponsors,
        end_sponsors=tuple(map(extra.sponsor, end)),
        briefs=tuple(map(extra.brief, extras.briefs)),
        calendar=tuple(map(extra.entry, extras.calendar)),
        corrections=tuple(map(extra.correction, extras.corrections)),
        feedback=_feedback(newsletter.feedback) if "feedback" in parts else None,
        archive=_archive(edition, base_url) if "archive" in parts else None,
        unsubscribe=tokens.page(base_url, tokens.LEAVE),
        preferences=tokens.page(base_url, tokens.PREFERENCES),
        reason=newsletter.reason,
        publisher=organisation.name,
        publisher_url=ascii_address(organisation.url) if organisation.url else None,
        postal_lines=postal_lines(organisation),
        numbers=numbers,
    )


def postal_lines(organisation: Organisation) -> tuple[str, ...]:
    """The postal address, line by line, as the footer prints it below the organisation's name."""
    lines = [line.strip() for line in organisation.postal_address.splitlines() if line.strip()]
    return tuple(lines[1:] if lines[:1] == [organisation.name] else lines)


def _printed(edition: Edition) -> tuple[SectionStories, ...]:
    return tuple(section for section in edition.sections if section.stories)


def _places(edition: Edition) -> tuple[tuple[Sponsor, ...], dict[str, tuple[Sponsor, ...]], tuple[Sponsor, ...]]:
    """The sponsors after the lead, after each section, and at the end. A slot was paid for: one that follows a section
    which this edition does not print stands at the end.
    """
    sponsors = edition.extras.sponsors
    slugs = [section.section.slug for section in _printed(edition)]
    lead = tuple(sponsor for sponsor in sponsors if sponsor.place == "lead")
    by_section = {slug: tuple(sponsor for sponsor in sponsors if sponsor.place == slug) for slug in slugs}
    end = tuple(sponsor for sponsor in sponsors if sponsor.place not in {"lead", *slugs})
    return lead, by_section, end


def _count(stories: tuple[Story, ...], language: str) -> CountView:
    word_count = words.count_words(_texts(stories))
    return CountView(
        stories=len(stories),
        words=word_count,
        words_written=dates.number(word_count, language),
        minutes=words.reading_minutes(word_count),
    )


def _texts(stories: Iterable[Story]) -> Iterator[str]:
    for story in stories:
        yield story.headline
        for block in story.blocks:
            yield from words.texts_of(block)


def _logo(logo: Logo | None) -> Image | None:
    return Image(src=logo.src, alt=logo.alt, width=logo.width, height=logo.height) if logo else None


def _feedback(feedback: Feedback | None) -> Feedback | None:
    if feedback is None:
        return None
    answers = tuple(replace(answer, url=ascii_address(answer.url)) for answer in feedback.answers)
    return replace(feedback, answers=answers)


def _archive(edition: Edition, base_url: str) -> ArchiveView:
    """`/archive/daily/2026-05-04/`, or `…/2026-05-04-alert/` for an extra edition."""
    every = f"{base_url.rstrip('/')}/archive/{edition.newsletter}/"
    return ArchiveView(edition=f"{every}{edition.id.partition('/')[2]}/", all=every)
