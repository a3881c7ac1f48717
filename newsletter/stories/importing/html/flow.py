"""Elements → lines: where a paragraph, an item, a quotation begins and ends, and in which style each word is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from newsletter.model import Span
from newsletter.stories.importing.html.office import OfficeItem, office_item
from newsletter.stories.importing.html.pictures import picture
from newsletter.stories.importing.html.styles import styled
from newsletter.stories.importing.html.tables import is_data, rows
from newsletter.stories.importing.html.tree import DROPPED, Element, is_inline
from newsletter.stories.importing.html.writer import PARAGRAPH, PLAIN, Writer
from newsletter.stories.importing.links import Link, read_link
from newsletter.stories.importing.styled import Kind, Styled

HIGHEST_NUMBER = 100_000_000
"""Markdown numbers have nine digits at most."""

_HEADING = re.compile(r"h([1-6])\Z")

_FAR = "a picture stays where it is, at {src}; to keep it, put its file into content/images"
_NEAR = "the picture {src} has to lie in content/images before this draft can be read"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the flow is: the style of text, and the form of the line that is being written."""

    span: Span = PLAIN
    form: Styled = PARAGRAPH
    keeps_lines: bool = False


START = Place()


def flow(at: Element, out: Writer, place: Place = START) -> None:
    """Writes an element and all under it."""
    if at.tag == DROPPED:
        _drop(at, out, place)
    elif at.tag == "br":
        out.end_line(place.form)
    elif at.tag == "img":
        _image(at, out, place)
    elif is_inline(at.tag):
        _inline(at, out, place)
    else:
        _block(at, out, place)


def _children(children: tuple[Element | str, ...], out: Writer, place: Place) -> None:
    for child in children:
        if isinstance(child, Element):
            flow(child, out, place)
        elif place.keeps_lines:
            _preformatted(child, out, place)
        else:
            out.text(child, place.span)


def _preformatted(text: str, out: Writer, place: Place) -> None:
    first, *others = text.replace("\r\n", "\n").split("\n")
    out.text(first, place.span)
    for line in others:
        out.end_line(place.form)
        out.text(line, place.span)


def _inline(at: Element, out: Writer, place: Place) -> None:
    link: Link | None = None
    if at.tag == "a" and "href" in at.attributes:
        link = read_link(at.attributes["href"])
        if link.note and at.size:
            out.warn(link.note)
    inner = replace(place, span=styled(place.span, at, link))
    opening, closing = ("“", "”") if at.tag == "q" else ("", "")
    out.text(opening, inner.span)
    _children(at.children, out, inner)
    out.text(closing, inner.span)


def _block(at: Element, out: Writer, place: Place) -> None:
    """A block begins a paragraph and ends it. Within an item it only parts words: an item is one text."""
    out.source_line = _source_line(at) or out.source_line
    item = office_item(at) if place.form.kind is Kind.TEXT else None
    inner = replace(place, span=styled(place.span, at, None), keeps_lines=place.keeps_lines or at.tag == "pre")
    if at.tag in ("ul", "ol"):
        _list(at, out, inner)
    elif place.form.kind is Kind.ITEM:
        out.text(" ")
        _children(at.children, out, inner)
        out.text(" ")
    elif at.tag == "table" and is_data(at):
        _table(at, out, place)
    elif item is not None:
        _office(item, out, inner)
    else:
        out.end(place.form)
        inner = replace(inner, form=_form(at, out, place.form))
        _children(at.children, out, inner)
        out.end(inner.form)


def _form(at: Element, out: Writer, form: Styled) -> Styled:
    """What kind the lines of a block are."""
    if found := _HEADING.match(at.tag):
        return Styled(kind=Kind.HEADING, level=int(found[1]))
    return out.begin(Kind.QUOTE) if at.tag == "blockquote" and form.kind is Kind.TEXT else form


def _list(at: Element, out: Writer, place: Place) -> None:
    """The items of a list; text before it in an item of another list is that item."""
    out.end(place.form)
    nested = place.form.kind is Kind.ITEM
    form = replace(out.begin(Kind.ITEM, again=not nested), level=place.form.level + nested)
    number = _number(at.attributes.get("start"), 1) if at.tag == "ol" else None
    for child in at.children:
        if isinstance(child, Element) and child.tag == "li":
            number = None if number is None else _number(child.attributes.get("value"), number)
            level = _number(child.attributes.get("aria-level"), form.level)
            _item(child, out, replace(place, form=replace(form, number=number, level=level)))
            number = None if number is None else number + 1
        elif isinstance(child, Element) and child.tag in ("ul", "ol"):
            flow(child, out, replace(place, form=form))  # as Google Docs nests them: beside the items, not in them
        else:
            _children((child,), out, replace(place, form=form))
    out.end(form)


def _item(at: Element, out: Writer, place: Place) -> None:
    out.end(place.form)
    out.source_line = _source_line(at) or out.source_line
    _children(at.children, out, replace(place, span=styled(place.span, at, None)))
    out.end(place.form)


def _office(item: OfficeItem, out: Writer, place: Place) -> None:
    """A paragraph that is an item. Another list begins after other text, or where numbers follow bullets."""
    out.end(place.form)
    last = out.last
    again = last is None or last.kind is not Kind.ITEM
    if last is not None and not again and item.level == 1:
        tops = (line.styled for line in reversed(out.lines) if line.styled and line.styled.level == 1)
        before = next((top for top in tops if top.group == out.group), last)
        again = (before.number is None) != (item.number is None)
    form = replace(out.begin(Kind.ITEM, again=again), level=item.level, number=item.number)
    _children(item.children, out, replace(place, form=form))
    out.end(form)


def _table(at: Element, out: Writer, place: Place) -> None:
    """A table of figures, row for row, as a list: a story has no tables."""
    out.end(place.form)
    out.warn("a table was written as a list, one item a row; stories have none")
    form = out.begin(Kind.ITEM)
    for row in rows(at):
        for number, cell in enumerate(row):
            out.text(" | " if number else "")
            _children(cell.children, out, replace(place, form=form))
        out.end(form)


def _image(at: Element, out: Writer, place: Place) -> None:
    found = picture(at)
    if isinstance(found, str):
        out.warn(found)
    elif found is not None:
        out.warn((_FAR if "://" in found.src else _NEAR).format(src=found.src))
        out.end(place.form)
        out.image(found)


def _drop(at: Element, out: Writer, place: Place) -> None:
    if not is_inline(at.attributes["tag"]):
        out.end(place.form)
    if not out.drop(at.text) and at.attributes["why"] == "something embedded":
        out.warn("something embedded (a film, a map, a form) was left out")


def _number(raw: str | None, otherwise: int) -> int:
    found = re.match(r"\s*(\d{1,9})\s*\Z", raw or "", re.ASCII)
    return int(found[1]) if found and int(found[1]) < HIGHEST_NUMBER else otherwise


def _source_line(at: Element) -> int | None:
    """The line of a Markdown file that the element was made from."""
    return _number(at.attributes.get("data-line"), 0) or None
