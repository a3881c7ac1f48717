"""The two lines that an inbox shows of an edition: its subject, and the preheader after it."""

from __future__ import annotations

import re
from datetime import date

from newsletter.errors import ConfigError
from newsletter.model import Newsletter, Paragraph, Story, Wording, plain
from newsletter.stories.spans import squash

SHORTEST, LONGEST = 40, 130
"""Characters of a preheader: less leaves a gap for the mail's first words, more is cut by every client."""


def subject_of(newsletter: Newsletter, lead: Story, on: date, wording: Wording) -> str:
    """The newsletter's `subject` with the lead's headline, the title and the date (`May 4, 2026`) filled in.

    Raises `ConfigError` where `subject` has another name in braces.
    """
    try:
        return squash(newsletter.subject.format(lead=lead.headline, title=newsletter.title, date=wording.day(on)))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"newsletters/{newsletter.slug}.toml: subject {newsletter.subject!r} has something in braces that is not "
            "{lead}, {title} or {date}: mend it"
        ) from error


def preheader_of(newsletter: Newsletter, stories: tuple[Story, ...], subject: str, wording: Wording) -> str:
    """The lead's lede without its source, then the other headlines, as far as 130 characters go; 40 at least, cut at
    a word, and never the subject again.
    """
    lead, others = stories[0], stories[1:]
    also = wording.also.format(headlines="; ".join(story.headline for story in others)) if others else ""
    parts = [_lede(lead), also, newsletter.tagline, wording.today.format(title=newsletter.title)]
    text = ""
    for part in map(_harmless, parts):
        if len(text) < SHORTEST and part and not _repeats(part, subject):
            text = f"{text} {part}".strip()
    return _cut(text)


def _lede(story: Story) -> str:
    """The first paragraph without its sources in parentheses."""
    text = next((plain(block.spans) for block in story.blocks if isinstance(block, Paragraph) and block.spans), "")
    known = {word.casefold() for source in story.citations for word in (source.outlet, source.access) if word}
    return re.sub(r"\s*\(([^()]+)\)", lambda match: "" if _is_source(match[1], known) else match[0], text)


def _is_source(inside: str, known: set[str]) -> bool:
    """Whether each part between parentheses is one of the story's outlets, or ends in one of its access notes."""
    parts = (part.strip().casefold().rpartition(",") for part in inside.split(";"))
    return all(f"{name}{comma}{note}" in known or name in known or note.strip() in known for name, comma, note in parts)


def _harmless(text: str) -> str:
    """The text without what the ESP would take for a token."""
    return squash(re.sub(r"\[{2,}", "[", text))


def _repeats(text: str, subject: str) -> bool:
    return text.casefold().strip(" .…") == subject.casefold().strip(" .…")


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head = text[:LONGEST].rpartition(" ")[0]
    head = head if len(head) >= SHORTEST else text[: LONGEST - 1]
    return head.rstrip(" ,;:–—-.(") + "…"
