"""Run-in heads: "The deal: Both sides …" → the head and the text after it; and whose voice a head is.

The form of a head is the same in every language; what tells it from a sentence with a colon are words of the
language (`stories.words`), and the marks and leads are the organisation's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from newsletter.model import Organisation
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.importing.sentences import has_inner_stop, starts_lower
from newsletter.stories.voices import is_voice
from newsletter.stories.words import Words, words_of

WORD_LIMIT = 8
CHARACTER_LIMIT = 60

COLON = re.compile(r"(?<!\d):(?!//)|:(?!\d|//)")
"""Not of a clock time, a ratio or an address."""

OPENERS = "“‘\"'([«„¿¡"
PAIRS = (("“", "”"), ("(", ")"), ("[", "]"), ("«", "»"), ("„", "“"))

BILL = re.compile(r"(?:[A-Z][A-Za-z]{0,4}\.\s?)+\d[\d-]*\Z")
"""A bill or a paragraph by its number: "H.R. 4090"."""

BOLD = re.compile(r"(?P<mark>\*\*|__|\*)(?P<head>[^*_:\s](?:[^*:]{0,58}[^*_:\s])?)(?P<end>:?)(?P=mark)(?P<after>:?)")
"""Marks that a mail program or Markdown puts around bold text, with the colon inside or after them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as head and rest. Without a head, `rest` is the whole text; `doubt` says what an editor should see."""

    head: str | None
    rest: str
    doubt: str | None = None


def read_head(text: str, organisation: Organisation, *, first: bool = False) -> Reading:
    """Finds the run-in head of a paragraph or item: one in bold marks is certain, and so are the organisation's leads
    and voices; others are found by their form.

    `first` is for a story's first paragraph, where capitals and a colon are a dateline.
    """
    certain = _bold(text) or _lead(text, organisation)
    if certain is not None:
        return certain
    doubtful = None
    for start, end in _marks(text, organisation.head_marks):
        reading = _at_mark(text, start, end, organisation, first=first)
        if reading.head is not None:
            return reading
        doubtful = doubtful or reading
    return doubtful or Reading(None, text)


def _bold(text: str) -> Reading | None:
    found = BOLD.match(text)
    if found is None:
        return None
    head, rest = found["head"].strip(), text[found.end() :].strip()
    marked = bool(found["end"] or found["after"]) or head.endswith("…")
    return Reading(head, rest) if marked and not rest.startswith(":") and any(map(str.isalnum, head)) else None


def _lead(text: str, organisation: Organisation) -> Reading | None:
    """A head of the organisation's `leads`, which has no mark but its own ellipsis."""
    for lead in map(normalise, organisation.leads):
        if text[: len(lead)].casefold() == lead.casefold() and not text[len(lead) : len(lead) + 1].isalnum():
            return Reading(text[: len(lead)], text[len(lead) :].strip())
    return None


def _marks(text: str, marks: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where a head may end and its text begin: the first of each mark, the nearest first."""
    found = [match for mark in marks if (match := _pattern(mark).search(text, 0, CHARACTER_LIMIT + 2))]
    yield from sorted((match.start(), match.end()) for match in found if match.start() <= CHARACTER_LIMIT)


def _pattern(mark: str) -> re.Pattern[str]:
    return COLON if mark == ":" else re.compile(rf"\s?{re.escape(mark)}(?=\s)")


def _at_mark(text: str, start: int, end: int, organisation: Organisation, *, first: bool) -> Reading:
    head, rest = text[:start].strip(), text[end:].strip()
    voice = voice_of(head, organisation) if head and rest[:1] != ":" else None
    if voice == "known":
        return Reading(head, rest)
    if not _has_form(head, text[end:]):
        return Reading(None, text)
    words = words_of(organisation.language)
    mark = text[start:end].strip()
    reason = None if voice == "guess" else _prose(head, rest, words, first=first)
    if reason := reason or _aside(mark, rest):
        return Reading(None, text, f"“{_shown(head, mark)}” is kept as text, not as a run-in head: {reason}")
    glued = rest and not text[end].isspace()
    return Reading(head, rest, f"no space after “{head}:”; one was put in" if glued else None)


def _shown(head: str, mark: str) -> str:
    return f"{head}:" if mark == ":" else f"{head} {mark}"


def _has_form(head: str, after: str) -> bool:
    """Whether it can be a head at all: short, capital first, no sentence inside, its quotes and brackets paired."""
    bare = head.lstrip(OPENERS)
    if not bare or not bare[0].isalnum() or starts_lower(bare):
        return False
    if len(head) > CHARACTER_LIMIT or len(head.split()) > WORD_LIMIT or has_inner_stop(head):
        return False
    if not _is_paired(head):
        return False
    if not after or after[0].isspace():
        return not after.strip().startswith(":")
    return len(bare) > 1 and (after[0] in OPENERS or after[0].isupper())


def _is_paired(head: str) -> bool:
    if "„" in head:
        return head.count("„") == head.count("“") + head.count("”")
    pairs = all(head.count(opening) == head.count(closing) for opening, closing in PAIRS[:-1])
    return pairs and head.count('"') % 2 == 0


def _prose(head: str, rest: str, words: Words, *, first: bool) -> str | None:
    """The reason why something of a head's form is a part of a sentence."""
    said = re.findall(r"\w+", head.casefold())
    if starts_lower(rest) and not words.small_after:
        return "the text after it begins with a small letter"
    if BILL.match(head):
        return "it is a number of a bill or a paragraph"
    if said and said[-1] in words.speech:
        return "it tells who spoke"
    if not words.finite.isdisjoint(said) and not head.casefold().lstrip(OPENERS).startswith(words.questions):
        return "it reads as a sentence"
    if first and len(head) > 3 and head.isupper():
        return "it stands where a dateline does"
    return None


def _aside(mark: str, rest: str) -> str | None:
    """Dashes come in pairs where they set something apart: only an odd number leaves one for a head."""
    if mark == ":":
        return None
    sentence = re.split(r"[.!?](?:\s|\Z)", rest, maxsplit=1)[0]
    return "a second one in the sentence sets something apart" if sentence.count(f" {mark} ") % 2 else None


def voice_of(head: str, organisation: Organisation) -> Literal["known", "guess"] | None:
    """`known` where the head is one of the organisation's voices, `guess` where an acronym speaks ("The ABC says").

    An outlet's acronym is no association's. A guess is for a person to confirm: by an entry in `voices`.
    """
    if is_voice(head, organisation):
        return "known"
    words = words_of(organisation.language)
    *name, verb = head.split() or [""]
    if name and name[0].casefold() in words.articles:
        name = name[1:]
    if len(name) != 1 or verb not in words.says or not re.fullmatch(r"[A-ZÄÖÜ]{2,6}", name[0]):
        return None
    outlets = {called for outlet in organisation.outlets for called in (outlet.name, *outlet.aliases)}
    return None if name[0] in outlets else "guess"
