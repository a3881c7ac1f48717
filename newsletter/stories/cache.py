"""What was parsed before, kept in a file: JSON lines, one for each story, so that ten thousand are listed in a second.

JSON, not pickle: a damaged or foreign cache can do no harm, and it reads faster here than frozen classes unpickle.
orjson, since the standard library's reader takes twice its time, a tenth of a second for ten thousand stories.
The cache only saves time; anything odd in it is as if it were not there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from newsletter import errors, model
from newsletter.model import Organisation, Story
from newsletter.stories.thaw import frozen_of, story_of

Stamp = tuple[int, int, int]
"""Of a file: mtime and ctime in nanoseconds, size. A change within one tick of the clock of the same size would
need a ctime as well.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one file: its stamp, those of its images by their `src`, and its story as a line of JSON."""

    stamp: Stamp
    images: tuple[tuple[str, Stamp], ...]
    line: bytes
    story: Story


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp of a file that was looked at."""
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size


def entry_of(name: str, stamp: Stamp, images: tuple[tuple[str, Stamp], ...], story: Story) -> Entry:
    """An entry for a story that was parsed just now."""
    line = orjson.dumps([name, stamp, images, frozen_of(story)])
    return Entry(stamp, images, line, story)


def read(path: Path, organisation: Organisation) -> dict[str, Entry]:
    """The entries by file name; none where the cache is missing, damaged, of another version of this room or for an
    organisation that has changed since.
    """
    try:
        head, *lines = path.read_bytes().splitlines()
        return dict(map(_entry, lines)) if head == _key(organisation) else {}
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return {}


def write(path: Path, organisation: Organisation, entries: Mapping[str, Entry]) -> None:
    """Keeps the entries: written beside, then put in place. Where that cannot be done, nothing is kept."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_key(organisation) + b"\n")
                file.writelines(entry.line + b"\n" for entry in entries.values())
            Path(beside).replace(path)
        except OSError:
            Path(beside).unlink(missing_ok=True)


def _entry(line: bytes) -> tuple[str, Entry]:
    name, stamp, images, frozen = orjson.loads(line)
    places = tuple((src, _stamp(of)) for src, of in images)
    return name, Entry(_stamp(stamp), places, line, story_of(frozen))


def _stamp(values: Any) -> Stamp:
    mtime, ctime, size = values
    return mtime, ctime, size


def _key(organisation: Organisation) -> bytes:
    return hashlib.sha256(f"{_version()} {organisation!r}".encode()).hexdigest().encode()


@cache
def _version() -> str:
    """A hash of the code that makes stories out of files, so that no one has to remember to raise a number."""
    files = [
        *sorted(Path(__file__).parent.glob("*.py")),
        *sorted(Path(model.__file__).parent.glob("*.py")),
        Path(errors.__file__),
    ]
    code = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{code} {version('markdown-it-py')} {version('pyyaml')}"
