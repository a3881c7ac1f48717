"""Run-in heads: "The deal: Both sides …" → the head and the text after it; and whose voice a head is.

The form of a head is the same in every language; what tells it from a sentence with a colon knows English words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from newsletter.model import Organisation
from newsletter.stories.importing.sentences import has_inner_stop, starts_lower
from newsletter.stories.voices import is_voice

WORD_LIMIT = 8
CHARACTER_LIMIT = 60

COLON = re.compile(r"(?<!\d):(?!//)|:(?!\d|//)")
"""Not of a clock time, a ratio or an address."""

OPENERS = "“‘\"'([«„"
PAIRS = (("“", "”"), ("(", ")"), ("[", "]"), ("«", "»"))

BILL = re.compile(r"(?:[A-Z][A-Za-z]{0,4}\.\s?)+\d[\d-]*\Z")
"""A bill or a paragraph by its number: "H.R. 4090"."""

FINITE = re.compile(r"\b(?:am|is|are|was|were|been|has|had|will|would|can|could|should|must|might|did|does)\b")
QUESTIONS = ("what", "why", "how", "who", "whose", "where", "when", "which")
SPEECH = re.compile(r"\b(?:said|told|added|wrote|asked|noted|explained|replied|stated|declared|announced|continued)\Z")

GUESSED_VOICE = re.compile(r"(?:The )?(?P<acronym>[A-Z]{2,6}) says\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as head and rest. Without a head, `rest` is the whole text; `doubt` says what an editor should see."""

    head: str | None
    rest: str
    doubt: str | None = None


def read_head(text: str, organisation: Organisation, *, first: bool = False) -> Reading:
    """Finds the run-in head of a paragraph or item by its form; one of the organisation's voices always is one.

    `first` is for a story's first paragraph, where capitals and a colon are a dateline.
    """
    found = COLON.search(text, 0, CHARACTER_LIMIT + 1)
    if found is None:
        return Reading(None, text)
    head, rest = text[: found.start()].strip(), text[found.end() :].strip()
    if head and not rest.startswith(":") and voice_of(head, organisation) == "known":
        return Reading(head, rest)
    if not _has_form(head, text[found.end() :]):
        return Reading(None, text)
    if reason := _prose(head, rest, first=first):
        return Reading(None, text, f"“{head}:” is kept as text, not as a run-in head: {reason}")
    glued = rest and not text[found.end()].isspace()
    return Reading(head, rest, f"no space after “{head}:”; one was put in" if glued else None)


def _has_form(head: str, after: str) -> bool:
    """Whether it can be a head at all: short, capital first, no sentence inside, its quotes and brackets paired."""
    bare = head.lstrip(OPENERS)
    if not bare or not bare[0].isalnum() or starts_lower(bare):
        return False
    if len(head) > CHARACTER_LIMIT or len(head.split()) > WORD_LIMIT or has_inner_stop(head):
        return False
    if any(head.count(opening) != head.count(closing) for opening, closing in PAIRS) or head.count('"') % 2:
        return False
    if not after or after[0].isspace():
        return not after.strip().startswith(":")
    return len(bare) > 1 and (after[0] in OPENERS or after[0].isupper())


def _prose(head: str, rest: str, *, first: bool) -> str | None:
    """The reason why something of a head's form is a part of a sentence."""
    if starts_lower(rest):
        return "the text after it begins with a small letter"
    if BILL.match(head):
        return "it is a number of a bill or a paragraph"
    if SPEECH.search(head):
        return "it tells who spoke"
    if FINITE.search(head) and not head.casefold().startswith(QUESTIONS):
        return "it reads as a sentence"
    if first and len(head) > 3 and head.isupper():
        return "it stands where a dateline does"
    return None


def voice_of(head: str, organisation: Organisation) -> Literal["known", "guess"] | None:
    """`known` where the head is one of the organisation's voices, `guess` where an acronym speaks ("The ABC says").

    An outlet's acronym is no association's. A guess is for a person to confirm: by an entry in `voices`.
    """
    if is_voice(head, organisation):
        return "known"
    found = GUESSED_VOICE.match(head)
    if found is None:
        return None
    outlets = {name for outlet in organisation.outlets for name in (outlet.name, *outlet.aliases)}
    return None if found["acronym"] in outlets else "guess"
