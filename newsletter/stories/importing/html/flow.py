"""Elements → lines: where a paragraph, an item, a quotation begins and ends, and in which style each word is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from newsletter.model import Image, Span, plain
from newsletter.stories.importing.draft import Doubt, Dropped
from newsletter.stories.importing.html.office import OfficeItem, office_item
from newsletter.stories.importing.html.pictures import picture
from newsletter.stories.importing.html.styles import styled
from newsletter.stories.importing.html.tables import is_data, rows
from newsletter.stories.importing.html.tree import DROPPED, Element, is_inline
from newsletter.stories.importing.links import Link, read_link
from newsletter.stories.importing.normalise import TURNING, normalise
from newsletter.stories.importing.page import Line
from newsletter.stories.importing.styled import Kind, Styled, settled

HIGHEST_NUMBER = 100_000_000
"""Markdown numbers have nine digits at most."""

LONE_GLYPHS = frozenset("•·▪◦●‣■□○▫⁃\uf0b7")
"""A bullet in a cell or paragraph of its own, as mails lay lists out: it belongs to the text after it."""

_HEADING = re.compile(r"h([1-6])\Z")


PLAIN = Span(text="")
PARAGRAPH = Styled()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the flow is: the style of text, and the form of the line that is being written."""

    span: Span = PLAIN
    form: Styled = PARAGRAPH
    keeps_lines: bool = False


_FAR = "a picture stays where it is, at {src}; to keep it, put its file into content/images"
_NEAR = "the picture {src} has to lie in content/images before this draft can be read"


@dataclass(slots=True)
class Flow:
    """The lines of a document so far. `number` is that of the last paragraph."""

    lines: list[Line] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    warnings: list[Doubt] = field(default_factory=list)
    number: int = 0
    groups: int = 0
    pending: list[Span] = field(default_factory=list)
    begun: bool = False
    source_line: int | None = None

    def read(self, at: Element, place: Place) -> None:
        """Adds an element and all under it."""
        if at.tag == DROPPED:
            self._drop(at)
        elif at.tag in ("br", "img"):
            self._break(place) if at.tag == "br" else self._image(at, place)
        elif is_inline(at.tag):
            self._inline(at, place)
        else:
            self._block(at, place)

    def _children(self, at: Element, place: Place) -> None:
        for child in at.children:
            if isinstance(child, Element):
                self.read(child, place)
            elif place.keeps_lines:
                self._preformatted(child, place)
            else:
                self.pending.append(replace(place.span, text=child))

    def _preformatted(self, text: str, place: Place) -> None:
        first, *others = text.replace("\r\n", "\n").split("\n")
        self.pending.append(replace(place.span, text=first))
        for line in others:
            self._break(place)
            self.pending.append(replace(place.span, text=line))

    def _inline(self, at: Element, place: Place) -> None:
        link: Link | None = None
        if at.tag == "a" and "href" in at.attributes:
            link = read_link(at.attributes["href"])
            if link.note and at.size:
                self.warn(link.note)
        inner = replace(place, span=styled(place.span, at, link))
        marks = ("“", "”") if at.tag == "q" else ("", "")
        self.pending.append(replace(inner.span, text=marks[0]))
        self._children(at, inner)
        self.pending.append(replace(inner.span, text=marks[1]))

    def _block(self, at: Element, place: Place) -> None:
        """A block begins a paragraph and ends it, but the first block of an item goes on in its line."""
        self.source_line = _source_line(at) or self.source_line
        if at.tag == "table" and is_data(at):
            self._table(at, place)
            return
        self._end(place)
        item = office_item(at)
        if item is not None:
            self._office_group(item)
            form = Styled(kind=Kind.ITEM, level=item.level, number=item.number, group=self.groups)
            self._children(replace_children(at, item.children), replace(place, form=form))
            self._end(replace(place, form=form))
            return
        inner = self._form(at, replace(place, span=styled(place.span, at, None)))
        self._list(at, inner) if at.tag in ("ul", "ol") else self._children(at, inner)
        self._end(inner)

    def _office_group(self, item: OfficeItem) -> None:
        """Another list begins after other text, or where numbers follow bullets."""
        last = next((line.styled for line in reversed(self.lines) if line.text), None)
        if last is None or last.kind is not Kind.ITEM:
            self.groups += 1
        elif item.level == 1:
            tops = (line.styled for line in reversed(self.lines) if line.styled and line.styled.level == 1)
            before = next((top for top in tops if top.group == self.groups), last)
            self.groups += (before.number is None) != (item.number is None)

    def _form(self, at: Element, place: Place) -> Place:
        """The place within a block: what kind its lines are."""
        if found := _HEADING.match(at.tag):
            return replace(place, form=Styled(kind=Kind.HEADING, level=int(found[1])))
        if at.tag == "blockquote" and place.form.kind is Kind.TEXT:
            self.groups += 1
            return replace(place, form=Styled(kind=Kind.QUOTE, group=self.groups))
        return replace(place, keeps_lines=True) if at.tag == "pre" else place

    def _list(self, at: Element, place: Place) -> None:
        nested = place.form.kind is Kind.ITEM
        self.groups += not nested
        level = place.form.level + 1 if nested else 1
        number = _number(at.attributes.get("start"), 1) if at.tag == "ol" else None
        for child in at.children:
            form = Styled(kind=Kind.ITEM, level=level, number=number, group=self.groups)
            if isinstance(child, Element) and child.tag == "li":
                if number is not None:
                    number = _number(child.attributes.get("value"), number)
                deep = _number(child.attributes.get("aria-level"), level)
                self._item(child, replace(place, form=replace(form, number=number, level=deep)))
                number = None if number is None else number + 1
            elif isinstance(child, Element):
                self.read(child, replace(place, form=replace(form, level=max(1, level - 1), number=None)))
            else:
                self.pending.append(replace(place.span, text=child))

    def _item(self, at: Element, place: Place) -> None:
        self._end(place)
        self.source_line = _source_line(at) or self.source_line
        self.begun = False
        self._children(at, replace(place, span=styled(place.span, at, None)))
        self._end(place)

    def _table(self, at: Element, place: Place) -> None:
        """A table of figures, row for row: a story has none."""
        self._end(place)
        self.warn("a table was written as a list, one item a row; stories have none")
        self.groups += 1
        form = Styled(kind=Kind.ITEM, group=self.groups)
        for row in rows(at):
            for place_in_row, cell in enumerate(row):
                self.pending.append(Span(text=" | " if place_in_row else ""))
                flat = Flow(warnings=self.warnings, number=self.number)
                flat.read(cell, Place(place.span))
                self.pending += [
                    span for line in flat.lines if line.styled for span in (*line.styled.spans, Span(text=" "))
                ]
                self.dropped += flat.dropped
            self._end(replace(place, form=form))
            self.begun = False

    def _image(self, at: Element, place: Place) -> None:
        found = picture(at)
        if isinstance(found, str):
            self.warn(found)
        elif found is not None:
            self.warn((_FAR if "://" in found.src else _NEAR).format(src=found.src))
            self._put_image(found, place)

    def _put_image(self, image: Image, place: Place) -> None:
        self._end(place)
        form = Styled(kind=Kind.IMAGE, image=replace(image, line=self._line()))
        self.lines.append(Line(number=self._line(), text="", styled=form))

    def _drop(self, at: Element) -> None:
        text = normalise(at.text)
        if any(map(str.isalnum, text)):
            self._end(Place())
            self.number += 1
            self.dropped.append(Dropped(self._line(), text))
        elif at.attributes.get("why") == "something embedded":
            self.warn("something embedded (a film, a map, a form) was left out")

    def _break(self, place: Place) -> None:
        """The end of a line within a paragraph; two of them part paragraphs."""
        if place.form.kind is Kind.TEXT:
            if not self._put(place):
                self.lines.append(Line(number=self._line(), text=""))
        else:
            self.pending.append(Span(text=" "))

    def _end(self, place: Place) -> None:
        """Ends the paragraph, if one was begun."""
        if self._put(place) or place.form.kind is Kind.TEXT:
            self.lines.append(Line(number=self._line(), text=""))
        self.begun = self.begun and place.form.kind is Kind.ITEM

    def _put(self, place: Place) -> bool:
        """Writes what is pending as a line; tells whether there was any text."""
        spans = settled(self.pending)
        turned = any(TURNING.search(span.text) for span in self.pending)
        self.pending = []
        if not spans:
            return False
        if place.form.kind is Kind.TEXT and plain(spans) in LONE_GLYPHS:
            self.pending = [Span(text=f"{plain(spans)} ")]
            return False
        if place.form.kind is Kind.ITEM and self.begun and self._goes_on(Kind.ITEM):
            self._join(spans)
            return True
        if not (self.lines and self.lines[-1].text and place.form.kind is Kind.TEXT):
            self.number += 1
        self.begun = place.form.kind is Kind.ITEM
        form = replace(place.form, spans=spans)
        self.lines.append(Line(number=self._line(), text=plain(spans), turned=turned, styled=form))
        return True

    def _join(self, spans: tuple[Span, ...]) -> None:
        """Adds a further paragraph of an item to the item: an item has one."""
        at = max(place for place, line in enumerate(self.lines) if line.text)
        before = self.lines[at]
        if before.styled is not None:
            joined = settled((*before.styled.spans, Span(text=" "), *spans))
            self.lines[at] = replace(before, text=plain(joined), styled=replace(before.styled, spans=joined))

    def _goes_on(self, kind: Kind) -> bool:
        """Whether the last line with text is of this kind."""
        last = next((line for line in reversed(self.lines) if line.text), None)
        return last is not None and last.styled is not None and last.styled.kind is kind

    def _line(self) -> int:
        return self.source_line or self.number

    def warn(self, message: str) -> None:
        """Notes something about the paragraph that is being read."""
        self.warnings.append(Doubt(self.source_line or self.number + 1, message))


def replace_children(at: Element, children: tuple[Element | str, ...]) -> Element:
    """The element with other children."""
    return replace(at, children=children)


def _number(raw: str | None, otherwise: int) -> int:
    found = re.match(r"\s*(\d{1,9})\s*\Z", raw or "", re.ASCII)
    return int(found[1]) if found and int(found[1]) < HIGHEST_NUMBER else otherwise


def _source_line(at: Element) -> int | None:
    """The line of a Markdown file that the element was made from."""
    return _number(at.attributes.get("data-line"), 0) or None
