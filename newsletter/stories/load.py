"""The folder `content/stories` → the desk: every story, every fault, and the files that could not be read."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.errors import ContentError, Fault
from newsletter.model import Image, Organisation, Status, Story
from newsletter.stories import cache as kept
from newsletter.stories.images import picture_file
from newsletter.stories.parse import parse_story, raw_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file with faults. `status` is what it says of itself where that can be read at all."""

    slug: str
    path: str
    status: str | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All story files: those that parse, by name, and those that do not. `entries` is what the next load need not parse
    again.
    """

    stories: tuple[Story, ...]
    broken: tuple[Broken, ...] = ()
    entries: Mapping[str, kept.Entry] = field(default_factory=dict, compare=False, repr=False)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for file in self.broken for fault in file.faults)

    @property
    def approved_faults(self) -> tuple[Fault, ...]:
        """The faults of files that say they are approved: they stop an edition, since a story would be missing."""
        return tuple(fault for file in self.broken if file.status == Status.APPROVED for fault in file.faults)


def load_stories(
    content: Path, organisation: Organisation, *, cache: Path | None = None, before: Desk | None = None
) -> Desk:
    """The desk of a content folder. `cache` is a file for what was parsed before; without one all is parsed.

    Who loads again and again hands over the desk of `before`, of the same folder and organisation: it stands in for
    the cache file, which is then neither read nor written.

    Paths are shown relative to the working folder where they lie under it. A file that changes, its images, the
    organisation or this room's code are noticed; hidden files and those that do not end in .md are passed over.
    Raises `ContentError` where there is no folder `stories`.
    """
    with _without_collector():
        file = cache if before is None else None
        known = before.entries if before is not None else kept.read(file, organisation) if file is not None else {}
        desk = _load(content / "stories", _Images(content / "images"), organisation, known)
        if file is not None and desk.entries != known:
            kept.write(file, organisation, desk.entries)
        return desk


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hundreds of thousands of objects, none of them garbage: looking for cycles meanwhile doubles the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(folder: Path, looked: _Images, organisation: Organisation, before: Mapping[str, kept.Entry]) -> Desk:
    now: dict[str, kept.Entry] = {}
    broken: list[Broken] = []
    place = shown(folder)
    for name, stamp in _files(folder):
        entry = before.get(name)
        path = f"{place}/{name}"
        if entry is None or entry.stamp != stamp or entry.story.path != path or not looked.same(entry.images):
            try:
                entry = _parsed(folder / name, stamp, organisation, looked, path)
            except ContentError as error:
                broken.append(_broken(folder / name, path, error.faults))
                continue
        now[name] = entry
    return Desk(stories=tuple(entry.story for entry in now.values()), broken=tuple(broken), entries=now)


def _files(folder: Path) -> list[tuple[str, kept.Stamp]]:
    try:
        with os.scandir(folder) as found:
            names = ((each.name, each) for each in found if each.name.endswith(".md") and each.name[0] != ".")
            return sorted((name, _stamp(each)) for name, each in names)
    except (FileNotFoundError, NotADirectoryError) as error:
        problem = "there is no such folder: make it, or set NEWSLETTER_CONTENT to the folder that holds `stories`"
        raise ContentError((Fault(shown(folder), 0, problem),)) from error


def _stamp(entry: os.DirEntry[str]) -> kept.Stamp:
    try:
        return kept.stamp_of(entry.stat())
    except OSError:  # a link to nowhere: reading it says so
        return 0, 0, 0


def _parsed(path: Path, stamp: kept.Stamp, organisation: Organisation, looked: _Images, shown: str) -> kept.Entry:
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror}): see who may read it"
        raise ContentError((Fault(shown, 0, problem),)) from error
    story = parse_story(path, raw, organisation=organisation, images=looked.folder, shown=shown)
    return kept.entry_of(path.name, stamp, looked.of(story), story)


def _broken(path: Path, shown: str, faults: tuple[Fault, ...]) -> Broken:
    try:
        status = raw_status(path.read_bytes())
    except OSError:
        status = None
    return Broken(slug=path.stem, path=shown, status=status, faults=faults)


def shown(path: Path) -> str:
    """A path as editors know it: relative to the working folder where it lies under it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)


class _Images:
    """The stamps of image files, each looked up once a load."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamps: dict[str, kept.Stamp | None] = {}

    def stamp(self, src: str) -> kept.Stamp | None:
        if src not in self._stamps:
            path = picture_file(src, self.folder)
            self._stamps[src] = None if isinstance(path, str) else kept.stamp_of(path.stat())
        return self._stamps[src]

    def of(self, story: Story) -> tuple[tuple[str, kept.Stamp], ...]:
        """The local images of a story with their stamps."""
        images = [block for block in (story.image, *story.blocks) if isinstance(block, Image)]
        stamps = ((image.src, self.stamp(image.src)) for image in images if image.width is not None)
        return tuple((src, stamp) for src, stamp in stamps if stamp is not None)

    def same(self, images: tuple[tuple[str, kept.Stamp], ...]) -> bool:
        return all(self.stamp(src) == stamp for src, stamp in images)
