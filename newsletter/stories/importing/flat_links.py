"""Links that were flattened when a text was copied: `survey (https://…)`, `survey <https://…>`, `[survey](https://…)`,
a bare address.
"""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.model import Span, Spans, plain
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.links import Link, read_link
from newsletter.stories.importing.page import Line, Sheet
from newsletter.stories.importing.styled import Kind, Styled, cut, settled

_PART = r"[A-Za-z0-9_.~:/?#@!$&'*+,;=%-]"
_URL = rf"https?://{_PART}+(?:\({_PART}*\){_PART}*)*"
FLATTENED = re.compile(
    r"(?<![^\s<>()\[\]])(?P<word>[^\s<>()\[\]]*[^\W_][”’\"'%]?) ?"
    rf"(?:\((?P<round>{_URL})\)|<(?P<angle>{_URL})>|\[(?P<square>{_URL})\])"
)
MARKED = re.compile(rf"\[(?P<word>[^\[\]]{{1,200}})\]\((?P<url>{_URL})\)")
NAME = re.compile(r"(?:[^\W\d_a-z][\w’'&.-]{0,40} ){0,5}\Z")
"""Words with capitals before the last one: they name together what was linked."""

REACH = 160
"""Characters before a word in which they are looked for."""

BARE = re.compile(rf"(?<![\w/@.=&?#-])(?P<url>{_URL})")

AT_ITS_END = ".,;:!?'’…"
"""Marks that end a sentence, not an address."""

_GUESS = "the address after “{word}” was made a link of it; check which words were linked"


def restore_links(sheet: Sheet) -> Sheet:
    """Each line with the links back that its text has as addresses. An address in brackets becomes a link of the word
    before it, a guess; a bare one becomes a link of itself.
    """
    doubts: list[Doubt] = []
    lines = tuple(_restored(line, doubts) if "://" in line.text else line for line in sheet.lines)
    return replace(sheet, lines=lines).warn(*doubts)


def _restored(line: Line, doubts: list[Doubt]) -> Line:
    form = line.styled or Styled(spans=(Span(text=line.text),), kind=Kind.TEXT)
    spans = _marked(form.spans, line.number, doubts)
    spans = _bare(_flattened(spans, line.number, doubts), line.number, doubts)
    if spans == form.spans:
        return line
    spans = settled(spans)
    return replace(line, text=plain(spans), styled=replace(form, spans=spans))


def _marked(spans: Spans, number: int, doubts: list[Doubt]) -> Spans:
    text, found, place = plain(spans), list[Span](), 0
    for match in MARKED.finditer(text):
        link = read_link(match["url"])
        if link.href is None or "://" in match["word"]:
            continue
        _note(link, number, doubts, None)
        words = cut(spans, match.start("word"), match.end("word"))
        found += [*cut(spans, place, match.start()), *(replace(span, href=link.href) for span in words)]
        place = match.end()
    return (*found, *cut(spans, place))


def _flattened(spans: Spans, number: int, doubts: list[Doubt]) -> Spans:
    text, found, place = plain(spans), list[Span](), 0
    for match in FLATTENED.finditer(text):
        link = read_link(match["round"] or match["angle"] or match["square"])
        start = _name_start(text, max(place, match.start("word") - REACH), match.start("word"))
        word = cut(spans, start, match.end("word"))
        if link.href is None or any(span.href for span in word) or "://" in plain(word):
            continue
        _note(link, number, doubts, _GUESS.format(word=plain(word)))
        found += [*cut(spans, place, start), *(replace(span, href=link.href) for span in word)]
        place = match.end()
    return (*found, *cut(spans, place))


def _name_start(text: str, earliest: int, word: int) -> int:
    """Where the words begin that the address belongs to: with capitals before a word that has one, else with it."""
    if not text[word : word + 1].isupper():
        return word
    found = NAME.search(text[earliest:word])
    return earliest + found.start() if found else word


def _bare(spans: Spans, number: int, doubts: list[Doubt]) -> Spans:
    text, found, place = plain(spans), list[Span](), 0
    for match in BARE.finditer(text):
        end = match.start() + len(match[0].rstrip(AT_ITS_END))
        shown = cut(spans, match.start(), end)
        link = read_link(text[match.start() : end])
        if link.href is None or any(span.href for span in shown):
            continue
        _note(link, number, doubts, None)
        if link.note and len(shown) == 1:
            shown = (replace(shown[0], text=link.href),)
        found += [*cut(spans, place, match.start()), *(replace(span, href=link.href) for span in shown)]
        place = end
    return (*found, *cut(spans, place))


def _note(link: Link, number: int, doubts: list[Doubt], guess: str | None) -> None:
    doubts += (Doubt(number, note) for note in (guess, link.note) if note)
