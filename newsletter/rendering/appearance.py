"""A message's HTML as different clients show it: light, dark, turned dark by force, without its styles.

A frame of a page cannot be told which colour scheme its reader prefers. So the HTML's own media queries are answered
here: the same rules apply, or not, as in a client that prefers that scheme. What stands between reader and bytes is
changed; the message itself never is.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

Scheme = Literal["light", "dark", "inverted"]
"""`inverted` is what clients do that turn a light mail dark by force: each colour becomes its opposite."""

SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)

_STYLE: Final = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_PREFERS: Final = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_BOTH: Final = re.compile(r"(color-scheme\s*:\s*)(?:light\s+dark|dark\s+light)", re.IGNORECASE)
_META: Final = re.compile(r"""(<meta\b[^>]*\bname=["'](?:supported-)?color-schemes?["'][^>]*\bcontent=["'])[^"']*""")
_HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)

_TRUE: Final = "(min-width: 0)"
_FALSE: Final = "(max-width: 0)"
"""Media features of every window and of none, which may stand wherever `prefers-color-scheme` may."""

_ELSEWHERE: Final = '<base target="_blank" />'
"""Links of a preview open in a window of their own, not in the frame."""

_INVERTED: Final = (
    "<style>html { background: #ffffff; filter: invert(1) hue-rotate(180deg); }"
    " img { filter: invert(1) hue-rotate(180deg); }</style>"
)
"""The hue is turned back and pictures are left alone, as such clients do."""


def appearance(html: str, *, scheme: Scheme = "light", styles: bool = True) -> str:
    """The HTML as a client shows it that prefers `scheme`, or that drops every `<style>` element (`styles` False).

    Dark mode lives in `<style>`: with `styles` False only `inverted` still differs from `light`.
    """
    shown = _STYLE.sub("", html) if not styles else _STYLE.sub(lambda style: _answered(style[0], scheme), html)
    own = "dark" if scheme == "dark" else "light"
    shown = _META.sub(rf"\g<1>{own}", shown)
    added = _ELSEWHERE + (_INVERTED if scheme == "inverted" else "")
    return _HEAD.sub(lambda head: head[0] + added, shown, count=1)


def _answered(style: str, scheme: Scheme) -> str:
    """A `<style>` element with its questions for the preferred scheme answered."""
    preferred = "dark" if scheme == "dark" else "light"
    answered = _PREFERS.sub(lambda asked: _TRUE if asked[1].lower() == preferred else _FALSE, style)
    return _BOTH.sub(rf"\g<1>{preferred}", answered)
