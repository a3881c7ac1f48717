"""What is no story of a newsletter yet: press releases and old digests. They are read as well as they go, and told."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from newsletter.model import Organisation, Paragraph, plain
from newsletter.stories.importing.draft import Doubt, Dropped
from newsletter.stories.importing.page import Line, Sheet, key
from newsletter.stories.importing.sentences import has_inner_stop
from newsletter.stories.importing.split import label_keys
from newsletter.stories.words import words_of

END_MARK = re.compile(r"[-–—] ?(?:(?!MORE\b)[A-ZÀ-Þ]{2,8}|30) ?[-–—]\Z")
"""What ends a press release: the sender's short name, or 30, between dashes."""

HASHES = re.compile(r"#(?: ?#){2,}\Z")
"""Ends a press release too, but is a rule between paragraphs elsewhere."""

DASH = re.compile(r"—| – | - |--")
DATELINE_LENGTH = 75

PHONE = re.compile(
    r"(?<![\w/.-])(?:\+\d[\d ()./-]{7,20}\d|\(\d{2,5}\) ?\d{3,4}[ .-]?\d{2,5}"
    r"|\d{3}[.-]\d{3}[.-]\d{4}|0\d{2,5}[ /-]\d{3,8})(?!\w)"
)
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")

DATED = re.compile(
    r"(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./](?:\d\d){1,2}"
    r"|\b\d{1,2}(?:\.|,|st|nd|rd|th)?(?: de)?(?: \w+)?(?: de)?,? (?:19|20)\d\d)\Z"
)
"""A day at the end of a title, in figures or words, in the orders of several languages."""


def cut_boilerplate(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Without what stands after the end mark of a press release: its lines are dropped, up to the next label.

    Three hashes are an end mark only under a dateline.
    """
    labels = label_keys(organisation)
    released = any(is_dateline(line.text) for line in sheet.written)
    lines: list[Line] = []
    dropped: list[list[Line]] = []
    inside = begun = False
    for line in sheet.lines:
        if inside:
            inside = key(line.text) not in labels
        elif begun and _is_end(line.text, organisation, released=released):
            inside = True
            dropped.append([])
        begun = begun or bool(line.text)
        lines.append(Line(number=line.number, text="") if inside else line)
        if inside and line.text:
            dropped[-1].append(line)
    gone = tuple(Dropped(line.number, line.text) for part in dropped for line in part)
    sheet = replace(sheet, lines=tuple(lines), dropped=(*sheet.dropped, *gone))
    return sheet.warn(*(_cut(part[0], len(part) - 1) for part in dropped))


def _cut(mark: Line, count: int) -> Doubt:
    return Doubt(mark.number, f"“{mark.text}” ends a press release; it was left out, with the lines after it: {count}")


def _is_end(text: str, organisation: Organisation, *, released: bool) -> bool:
    if END_MARK.match(text) or (released and HASHES.match(text)):
        return True
    return text.strip("-–—.* ").casefold() in words_of(organisation.language).ends and len(text) <= 12


def is_dateline(text: str) -> bool:
    """Whether a paragraph begins as a press release does: "Porthaven, OH – Roe said …", "PORTHAVEN (Agency) — …"."""
    found = DASH.search(text, 0, DATELINE_LENGTH)
    place = text[: found.start()].strip() if found else ""
    words = re.findall(r"[^\s,()]+", place)
    if not words or has_inner_stop(place) or not place[0].isupper():
        return False
    if not all(word[0].isupper() or word[0].isdigit() or len(word) <= 3 for word in words):
        return False
    return "," in place or place.endswith(")") or (len(place) > 3 and place.isupper())


def warn_of_release(sheet: Sheet) -> Sheet:
    """Warns of a story whose first paragraph has a dateline: its form is a press release's."""
    first = next((block for block in sheet.blocks if isinstance(block, Paragraph)), None)
    if first is None or first.run_in is not None or not is_dateline(plain(first.spans)):
        return sheet
    return sheet.warn(
        Doubt(first.line, "this reads like a press release (it begins with a dateline); write it as a story")
    )


def warn_of_contacts(sheet: Sheet) -> Sheet:
    """Warns of telephone numbers and mail addresses: a newsletter goes to thousands, and keeps them for good."""
    found = ((line.number, PHONE.search(line.text) or EMAIL.search(line.text)) for line in sheet.written)
    return sheet.warn(*(Doubt(number, _CONTACT.format(contact=place[0])) for number, place in found if place))


_CONTACT = "personal data: “{contact}” would go to every reader; remove it, unless the person agreed"


def warn_of_digest(sheet: Sheet) -> Sheet:
    """Warns of a title with a date, and of several items that each end in a contact line: an issue, not a story."""
    if sheet.headline is not None and DATED.search(sheet.headline):
        sheet = sheet.warn(Doubt(sheet.headline_line, _ISSUE.format(headline=sheet.headline)))
    contacts = [
        block
        for block in sheet.blocks
        if isinstance(block, Paragraph) and block.run_in and (PHONE.search(plain(block.spans)) or _mail(block))
    ]
    heads = Counter((block.run_in or "").casefold() for block in contacts)
    several = [block for block in contacts if heads[(block.run_in or "").casefold()] > 1]
    return sheet.warn(Doubt(several[0].line, _DIGEST.format(count=len(several)))) if several else sheet


def _mail(block: Paragraph) -> bool:
    return EMAIL.search(plain(block.spans)) is not None


_ISSUE = "the headline “{headline}” ends in a date, as the title of an issue does; write the story's own headline"
_DIGEST = "{count} contact lines: this reads like a digest of several items; cut the text into a file for each"
