"""Where a sentence ends, and what looks like a title: the few rules of prose that the steps share."""

from __future__ import annotations

import re

from newsletter.stories.words import SHORT

ORDINAL = re.compile(r"\d{1,2}\.\Z")

INITIALS = re.compile(r"(?:\w\.)+\Z")

CLOSERS = "”“’‘\"')]»«› "
"""Closing marks of quotations in any language: German ones close with “, Danish ones with «."""

INNER_STOP = re.compile(r"(\S+[.!?…])[”“’‘\"')\]»«›]*\s")

TITLE_LENGTH = 120

ADDRESS = re.compile(r"https?://\S*\Z", re.IGNORECASE)


def is_abbreviation(word: str) -> bool:
    """Whether a word that ends in a period is one that always does ("No.", "U.S.", "a.m."); "no." is an answer."""
    bare = word.lstrip("“„«‘\"'([—–")
    return (bare != "no." and bare.casefold() in SHORT) or INITIALS.match(bare) is not None


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does, closing quotes and brackets aside."""
    bare = text.rstrip(CLOSERS)
    return bare.endswith((".", "!", "?", "…", "。")) and not is_abbreviation(bare.rsplit(None, 1)[-1])


def has_inner_stop(text: str) -> bool:
    """Whether a sentence ends before the text does. A day's number ends none ("Am 4. Mai")."""
    return any(not is_abbreviation(stop) and not ORDINAL.match(stop) for stop in INNER_STOP.findall(text))


def is_title_like(text: str) -> bool:
    """Whether the line can be a headline: at most 120 characters, at least a letter or digit, no full stop.

    A headline may end in "?", "!", or an abbreviation ("… in the U.S.").
    """
    if not 0 < len(text) <= TITLE_LENGTH or not any(char.isalnum() for char in text) or ADDRESS.match(text):
        return False
    bare = text.rstrip(CLOSERS)
    if bare.endswith((",", ";", ":")):
        return False
    return not bare.endswith((".", "。")) or is_abbreviation(bare.rsplit(None, 1)[-1])


def starts_lower(text: str) -> bool:
    """Whether the first character is a small letter: scripts without case are never small."""
    return text[:1].islower()
