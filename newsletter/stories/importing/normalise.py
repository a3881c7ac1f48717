"""One run of text as a person would have typed it: no traces of the page it was copied from.

Letters and digits stay, each of them; quotation marks and dashes stay as they are. Only spaces, invisible characters
and spaced-out ellipses change. Doing it twice changes nothing.
"""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Controls, soft hyphens, zero-width spaces, stray marks and halves of characters. The joiners U+200C and U+200D stay:
Persian, Hindi and emoji are written with them.
"""

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the order of the letters after them, for what is not theirs too where their end was not copied. They
are among the invisible; U+200E and U+200F, which only hint at a direction, are not.
"""

SPACES = re.compile(r"(?P<kept>(?<=\d)[\u00a0\u202f](?=\w))|\s+")
"""A single no-break space between a number and its unit is typography ("104 billion"); any other is not."""

ELLIPSES = ((re.compile(r"(?<=\w)\. \. \. \."), ". …"), (re.compile(r"\.(?: \.){2,}"), "…"))

BEFORE_CLOSING = re.compile(r" ([.,;:)])(?=[\s.,;:)”’\"']|$)")
"""Not before ".5": a mark that closes is followed by a space, by its like, or by nothing."""

AFTER_OPENING = re.compile(r"(?<![^\s(\[—–“])([“(\[]) (?=\S)")
"""Not after a German closing mark: what opens stands at the start, after a space, a dash or its like."""

BEFORE_CLOSING_QUOTE = re.compile(r" ”(?=[\s.,;:!?)]|$)")

GAP = re.compile(r"(?<=\S)(?!(?<=\d)\u00a0\w)(?=\s*\u00a0)\s+(?=\S)")
"""A run of spaces with a no-break space in it, between words; not one that `SPACES` keeps."""


def normalise(text: str) -> str:
    """The text in NFC, on one line, with single spaces, none at its ends, none where a link left one."""
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    text = SPACES.sub(lambda found: found["kept"] or " ", text).strip()
    for pattern, ellipsis in ELLIPSES:
        text = pattern.sub(ellipsis, text)
    text = BEFORE_CLOSING.sub(r"\1", text)
    text = AFTER_OPENING.sub(r"\1", text)
    return BEFORE_CLOSING_QUOTE.sub("”", text)


def link_gaps(raw: str) -> tuple[tuple[str, str], ...]:
    """The words before and after each no-break space that `normalise` makes a plain one.

    Content systems put them at the borders of links; the text that is copied keeps them and loses the links.
    """
    text = INVISIBLE.sub("", raw)
    gaps = []
    for found in GAP.finditer(text):
        before, after = text[max(0, found.start() - 60) : found.start()], text[found.end() : found.end() + 60]
        gaps.append((before.split()[-1], after.split()[0]))
    return tuple(gaps)
