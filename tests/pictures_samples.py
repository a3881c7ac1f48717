"""Picture files as editors bring them, drawn here: a view with a gradient and grain, a chart, and odd ones."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageDraw

PLATE = "#fdfcfa"


def view(width: int = 1600, height: int = 900, mode: str = "RGB") -> Image.Image:
    """A photograph's stand-in: two gradients with grain, so that no two pixels are alike. Red grows to the right."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    grain = Image.frombytes("L", (width, height), random.Random(7).randbytes(width * height))
    grain = grain.point(lambda level: level // 8)
    return Image.merge("RGB", (across, Image.blend(down, grain, 0.2), grain)).convert(mode)


def chart(width: int = 1600, height: int = 900, mode: str = "RGB") -> Image.Image:
    """Flat colours with sharp edges; in RGBA the ground is transparent."""
    ground = (255, 255, 255, 0) if mode == "RGBA" else "white"
    image = Image.new(mode, (width, height), ground)
    draw = ImageDraw.Draw(image)
    for number in range(8):
        left = number * width // 8 + 20
        draw.rectangle((left, height - (number + 1) * height // 9, left + width // 12, height - 1), fill="#14566b")
    draw.line((0, height - 1, width, 0), fill="#8a3b1e", width=9)
    return image


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    into = BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def turned(orientation: int) -> bytes:
    """A JPEG as a camera held in that way writes it, with its place on earth: upright it is 600 × 400, the left half
    red and the right half blue.
    """
    upright = Image.new("RGB", (600, 400), "blue")
    upright.paste("red", (0, 0, 300, 400))
    back = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    held = upright if back is None else upright.transpose(back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "Ann Roe at home"
    exif.get_ifd(0x8825)[2] = (41.0, 24.0, 12.0)
    return saved(held, exif=exif, quality=95, comment=b"secret words", icc_profile=srgb())


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def moving(frames: int = 4, size: tuple[int, int] = (200, 100), **options: Any) -> bytes:
    """A GIF that moves, with a comment."""
    drawn = [Image.new("RGB", size, (40 * number, 90, 120)) for number in range(frames)]
    return saved(drawn[0], "GIF", save_all=True, append_images=drawn[1:], duration=200, loop=0, comment=b"secret words")


def png_head(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is that large: what unpacks to a bomb."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 4096)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
