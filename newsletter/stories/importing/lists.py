"""Bullets: which lines are items, and which items stand under which."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsletter.model import BulletList, Item
from newsletter.stories.importing.page import Line

BULLET = re.compile(r"(?:(?P<tight>[•◦▪●‣\uf0b7]) ?|(?P<spaced>[■□○▫⁃∙·➢►▶✓✔*-])(?: |$))(?P<text>.*)\Z")
"""Glyphs that make an item by themselves. U+F0B7 is what Word's symbol font leaves in plain text."""

DOUBTFUL = re.compile(r"(?P<glyph>[–—o]) (?P<text>.+)\Z")
"""Dashes and the letter are glyphs only where the line is indented, or a neighbour has the same."""

NESTING = 2
"""Columns by which an item stands deeper than the one before."""


@dataclass(frozen=True, slots=True)
class Bullet:
    """A line as an item: its glyph and the text after it, which may be empty."""

    glyph: str
    text: str


def bullet_of(line: Line) -> Bullet | None:
    """The line as an item by its glyph alone; None where it is none, or a doubtful one."""
    found = BULLET.match(line.text)
    return Bullet(found["tight"] or found["spaced"], found["text"]) if found else None


def bullets_of(written: tuple[Line, ...]) -> dict[int, Bullet]:
    """The items among a story's lines without the blank ones, by their place; doubtful glyphs decided."""
    doubtful = [DOUBTFUL.match(line.text) for line in written]
    bullets = {}
    for at, line in enumerate(written):
        if (bullet := bullet_of(line)) is not None:
            bullets[at] = bullet
        elif found := doubtful[at]:
            beside = [other["glyph"] for other in (*doubtful[max(0, at - 1) : at], *doubtful[at + 1 : at + 2]) if other]
            if line.indent or found["glyph"] in beside:
                bullets[at] = Bullet(found["glyph"], found["text"])
    return bullets


@dataclass(frozen=True, slots=True)
class Entry:
    """An item before it has its place: how far in it stands, with which glyph."""

    indent: int
    glyph: str
    item: Item


def nest(entries: tuple[Entry, ...]) -> tuple[BulletList, tuple[int, ...]]:
    """The items as a list of two levels, and the lines of those that stood deeper than the second.

    An item is under the one before if it stands deeper than the list's first, or has another glyph than that.
    """
    top = entries[0]
    under: list[tuple[Item, list[Item]]] = []
    second: Entry | None = None
    deeper = []
    for entry in entries:
        if entry is top or not _is_under(top, entry):
            under.append((entry.item, []))
            second = None
            continue
        if second is not None and entry.indent >= second.indent + NESTING:
            deeper.append(entry.item.line)
        second = second or entry
        under[-1][1].append(entry.item)
    items = tuple(replace(item, children=tuple(children)) for item, children in under)
    return BulletList(items=items, line=top.item.line), tuple(deeper)


def _is_under(top: Entry, entry: Entry) -> bool:
    return entry.indent >= top.indent + NESTING or (entry.glyph != top.glyph and entry.indent >= top.indent)
