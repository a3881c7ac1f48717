"""HTML text → a tree of elements that can be walked without fear of its depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from selectolax.lexbor import LexborHTMLParser, LexborNode

DEEPEST = 120
"""Levels of elements. Mails in mails in layout tables have sixty; what is deeper loses its tags, not its text."""

MOST = 200_000
"""Elements and texts. The longest pages have twenty thousand."""

INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins"),
        *("kbd", "mark", "q", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt"),
        *("u", "var", "wbr", "o:p", "label"),
    }
)
"""Elements that do not part a text. Unknown ones are taken for such too, if they have a colon or a hyphen."""

NO_TEXT = frozenset(
    {"script", "style", "template", "noscript", "head", "title", "meta", "link", "base", "svg", "math", "canvas"}
)
"""Elements whose content is no text of the document."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


DROPPED = "x-dropped"
"""The tag of what is left out and listed; see `dropped`."""


class TooMuch(Exception):
    """The document has more elements than any text has."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element. `size` counts the letters and digits of its text, `prose` those outside of links."""

    tag: str
    attributes: Mapping[str, str]
    children: tuple[Element | str, ...]
    size: int = 0
    prose: int = 0

    def walk(self) -> Iterator[Element]:
        """The element and all under it, in their order."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    @property
    def text(self) -> str:
        """All text under it, with a space where an element parts it."""
        return "".join(
            child if isinstance(child, str) else child.text if is_inline(child.tag) else f" {child.text} "
            for child in self.children
        )


def element(tag: str, children: tuple[Element | str, ...], attributes: Mapping[str, str] = _NOTHING) -> Element:
    """An element with its text counted; what is dropped counts for nothing."""
    size = prose = 0
    for child in () if tag == DROPPED else children:
        if isinstance(child, str):
            count = sum(map(str.isalnum, child))
            size, prose = size + count, prose + count
        else:
            size, prose = size + child.size, prose + child.prose
    return Element(tag, attributes, children, size, 0 if tag == "a" else prose)


def dropped(at: Element, why: str) -> Element:
    """What stands for an element that is left out: its text, its tag, and the reason in words."""
    return element(DROPPED, (at.text,), {"why": why, "tag": at.tag})


def is_inline(tag: str) -> bool:
    """Whether an element stands within a text rather than parting it."""
    return tag in INLINE or ":" in tag or "-" in tag


def parse(text: str) -> Element:
    """The body of a document as a browser reads it, comments and scripts left out. Raises `TooMuch`."""
    parser = LexborHTMLParser(text)
    if parser.body is None:
        return element("body", ())
    return _Builder().build(parser.body)


class _Builder:
    """Builds the tree from the leaves up, without recursion: a document may be nested ten thousand deep."""

    def __init__(self) -> None:
        self.open: list[tuple[str, Mapping[str, str], list[Element | str]]] = []
        self.count = 0

    def build(self, root: LexborNode) -> Element:
        top: list[Element | str] = []
        self.open = [("", {}, top)]
        todo: list[tuple[LexborNode | None, bool]] = [(root, True)]
        while todo:
            node, opens = todo.pop()
            if node is None:
                self._close()
            elif opens:
                todo += self._enter(node)
        return next(child for child in top if isinstance(child, Element))

    def _enter(self, node: LexborNode) -> list[tuple[LexborNode | None, bool]]:
        """Adds a node; gives what comes next, the last first. None closes the element."""
        self.count += 1
        if self.count > MOST:
            raise TooMuch
        if node.is_text_node:
            self._add(node.text_content or "")
        tag = node.tag or ""
        if not node.is_element_node or tag in NO_TEXT:
            return []
        below: list[LexborNode] = []
        child = node.first_child
        while child is not None:
            below.append(child)
            child = child.next
        following: list[tuple[LexborNode | None, bool]] = [(child, True) for child in reversed(below)]
        if len(self.open) > DEEPEST:
            if not is_inline(tag):
                self._add(element("br", ()))
            return following
        self.open.append((tag, {name: value or "" for name, value in node.attributes.items()}, []))
        return [(None, False), *following]

    def _close(self) -> None:
        tag, attributes, children = self.open.pop()
        self._add(element(tag, tuple(children), attributes))

    def _add(self, child: Element | str) -> None:
        self.open[-1][2].append(child)
