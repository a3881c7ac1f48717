"""A picture's file as editors give it becomes one that mails can show: the sole home of Pillow.

Turned upright, in sRGB, without a word of what the camera wrote beside it (its place on earth above all), no larger
than twice what is printed, and as a JPEG or PNG, whichever weighs less.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from warnings import catch_warnings

from newsletter.model.pictures import LARGEST_BYTES, LARGEST_PIXELS
from newsletter.rendering.gifs import without_remarks

if TYPE_CHECKING:
    from PIL.Image import Image

DENSITY: Final = 2
"""Pixels of the file for a pixel of the mail: what phones and most desks show."""

QUALITY: Final = ((1.5, 72), (0.0, 82))
"""JPEG quality from a density on. Four small pixels hide what one large one would show (docs/decisions/0041)."""

LARGEST_ANIMATION: Final = 500_000
"""Bytes of a GIF that may move; of a heavier one the first frame is shown."""

EXACT_IS_WORTH: Final = 1.25
"""A PNG may weigh so much more than a JPEG: its lines and letters are sharp."""

_HOPELESS: Final = 8
"""A PNG made in a hurry that weighs so many times the JPEG is of a photograph: the best PNG would not catch up."""

_VISIBLE: Final = 2.0
"""Root mean square, in levels of 255, up to which a palette of 256 colours is not seen."""

_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


class PictureError(Exception):
    """A file that cannot be shown, in words for whoever gave it: what it is, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A picture for mails: its bytes, what they are (`jpg`, `png`, `gif`), their size in pixels, and the original's."""

    data: bytes
    suffix: str
    width: int
    height: int
    original_width: int
    original_height: int
    still: bool = False


def make(data: bytes, width: int, plate: str) -> Made:
    """A picture to be printed `width` pixels wide, at up to twice that; never larger than it is.

    `plate` (`#rrggbb`) lies under what is transparent. Raises PictureError.
    """
    _refuse(data)
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  0.1 s, and needed once for each picture

    # `_made` asks, exactly and in words: Pillow itself only warns, and refuses from twice as many on
    Image.MAX_IMAGE_PIXELS = None
    try:
        # metadata that is damaged is warned of on the terminal; it is thrown away in any case
        with catch_warnings(action="ignore"), Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _made(image, data, width, plate)
    except UnidentifiedImageError as error:
        raise PictureError("it is no PNG, JPEG, GIF or WebP file: save it as one of these") from error
    except (OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, MemoryError) as error:
        raise PictureError(f"it is damaged or cut off ({error}): save it anew, or ask for it again") from error


def refuse_heavy(byte_count: int) -> None:
    """Raise PictureError for a file that is not even read."""
    if byte_count > LARGEST_BYTES:
        raise PictureError(f"it has {byte_count:,} bytes, more than {LARGEST_BYTES:,}: save it smaller")


def _refuse(data: bytes) -> None:
    refuse_heavy(len(data))
    head = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise PictureError("it is an SVG drawing, which mail programs do not show: save it as PNG")


def _made(image: Image, data: bytes, width: int, plate: str) -> Made:
    if image.width * image.height > LARGEST_PIXELS:
        given = f"{image.width} × {image.height}"
        raise PictureError(f"it has {given} pixels, more than {LARGEST_PIXELS // 10**6} million: save it smaller")
    orientation = _orientation(image)
    upright = (image.height, image.width) if orientation in _SIDEWAYS else image.size
    moves = bool(getattr(image, "is_animated", False))
    if moves and image.format == "GIF" and upright[0] <= DENSITY * width:
        image.load()
        kept = without_remarks(data)
        if len(kept) <= LARGEST_ANIMATION:
            return Made(
                data=kept, suffix="gif", width=upright[0], height=upright[1], original_width=upright[0],
                original_height=upright[1],
            )  # fmt: skip
    size = fitting(upright, width)
    drawn = _turned(_scaled(_plain(image, size, orientation), size, orientation), orientation)
    flat = _flat(_in_srgb(drawn, image.info.get("icc_profile")), plate)
    density = size[0] / min(width, upright[0])
    found, suffix = _encoded(flat, density, photograph=image.format == "JPEG")
    return Made(
        data=found, suffix=suffix, width=size[0], height=size[1], original_width=upright[0], original_height=upright[1],
        still=moves,
    )  # fmt: skip


def fitting(original: tuple[int, int], width: int) -> tuple[int, int]:
    """Pixels of the file for a picture printed at `width`: twice that, or all there are."""
    wide = min(DENSITY * width, original[0])
    return wide, max(1, round(original[1] * wide / original[0]))


def _orientation(image: Image) -> int:
    """How the camera was held (EXIF, 1 to 8); 1 where that cannot be read."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, struct.error, TypeError, KeyError):
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _plain(image: Image, size: tuple[int, int], orientation: int) -> Image:
    """The picture in a mode that can be scaled: L, RGB, RGBA or CMYK."""
    across = size[::-1] if orientation in _SIDEWAYS else size
    image.draft(image.mode, across)  # a JPEG is unpacked no larger than needed
    image.load()
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits: convert alone would cut all off at 255
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.mode in {"L", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    if image.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _scaled(image: Image, size: tuple[int, int], orientation: int) -> Image:
    from PIL.Image import Resampling  # noqa: PLC0415  see make

    across = size[::-1] if orientation in _SIDEWAYS else size
    # reducing_gap: large steps by averaging first, four times as fast and no different to the eye
    return image if image.size == across else image.resize(across, Resampling.LANCZOS, reducing_gap=3.0)


def _turned(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose  # noqa: PLC0415  see make

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }  # fmt: skip
    return image.transpose(ways[orientation]) if orientation in ways else image


def _in_srgb(image: Image, profile: bytes | None) -> Image:
    """The colours as sRGB has them, which is what mail programs take every picture for."""
    from PIL import ImageCms  # noqa: PLC0415  see make

    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    if profile and colours.mode != "L":  # greys are greys in every profile
        # a profile that is damaged, or not of this picture: its numbers are taken as they are
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            colours = _transformed(colours, ImageCms.ImageCmsProfile(BytesIO(profile)))
    colours = colours if colours.mode in {"L", "RGB"} else colours.convert("RGB")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _transformed(image: Image, given: Any) -> Image:
    from PIL import ImageCms  # noqa: PLC0415  see make

    found = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return image if found is None else found


def _flat(image: Image, plate: str) -> Image:
    """Without transparency: dark lines on nothing would be gone in dark mode. And without metadata."""
    from PIL import Image as Images  # noqa: PLC0415  see make

    if image.mode == "RGBA":
        under = Images.new("RGBA", image.size, plate)
        image = Images.alpha_composite(under, image).convert("RGB")
    image.info.clear()  # Pillow writes comments and profiles from here, unasked
    return image


def _encoded(image: Image, density: float, *, photograph: bool) -> tuple[bytes, str]:
    """The bytes and their kind: of PNG, PNG with a palette, and JPEG what weighs least. A JPEG stays one."""
    quality = next(quality for least, quality in QUALITY if density >= least)
    # optimize, progressive: each some per cent less; 4:2:0: colour at half the width, as cameras have it
    jpeg = _saved(image, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0")
    if photograph or len(_saved(image, "PNG", compress_level=1)) > _HOPELESS * len(jpeg):
        return jpeg, "jpg"
    png = min(_pngs(image), key=len)
    return (png, "png") if len(png) <= EXACT_IS_WORTH * len(jpeg) else (jpeg, "jpg")


def _pngs(image: Image) -> Iterator[bytes]:
    from PIL import ImageChops, ImageStat  # noqa: PLC0415  see make

    yield _saved(image, "PNG", optimize=True)
    if image.mode == "RGB":
        few = image.quantize(256)
        error = ImageStat.Stat(ImageChops.difference(image, few.convert("RGB"))).rms
        if max(error) <= _VISIBLE:
            yield _saved(few, "PNG", optimize=True)


def _saved(image: Image, kind: str, **options: Any) -> bytes:
    into = BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()
