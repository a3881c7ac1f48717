"""One page → the lines of each story on it."""

from __future__ import annotations

from dataclasses import replace

from newsletter.model import Organisation
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.importing.numbered import headlines, split_numbered
from newsletter.stories.importing.page import Line, Sheet, key
from newsletter.stories.importing.sentences import TITLE_LENGTH, ends_sentence, is_title_like, starts_lower

LABEL_LENGTH = 60
HEADLINE_WORDS = 3
"""Fewer words are more likely a heading inside a story ("Background")."""


NUMBERED_STORIES = "{count} numbered headlines: if each begins a story, import the file again with --multi"


def split(sheet: Sheet, organisation: Organisation, *, multi: bool = False) -> tuple[Sheet, ...]:
    """A sheet for each story. What was dropped or noted so far stays with the first.

    A new story begins at a label, or after furniture, if a headline follows and the story before has some text. With
    `multi` it begins at each line that can be a headline too; numbered headlines are the only ones where there are.
    """
    numbered = headlines(sheet)
    if multi and numbered:
        return split_numbered(sheet, numbered)
    if numbered:
        line = sheet.lines[numbered[0]].number
        sheet = sheet.warn(Doubt(line, NUMBERED_STORIES.format(count=len(numbered))))
    return _split(sheet, organisation, multi=multi)


def _split(sheet: Sheet, organisation: Organisation, *, multi: bool) -> tuple[Sheet, ...]:
    labels = label_keys(organisation)
    starts = [0]
    read = 0
    written = [at for at, line in enumerate(sheet.lines) if line.text]
    unbroken = len(written) == len(sheet.lines)
    for place, at in enumerate(written):
        following = [sheet.lines[later] for later in written[place + 1 : place + 5]]
        bare = multi and (unbroken or _stands_apart(sheet.lines, at))
        if read >= 2 and _begins(sheet.lines[at], following, labels, bare=bare):
            starts.append(at)
            read = 0
        read += key(sheet.lines[at].text) not in labels
    parts = [sheet.lines[start:end] for start, end in zip(starts, [*starts[1:], len(sheet.lines)], strict=True)]
    later = (
        Sheet(lines=part).warn(Doubt(part[0].number, "another story begins here; each becomes a file of its own"))
        for part in parts[1:]
    )
    return (replace(sheet, lines=parts[0]), *later)


def label_keys(organisation: Organisation) -> frozenset[str]:
    """The organisation's section labels, as `key` has them."""
    return frozenset(key(normalise(label)) for label in organisation.labels)


def is_repeated(first: Line, second: Line) -> bool:
    """Whether a short line is printed twice, as pages print their own title."""
    return key(first.text) == key(second.text) and len(first.text) <= LABEL_LENGTH and is_title_like(first.text)


def _begins(line: Line, following: list[Line], labels: frozenset[str], *, bare: bool) -> bool:
    """Whether a story begins at the line; `bare` asks whether it does with nothing over its headline."""
    if not following:
        return False
    if key(line.text) in labels:
        titles = [other for other in following if key(other.text) not in labels]
        return bool(titles) and is_title_like(titles[0].text)
    if len(following) > 1 and is_repeated(line, following[0]):
        return is_title_like(following[1].text)
    return (line.after_furniture or bare) and is_headline(line.text, following[0].text)


def is_headline(text: str, following: str) -> bool:
    """Whether a line inside a page can be a story's headline: like a title, of three words at least, over a text."""
    if not is_title_like(text) or len(text.split()) < HEADLINE_WORDS:
        return False
    bare = text.lstrip("“„«‘\"'¿¡")
    return bare[:1].isalnum() and not starts_lower(bare) and (ends_sentence(following) or len(following) > TITLE_LENGTH)


def _stands_apart(lines: tuple[Line, ...], at: int) -> bool:
    """Whether blank lines are around a line: it is not part of a text that was wrapped."""
    return not any(line.text for line in (*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2]))
