"""The archive: what went out, for anybody to read. Only newsletters with `archive = "public"` are in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from newsletter.model import EDITION_ID, Newsletter, Story
from newsletter.pipeline.archived import (
    Corrected,
    Corrections,
    Corrects,
    EditionPage,
    FeedPage,
    Holding,
    StoryPage,
    StreamPage,
    edition_page,
    shown,
    story_page,
    stretch,
)
from newsletter.pipeline.context import Context
from newsletter.pipeline.recalling import SLUG, Recalled, Withheld, is_out, look, recall, story_at
from newsletter.rendering import dates
from newsletter.storage import Tx, archive, clock
from newsletter.storage.archive import Gone
from newsletter.stories import printed
from newsletter.stories.withheld import Files

EDITIONS_A_PAGE: Final = 5
"""Of the stream. Its first page has up to twice as many, less one: so each older page keeps its editions for good."""

STORIES_A_FEED: Final = 50

_FETCHED: Final = 10
"""Editions that are looked through at a time for a feed's stories."""


class NotThereError(Exception):
    """The archive has no such page, for whatever reason."""


class WithdrawnError(Exception):
    """What stood there was withdrawn: the story was killed after it went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """All that the archive has of some newsletters: keys of editions by newsletter, and stories; each with
    the day on which it went out, or was corrected. `withdrawn` are the stories that there were.
    """

    editions: Mapping[str, Mapping[str, date]]
    stories: Mapping[str, date]
    withdrawn: tuple[str, ...]


class Archive:
    """The archive of one installation. It remembers which file said what, while the file stays as it is."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._files = Files(context.settings.content, context.organisation)
        self.newsletters = {n.slug: n for n in context.newsletters.values() if n.archive == "public"}

    def newsletter(self, slug: str) -> Newsletter:
        """A newsletter that is in the archive. Raises NotThereError."""
        if slug not in self.newsletters:
            raise NotThereError
        return self.newsletters[slug]

    def edition(self, slug: str, key: str) -> EditionPage:
        """An edition by its newsletter and key (`2026-05-04-alert`). Raises NotThereError, WithdrawnError."""
        newsletter, now = self.newsletter(slug), self._context.clock()
        with self._context.store.read() as tx:
            gone = archive.find(tx, f"{slug}/{key}")
            if gone is None:
                raise NotThereError
            (found,) = recall(tx, self._files, [gone], now)
            if found.withdrawn:
                raise WithdrawnError
            if not found.headlines:
                raise NotThereError
            stories = [story for _, story in found.stories]
            boxed = found.beside.extras.corrections if found.beside else ()
            correcting = [*((s.slug, s.corrects) for s in stories), *((entry.slug, entry.corrects) for entry in boxed)]
            return edition_page(
                newsletter, self._context.organisation, found,
                corrections=self._corrections(tx, stories, newsletter, now),
                corrects={slug: c for slug, wrong in correcting if (c := self._corrects(tx, wrong, newsletter))},
                older=next(iter(archive.newest(tx, slug, 1, before=gone)), None), newer=archive.next_after(tx, gone),
            )  # fmt: skip

    def stream(self, slug: str, before: str | None = None) -> StreamPage:
        """The newest editions, or those before the one of a key. Raises NotThereError where that is none."""
        newsletter, now = self.newsletter(slug), self._context.clock()
        with self._context.store.read() as tx:
            cursor = archive.find(tx, f"{slug}/{before}") if before else None
            limit = EDITIONS_A_PAGE if before else EDITIONS_A_PAGE + archive.count(tx, slug) % EDITIONS_A_PAGE
            gone = archive.newest(tx, slug, limit + 1, before=cursor)
            if before and (cursor is None or not gone):
                raise NotThereError
            found = recall(tx, self._files, gone[:limit], now)
            corrections = self._corrections(tx, _stories(found), newsletter, now)
        older = gone[limit - 1].key if len(gone) > limit else None
        editions = tuple(stretch(newsletter, each) for each in found if each.stories)
        return StreamPage(newsletter=newsletter, editions=editions, corrections=corrections, older=older)

    def story(self, slug: str) -> StoryPage:
        """A story by its name. Raises NotThereError, WithdrawnError."""
        if not SLUG.match(slug):
            raise NotThereError
        now = self._context.clock()
        with self._context.store.read() as tx:
            held = [
                (gone, place)
                for gone, place in archive.holders(tx, slug, self.newsletters)
                if gone.document and place.document
            ]
            if not held:
                raise NotThereError
            gone, place = held[0]
            withheld = look(tx, self._files, [slug, place.corrects], now)
            if withheld.killed_of(slug, place.corrects):
                raise WithdrawnError
            story = story_at(place)
            if story is None or withheld.hides(slug, place.corrects) or not is_out(story, now):
                raise NotThereError
            newsletter = self.newsletters[gone.newsletter]
            (found,) = recall(tx, self._files, [gone], now)
            same = [each.document or "" for each, at in held if at.digest == place.digest]
            page = story_page(
                newsletter, found, place.section, story,
                held=[self._holding(each, newsletter) for each, _ in held],
                corrections=self._corrections(tx, [story], newsletter, now),
                corrects=self._corrects(tx, story.corrects, newsletter),
            )  # fmt: skip
        # another edition with the same story may have had more room for its pictures
        return replace(page, pictures=printed.widest(*(printed.beside_in(document).pictures for document in same)))

    def feed(self, slug: str) -> FeedPage:
        """The newest stories of a newsletter. Raises NotThereError."""
        newsletter, now = self.newsletter(slug), self._context.clock()
        pages: dict[str, StoryPage] = {}
        cursor: Gone | None = None
        with self._context.store.read() as tx:
            changed = [clock.ledger_since(tx)]
            while len(pages) < STORIES_A_FEED:
                gone = archive.newest(tx, slug, _FETCHED, before=cursor)
                found = recall(tx, self._files, gone, now)
                changed += [each.since for each in found if each.since]
                for page in self._items(tx, newsletter, found, now):
                    if len(pages) == STORIES_A_FEED:
                        break
                    pages.setdefault(page.story.slug, page)
                if len(gone) < _FETCHED:
                    break
                cursor = gone[-1]
        changed += [page.changed_at for page in pages.values()]
        return FeedPage(newsletter=newsletter, stories=tuple(pages.values()), changed_at=max(changed))

    def _items(self, tx: Tx, newsletter: Newsletter, found: Iterable[Recalled], now: datetime) -> Iterator[StoryPage]:
        corrections = self._corrections(tx, _stories(found), newsletter, now)
        for each in found:
            held = [self._holding(each.gone, newsletter)]
            for section, story in each.stories:
                yield story_page(newsletter, each, section, story, held=held, corrections=corrections, corrects=None)

    def addresses(self, slugs: Iterable[str]) -> Addresses:
        """The pages that there are of these newsletters, in the order of the editions' days, newest first."""
        named = [slug for slug in slugs if slug in self.newsletters]
        now = self._context.clock()
        with self._context.store.read() as tx:
            found = tuple(archive.everything(tx, named))
            slugs = {slug for each in found for slug in (each.slug, each.corrects) if slug}
            withheld = look(tx, self._files, slugs, now, every=True)
        return _addresses(named, found, withheld)

    # --- corrections ------------------------------------------------------------------------------------------------

    def _corrections(self, tx: Tx, stories: Iterable[Story], newsletter: Newsletter, now: datetime) -> Corrections:
        """The corrections of stories, as this newsletter's language and parts have them."""
        rows = archive.corrections(tx, [story.slug for story in stories])
        if not rows:
            return {}
        withheld = look(tx, self._files, [place.slug for _, place in rows], now)
        linked = {place.slug for gone, place in rows if gone.newsletter in self.newsletters}
        found: dict[str, dict[str, Corrected]] = {}
        for gone, place in rows:
            story = story_at(place)
            if story is None or withheld.hides(place.slug) or not is_out(story, now):
                continue
            corrected = Corrected(
                on=gone.date, at=gone.at, day=dates.day(gone.date, newsletter.language),
                view=shown(story, newsletter), slug=place.slug if place.slug in linked else None,
            )  # fmt: skip
            found.setdefault(place.corrects or "", {}).setdefault(place.slug, corrected)
        return {wrong: tuple(by.values()) for wrong, by in found.items()}

    def _corrects(self, tx: Tx, wrong: str | None, newsletter: Newsletter) -> Corrects | None:
        held = archive.holders(tx, wrong, self._context.newsletters) if wrong else ()
        if not held:
            return None
        gone, place = held[-1]  # when it was wrong first
        paged = any(of.newsletter in self.newsletters and at.document for of, at in held)
        return Corrects(
            headline=place.headline, day=dates.day(gone.date, newsletter.language),
            slug=wrong if paged else None,
        )  # fmt: skip

    def _holding(self, gone: Gone, of: Newsletter) -> Holding:
        return Holding(newsletter=self.newsletters[gone.newsletter], gone=gone, day=dates.day(gone.date, of.language))


def _stories(found: Iterable[Recalled]) -> Iterator[Story]:
    return (story for each in found for _, story in each.stories)


def _addresses(newsletters: Iterable[str], rows: Iterable[archive.Printed], withheld: Withheld) -> Addresses:
    editions: dict[str, dict[str, date]] = {slug: {} for slug in newsletters}
    stories: dict[str, date] = {}
    corrected: dict[str, date] = {}
    withdrawn: dict[str, None] = {}
    for row in rows:
        if not SLUG.match(row.slug) or not EDITION_ID.match(f"{row.newsletter}/{row.key}"):
            continue  # no name that the pipeline gives
        if withheld.killed_of(row.slug, row.corrects):
            withdrawn[row.slug] = None
        if withheld.hides(row.slug, row.corrects):
            continue
        if row.corrects:
            corrected.setdefault(row.corrects, row.date)
        if row.section:
            editions[row.newsletter].setdefault(row.key, row.date)
        if row.kept:
            stories.setdefault(row.slug, row.date)
    changed = {slug: max(on, corrected.get(slug, on)) for slug, on in stories.items()}
    return Addresses(editions=editions, stories=changed, withdrawn=tuple(withdrawn))
