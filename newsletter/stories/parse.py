"""One story file → a `Story`, or all of its faults."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from newsletter.errors import ContentError, Fault
from newsletter.model import Approval, Block, Image, Organisation, Source, Status, Story
from newsletter.stories import frontmatter
from newsletter.stories.citations import citations
from newsletter.stories.fields import Fields, nearest
from newsletter.stories.frontmatter import line_of
from newsletter.stories.images import Picture, look
from newsletter.stories.markdown import blocks_of, link_problem
from newsletter.stories.nodes import Node
from newsletter.stories.seal import digest

LARGEST = 1_000_000
"""Bytes of a story file; the longest story is a hundredth of it."""

KEYS = (
    "headline", "section", "newsletters", "status", "approved", "author", "go_live", "expires", "priority", "sources",
    "byline", "image", "url", "corrects",
)  # fmt: skip
"""What front matter may hold."""

_NAME = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)-[a-z0-9]+(?:-[a-z0-9]+)*\.md\Z")
_STEM = re.compile(r"\d{4}-\d\d-\d\d-[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def parse_story(path: Path, raw: bytes, *, organisation: Organisation, images: Path, shown: str) -> Story:
    """The story of a file's bytes. `images` is the folder content/images; `shown` is the path as editors know it.

    Raises `ContentError` with every fault of name, front matter and body, in the order of their lines.
    """
    faults: list[Fault] = []
    on = _date_of(path, shown, faults)
    text = decode(raw, shown)
    parts = frontmatter.split(text)
    if parts is None:
        problem = "a story begins with front matter: a line `---`, lines of `key: value`, and a line `---`"
        raise ContentError((*faults, Fault(shown, 1, problem)))
    front = frontmatter.read(parts.front, path=shown)
    fields = Fields(front.entries, shown, organisation.zone, [*faults, *front.faults])
    blocks, body_faults = blocks_of(
        unicodedata.normalize("NFC", parts.body), first_line=parts.body_line, organisation=organisation, path=shown
    )
    story = _Draft(fields, images, {}).story(path.stem, on, blocks, organisation, whole=front.whole)
    found = sorted((*fields.faults, *body_faults), key=lambda fault: fault.line)
    if found or story is None:
        raise ContentError(tuple(found))
    return story


def decode(raw: bytes, shown: str) -> str:
    """The text of a file. Raises `ContentError` where it is no text, not UTF-8, empty or too large."""
    if len(raw) > LARGEST:
        raise ContentError((Fault(shown, 0, f"{len(raw):,} bytes is more than a story file may have ({LARGEST:,})"),))
    if not raw.strip():
        raise ContentError((Fault(shown, 0, "the file is empty: write the story, or remove the file"),))
    if b"\x00" in raw:
        problem = (
            "this is not a text file: save it as plain text in UTF-8, or bring it in with `newsletter story import`"
        )
        raise ContentError((Fault(shown, 0, problem),))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise ContentError((Fault(shown, line, problem),)) from error
    if match := _CONTROL.search(text):
        line = text.count("\n", 0, match.start()) + 1
        problem = f"an invisible control character (U+{ord(match[0]):04X}) stands in this line: remove it"
        raise ContentError((Fault(shown, line, problem),))
    return text


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
    """Front matter on its way to a story; `pictures` fills with the image files that were looked at."""

    fields: Fields
    images: Path
    pictures: dict[str, Picture]

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
        seen = tuple(self._seen(block) if isinstance(block, Image) else block for block in blocks)
        if headline is None or section is None or on is None:
            return None
        story = Story(
            slug=slug, path=fields.path, date=on, headline=headline, section=section, blocks=seen, digest="",
            citations=citations(seen, organisation),
            lines={key: line_of(entry.key) for key, entry in fields.entries.items()},
            **read,  # type: ignore[arg-type]  # each value has its field's type; one dict keeps this short
        )  # fmt: skip
        return replace(story, digest=digest(story, {src: picture.sha256 for src, picture in self.pictures.items()}))

    def _required(self, key: str, value: str | None) -> None:
        if value is None and self.fields.value(key) is None:
            entry = self.fields.entries.get(key)
            line = line_of(entry.key) if entry else 1
            self.fields.faults.append(Fault(self.fields.path, line, f"`{key}` is missing: add a line `{key}: …`"))

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
            "image": self._image(),
            "url": self._url(fields, "url"),
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
        return Source(outlet=outlet, access=inner.text("access"), url=self._url(inner, "url"))

    def _url(self, fields: Fields, key: str) -> str | None:
        url = fields.text(key)
        if url is None:
            return None
        problem = link_problem(url) if url.lower().startswith("http") else f"`{key}` begins with https://, not {url!r}"
        if problem is not None:
            fields.fault(fields.entries[key].value, problem)
            return None
        return url

    def _corrects(self) -> str | None:
        slug = self.fields.text("corrects")
        if slug is not None and not _STEM.match(slug):
            node = self.fields.entries["corrects"].value
            self.fields.fault(
                node, f"`corrects` names a story file without .md, as 2026-05-01-port-tariffs, not {slug!r}"
            )
            return None
        return slug

    def _image(self) -> Image | None:
        node = self.fields.value("image")
        inner = self.fields.inner(node, "image") if node is not None else None
        if inner is None or node is None:
            return None
        inner.known(("src", "alt", "credit"), " of `image`")
        src = inner.text("src")
        if src is None:
            self.fields.fault(node, "`image` names its file: {src: images/<name>, alt: …}")
            return None
        return self._seen(Image(src=src, alt=inner.text("alt") or "", credit=inner.text("credit"), line=line_of(node)))

    def _seen(self, image: Image) -> Image:
        """The image with its size, once its file was looked at."""
        if not image.alt:
            self._image_fault(image, f"the image {image.src!r} has no alt: say in words what it shows")
        if "://" in image.src or image.src.startswith("//"):
            problem = link_problem(image.src)
            if problem is not None or not image.src.lower().startswith("https://"):
                self._image_fault(image, f"the image {image.src!r} is neither images/<name> nor an https address")
            return image
        picture = self.pictures.get(image.src) or look(image.src, self.images)
        if isinstance(picture, str):
            self._image_fault(image, picture)
            return image
        self.pictures[image.src] = picture
        return replace(image, width=picture.width, height=picture.height)

    def _image_fault(self, image: Image, problem: str) -> None:
        self.fields.faults.append(Fault(self.fields.path, image.line, problem))
