"""Long lines of HTML are folded where a line break means the same as a space, or nothing.

A mail's line has at most 998 bytes (RFC 5322, 2.1.1); the compiler gives the whole body in one.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 998
"""Bytes of a line of mail, without its end (RFC 5322, 2.1.1)."""

_FULL: Final = 160
"""Where folding begins: early, so that a long attribute after it still fits, and the source can be read."""

_TOKENS: Final = re.compile(r"<!--.*?-->|<(style|title)\b.*?</\1>|<[^>]*>|[^<]+", re.DOTALL)
_BLOCK_END: Final = frozenset({"p", "ul", "ol", "li", "table", "tbody", "tr", "h1", "h2", "h3", "h4", "blockquote"})
"""Elements after whose end white space is never shown. Not `div`: columns are inline blocks, parted by white space."""


def fold(html: str) -> str:
    """The same HTML in lines of about 160 bytes: broken after blocks, at spaces in text and before attributes.

    Comments (Outlook's conditional ones) and styles are left as they are; so is what stands in one word.
    """
    out: list[str] = []
    width = 0
    for token in (match[0] for match in _TOKENS.finditer(html)):
        piece = token
        if width + len(token) > _FULL and not token.startswith(("<!--", "<style", "<title")):
            piece = _fold_tag(token) if token.startswith("<") else _fold_text(token, _FULL - width)
        if piece.startswith("</") and piece[2:-1].strip().lower() in _BLOCK_END and width + len(piece) > _FULL // 2:
            piece += "\n"
        out.append(piece)
        _, newline, tail = piece.rpartition("\n")
        width = len(tail) if newline else width + len(piece)
    return "".join(out)


def _fold_tag(tag: str) -> str:
    """A break between the tag's name and its first attribute, if it has one."""
    return re.sub(r"\A(<[a-zA-Z][\w:-]*) ", r"\1\n", tag)


def _fold_text(text: str, room: int) -> str:
    """A break at the last space before the room is used up, and so on; ordinary spaces only."""
    lines: list[str] = []
    rest = text
    while len(rest) > room:
        cut = rest.rfind(" ", 0, max(room, 0) + 1)
        if cut < 0:
            cut = rest.find(" ", max(room, 0))
        if cut < 0:
            break
        lines.append(rest[:cut])
        rest = rest[cut + 1 :]
        room = _FULL
    return "\n".join([*lines, rest])


def long_lines(text: str) -> list[int]:
    """The numbers (from 1) of the lines that are too long for a mail, in UTF-8 bytes."""
    return [
        number
        for number, line in enumerate(text.split("\n"), start=1)
        if len(line) > LONGEST // 4 and len(line.encode()) > LONGEST
    ]
