"""Editions, the messages made of them, and what the proof finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Literal

from newsletter.model.extras import Extras
from newsletter.model.newsletters import Section
from newsletter.model.pictures import EmbeddedPicture, PrintedPicture
from newsletter.model.stories import Story

EDITION_ID = re.compile(r"(?P<newsletter>[a-z0-9-]+)/(?P<date>\d{4}-\d\d-\d\d)(?:-(?P<suffix>[a-z0-9-]+))?\Z")
"""How commands, mails and programs name an edition: `daily/2026-05-04`, `daily/2026-05-04-alert`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStories:
    """A section of an edition and its stories, in the order in which they are printed."""

    section: Section
    stories: tuple[Story, ...]


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One dated number of a newsletter: the stories that were chosen, in order. The lead is the first of all.

    `subject_at` and `preheader_at` are the `path:line` where an editor wrote them; empty where stories made them.
    """

    newsletter: str
    date: date
    subject: str
    preheader: str
    sections: tuple[SectionStories, ...]
    suffix: str | None = None
    extras: Extras = field(default_factory=Extras)
    subject_at: str = field(default="", compare=False)
    preheader_at: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.stories:
            raise ValueError(f"{self.id} has no stories")

    @property
    def id(self) -> str:
        return edition_id(self.newsletter, self.date, self.suffix)

    @cached_property
    def stories(self) -> tuple[Story, ...]:
        return tuple(story for part in self.sections for story in part.stories)

    @property
    def lead(self) -> Story:
        return self.stories[0]


def edition_id(newsletter: str, on: date, suffix: str | None = None) -> str:
    """`daily/2026-05-04`, or `daily/2026-05-04-alert` for an extra edition."""
    return f"{newsletter}/{on.isoformat()}" + (f"-{suffix}" if suffix else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A story that does not go out in an edition, and why, in words for its editors."""

    slug: str
    headline: str
    reason: str


ROLES = (
    "story",
    "source",
    "body",
    "share",
    "sponsor",
    "brief",
    "calendar",
    "correction",
    "feedback",
    "archive",
    "furniture",
)
"""What a link of a message may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a message: what it is, where it stands, where it goes.

    `role` is one of ROLES: `story` (the way to its page), `source`, `body` (in the text of a story or of the editor's
    note), `share`, `sponsor`, `brief`, `calendar`, `correction`, `feedback`, `archive`, or `furniture` (of the frame).
    `number` counts from 1 in the order of the HTML; `story` is a slug, None for links of the frame. `url` is where it
    leads, also where the HTML has our own redirect in its place; `code` stands in that.
    """

    number: int
    role: str
    url: str
    story: str | None = None
    section: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: the same bytes for every reader of a variant. What differs per reader stands as `[[token]]`.

    `fingerprint` is `sha256:<hex>` over subject, preheader, HTML and text (rendering.render); pictures are in it by the
    digests in their names. `pictures` are those of ours that it shows, known while it is made; `embedded` those that
    the mail carries.
    """

    subject: str
    preheader: str
    html: str
    text: str
    links: tuple[Link, ...]
    fingerprint: str
    language: str = "en"
    pictures: tuple[PrintedPicture, ...] = ()
    embedded: tuple[EmbeddedPicture, ...] = ()


class Level(StrEnum):
    """What a finding of the proof does: stop the edition, or only be shown."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the proof found, and the file and line, or the template, where it can be mended."""

    check: str
    level: Level
    problem: str
    where: str


def levelled(findings: Iterable[Finding], levels: Mapping[str, Literal["stop", "warn", "off"]]) -> tuple[Finding, ...]:
    """The findings at the levels that a newsletter asks for, what stops first; without those it has switched off."""
    kept = [
        replace(finding, level=Level(levels.get(finding.check, finding.level.value)))
        for finding in findings
        if levels.get(finding.check) != "off"
    ]
    return tuple(sorted(kept, key=lambda finding: finding.level is not Level.STOP))
