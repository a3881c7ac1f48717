"""The top of a story: its label, its headline, the alt text of its picture."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.model import Image, Organisation
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.lists import bullet_of
from newsletter.stories.importing.page import Line, Sheet, key
from newsletter.stories.importing.sentences import is_title_like, starts_lower
from newsletter.stories.importing.split import LABEL_LENGTH, is_repeated, label_keys
from newsletter.stories.importing.titles import as_headline, can_be_title, take_title, title_of

ALT_LENGTH = 150
MARKED = re.compile(r"(?:#{1,6} |(?P<mark>\*\*|__)(?=\S))(?P<text>[^*_#\s](?:[^*_#]*[^*_#\s])?)(?(mark)(?P=mark))\Z")
LABELS_AT_MOST = 6
"""Lines over a headline that are taken for labels and titles; more are text."""


def read_labels(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Takes the labels off the top, a few at most; the nearest to the headline is the story's.

    A known label is one wherever it stands; an unknown line is one where it is printed twice over a headline, or
    once over a known label: a guess, which is told.
    """
    labels = label_keys(organisation)
    for _ in range(LABELS_AT_MOST):
        first, second, third = (*sheet.written[:3], None, None, None)[:3]
        if first is None:
            break
        if key(first.text) in labels:
            sheet = replace(sheet.drop(first), section_label=first.text)
        elif second is not None and is_repeated(first, second):
            sheet = _take_repeated(sheet, first, second, third)
        elif second is not None and third is not None and key(second.text) in labels:
            sheet = _take_over_label(sheet, first, second, third)
        else:
            break
    return sheet


def _take_repeated(sheet: Sheet, first: Line, second: Line, third: Line | None) -> Sheet:
    if third is not None and is_title_like(third.text):
        doubt = Doubt(first.number, _REPEATED.format(text=first.text))
        return replace(sheet.drop(first, second).warn(doubt), section_label=first.text)
    return sheet.drop(second).warn(Doubt(second.number, f"the headline “{first.text}” stands twice; one was dropped"))


_REPEATED = (
    "“{text}” stands twice at the top and was taken for a label; if it is one, add it to labels in "
    "content/organisation.toml"
)


def _take_over_label(sheet: Sheet, first: Line, label: Line, third: Line) -> Sheet:
    """A line over a label is the page's title if a headline follows the label, else it is the headline."""
    if is_title_like(third.text) and len(first.text) <= LABEL_LENGTH and is_title_like(first.text):
        message = f"“{first.text}” over the label “{label.text}” was taken for the page's title"
        return sheet.drop(first).warn(Doubt(first.number, message))
    return replace(sheet.drop(label), section_label=label.text)


def read_headline(sheet: Sheet) -> Sheet:
    """Takes the document's heading, else the first line if it can be one; a colon in it makes no run-in head."""
    if not sheet.written:
        return sheet
    if title := title_of(sheet.written):
        return take_title(sheet, title)
    first = sheet.written[0]
    text = _bare(first.text)
    if not is_title_like(text) or bullet_of(first) is not None or not can_be_title(first):
        return sheet.warn(Doubt(first.number, "no headline was found: the first line reads as text; write one"))
    return as_headline(sheet, first, text)


def _bare(text: str) -> str:
    """The line without the marks that mail programs and Markdown put around a headline."""
    found = MARKED.match(text)
    return found["text"] if found else text


def read_alt(sheet: Sheet) -> Sheet:
    """Takes a bare line such as "a person at a lathe" between headline and first paragraph for a picture's alt text.

    It is listed as dropped too, since a story file needs a picture's file to carry it.
    """
    if sheet.headline is None or len(sheet.written) < 2:
        return sheet
    line = sheet.written[0]
    if line.styled is not None or not _is_alt(line, sheet.lines):
        return sheet
    message = f"“{line.text}” was taken for the alt text of a picture; add the picture, or put the line back"
    return replace(
        sheet.drop(line).warn(Doubt(line.number, message)), image=Image(src="", alt=line.text, line=line.number)
    )


def _is_alt(line: Line, lines: tuple[Line, ...]) -> bool:
    words = len(line.text.split())
    if not starts_lower(line.text) or words < 2 or len(line.text) > ALT_LENGTH or not line.text[-1].isalnum():
        return False
    after = next(at for at, other in enumerate(lines) if other is line) + 1
    return not lines[after].text and bullet_of(line) is None
