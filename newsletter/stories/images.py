"""The pictures of stories: found under content/images, their size read from the file's own head."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from newsletter.model import LARGEST_BYTES, LARGEST_PIXELS


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's file: the sha256 of its bytes (hexadecimal) and its size in pixels."""

    sha256: str
    width: int
    height: int


def picture_file(src: str, images: Path) -> Path | str:
    """The file that `src` (`images/port.jpg`) names under the folder `images`, or what is wrong with it."""
    if "\\" in src or not src.startswith("images/") or ".." in src.split("/"):
        return f"the image {src!r} is not under content/images: put it there and write images/<name>"
    path = images / src.removeprefix("images/")
    try:
        inside = path.resolve().is_relative_to(images.resolve())
        if not inside:
            return f"the image {src!r} leads out of content/images: put the file itself there"
        if not path.is_file():
            return f"the image {src!r} is not there: put the file into content/images, or mend the name"
    except (OSError, ValueError):
        return f"the image {src!r} is not a file name that can be read: give the file a short plain name"
    return path


def look(src: str, images: Path) -> Picture | str:
    """A picture as it is on disk, or what is wrong with it."""
    path = picture_file(src, images)
    if isinstance(path, str):
        return path
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return f"the image {src!r} has more than {LARGEST_BYTES:,} bytes: save it smaller"
        data = path.read_bytes()
    except OSError as error:
        return f"the image {src!r} cannot be read ({error.strerror}): see who may read it"
    size = pixels(data)
    if size is None or min(size) < 1:
        return f"the image {src!r} {_what_else(data)}"
    if size[0] * size[1] > LARGEST_PIXELS:
        many = f"{size[0]} × {size[1]} pixels"
        return f"the image {src!r} has {many}, more than {LARGEST_PIXELS // 10**6} million: save it smaller"
    return Picture(hashlib.sha256(data).hexdigest(), *size)


def _what_else(data: bytes) -> str:
    """What a file is that is no picture for mails."""
    if data[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        return "is an SVG drawing, which mail programs do not show: save it as PNG"
    return "is not a PNG, JPEG, GIF or WebP file: save it as one of these"


def pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height by the head of a PNG, JPEG, GIF or WebP file; None for anything else, or a damaged head."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return _pair(">II", data, 16)
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return _pair("<HH", data, 6)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return None
    return None


def _pair(form: str, data: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, data, at)
    return int(first), int(second)


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """The frame header's size (ITU T.81, B.2.2): the first SOF marker, which C4, C8 and CC are not."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = _pair(">HH", data, at + 5)
            return width, height
        elif marker in (0xD9, 0xDA):
            return None
        else:
            at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """Size by the first chunk of a WebP container (RFC 9649 §2.5 to 2.7)."""
    match data[12:16]:
        case b"VP8 ":
            width, height = _pair("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int(struct.unpack_from("<I", data, 21)[0])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None
