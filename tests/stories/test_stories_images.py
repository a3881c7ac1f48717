"""Sizes by the heads of picture files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.stories.images import pixels

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 1200, 600)
APP = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF" + b"\0" * 10
JPEG = b"\xff\xd8" + APP + b"\xff\xff\xc2" + struct.pack(">HBHH", 17, 8, 600, 1200)
RIFF = b"RIFF\0\0\0\0WEBP"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (1200, 600)),
        (b"GIF87a" + struct.pack("<HH", 1200, 600), (1200, 600)),
        (JPEG, (1200, 600)),
        (RIFF + b"VP8 " + b"\0" * 10 + struct.pack("<HH", 1200, 600), (1200, 600)),
        (RIFF + b"VP8L" + b"\0" * 4 + b"\x2f" + struct.pack("<I", 1199 | 599 << 14), (1200, 600)),
        (RIFF + b"VP8X" + b"\0" * 8 + (1199).to_bytes(3, "little") + (599).to_bytes(3, "little"), (1200, 600)),
        (b"<svg/>", None),
        (b"", None),
        (b"\xff\xd8\xff\xd9", None),
        (RIFF + b"ICCP" + b"\0" * 20, None),
    ],
)
def test_a_size(data: bytes, size: tuple[int, int] | None) -> None:
    """PNG, GIF, JPEG past its other segments, the three kinds of WebP; anything else has none."""
    assert pixels(data) == size


@given(st.sampled_from([PNG, JPEG, b"GIF89a", RIFF + b"VP8 ", RIFF + b"VP8L", RIFF + b"VP8X"]), st.data())
def test_a_damaged_head_has_no_size(data: bytes, draw: st.DataObject) -> None:
    """A file that was cut anywhere never raises."""
    pixels(data[: draw.draw(st.integers(0, len(data)))] + draw.draw(st.binary(max_size=4)))
