"""Whether text can be read on what is behind it: WCAG 2.2's contrast, worked out in light and in each kind of dark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from newsletter.model import Finding
from newsletter.rendering import theme
from newsletter.rendering.proof.cascade import Look, looks
from newsletter.rendering.proof.case import Case, stop, warn
from newsletter.rendering.proof.colours import Colour, asked, contrast

_WORD: Final = re.compile(r"\w")
_SILENT: Final = frozenset(["style", "script", "title", "xml", "noscript", "head"])
_TEXT_NAMES: Final = ("ink", "muted", "accent", "band_ink")
"""Names that are sought first for a text's colour, where two of a theme are alike; the others for what is behind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A text's colour and what is behind it, as they are shown, and as the mail says them where a client inverts."""

    text: Colour
    behind: Colour
    needed: float
    said_text: Colour
    said_behind: Colour

    @property
    def ours(self) -> bool:
        """Both are what the mail says."""
        return (self.text, self.behind) == (self.said_text, self.said_behind)

    @property
    def ratio(self) -> float:
        return contrast(self.text, self.behind)


def legible(case: Case) -> Iterator[Finding]:
    """4.5:1, and 3:1 for large text (WCAG 2.2, 1.4.3): a stop where the mail's own colours are shown, light or dark;
    only a warning where a client inverts them by itself. One finding for each pair of colours.
    """
    light = list(_pairs(case, "light"))
    dark = [*_pairs(case, "dark"), *_pairs(case, "marked")]
    inverted = [(words, _inverted(pair)) for words, pair in light if pair.ratio >= pair.needed]
    told: set[tuple[str, str, float]] = set()
    for where, pairs, prefix in (("in light", light, ""), ("in dark", dark, "dark_"), ("inverted", inverted, "")):
        names = _names(case, prefix)
        for words, pair in pairs:
            key = (pair.text.hex, pair.behind.hex, pair.needed)
            if pair.ratio < pair.needed and key not in told:
                told.add(key)
                yield _finding(case, where, words, pair, names)


def _pairs(case: Case, scheme: Literal["light", "dark", "marked"]) -> Iterator[tuple[str, Pair]]:
    """Every text of the page that is shown. What Outlook.com's own rules leave, it inverts."""
    for element, look in looks(case.page, scheme):
        words = " ".join("".join(element.own).split())
        if element.tag not in _SILENT and look.shown and _WORD.search(words):
            yield words, _pair(look, marked=scheme == "marked")


def _pair(look: Look, *, marked: bool) -> Pair:
    behind = look.behind.inverted() if marked and not look.set_behind else look.behind
    text = look.text.inverted() if marked and not look.set_text else look.text
    said = look.text.over(look.behind)
    return Pair(text.over(behind), behind, asked(look.size_px, bold=look.bold), said, look.behind)


def _inverted(pair: Pair) -> Pair:
    return Pair(pair.text.inverted(), pair.behind.inverted(), pair.needed, pair.text, pair.behind)


def _names(case: Case, prefix: str) -> Mapping[str, str]:
    """The theme's names of colours and their values: `dark_…` in dark."""
    values = theme.resolve(case.newsletter.theme, newsletter=case.newsletter.slug)
    return {prefix + name: values[prefix + name].lower() for name in theme.COLOURS}


def _finding(case: Case, where: str, words: str, pair: Pair, names: Mapping[str, str]) -> Finding:
    text, behind = _name(pair.said_text, names, text=True), _name(pair.said_behind, names, text=False)
    told = f"{text or pair.said_text.hex} on {behind or pair.said_behind.hex}"
    shown = f" ({pair.text.hex} on {pair.behind.hex})" if text or behind or not pair.ours else ""
    ratio = int(pair.ratio * 10) / 10  # rounded down: 4.49 is not 4.5
    shade = "darker" if pair.said_behind.luminance > pair.said_text.luminance else "lighter"
    example = words if len(words) <= 40 else f"{words[:39].rstrip()}…"
    problem = (
        f"{where}, {told}{shown} {ratio:.1f}:1, {pair.needed:g} is asked; "
        f"choose a {shade} {text or 'colour'}, as in “{example}”"
    )
    level = stop if pair.ours else warn
    # a colour that is none of the theme's stands in a template
    strange = [colour.hex for colour, name in ((pair.said_text, text), (pair.said_behind, behind)) if not name]
    return level("contrast", problem, case.frame(*strange) if strange else case.settings)


def _name(colour: Colour, names: Mapping[str, str], *, text: bool) -> str:
    """The theme's name for a colour, of those that it is used as, or nothing."""
    found = [name for name, value in names.items() if value == colour.hex]
    of_text = [name for name in found if name.removeprefix("dark_") in _TEXT_NAMES]
    of_plates = [name for name in found if name not in of_text]
    first, second = (of_text, of_plates) if text else (of_plates, of_text)
    return (first or second or [""])[0]
