"""Stories: typed blocks, not a string of HTML, so that each template can set them its own way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from newsletter.model.instants import aware


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
        aware("approved.at", self.at)


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
        aware("go_live", self.go_live)
        aware("expires", self.expires)

    @property
    def standing(self) -> Standing:
        if self.status is not Status.APPROVED:
            return Standing(self.status.value)
        if self.approval is None:
            return Standing.UNSEALED
        return Standing.APPROVED if self.approval.digest == self.digest else Standing.CHANGED
