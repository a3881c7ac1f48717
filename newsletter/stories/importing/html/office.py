"""Word's own HTML: list items that are paragraphs with a mark typed before them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.stories.importing.html.styles import classes_of, style_of
from newsletter.stories.importing.html.tree import Element, element

_LEVEL = re.compile(r"\blevel([1-9])\b")
_MARK = re.compile(r"\s*(?:(?P<number>\d{1,8})[.)]|[·•▪§oØü\uf0b7\uf0a7\uf0d8\uf0fc–—-])[\s\u00a0]+")
_LETTERS = re.compile(r"\s*[(]?[a-zA-Z]{1,5}[.)]")
_NUMBER = re.compile(r"\s*[(]?(?P<number>\d{1,8})[.)]", re.ASCII)


@dataclass(frozen=True, slots=True)
class OfficeItem:
    """An item without its mark; `number` where the mark was one."""

    level: int
    number: int | None
    children: tuple[Element | str, ...]


def office_item(at: Element) -> OfficeItem | None:
    """The paragraph as an item, if Word says that it is one: by `mso-list`, or by its class and a mark."""
    if at.tag not in ("p", "div", "h1", "h2", "h3"):
        return None
    listed = style_of(at).get("mso-list", "")
    level = _LEVEL.search(listed)
    if level is None and not any(name.startswith("msolistparagraph") for name in classes_of(at)):
        return None
    children, mark = _without_mark(at.children)
    if mark is None:
        found = _MARK.match(at.text)
        if found is None:
            return OfficeItem(int(level[1]), None, at.children) if level else None
        mark, children = found[0], _cut(at.children, len(found[0]))
    return OfficeItem(int(level[1]) if level else 1, _number_of(mark), children)


def _number_of(mark: str) -> int | None:
    """The number of a mark. Letters count as 1: Markdown has none, so their list is counted anew."""
    if found := _NUMBER.match(mark):
        return int(found["number"])
    return 1 if _LETTERS.match(mark) else None


def _without_mark(children: tuple[Element | str, ...]) -> tuple[tuple[Element | str, ...], str | None]:
    """The children without the element that holds the mark (`mso-list:Ignore`), and the mark."""
    kept: list[Element | str] = []
    mark: str | None = None
    for child in children:
        if isinstance(child, Element) and mark is None:
            if style_of(child).get("mso-list", "") == "ignore":
                mark = child.text
                continue
            inner, mark = _without_mark(child.children)
            kept.append(element(child.tag, inner, child.attributes) if mark is not None else child)
        else:
            kept.append(child)
    return tuple(kept), mark


def _cut(children: tuple[Element | str, ...], size: int) -> tuple[Element | str, ...]:
    """The children without the first `size` characters of their text."""
    kept: list[Element | str] = []
    for child in children:
        if isinstance(child, str):
            kept.append(child[size:])
            size = max(0, size - len(child))
        elif size:
            length = len(child.text)
            kept.append(element(child.tag, _cut(child.children, size), child.attributes))
            size = max(0, size - length)
        else:
            kept.append(child)
    return tuple(kept)
