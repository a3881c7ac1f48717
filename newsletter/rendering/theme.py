"""A newsletter's colours and fonts: what its file may name, the house's own where it names nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from newsletter.errors import ConfigError

COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    # name: (light, dark). No pure black or white: clients that force dark mode turn those into their opposite.
    "accent": ("#14566b", "#84c4d9"),
    "ink": ("#23272b", "#e4e1da"),
    "muted": ("#5d636a", "#a6abb0"),
    "rule": ("#dcd7cd", "#3b4147"),
    "paper": ("#fdfcfa", "#1d2125"),
    "canvas": ("#efece6", "#14171a"),
    "voice": ("#eef3f3", "#262d32"),
    "band": ("#14566b", "#0f3946"),
    "band_ink": ("#f8f6f1", "#eceae4"),
    "alert": ("#9c2f20", "#8a2c20"),
    "mount": ("#fdfcfa", "#fdfcfa"),
}
"""accent: section heads, links, the rule of the voice; ink: text; muted: dates, credits, sources; rule: thin lines;
paper: behind the text; canvas: around it; voice: behind the association's own voice; band and band_ink: a masthead
of `masthead = "band"` and its text; alert: the band of the look `alert`; mount: behind a logo, light in the dark too,
since a logo is drawn for paper. Each has a dark variant named `dark_…`.
"""

FONTS: Final[Mapping[str, str]] = {
    "head_font": "Georgia, 'Times New Roman', serif",
    # Segoe UI first: Outlook on Windows takes the first family, and falls back to Times where it lacks that
    "body_font": "'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, 'Helvetica Neue', Arial, sans-serif",
}

MASTHEADS: Final = ("plate", "band")
"""`plate`: the title on paper between rules; `band`: light on a band of colour."""

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}\Z")
_FAMILIES: Final = re.compile(r"(?:'[A-Za-z0-9 _-]+'|[A-Za-z0-9_-]+)(?:, ?(?:'[A-Za-z0-9 _-]+'|[A-Za-z0-9_-]+))*\Z")
_GENERIC: Final = ("serif", "sans-serif", "monospace", "system-ui")


def defaults() -> dict[str, str]:
    """Every name of a theme with the house's own value."""
    light = {name: pair[0] for name, pair in COLOURS.items()}
    dark = {f"dark_{name}": pair[1] for name, pair in COLOURS.items()}
    return light | dark | dict(FONTS) | {"masthead": MASTHEADS[0]}


def resolve(theme: Mapping[str, str], *, newsletter: str) -> dict[str, str]:
    """The theme with the house's values where it is silent.

    Raises ConfigError, which names the newsletter's file and each fault, for an unknown name or a bad value.
    """
    house = defaults()
    faults = [fault for name, value in theme.items() if (fault := _fault(name, value, house))]
    if faults:
        raise ConfigError("\n".join(f"content/newsletters/{newsletter}.toml: theme.{fault}" for fault in faults))
    return house | dict(theme)


def _fault(name: str, value: str, house: Mapping[str, str]) -> str | None:
    if name not in house:
        near = get_close_matches(name, house, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the names are {', '.join(house)}"
        return f"{name}: there is no such name; {hint}"
    if name == "masthead":
        return None if value in MASTHEADS else f"masthead: {value!r} is none of {', '.join(MASTHEADS)}"
    if name in FONTS:
        fits = _FAMILIES.match(value) and value.rsplit(",", 1)[-1].strip() in _GENERIC
        return (
            None
            if fits
            else (
                f"{name}: {value!r} is not a list of families such as {FONTS['head_font']!r}; put names with spaces in "
                f"single quotes and end with one of {', '.join(_GENERIC)}"
            )
        )
    return None if _HEX.match(value) else f"{name}: {value!r} is not a colour; write it as #rrggbb"
