"""The types that pass between the rooms: frozen facts that refuse nonsense at birth.

Instants are aware datetimes; dates are local to the newsletter's zone; sequences are tuples. Nothing here reads a
clock, a file or a database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from enum import StrEnum
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""How newsletters, lists, sections and stories are named in files, addresses and commands."""

EDITION_ID = re.compile(r"(?P<newsletter>[a-z0-9-]+)/(?P<date>\d{4}-\d\d-\d\d)(?:-(?P<suffix>[a-z0-9-]+))?\Z")


def _aware(name: str, value: datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {value.isoformat()}")


# --- stories ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one style. `href` is an https, http or mailto address, or None."""

    text: str
    strong: bool = False
    emphasis: bool = False
    href: str | None = None


Spans = tuple[Span, ...]


def plain(spans: Spans) -> str:
    """The text of the spans without their style."""
    return "".join(span.text for span in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph. `run_in` is its bold head without the colon ("The big picture"); `voice` marks the association's
    own voice ("The AMG says"). `spans` may be empty where the head stands alone over a list.
    """

    spans: Spans
    run_in: str | None = None
    voice: bool = False
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of a list, with the list under it, if there is one (two levels at most)."""

    spans: Spans
    run_in: str | None = None
    children: tuple[Item, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletList:
    """Items under the paragraph before. `ordered` numbers them from `start`."""

    items: tuple[Item, ...]
    ordered: bool = False
    start: int = 1
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quotation set apart, one tuple of spans a paragraph."""

    paragraphs: tuple[Spans, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture: `src` as written (a path under content/images, or https), its size in pixels where it is known."""

    src: str
    alt: str
    credit: str | None = None
    width: int | None = None
    height: int | None = None
    line: int = field(default=0, compare=False)


Block = Paragraph | BulletList | Quote | Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An outlet that the story names in its front matter: the citation printed is the body's, the link is this."""

    outlet: str
    access: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source named in the body: in parentheses at a sentence's end, or in prose. `block` counts from 0."""

    outlet: str
    access: str | None
    form: Literal["parenthesis", "prose"]
    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approved which bytes, when: the seal. `digest` is `sha256:<hex>`."""

    by: str
    at: datetime
    digest: str

    def __post_init__(self) -> None:
        _aware("approved.at", self.at)


class Status(StrEnum):
    """What the file says of itself; whether it may go is `Story.standing`."""

    DRAFT = "draft"
    READY = "ready"
    APPROVED = "approved"
    KILLED = "killed"


class Standing(StrEnum):
    """What a story's status and seal come to."""

    DRAFT = "draft"
    READY = "ready"
    APPROVED = "approved"
    CHANGED = "approved, then changed"
    UNSEALED = "approved without a seal"
    KILLED = "killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One content file. `digest` is the sha256 over what an approval covers (stories.seal), `path` is as shown to
    editors (relative to the working folder where it can be).
    """

    slug: str
    path: str
    date: date
    headline: str
    section: str
    blocks: tuple[Block, ...]
    status: Status
    digest: str
    approval: Approval | None = None
    newsletters: tuple[str, ...] | None = None
    priority: int = 0
    author: str | None = None
    byline: str | None = None
    go_live: datetime | None = None
    expires: datetime | None = None
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    image: Image | None = None
    url: str | None = None
    corrects: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, hash=False)
    """The line of each front-matter key, for faults and findings."""

    def __post_init__(self) -> None:
        _aware("go_live", self.go_live)
        _aware("expires", self.expires)

    @property
    def standing(self) -> Standing:
        if self.status is not Status.APPROVED:
            return Standing(self.status.value)
        if self.approval is None:
            return Standing.UNSEALED
        return Standing.APPROVED if self.approval.digest == self.digest else Standing.CHANGED


# --- what the organisation and its newsletters are ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A source that editors cite. `access` is the note its citation carries ("subscription")."""

    name: str
    access: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """content/organisation.toml. `voices` are run-in heads of its own voice ("The AMG says"); `labels` are section
    labels and `furniture` page lines, both as copied texts have them; `approvers` may seal stories.
    """

    name: str
    short_name: str
    postal_address: str
    zone: ZoneInfo
    language: str = "en"
    url: str | None = None
    voices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    furniture: tuple[str, ...] = ()
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
class Newsletter:
    """content/newsletters/<slug>.toml: one recurring publication.

    minimum, maximum    stories of an edition; under the minimum, `too_few` decides
    gathers             `next`: each story once, in the next edition and `carry_over` more after it;
                        `since_last`: all that has come since the last edition (a digest)
    approvals           `seal`: only sealed stories go; `status`: the word `approved` is enough
    sign_off            how many people must sign the frozen edition
    in_doubt            what a batch without evidence of acceptance does after the quiet time
    audience_guard      the share by which the audience may differ from the last edition's before a person confirms
    theme               named colours and fonts for the templates
    """

    slug: str
    title: str
    list: str
    sender: Mailbox
    zone: ZoneInfo
    sections: tuple[Section, ...]
    template: str
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
    theme: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sections:
            raise ValueError("a newsletter has at least one section")
        slugs = [section.slug for section in self.sections]
        if len(set(slugs)) != len(slugs):
            raise ValueError(f"sections are named once each, got {', '.join(slugs)}")
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(f"minimum {self.minimum} and maximum {self.maximum}: 1 ≤ minimum ≤ maximum is asked")
        if self.carry_over < 0:
            raise ValueError(f"carry_over counts editions, got {self.carry_over}")
        if not 0 < self.audience_guard <= 1:
            raise ValueError(f"audience_guard is a share above 0 and up to 1, got {self.audience_guard}")


# --- editions and messages ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionStories:
    """A section of an edition and its stories, in the order in which they are printed."""

    section: Section
    stories: tuple[Story, ...]


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One dated number of a newsletter: the stories that were chosen, in order. The lead is the first of all."""

    newsletter: str
    date: date
    subject: str
    preheader: str
    sections: tuple[SectionStories, ...]
    suffix: str | None = None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a message: what it is (`story`, `source`, `body`, `furniture`), where it stands, where it goes.

    `number` counts from 1 in the order of the HTML; `story` is a slug, None for links of the frame.
    """

    number: int
    role: str
    url: str
    story: str | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: the same bytes for every reader of a variant. What differs per reader stands as `[[token]]`.

    `fingerprint` is `sha256:<hex>` over subject, preheader, HTML and text (rendering.render).
    """

    subject: str
    preheader: str
    html: str
    text: str
    links: tuple[Link, ...]
    fingerprint: str
    language: str = "en"


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


# --- sending -----------------------------------------------------------------------------------------------------

SendKind = Literal["live", "test", "correction", "notice"]
"""To a list, or to editors: a test of a message, or a notice that says something in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One delivery as it is handed to the gateway. `delivery_id` is the id that events carry back; `unsubscribe`
    is the reader's own link, already signed; a subscriber id of 0 is an editor who gets a test.
    """

    delivery_id: str
    subscriber_id: int
    address: str
    name: str
    unsubscribe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Deliveries of one variant that go in one API request, at most 1,000 of them."""

    id: int
    edition: str
    kind: SendKind
    number: int
    attempt: int
    recipients: tuple[Recipient, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.recipients) <= 1000:
            raise ValueError(f"a batch holds 1 to 1,000 deliveries, batch {self.number} has {len(self.recipients)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that claimed a batch. All four together name it: a pid alone comes back after a restart."""

    host: str
    boot: str
    pid: int
    process_start: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a request says around the message: the sender, the list, and the words of its headers."""

    sender: Mailbox
    reply_to: Mailbox | None
    list_id: str
    """RFC 2919: `The Daily <daily.example.org>`."""
    subject: str
    """The subject as it is sent; a test's own stands here, the message keeps the live one."""
    automatic: bool = False
    """Mail to editors by a machine: carries Auto-Submitted (RFC 3834)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The ESP's answer to an accepted batch: its message id, which may be empty."""

    message_id: str


# --- the clock ----------------------------------------------------------------------------------------------------


class EditionState(StrEnum):
    """Where an edition stands. It moves by compare-and-set only, and each move is kept with a reason and a name."""

    OPEN = "open"
    FROZEN = "frozen"
    SIGNED_OFF = "signed off"
    SENDING = "sending"
    SENT = "sent"
    PARTIAL = "partial"
    HELD = "held"
    SKIPPED = "skipped"
    MISSED = "missed"
    CANCELLED = "cancelled"


class SendState(StrEnum):
    """Where a send stands; `paused` waits for a person or for a time, and says why."""

    PENDING = "pending"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    PARTIAL = "partial"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What the clock does once for an edition, besides moving its state."""

    REMIND = "remind"
    DRAFT_TEST = "draft test"
    FROZEN_TEST = "frozen test"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    """What the ledger knows of one edition, as the clock needs it.

    `tested` is the fingerprint of the last test that went to the editors, `signed_by` who signed the present
    fingerprint, `steps` what was done already (a new freeze gives `frozen test` back), `send` the state of its live
    send, `active_at` when that send last moved: started, resumed, a batch claimed or settled.
    """

    id: str
    state: EditionState
    reason: str = ""
    fingerprint: str | None = None
    tested: str | None = None
    signed_by: tuple[str, ...] = ()
    steps: frozenset[Step] = frozenset()
    send: SendState | None = None
    active_at: datetime | None = None
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        _aware("active_at", self.active_at)
        _aware("finished_at", self.finished_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the clock sees of the ledger: all editions from `since`, when it was made, by their ids.

    A scheduled date from `since` on that is missing from `editions` has no row yet, and gets one. `watched_since` says
    from when on a newsletter's schedule counts where that is later: it was added, or its schedule was changed.
    """

    since: datetime
    editions: Mapping[str, EditionFacts] = field(default_factory=dict)
    watched_since: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _aware("since", self.since)
        for slug, instant in self.watched_since.items():
            _aware(f"watched_since of {slug}", instant)


class ActionKind(StrEnum):
    """What the tick is asked to carry out."""

    REMIND = "remind"
    DRAFT_TEST = "draft test"
    FREEZE = "freeze"
    FROZEN_TEST = "frozen test"
    SEND = "send"
    RESUME = "resume"
    PAUSE_STALE = "pause stale"
    HOLD = "hold"
    SKIP = "skip"
    MISS = "miss"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that is due now for one edition; `planned_at` is when that edition should go, `reason` is for people,
    `late` says that it goes after the grace.
    """

    kind: ActionKind
    newsletter: str
    edition: str
    planned_at: datetime
    reason: str
    late: bool = False


# --- tracking ----------------------------------------------------------------------------------------------------


class EventKind(StrEnum):
    """What the ESP tells us later, in the words of the field; `other` keeps what is not known yet."""

    PROCESSED = "processed"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing the ESP told us of one delivery. `raw` is its JSON as it came; `url` is empty where there is none.

    `delivery_id` is None where the event does not carry one of ours; `address` is then the only clue.
    """

    vendor_id: str
    kind: EventKind
    occurred_at: datetime
    delivery_id: str | None
    attempt: int | None
    address: str
    url: str
    reason: str
    machine: bool
    raw: str

    def __post_init__(self) -> None:
        _aware("occurred_at", self.occurred_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that we must not mail, and why. `scope` is `all` or the slug of a list."""

    address_key: int
    reason: str
    scope: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """A send in numbers that balance: candidates = accepted + excluded + refused + in_doubt + pending."""

    edition: str
    list: str
    kind: SendKind
    state: str
    candidates: int
    accepted: int
    excluded: Mapping[str, int]
    refused: Mapping[str, int]
    in_doubt: int
    pending: int
    batches: Mapping[str, int]
    started_at: datetime | None
    finished_at: datetime | None
    facts: Mapping[str, int] = field(default_factory=dict)
    """Deliveries by what became of them, as events told: delivered, bounced, …"""
    sent_twice: int = 0
    """Readers with events of two attempts: the promise was broken for them, and it is said."""

    def __post_init__(self) -> None:
        total = self.accepted + sum(self.excluded.values()) + sum(self.refused.values())
        total += self.in_doubt + self.pending
        if total != self.candidates:
            raise ValueError(f"{self.edition} does not balance: {self.candidates} candidates, {total} accounted for")


GRACE = timedelta(minutes=10)
"""How late a send is still on time."""
