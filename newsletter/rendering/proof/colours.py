"""Colours, and how well one is read on another: WCAG 2.2's relative luminance and contrast ratio."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tinycss2.color3 import RGBA, parse_color

LARGE_PX: Final = 24.0
LARGE_BOLD_PX: Final = 18.66
"""Text is large from 18 pt, or from 14 pt where it is bold (WCAG 2.2, large scale)."""


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green, blue and opacity, each from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def hex(self) -> str:
        return "#" + "".join(f"{round(255 * part):02x}" for part in (self.red, self.green, self.blue))

    def over(self, behind: Colour) -> Colour:
        """What is seen of it on an opaque colour."""
        mixed = (
            front * self.alpha + back * (1 - self.alpha)
            for front, back in (
                (self.red, behind.red), (self.green, behind.green), (self.blue, behind.blue),
            )
        )  # fmt: skip
        return Colour(*mixed)

    def inverted(self) -> Colour:
        """The same hue, dark for light: what clients make of it that know no better (Gmail on iOS, Outlook's apps)."""
        hue, lightness, saturation = colorsys.rgb_to_hls(self.red, self.green, self.blue)
        return Colour(*colorsys.hls_to_rgb(hue, 1 - lightness, saturation), self.alpha)

    @property
    def luminance(self) -> float:
        """WCAG 2.2, relative luminance."""
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (self.red, self.green, self.blue)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


BLACK: Final = Colour(0, 0, 0)
WHITE: Final = Colour(1, 1, 1)
LINK_BLUE: Final = Colour(0, 0, 238 / 255)
"""Of a link that has no colour of its own (HTML, Rendering: `:link`)."""


@lru_cache(maxsize=1024)
def read_colour(text: str) -> Colour | None:
    """A colour as CSS writes it; None where it is none that clients know (`inherit`, `var(…)`, `oklch(…)`)."""
    found = parse_color(text)
    return Colour(found.red, found.green, found.blue, found.alpha) if isinstance(found, RGBA) else None


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2, contrast ratio: from 1 to 21."""
    dark, light = sorted((one.luminance, other.luminance))
    return (light + 0.05) / (dark + 0.05)


def asked(size_px: float, *, bold: bool) -> float:
    """The ratio that text of a size must have at least (WCAG 2.2, 1.4.3)."""
    return 3.0 if size_px >= LARGE_PX or (bold and size_px >= LARGE_BOLD_PX) else 4.5
