"""`<img>` → a picture that a story can have, or what an editor should know of it."""

from __future__ import annotations

import re

from newsletter.model import Image
from newsletter.stories.importing.html.styles import style_of
from newsletter.stories.importing.html.tree import Element
from newsletter.stories.importing.links import read_link
from newsletter.stories.spans import squash

SMALLEST = 3
"""Pixels. What is narrower or lower is no picture but a spacer, or tells a server that the mail was opened."""


def picture(at: Element) -> Image | str | None:
    """The picture, if it lies at an https address and says what it shows; in words why not; None for a pixel."""
    if _is_pixel(at):
        return None
    alt, src = squash(at.attributes.get("alt", "")), at.attributes.get("src", "").strip()
    shown = f"a picture (“{alt}”)" if alt else "a picture without a description"
    if src.startswith("images/") and alt:
        return Image(src=src, alt=alt, credit=squash(at.attributes.get("title", "")) or None)
    link = read_link(src) if re.match("https?:", src, re.IGNORECASE) else None
    if link is None or link.href is None or not link.href.lower().startswith("https:"):
        where = f" ({src[:80]})" if src and not src.startswith("data:") else ""
        return f"{shown} was left out here{where}; put its file into content/images and name it in the story"
    if not alt:
        return f"{shown} was left out here ({link.href}); a story's pictures say in words what they show"
    return Image(src=link.href, alt=alt, credit=squash(at.attributes.get("title", "")) or None)


def _is_pixel(at: Element) -> bool:
    style = style_of(at)
    sizes = (at.attributes.get(name, "") or style.get(name, "") for name in ("width", "height"))
    return any(_pixels(size) < SMALLEST for size in sizes)


def _pixels(size: str) -> int:
    found = re.match(r"\s*(\d{1,6})\s*(?:px)?\s*\Z", size, re.ASCII)
    return int(found[1]) if found else SMALLEST
