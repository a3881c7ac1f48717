"""The organisation and its newsletters, as content/*.toml has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time as time_of_day
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from newsletter.model.proofing import LEVELLED

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""How newsletters, lists and sections are named in files, addresses and commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A source that editors cite. `access` is the note its citation carries ("subscription")."""

    name: str
    access: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """content/organisation.toml. `voices` are run-in heads of its own voice ("The AMG says"); `labels` are section
    labels and `furniture` page lines, both as copied texts have them; `head_marks` end a run-in head in such texts,
    and `leads` are heads that end in an ellipsis ("However …"); `approvers` may seal stories.
    """

    name: str
    short_name: str
    postal_address: str
    zone: ZoneInfo
    language: str = "en"
    url: str | None = None
    voices: tuple[str, ...] = ("The {short} says", "{short} says")
    labels: tuple[str, ...] = ()
    furniture: tuple[str, ...] = ()
    head_marks: tuple[str, ...] = (":",)
    leads: tuple[str, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Whom mail comes from or goes to."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of each edition. `maximum` counts stories; None is no limit."""

    slug: str
    title: str
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When editions go: weekdays (0 is Monday), a local time, and what a holiday does.

    `late_until` is the local time until which a late edition still goes by itself.
    """

    days: frozenset[int]
    time: time_of_day
    late_until: time_of_day
    holidays: Literal["skip", "send", "shift"] = "skip"

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError(f"days are some of 0 to 6, got {sorted(self.days)}")
        if self.time < time_of_day(4):
            raise ValueError(
                f"{self.time:%H:%M} lies between 00:00 and 03:59, where clocks are put forward and back; "
                "choose 04:00 or later"
            )
        if self.late_until <= self.time:
            raise ValueError(f"late_until {self.late_until:%H:%M} is not after time {self.time:%H:%M}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The first batch of a live send goes to the editors and `seeds` that are on the list, and the rest so many minutes
    after it was accepted.
    """

    wait_minutes: int = 10
    seeds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.wait_minutes <= LONGEST_WAIT_MINUTES:
            raise ValueError(f"wait_minutes is 1 to {LONGEST_WAIT_MINUTES}, got {self.wait_minutes}")


LONGEST_WAIT_MINUTES = 240

STORIES = "stories"
"""In addresses of the archive this stands where else a newsletter's name does."""

MOST_SECTIONS = 60
"""The ledger has a reader's choice of them as bits of one number."""


PARTS = (
    "count",
    "note",
    "contents",
    "bylines",
    "images",
    "sources",
    "sponsors",
    "briefs",
    "calendar",
    "corrections",
    "feedback",
    "share",
    "archive",
)
"""What a newsletter switches on beside its masthead, lead, sections and footer, which each edition has. count: stories,
words, minutes; briefs: "also in the news"; archive: the edition in the browser, and the archive.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to the feedback question: its words, and the page (or mailto address) that takes it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """The question at the end of each edition."""

    question: str
    answers: tuple[Answer, ...]

    def __post_init__(self) -> None:
        if not self.answers:
            raise ValueError("[feedback] has no answers; give each its label and url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A mark above the masthead's title: a path under content/images, or https; its width in pixels."""

    src: str
    alt: str
    width: int
    height: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.width <= WIDEST_LOGO:
            raise ValueError(f"logo.width is 1 to {WIDEST_LOGO} pixels, got {self.width}")


WIDEST_LOGO = 272
"""Pixels: what a phone of 320 shows beside its margins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """content/newsletters/<slug>.toml: one recurring publication.

    minimum, maximum    stories of an edition; under the minimum, `too_few` decides
    gathers             `next`: each story once, in the next edition and `carry_over` more after it;
                        `since_last`: all that has come since the last edition (a digest)
    approvals           `seal`: only sealed stories go; `status`: the word `approved` is enough
    sign_off            how many people must sign the frozen edition
    in_doubt            what a batch without evidence of acceptance does after the quiet time
    audience_guard      the share by which the audience may differ from the last edition's before a person confirms
    canary              who gets it first, and how long the rest waits; None where all of it goes at once
    theme               named colours and fonts for the templates
    logo                a picture above its title
    parts               which of PARTS its editions print; one that has nothing to print is left out
    feedback            the question of the part `feedback`
    proof               checks of the proof whose level is not the usual one, by name
    pictures            `link`: mails show pictures from our pages; `embed`: they carry them
    clicks              what is seen of clicks: nothing; `aggregate`, by our own redirect, which knows no reader; or
                        `individual`, by the ESP's, for those who agreed (the others' are aggregate)
    opens               whose opens are seen: nobody's, those of readers who agreed, or all
    sign_up             whether anybody may sign up on its page
    archive             whether its editions can be read on the web by anybody
    service             from whom letters to single readers come (to confirm, to let in); the sender where it is None
    """

    slug: str
    title: str
    list: str
    sender: Mailbox
    zone: ZoneInfo
    sections: tuple[Section, ...]
    template: str
    correction_template: str = ""
    """Of the mail of a correction; the newsletter's own where it is empty."""
    language: str = "en"
    direction: Literal["ltr", "rtl"] = "ltr"
    tagline: str = ""
    reason: str = ""
    """Why readers get it, one sentence for the foot of the mail; the list's title makes one where it is empty."""
    subject: str = "{lead}"
    reply_to: Mailbox | None = None
    schedule: Schedule | None = None
    editors: tuple[Mailbox, ...] = ()
    minimum: int = 1
    maximum: int = 20
    too_few: Literal["hold", "skip", "send_notice"] = "hold"
    gathers: Literal["next", "since_last"] = "next"
    carry_over: int = 1
    headline_length: int = 110
    approvals: Literal["seal", "status"] = "seal"
    approvers: tuple[str, ...] = ()
    four_eyes: bool = False
    sign_off: Literal["none", "one", "two"] = "none"
    in_doubt: Literal["ask", "resend"] = "ask"
    audience_guard: float = 0.2
    canary: Canary | None = None
    theme: Mapping[str, str] = field(default_factory=dict)
    logo: Logo | None = None
    parts: tuple[str, ...] = ("count", "note", "contents", "bylines", "images", "sources", "briefs", "corrections")
    feedback: Feedback | None = None
    proof: Mapping[str, Literal["stop", "warn", "off"]] = field(default_factory=dict)
    pictures: Literal["link", "embed"] = "link"
    clicks: Literal["none", "aggregate", "individual"] = "none"
    opens: Literal["off", "consented", "all"] = "off"
    sign_up: bool = True
    archive: Literal["off", "public"] = "off"
    service: Mailbox | None = None

    def __post_init__(self) -> None:
        self._check_sections()
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(f"minimum {self.minimum} and maximum {self.maximum}: 1 ≤ minimum ≤ maximum is asked")
        if self.carry_over < 0:
            raise ValueError(f"carry_over counts editions, got {self.carry_over}")
        if not 0 < self.audience_guard <= 1:
            raise ValueError(f"audience_guard is a share above 0 and up to 1, got {self.audience_guard}")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown:
            raise ValueError(f"parts are some of {', '.join(PARTS)}, got {', '.join(unknown)}")
        unlevelled = [check for check in self.proof if check not in LEVELLED]
        if unlevelled:
            raise ValueError(f"proof sets levels of {', '.join(LEVELLED)}, got {', '.join(unlevelled)}")
        if "feedback" in self.parts and self.feedback is None:
            raise ValueError("parts has feedback, and there is no [feedback] with a question and answers")
        self._check_archive()
        if self.canary is not None:
            self._check_canary(self.canary)

    def _check_archive(self) -> None:
        if self.slug == STORIES and self.archive == "public":
            raise ValueError(f"/archive/{STORIES}/ is where single stories stand: name the newsletter otherwise")

    def _check_sections(self) -> None:
        if not 1 <= len(self.sections) <= MOST_SECTIONS:
            raise ValueError(f"a newsletter has at least one section, and {MOST_SECTIONS} at most")
        slugs = [section.slug for section in self.sections]
        if len(set(slugs)) != len(slugs):
            raise ValueError(f"sections are named once each, got {', '.join(slugs)}")

    def _check_canary(self, canary: Canary) -> None:
        if not self.editors and not canary.seeds:
            raise ValueError("[canary] has nobody to go to: add [[editors]], or seeds = [...]")
        if self.schedule is None:
            return
        at = timedelta(hours=self.schedule.time.hour, minutes=self.schedule.time.minute)
        until = timedelta(hours=self.schedule.late_until.hour, minutes=self.schedule.late_until.minute)
        if at + timedelta(minutes=canary.wait_minutes) > until:
            raise ValueError(
                f"canary.wait_minutes {canary.wait_minutes}: of an edition sent at {self.schedule.time:%H:%M} the rest "
                f"would wait until after late_until {self.schedule.late_until:%H:%M}"
            )
