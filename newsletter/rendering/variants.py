"""Pictures made once for each content and width: what was made is noted, so that a warm render unpacks nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from newsletter.rendering import gifs, pictures
from newsletter.rendering.published import is_published, name_of, publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """`originals` is content/images; `published` keeps what mails show; `notes` may be removed at any time."""

    originals: Path
    published: Path
    notes: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A published file: its size in bytes and pixels, and the size of the upright original in pixels."""

    name: str
    byte_count: int
    width: int
    height: int
    original_width: int
    original_height: int
    still: bool


def variant(folders: Folders, path: Path, width: int, plate: str) -> Variant:
    """The published picture of a file for a place `width` pixels wide, made where it is not there yet.

    Raises PictureError, ConfigError where it cannot be published, OSError where the file cannot be read.
    """
    found = path.stat()
    pictures.refuse_heavy(found.st_size)  # asked before it is read
    digest = _digest(path, (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size))
    key = f"{path.stem} {digest} {width} {plate} {_recipe()}"
    note = folders.notes / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json"
    known = _read(note)
    if known is not None and is_published(folders.published, known.name, known.byte_count):
        return known
    made = pictures.make(path.read_bytes(), width, plate)
    name = name_of(path.stem, made.data, made.width, made.suffix)
    publish(folders.published, name, made.data)
    new = Variant(
        name=name, byte_count=len(made.data), width=made.width, height=made.height, still=made.still,
        original_width=made.original_width, original_height=made.original_height,
    )  # fmt: skip
    _write(note, new)
    return new


@lru_cache(maxsize=1024)
def _digest(path: Path, stamp: tuple[int, int, int, int]) -> str:
    """The sha256 of a file, read once while its stamp stays."""
    del stamp
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _recipe() -> str:
    """A hash of how pictures are made: after a change of it, or of Pillow, each is made anew."""
    code = b"".join(Path(module.__file__ or "").read_bytes() for module in (pictures, gifs))
    return f"{hashlib.sha256(code).hexdigest()[:16]} {version('pillow')}"


def _read(note: Path) -> Variant | None:
    """None where there is no note, or one that somebody has damaged."""
    try:
        known = Variant(**json.loads(note.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    counts = (known.byte_count, known.width, known.height, known.original_width, known.original_height)
    return known if isinstance(known.name, str) and all(isinstance(count, int) for count in counts) else None


def _write(note: Path, of: Variant) -> None:
    """Beside its place, then renamed; where that cannot be done, it is made anew next time."""
    draft = note.with_name(f".{note.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(asdict(of)), encoding="utf-8")
            draft.replace(note)
        except OSError:
            draft.unlink(missing_ok=True)
