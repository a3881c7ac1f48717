"""Characters that no text of a mail may hold, wherever it was written."""

from __future__ import annotations

import unicodedata
from typing import Final

_BREAKING: Final = frozenset(["Cc", "Cs", "Zl", "Zp"])
"""Controls, line ends among them, and halves of characters."""

_OVERRIDES: Final = frozenset("\u202d\u202e")
"""They show what follows in another order than it is written in: nobody needs them but to deceive."""

_ENDS: Final = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
"""Marks that set a piece apart which runs in the other direction, each with the one that ends it (UAX 9)."""


def unfit(text: str) -> str | None:
    """The first character, as `U+202E`, that breaks its line or turns the direction of what follows it; None for none.

    Joiners of emoji families and of Persian or Hindi letters, soft hyphens, no-break spaces and marks of one letter's
    direction are letters like others; so is a piece in the other direction that ends within the text.
    """
    if text.isprintable():  # most need no more than this look
        return None
    waiting: list[str] = []
    for char in text:
        if char in _OVERRIDES or unicodedata.category(char) in _BREAKING:
            return named(char)
        if char in _ENDS:
            waiting.append(char)
        elif waiting and char == _ENDS[waiting[-1]]:
            waiting.pop()
    return named(waiting[-1]) if waiting else None


def named(char: str) -> str:
    """`U+202E`."""
    return f"U+{ord(char):04X}"
