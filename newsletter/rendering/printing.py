"""Pictures of one edition on their way into its mail: `printed(image, width)`, as each look asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from newsletter.errors import Fault
from newsletter.model import Block, Edition, EmbeddedPicture, Image, Newsletter, PrintedPicture, Story
from newsletter.rendering.links import ascii_address
from newsletter.rendering.pictures import PictureError
from newsletter.rendering.published import MEDIA_TYPES
from newsletter.rendering.variants import Folders, Variant, variant

COLUMN: Final = 536
"""Pixels: the mail's 600 without its margins of 32 at either side."""


@dataclass(kw_only=True)
class Printer:
    """Prints pictures, and remembers which. `places` are all that there are, each with the file that names it.

    Without `folders`, pictures of ours are named as they lie under content/images, unseen. `embed` has the mail carry
    them. `plate` lies under what is transparent. What is wrong with a picture is told at the end, all at once.
    """

    places: Iterable[tuple[str, Image]]
    base_url: str
    folders: Folders | None
    embed: bool
    plate: str
    _printed: dict[tuple[str, int], PrintedPicture] = field(default_factory=dict)
    _faults: dict[Fault, None] = field(default_factory=dict)

    def printed(self, image: Image, width: int) -> Image:
        """The picture for a place of `width` pixels: its address, and the numbers for `width` and `height`.

        Never wider than it is. One on the web of others keeps its own address and, where nobody knows it, has no
        height.
        """
        if "://" in image.src:
            return _sized(image, ascii_address(image.src), width)
        if self.folders is None:
            return _sized(image, f"{self._images}/{quote(image_path(image.src))}", width)
        found = self._printed.get((image.src, width)) or self._print(image, width, self.folders)
        if found is None:  # the fault is told when the template is filled
            return _sized(image, image.src, width)
        return replace(image, src=found.src, width=found.shown_width, height=found.shown_height)

    @property
    def _images(self) -> str:
        return f"{self.base_url.rstrip('/')}/images"

    def _print(self, image: Image, width: int, folders: Folders) -> PrintedPicture | None:
        path, line = self._place(image)
        file = folders.originals / image_path(image.src)
        try:
            if not file.resolve().is_relative_to(folders.originals.resolve()):
                raise PictureError(f"it leads out of {folders.originals}: put the file itself there")
            made = variant(folders, file, width, self.plate)
        except PictureError as error:
            self._faults[Fault(path, line, f"the picture {image.src}: {error}")] = None
        except OSError as error:
            missing = f"there is no picture {image.src}; put it into {folders.originals} or mend `src`"
            unread = f"the picture {image.src} cannot be read ({error.strerror}); see who may read it"
            self._faults[Fault(path, line, missing if not file.exists() else unread)] = None
        else:
            found = self._found(image, width, made, f"{path}:{line}" if line else path)
            self._printed[image.src, width] = found
            return found
        return None

    def _found(self, image: Image, width: int, made: Variant, where: str) -> PrintedPicture:
        shown = min(width, made.original_width)
        return PrintedPicture(
            name=made.name,
            src=f"cid:{made.name}@images" if self.embed else f"{self._images}/{made.name}",
            original=image.src, where=where, asked=width, shown_width=shown,
            shown_height=max(1, round(made.original_height * shown / made.original_width)),
            width=made.width, height=made.height, byte_count=made.byte_count, original_width=made.original_width,
            still=made.still,
        )  # fmt: skip

    def _place(self, image: Image) -> tuple[str, int]:
        """The file and line that name a picture."""
        return next(((path, one.line) for path, one in self.places if one.src == image.src), (image.src, image.line))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every picture that could not be printed, and why."""
        return tuple(self._faults)

    @property
    def pictures(self) -> tuple[PrintedPicture, ...]:
        """What was printed, each once for a width."""
        return tuple(self._printed.values())

    def embedded(self) -> tuple[EmbeddedPicture, ...]:
        """What the mail carries, once each."""
        if not self.embed or self.folders is None:
            return ()
        names = dict.fromkeys(found.name for found in self._printed.values())
        folder = self.folders.published
        return tuple(
            EmbeddedPicture(
                name=name, media_type=MEDIA_TYPES[name.rpartition(".")[2]], content=(folder / name).read_bytes()
            )
            for name in names
        )


def pictures_of_story(story: Story) -> Iterator[tuple[str, Image]]:
    """Every picture of a story with its file."""
    return ((story.path, image) for image in _images(story.image, story.blocks))


def image_path(src: str) -> str:
    """The path of a picture below content/images; a leading `images/`, as stories write it, is the folder itself."""
    path = PurePosixPath(src.lstrip("/"))
    return (path.relative_to("images") if path.parts[:1] == ("images",) else path).as_posix()


def pictures_of(edition: Edition, newsletter: Newsletter) -> Iterator[tuple[str, Image]]:
    """Every picture of an edition with the file that names it: stories, note, sponsors, corrections, the logo."""
    if newsletter.logo is not None:
        logo = Image(src=newsletter.logo.src, alt=newsletter.logo.alt)
        yield f"content/newsletters/{newsletter.slug}.toml", logo
    extras = edition.extras
    for story in edition.stories:
        yield from pictures_of_story(story)
    if extras.note is not None:
        yield from ((extras.note.path, image) for image in _images(None, extras.note.blocks))
    for sponsor in extras.sponsors:
        yield from ((sponsor.path, image) for image in _images(sponsor.image, sponsor.blocks))
    for correction in extras.corrections:
        yield from ((correction.path, image) for image in _images(None, correction.blocks))


def _images(first: Image | None, blocks: tuple[Block, ...]) -> Iterator[Image]:
    if first is not None:
        yield first
    yield from (block for block in blocks if isinstance(block, Image))


def _sized(image: Image, src: str, width: int) -> Image:
    """At this address, never wider than it is, its height in proportion."""
    shown = min(image.width or width, width)
    height = round(image.height * shown / image.width) if image.width and image.height else None
    return replace(image, src=src, width=shown, height=height)
