"""Pictures as they are printed and published, and the bounds of what editors may hand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST_BYTES: Final = 20_000_000
"""Of a picture's file, as a camera or an editor gives it."""

LARGEST_PIXELS: Final = 64_000_000
"""Width times height: more than phones and cameras make (50 million). A file of some kB can unpack to far more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPicture:
    """A picture of ours as a message prints it: which published file, and what it was made from.

    name                          the published file; its bytes never change under this name
    src                           what the HTML says: an address, or `cid:…` where the mail carries the picture
    original, where               as the story writes it, and `path:line` of that place
    asked                         pixels of width that the look has for it
    shown_width, shown_height     the numbers in the HTML; never wider than the original
    width, height, byte_count     of the published file, which may be twice as wide as it is shown
    original_width                of the file that editors gave, upright
    still                         it moved, and only its first frame is shown
    """

    name: str
    src: str
    original: str
    where: str
    asked: int
    shown_width: int
    shown_height: int
    width: int
    height: int
    byte_count: int
    original_width: int
    still: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPicture:
    """A picture that the mail carries. The HTML shows it as `cid:` and `content_id`, which holds its digest."""

    name: str
    media_type: str
    content: bytes

    @property
    def content_id(self) -> str:
        """An id with both halves that RFC 2392 asks for."""
        return f"{self.name}@images"
