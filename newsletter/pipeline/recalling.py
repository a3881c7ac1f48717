"""Editions that went out, recalled from what was kept of them; without stories that were killed or are embargoed.

A correction goes with the story that it corrects: where that was killed, the correction would tell what it said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from newsletter.model import EDITION_ID, Edition, Story
from newsletter.storage import Tx, archive
from newsletter.storage.archive import Gone, Place
from newsletter.stories import printed
from newsletter.stories.withheld import Files

SLUG: Final = re.compile(r"\d{4}-\d\d-\d\d-[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""How story files are named; what has another name is never looked up, let alone as a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What must not be shown, of the stories that were asked about; `since` is when the last of that was decided."""

    killed: frozenset[str] = frozenset()
    embargoed: frozenset[str] = frozenset()
    since: datetime | None = None

    def killed_of(self, slug: str, corrects: str | None = None) -> bool:
        return slug in self.killed or corrects in self.killed

    def hides(self, slug: str, corrects: str | None = None) -> bool:
        return self.killed_of(slug, corrects) or slug in self.embargoed or corrects in self.embargoed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """An edition as it may be shown. `stories` have the section that they stood in.

    whole       nothing of it is withheld; else subject, preheader and note are not here: they may tell of what is
    beside      None where nothing was kept of it; then `headlines` are all that there is
    withdrawn   there were stories, and all of them are killed
    """

    gone: Gone
    beside: printed.Beside | None
    stories: tuple[tuple[str, Story], ...]
    headlines: tuple[str, ...]
    whole: bool
    withdrawn: bool
    since: datetime | None

    @property
    def edition(self) -> Edition | None:
        """The edition that it was; None where there is no story of it to show."""
        found = EDITION_ID.match(self.gone.name)
        if self.beside is None or not self.stories or found is None:
            return None
        return printed.edition_of(
            self.beside, self.stories, newsletter=self.gone.newsletter, on=self.gone.date, suffix=found["suffix"]
        )


def look(tx: Tx, files: Files, slugs: Iterable[str | None], now: datetime, *, every: bool = False) -> Withheld:
    """Which of these stories must not be shown, by the log of their moves and by their files as they are now.

    `every` asks the log for all that were killed: better where `slugs` are thousands.
    """
    asked = sorted({slug for slug in slugs if slug and SLUG.match(slug)})
    killed = dict(archive.killed(tx, None if every else asked))
    words = {slug: files.word(slug) for slug in asked}
    killed |= {slug: word.since or now for slug, word in words.items() if word.killed}
    late = {slug: word for slug, word in words.items() if word.go_live is not None and word.go_live > now}
    instants = [*killed.values(), *(word.since for word in late.values() if word.since)]
    return Withheld(killed=frozenset(killed), embargoed=frozenset(late), since=max(instants, default=None))


def recall(tx: Tx, files: Files, gone: Sequence[Gone], now: datetime) -> tuple[Recalled, ...]:
    """These editions, in their order."""
    places = archive.places(tx, [each.id for each in gone])
    named = [place for of in places.values() for place in of]
    withheld = look(tx, files, [*(p.slug for p in named), *(p.corrects for p in named)], now)
    return tuple(_recalled(each, places[each.id], withheld, now) for each in gone)


def _recalled(gone: Gone, places: Sequence[Place], withheld: Withheld, now: datetime) -> Recalled:
    beside = printed.beside_in(gone.document) if gone.document else None
    read = [(place, story_at(place)) for place in places if place.section]
    shown = [
        (place, story)
        for place, story in read
        if not withheld.hides(place.slug, place.corrects) and (story is None or is_out(story, now))
    ]
    boxed = [place for place in places if not place.section]
    hidden = len(shown) < len(read) or any(withheld.hides(place.slug, place.corrects) for place in boxed)
    return Recalled(
        gone=gone,
        beside=_without(beside, withheld, whole=not hidden) if beside else None,
        stories=tuple((place.section, story) for place, story in shown if story is not None),
        headlines=tuple(place.headline for place, _ in shown),
        whole=not hidden,
        withdrawn=bool(read) and all(withheld.killed_of(place.slug, place.corrects) for place, _ in read),
        since=withheld.since,
    )


def _without(beside: printed.Beside, withheld: Withheld, *, whole: bool) -> printed.Beside:
    corrections = tuple(entry for entry in beside.extras.corrections if not withheld.hides(entry.slug, entry.corrects))
    if whole:
        return replace(beside, extras=replace(beside.extras, corrections=corrections))
    # what was written over the whole edition may tell of the story that is not to be seen
    return replace(beside, extras=replace(beside.extras, corrections=corrections, note=None), subject="", preheader="")


def story_at(place: Place) -> Story | None:
    """The story that stood at a place; None where it was not kept."""
    return printed.story_in(place.document, place.slug) if place.document else None


def is_out(story: Story, now: datetime) -> bool:
    """Whether the embargo that it went out with is over."""
    return story.go_live is None or story.go_live <= now
