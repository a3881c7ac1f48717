"""Passages → blocks: paragraphs with their run-in heads, lists under them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, zip_longest

from newsletter.model import Block, BulletList, Item, Organisation, Paragraph, Spans
from newsletter.stories.citations import citations
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.flattened import link_spans
from newsletter.stories.importing.heads import Reading, read_head, voice_of
from newsletter.stories.importing.lists import Entry, nest
from newsletter.stories.importing.page import Sheet
from newsletter.stories.importing.passages import Passage, passages


def read_body(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Reads all lines that are left as blocks; afterwards none is."""
    found = passages(sheet.lines, lambda text: read_head(text, organisation).head is not None)
    groups = [list(group) for _, group in groupby(found, lambda passage: passage.bullet is not None)]
    blocks: list[Block] = []
    doubts: list[Doubt] = []
    for group, following in zip_longest(groups, groups[1:]):
        if group[0].bullet is not None:
            blocks.append(_list(group, organisation, doubts))
            continue
        for passage in group:
            over_list = following is not None and passage is group[-1]
            reading = _read(passage, organisation, first=not blocks, over_list=over_list)
            blocks.append(_paragraph(passage, reading, organisation, doubts))
    return replace(sheet, lines=(), blocks=tuple(blocks)).warn(*doubts)


def read_citations(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Finds the sources that the blocks name; their text stays as it is."""
    return replace(sheet, citations=citations(sheet.blocks, organisation))


def _read(passage: Passage, organisation: Organisation, *, first: bool, over_list: bool) -> Reading:
    reading = read_head(passage.text, organisation, first=first)
    if reading.head is None or reading.rest or over_list:
        return reading
    return Reading(None, passage.text, f"“{passage.text}” stands alone and no list follows it; it is kept as text")


def _paragraph(passage: Passage, reading: Reading, organisation: Organisation, doubts: list[Doubt]) -> Paragraph:
    """The passage as a paragraph; what is doubtful about it is added to `doubts`."""
    if reading.doubt:
        doubts.append(Doubt(passage.line, reading.doubt))
    voice = voice_of(reading.head, organisation) if reading.head else None
    if voice == "guess":
        doubts.append(Doubt(passage.line, _VOICE.format(head=reading.head)))
    spans = _spans(reading.rest, passage.line, doubts)
    return Paragraph(spans=spans, run_in=reading.head, voice=voice is not None, line=passage.line)


_VOICE = (
    "“{head}” was taken for the association's own voice; if it is, add it to voices in content/organisation.toml, "
    "since a story file does not carry it"
)


def _list(group: list[Passage], organisation: Organisation, doubts: list[Doubt]) -> BulletList:
    """The passages as a list; what is doubtful about them is added to `doubts`."""
    entries = []
    for passage in group:
        reading = read_head(passage.text, organisation)
        if reading.head is not None and not reading.rest:
            reading = Reading(None, passage.text)
        if reading.doubt:
            doubts.append(Doubt(passage.line, reading.doubt))
        spans = _spans(reading.rest, passage.line, doubts)
        item = Item(spans=spans, run_in=reading.head, line=passage.line)
        entries.append(Entry(passage.indent, passage.bullet or "", item))
    block, deeper = nest(tuple(entries))
    doubts += (Doubt(line, "an item of a third level was put on the second; lists have two") for line in deeper)
    return block


def _spans(text: str, line: int, doubts: list[Doubt]) -> Spans:
    """The text with its written-out addresses as links; what is doubtful about these is added to `doubts`."""
    spans, notes = link_spans(text)
    doubts += (Doubt(line, note) for note in notes)
    return spans
