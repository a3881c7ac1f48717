"""A finished mail read back: its elements in order, with the story each stands in, and the text that a reader sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

STORY_ID: Final = re.compile(r"s-([a-z0-9]+(?:-[a-z0-9]+)*)\Z")
"""How a template marks a story's headline, so that findings can name the story: `id="s-<slug>"`."""

_VOID: Final = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])
_INLINE: Final = frozenset(["a", "b", "em", "i", "small", "span", "strong", "sub", "sup", "u"])
_SILENT: Final = frozenset(["style", "script", "title", "xml", "noscript"])


@dataclass(slots=True, eq=False)
class Element:
    """An element: `text` is what stands in it (of links, headings and the title), `own` the pieces that stand in it and
    in none of its children, `story` the slug it belongs to. `hidden`: it shows nothing, by itself or by what it is in.
    """

    tag: str
    attributes: dict[str, str]
    story: str | None
    parent: Element | None = None
    hidden: bool = False
    pictures: list[str] = field(default_factory=list)
    """The alt texts of the pictures in it."""
    text: str = ""
    own: list[str] = field(default_factory=list)

    def above(self) -> Iterator[Element]:
        """Its parent, and so on to the root."""
        holder = self.parent
        while holder is not None:
            yield holder
            holder = holder.parent


@dataclass(slots=True)
class Page:
    """What `read` found. `sizes` are the bytes of each story's HTML; `comments` are Outlook's conditional ones;
    `sheets` are the style sheets with their `media`.
    """

    elements: list[Element] = field(default_factory=list)
    visible: str = ""
    hidden: str = ""
    comments: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def all(self, *tags: str) -> Iterator[Element]:
        return (element for element in self.elements if element.tag in tags)

    @property
    def sheets(self) -> Iterator[tuple[str, str]]:
        return ((sheet.attributes.get("media", ""), "".join(sheet.own)) for sheet in self.all("style"))


def read(html: str) -> Page:
    """The page of a mail's HTML. Never raises: what a browser would make of broken markup, this reads as well."""
    reader = _Reader(html)
    reader.feed(html)
    reader.close()
    page = reader.page
    page.visible = " ".join("".join(reader.shown).split())
    page.hidden = " ".join("".join(reader.unseen).split())
    for element in page.elements:
        element.text = " ".join(element.text.split())
    return page


class _Reader(HTMLParser):
    """Keeps the elements that are open; a story ends with the element that holds its headline."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.shown: list[str] = []
        self.unseen: list[str] = []
        self._html = html
        self._starts = [0, *(match.end() for match in re.finditer("\n", html))]
        self._open: list[Element] = []
        self._story: str | None = None
        self._story_depth = 0
        self._story_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of two of a name, browsers take the first
        marked = STORY_ID.match(attributes.get("id", ""))
        if marked:
            self._end_story()
            self._story, self._story_depth, self._story_start = marked[1], len(self._open), self._offset()
        parent = self._open[-1] if self._open else None
        hidden = bool(parent and parent.hidden) or _is_hidden(attributes)
        element = Element(tag, attributes, self._story, parent, hidden)
        self.page.elements.append(element)
        if tag == "img":
            for holder in self._open:
                holder.pictures.append(attributes.get("alt", ""))
        if tag not in _INLINE:
            self._gap()
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._gap()
        for place in reversed(range(len(self._open))):
            if self._open[place].tag == tag:
                del self._open[place:]
                break
        if self._story and len(self._open) < self._story_depth:
            self._end_story()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            if element.tag not in {"html", "body", "div", "table", "tbody", "tr", "td"}:
                element.text += data
        if self._open:
            self._open[-1].own.append(data)
        if not any(element.tag in _SILENT for element in self._open):
            (self.unseen if self._open and self._open[-1].hidden else self.shown).append(data)

    def handle_comment(self, data: str) -> None:
        self.page.comments.append(data)

    def close(self) -> None:
        super().close()
        self._end_story()

    def _gap(self) -> None:
        self.shown.append(" ")
        self.unseen.append(" ")
        for element in self._open:
            element.text += " "

    def _end_story(self) -> None:
        if self._story:
            self.page.sizes[self._story] = len(self._html[self._story_start : self._offset()].encode())
        self._story = None

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._starts[line - 1] + column


def _is_hidden(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or "display:none" in attributes.get("style", "").replace(" ", "")
