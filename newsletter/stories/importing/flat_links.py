"""Links that were flattened when a text was copied: `survey (https://…)`, `survey <https://…>`, a bare address."""

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
BARE = re.compile(rf"(?<![\w/@.=&?#-])(?P<url>{_URL})")

AT_ITS_END = ".,;:!?'’…"
"""Marks that end a sentence, not an address."""

_GUESS = "the address after “{word}” was made a link of that word; widen it if more words were linked"


def restore_links(sheet: Sheet) -> Sheet:
    """Each line with the links back that its text has as addresses. An address in brackets becomes a link of the word
    before it, a guess; a bare one becomes a link of itself.
    """
    doubts: list[Doubt] = []
    lines = tuple(_restored(line, doubts) if "://" in line.text else line for line in sheet.lines)
    return replace(sheet, lines=lines).warn(*doubts)


def _restored(line: Line, doubts: list[Doubt]) -> Line:
    form = line.styled or Styled(spans=(Span(text=line.text),), kind=Kind.TEXT)
    spans = _bare(_flattened(form.spans, line.number, doubts), line.number, doubts)
    if spans == form.spans:
        return line
    spans = settled(spans)
    return replace(line, text=plain(spans), styled=replace(form, spans=spans))


def _flattened(spans: Spans, number: int, doubts: list[Doubt]) -> Spans:
    text, found, place = plain(spans), list[Span](), 0
    for match in FLATTENED.finditer(text):
        link = read_link(match["round"] or match["angle"] or match["square"])
        word = cut(spans, match.start("word"), match.end("word"))
        if link.href is None or any(span.href for span in word) or "://" in match["word"]:
            continue
        _note(link, number, doubts, _GUESS.format(word=match["word"]))
        found += [*cut(spans, place, match.start()), *(replace(span, href=link.href) for span in word)]
        place = match.end()
    return (*found, *cut(spans, place))


def _bare(spans: Spans, number: int, doubts: list[Doubt]) -> Spans:
    text, found, place = plain(spans), list[Span](), 0
    for match in BARE.finditer(text):
        end = match.start() + len(match[0].rstrip(AT_ITS_END))
        shown = cut(spans, match.start(), end)
        link = read_link(text[match.start() : end])
        if link.href is None or any(span.href for span in shown):
            continue
        _note(link, number, doubts, None)
        found += [*cut(spans, place, match.start()), *(replace(span, href=link.href) for span in shown)]
        place = end
    return (*found, *cut(spans, place))


def _note(link: Link, number: int, doubts: list[Doubt], guess: str | None) -> None:
    doubts += (Doubt(number, note) for note in (guess, link.note) if note)
