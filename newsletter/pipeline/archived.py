"""What a page of the archive shows: an edition, a story, a stretch of the stream; made of what was recalled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from newsletter.model import Newsletter, Organisation, Paragraph, Story
from newsletter.pipeline.recalling import Recalled
from newsletter.rendering import dates
from newsletter.rendering.story_view import StoryView, story_view
from newsletter.rendering.view import EditionView, view
from newsletter.storage.archive import Gone
from newsletter.stories import printed

_OF_MAILS: Final = frozenset({"share", "feedback", "archive", "contents"})
"""Parts that pages leave out: what asks the reader of a mail something, and what leads to these pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction that went out, since `at`. `slug` is its name where it has a page of its own."""

    on: date
    at: datetime
    day: str
    view: StoryView
    slug: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrects:
    """What a correction puts right: the wrong headline, its day, and its name where it has a page."""

    headline: str
    day: str
    slug: str | None


Corrections = Mapping[str, tuple[Corrected, ...]]
"""By the name of the wrong story, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An edition that a story stood in."""

    newsletter: Newsletter
    gone: Gone
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """A story as it last went out; `held` are its editions, newest first. `section` is a title, empty for a correction
    that stood in a box. It is out since `at`, and has been as it is now since `changed_at`.
    """

    newsletter: Newsletter
    story: Story
    view: StoryView
    section: str
    pictures: Mapping[str, printed.Picture]
    held: tuple[Holding, ...]
    at: datetime
    changed_at: datetime
    corrections: tuple[Corrected, ...]
    corrects: Corrects | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    """An edition. `view` is None where nothing but its `headlines` is known; `title` is empty where nobody knows it, or
    it might tell of what is withheld. `boxed` names the stories in its box of corrections, in their order; `older` and
    `newer` are its neighbours.
    """

    newsletter: Newsletter
    gone: Gone
    day: str
    title: str
    view: EditionView | None
    headlines: tuple[str, ...]
    pictures: Mapping[str, printed.Picture]
    corrections: Corrections
    corrects: Mapping[str, Corrects]
    boxed: tuple[str, ...]
    older: Gone | None
    newer: Gone | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """An edition in the stream: its stories, of which only the first paragraph is there. `title` is as an edition's."""

    gone: Gone
    day: str
    title: str
    stories: tuple[StoryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPage:
    """Editions with their stories, newest first. `older` is the key of the last where there are older ones than it."""

    newsletter: Newsletter
    editions: tuple[Stretch, ...]
    corrections: Corrections
    older: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """A newsletter's newest stories. Since `changed_at` nothing of it has changed, nor been withheld."""

    newsletter: Newsletter
    stories: tuple[StoryPage, ...]
    changed_at: datetime


def story_page(
    newsletter: Newsletter,
    found: Recalled,
    section: str,
    story: Story,
    *,
    held: Sequence[Holding],
    corrections: Corrections,
    corrects: Corrects | None,
) -> StoryPage:
    """The page of a story of an edition of which something was kept."""
    assert found.beside is not None
    titles = {part.slug: part.title for part in found.beside.sections}
    own = corrections.get(story.slug, ())
    return StoryPage(
        newsletter=newsletter,
        story=story,
        view=shown(story, newsletter),
        section=titles.get(section, ""),
        pictures=found.beside.pictures,
        held=tuple(held),
        at=held[-1].gone.at,
        changed_at=max([found.gone.at, *(each.at for each in own)]),
        corrections=own,
        corrects=corrects,
    )


def edition_page(
    newsletter: Newsletter,
    organisation: Organisation,
    found: Recalled,
    *,
    corrections: Corrections,
    corrects: Mapping[str, Corrects] | None = None,
    older: Gone | None = None,
    newer: Gone | None = None,
) -> EditionPage:
    """The page of an edition."""
    edition, beside, gone = found.edition, found.beside, found.gone
    own = (each.at for _, story in found.stories for each in corrections.get(story.slug, ()))
    return EditionPage(
        newsletter=newsletter,
        gone=gone,
        day=dates.long_date(gone.date, newsletter.language),
        title=beside.subject if beside else "",
        view=view(edition, _on_pages(newsletter), organisation, base_url="") if edition else None,
        headlines=found.headlines,
        pictures=beside.pictures if beside else {},
        corrections=corrections,
        corrects=corrects or {},
        boxed=tuple(entry.slug for entry in beside.extras.corrections) if beside else (),
        older=older,
        newer=newer,
        changed_at=max([gone.at, *own]),
    )


def stretch(newsletter: Newsletter, found: Recalled) -> Stretch:
    """An edition as the stream shows it."""
    return Stretch(
        gone=found.gone,
        day=dates.long_date(found.gone.date, newsletter.language),
        title=found.beside.subject if found.beside else "",
        stories=tuple(shown(_begun(story), newsletter) for _, story in found.stories),
    )


def _begun(story: Story) -> Story:
    """A story that ends with its first paragraph."""
    place = next((n for n, block in enumerate(story.blocks) if isinstance(block, Paragraph)), 0)
    moved = tuple(replace(c, block=0) for c in story.citations if c.block == place)
    return replace(story, blocks=story.blocks[place : place + 1], citations=moved, image=None)


def shown(story: Story, newsletter: Newsletter) -> StoryView:
    """A story as pages print it."""
    return story_view(story, _on_pages(newsletter), "", {})


def _on_pages(newsletter: Newsletter) -> Newsletter:
    return replace(newsletter, parts=tuple(part for part in newsletter.parts if part not in _OF_MAILS))
