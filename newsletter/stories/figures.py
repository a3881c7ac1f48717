"""The images that a file of editors shows: read from its front matter and body, and looked at under content/images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from newsletter.errors import Fault
from newsletter.model import Block, Image
from newsletter.stories.fields import Fields
from newsletter.stories.frontmatter import line_of
from newsletter.stories.images import Picture, look
from newsletter.stories.markdown import link_problem


@dataclass(frozen=True, slots=True)
class Figures:
    """The images of one file. Faults go to `fields`; `folder` is content/images; `found` fills with what was seen."""

    fields: Fields
    folder: Path
    found: dict[str, Picture] = field(default_factory=dict)

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of each picture that was looked at, by its `src`."""
        return {src: picture.sha256 for src, picture in self.found.items()}

    def image(self, key: str) -> Image | None:
        """The image of a front-matter entry, with its size."""
        node = self.fields.value(key)
        inner = self.fields.inner(node, key) if node is not None else None
        if inner is None or node is None:
            return None
        inner.known(("src", "alt", "credit"), f" of `{key}`")
        src = inner.text("src")
        if src is None:
            self.fields.fault(node, f"`{key}` names its file: {{src: images/<name>, alt: …}}")
            return None
        return self.seen(Image(src=src, alt=inner.text("alt") or "", credit=inner.text("credit"), line=line_of(node)))

    def seen_in(self, blocks: Iterable[Block]) -> tuple[Block, ...]:
        """The blocks of a body, their images with their sizes."""
        return tuple(self.seen(block) if isinstance(block, Image) else block for block in blocks)

    def seen(self, image: Image) -> Image:
        """The image with its size, once its file was looked at."""
        if not image.alt:
            self._fault(image, f"the image {image.src!r} has no alt: say in words what it shows")
        if "://" in image.src or image.src.startswith("//"):
            problem = link_problem(image.src)
            if problem is not None or not image.src.lower().startswith("https://"):
                self._fault(image, f"the image {image.src!r} is neither images/<name> nor an https address")
            return image
        picture = self.found.get(image.src) or look(image.src, self.folder)
        if isinstance(picture, str):
            self._fault(image, picture)
            return image
        self.found[image.src] = picture
        return replace(image, width=picture.width, height=picture.height)

    def _fault(self, image: Image, problem: str) -> None:
        self.fields.faults.append(Fault(self.fields.path, image.line, problem))
