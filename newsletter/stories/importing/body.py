"""Passages → blocks: paragraphs with their run-in heads, lists under them, quotations and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest

from newsletter.model import Block, BulletList, Item, Organisation, Paragraph, Quote
from newsletter.stories.citations import citations
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.heads import read_head, voice_of
from newsletter.stories.importing.lists import Entry, nest
from newsletter.stories.importing.page import Sheet
from newsletter.stories.importing.passages import Passage
from newsletter.stories.importing.styled import Kind
from newsletter.stories.importing.styled_heads import Headed, bold_head, read_styled_head
from newsletter.stories.importing.styled_passages import styled_passages
from newsletter.stories.spans import tidy


def read_body(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Reads all lines that are left as blocks; afterwards none is."""
    found = styled_passages(sheet.lines, lambda text: read_head(text, organisation).head is not None)
    bold_only = any(_kind(passage) is Kind.TEXT and bold_head(passage.spans) is not None for passage in found)
    body = _Body(organisation, bold_only)
    groups = [list(group) for _, group in groupby(found, _group)]
    for group, following in zip_longest(groups, groups[1:]):
        body.add(group, over_list=following is not None and following[0].bullet is not None)
    return replace(sheet, lines=(), blocks=tuple(body.blocks)).warn(*body.doubts)


def read_citations(sheet: Sheet, organisation: Organisation) -> Sheet:
    """Finds the sources that the blocks name; their text stays as it is."""
    return replace(sheet, citations=citations(sheet.blocks, organisation))


def _kind(passage: Passage) -> Kind:
    return passage.form.kind if passage.form is not None else Kind.TEXT


def _group(passage: Passage) -> tuple[bool, Kind, int]:
    """What neighbours share that make one block, or that are paragraphs."""
    return passage.bullet is not None, _kind(passage), passage.form.group if passage.form is not None else 0


@dataclass(slots=True)
class _Body:
    """The blocks of a story so far, and what is doubtful about them."""

    organisation: Organisation
    bold_only: bool
    blocks: list[Block] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def add(self, group: list[Passage], *, over_list: bool) -> None:
        """Adds passages of one group; `over_list` tells that a list follows them."""
        kind = _kind(group[0])
        if group[0].bullet is not None:
            self.blocks.append(self._list(group))
        elif kind is Kind.QUOTE:
            paragraphs = tuple(tidy(passage.spans) for passage in group)
            self.blocks.append(Quote(paragraphs=paragraphs, line=group[0].line))
        elif kind is Kind.IMAGE:
            self.blocks += (passage.form.image for passage in group if passage.form and passage.form.image)
        else:
            for passage in group:
                paragraph = self._heading if kind is Kind.HEADING else self._paragraph
                self.blocks.append(paragraph(passage, over_list=over_list and passage is group[-1]))

    def _paragraph(self, passage: Passage, *, over_list: bool) -> Paragraph:
        first = not any(isinstance(block, Paragraph) for block in self.blocks)
        headed = read_styled_head(passage.spans, self.organisation, first=first, bold_only=self.bold_only)
        if headed.head is not None and not (headed.spans or over_list) and bold_head(passage.spans) is None:
            alone = f"“{passage.text}” stands alone and no list follows it; it is kept as text"
            headed = Headed(None, passage.spans, alone)
        self._doubt(passage, headed.doubt)
        voice = voice_of(headed.head, self.organisation) if headed.head else None
        if voice == "guess":
            self._doubt(passage, _VOICE.format(head=headed.head))
        return Paragraph(spans=headed.spans, run_in=headed.head, voice=voice is not None, line=passage.line)

    def _heading(self, passage: Passage, *, over_list: bool) -> Paragraph:
        """A heading inside a story: a bold line, or a run-in head where it has the colon of one."""
        spans = tidy(replace(span, strong=True) for span in passage.spans)
        headed = bold_head(spans) or Headed(None, spans)
        if headed.head is None or not over_list:
            self._doubt(passage, _HEADING.format(text=passage.text))
        voice = headed.head is not None and voice_of(headed.head, self.organisation) == "known"
        return Paragraph(spans=headed.spans, run_in=headed.head, voice=voice, line=passage.line)

    def _list(self, group: list[Passage]) -> BulletList:
        entries = []
        for passage in group:
            headed = read_styled_head(passage.spans, self.organisation, bold_only=self.bold_only)
            if headed.head is not None and not headed.spans and bold_head(passage.spans) is None:
                headed = Headed(None, passage.spans)
            self._doubt(passage, headed.doubt)
            item = Item(spans=headed.spans, run_in=headed.head, line=passage.line)
            entries.append(Entry(passage.indent, passage.bullet or "", item))
        block, deeper = nest(tuple(entries))
        self.doubts += (
            Doubt(line, "an item of a third level was put on the second; lists have two") for line in deeper
        )
        return self._numbered(block, group)

    def _numbered(self, block: BulletList, group: list[Passage]) -> BulletList:
        """The list with the number of its first item, if that has one."""
        tops = [passage for passage in group if passage.indent <= group[0].indent]
        under = (passage.form for passage in group if passage.indent > group[0].indent)
        if any(form is not None and form.number is not None for form in under):
            self._doubt(group[0], "the numbers of a list inside a list are not kept; write what they say into the text")
        number = group[0].form.number if group[0].form is not None else None
        if number is None:
            return block
        numbers = [passage.form.number for passage in tops if passage.form is not None]
        if numbers != list(range(number, number + len(numbers))):
            self._doubt(group[0], "the numbers of this list do not run on; they were counted anew from the first")
        return replace(block, ordered=True, start=number)

    def _doubt(self, passage: Passage, message: str | None) -> None:
        if message:
            self.doubts.append(Doubt(passage.line, message))


_VOICE = (
    "“{head}” was taken for the association's own voice; if it is, add it to voices in content/organisation.toml, "
    "since a story file does not carry it"
)

_HEADING = (
    "the heading “{text}” inside the story was kept as a bold line; make it a run-in head (**Head:** text), or "
    "remove it"
)
