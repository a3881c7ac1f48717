"""One story file → a `Story`, or all of its faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from newsletter.errors import ContentError, Fault
from newsletter.model import Approval, Block, Organisation, Source, Status, Story
from newsletter.stories.citations import citations
from newsletter.stories.fields import Fields, nearest
from newsletter.stories.figures import Figures
from newsletter.stories.frontmatter import line_of
from newsletter.stories.nodes import Node
from newsletter.stories.opened import LARGEST, opened
from newsletter.stories.seal import digest

KEYS = (
    "headline", "section", "newsletters", "status", "approved", "author", "go_live", "expires", "priority", "sources",
    "byline", "image", "url", "corrects",
)  # fmt: skip
"""What front matter may hold."""

_NAME = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)-[a-z0-9]+(?:-[a-z0-9]+)*\.md\Z")
_STEM = re.compile(r"\d{4}-\d\d-\d\d-[a-z0-9]+(?:-[a-z0-9]+)*\Z")


def parse_story(path: Path, raw: bytes, *, organisation: Organisation, images: Path, shown: str) -> Story:
    """The story of a file's bytes. `images` is the folder content/images; `shown` is the path as editors know it.

    Raises `ContentError` with every fault of name, front matter and body, in the order of their lines.
    """
    faults: list[Fault] = []
    on = _date_of(path, shown, faults)
    file = opened(raw, what="a story", organisation=organisation, shown=shown, before=tuple(faults))
    draft = _Draft(file.fields, Figures(file.fields, images))
    story = draft.story(path.stem, on, file.blocks, organisation, whole=file.whole)
    file.require()
    if story is None:
        raise ContentError(tuple(file.fields.faults))
    return story


def raw_status(raw: bytes) -> str | None:
    """What a file says of its status, read as kindly as can be: for files that do not parse."""
    match = re.search(rb"^status:[ \t]*[\"']?([A-Za-z]+)", raw[:LARGEST], re.MULTILINE)
    return match[1].decode().lower() if match else None


def _date_of(path: Path, shown: str, faults: list[Fault]) -> date | None:
    match = _NAME.match(path.name)
    try:
        return date.fromisoformat(match["date"] if match else "")
    except ValueError:
        problem = "a story file is named YYYY-MM-DD-slug.md, in lower-case letters, digits and hyphens: rename it"
        faults.append(Fault(shown, 0, problem))
        return None


@dataclass(frozen=True, slots=True)
class _Draft:
    """Front matter on its way to a story."""

    fields: Fields
    figures: Figures

    def story(
        self, slug: str, on: date | None, blocks: tuple[Block, ...], organisation: Organisation, *, whole: bool
    ) -> Story | None:
        """The story; None where something is at fault that it cannot be without."""
        fields = self.fields
        fields.known(KEYS)
        headline, section = fields.text("headline"), fields.slug("section")
        if whole:
            self._required("headline", headline)
            self._required("section", section)
        read = self._optional()
        seen = self.figures.seen_in(blocks)
        if headline is None or section is None or on is None:
            return None
        story = Story(
            slug=slug, path=fields.path, date=on, headline=headline, section=section, blocks=seen, digest="",
            citations=citations(seen, organisation),
            lines={key: line_of(entry.key) for key, entry in fields.entries.items()},
            **read,  # type: ignore[arg-type]  # each value has its field's type; one dict keeps this short
        )  # fmt: skip
        return replace(story, digest=digest(story, self.figures.hashes))

    def _required(self, key: str, value: str | None) -> None:
        if value is None and self.fields.value(key) is None:
            self.fields.fault_of_file(f"`{key}` is missing: add a line `{key}: …`", key)

    def _optional(self) -> Mapping[str, object]:
        fields = self.fields
        go_live, expires = fields.moment("go_live"), fields.moment("expires")
        if go_live is not None and expires is not None and expires <= go_live:
            fields.fault(fields.entries["expires"].value, "`expires` is not after `go_live`: the story could never go")
        return {
            "status": self._status(),
            "approval": self._approval(),
            "newsletters": fields.slugs("newsletters"),
            "priority": fields.number("priority", low=1, high=999) or 0,
            "author": fields.text("author"),
            "byline": fields.text("byline"),
            "go_live": go_live,
            "expires": expires,
            "sources": self._sources(),
            "image": self.figures.image("image"),
            "url": fields.url("url"),
            "corrects": self._corrects(),
        }

    def _status(self) -> Status:
        word = self.fields.text("status") or Status.DRAFT.value
        if word not in tuple(Status):
            node = self.fields.entries["status"].value
            self.fields.fault(
                node, f"`status: {word}` is not a status: {nearest(word, (each.value for each in Status))}"
            )
            return Status.DRAFT
        return Status(word)

    def _approval(self) -> Approval | None:
        node = self.fields.value("approved")
        inner = self.fields.inner(node, "approved") if node is not None else None
        if inner is None or node is None:
            return None
        inner.known(("by", "at", "digest"), " of `approved`")
        by, at, seal = inner.text("by"), inner.moment("at"), inner.text("digest")
        if by is None or at is None or seal is None or not re.fullmatch(r"sha256:[0-9a-f]{64}", seal):
            self.fields.fault(node, "this seal is not whole: remove the line, and run `newsletter story approve` again")
            return None
        return Approval(by=by, at=at, digest=seal)

    def _sources(self) -> tuple[Source, ...]:
        node = self.fields.value("sources")
        items = () if node is None else node.items if node.items is not None else (node,)
        return tuple(source for item in items if (source := self._source(item)) is not None)

    def _source(self, node: Node) -> Source | None:
        if node.text is not None:
            return Source(outlet=node.text.strip())
        inner = self.fields.inner(node, "sources")
        if inner is None:
            return None
        inner.known(("outlet", "access", "url"), " of a source")
        outlet = inner.text("outlet")
        if outlet is None:
            self.fields.fault(node, "a source names its `outlet`")
            return None
        return Source(outlet=outlet, access=inner.text("access"), url=inner.url("url"))

    def _corrects(self) -> str | None:
        slug = self.fields.text("corrects")
        if slug is not None and not _STEM.match(slug):
            node = self.fields.entries["corrects"].value
            self.fields.fault(
                node, f"`corrects` names a story file without .md, as 2026-05-01-port-tariffs, not {slug!r}"
            )
            return None
        return slug
