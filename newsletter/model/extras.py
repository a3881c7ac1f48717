"""What an edition holds beside its stories: an editor's note, sponsors, one-liners, the calendar, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from newsletter.model.instants import aware
from newsletter.model.stories import Block, Image, Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A word of an editor to the readers of one edition. `by` signs it."""

    blocks: tuple[Block, ...]
    by: str | None = None
    path: str = ""
    line: int = field(default=0, compare=False)
    """The line of `by`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One line of "also in the news": a sentence with its link, and the outlet that it is from with its access note."""

    spans: Spans
    outlet: str | None = None
    access: str | None = None
    path: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A date for readers: a day, or an instant in the organisation's zone, and its place. `ends` is of the same kind; a
    day is its last one. (An `Event` is what the ESP tells.)
    """

    title: str
    starts: date | datetime
    ends: date | datetime | None = None
    place: str | None = None
    url: str | None = None
    path: str = ""
    line: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        for name, value in (("starts", self.starts), ("ends", self.ends)):
            if isinstance(value, datetime):
                aware(name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsor:
    """A paid slot. `label` says in words that it is one ("Sponsored by Roe Castings"); `place` is `lead`
    (after it), `end`, or the slug of the section that it follows.
    """

    slug: str
    label: str
    blocks: tuple[Block, ...]
    place: str
    url: str | None = None
    link_text: str | None = None
    image: Image | None = None
    path: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, hash=False)
    """The line of each front-matter key, for findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What was wrong in a story that went out, and what is right: the story `slug` corrects the story `corrects`, which
    went out in the edition of `on`.
    """

    slug: str
    corrects: str
    headline: str
    on: date
    blocks: tuple[Block, ...]
    url: str | None = None
    path: str = ""
    digest: str = ""
    """The correcting story's, over what its approval covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """All that an edition holds beside its stories; what its newsletter does not switch on is left out already."""

    note: Note | None = None
    sponsors: tuple[Sponsor, ...] = ()
    briefs: tuple[Brief, ...] = ()
    calendar: tuple[CalendarEntry, ...] = ()
    corrections: tuple[Correction, ...] = ()
