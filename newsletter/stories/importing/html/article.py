"""Where on a page the article is: everything else is left out, and listed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.stories.importing.html.tree import DROPPED, Element, dropped, element

ENOUGH = 140
"""Letters that an article has at least, when an element says that it is one."""

SHARE = 0.6
"""The part of a page's prose that the element around the article holds."""

OUTSIDE = "outside of the article"

HEADING = re.compile(r"h[1-6]\Z")


def article(body: Element, *, is_page: bool) -> Element:
    """The body with all but the article dropped. A mail or a paste is all article: `is_page` tells a web page.

    A page's only main heading is kept where it stands outside of the article.
    """
    path = _marked(body) or (_densest(body) if is_page else (body,))
    outside = _wants_heading(path[-1]) and len(path) > 1
    return _only(path, _First(outside))


def _marked(body: Element) -> tuple[Element, ...] | None:
    """The way to the element that says it is the article: the only one in `main`, else `main`."""
    mains = _ways(body, lambda at: at.tag == "main" or at.attributes.get("role", "").lower() == "main")
    around = mains[0] if len(mains) == 1 and mains[0][-1].size >= ENOUGH else (body,)
    articles = [way for way in _ways(around[-1], _is_article) if way[-1].size >= ENOUGH]
    if articles:
        longest = max(articles, key=lambda way: way[-1].size)
        rivals = sum(way[-1].size > longest[-1].size / 2 for way in articles)
        if rivals == 1 or longest[-1].prose >= SHARE * around[-1].prose:
            return around[:-1] + longest
    return around if len(around) > 1 else None


def _is_article(at: Element) -> bool:
    return at.tag == "article" or at.attributes.get("itemprop", "").lower() == "articlebody"


def _ways(top: Element, wanted: Callable[[Element], bool]) -> list[tuple[Element, ...]]:
    """The ways from an element to each outermost one that is wanted."""
    found: list[tuple[Element, ...]] = []
    todo: list[tuple[Element, ...]] = [(top,)]
    while todo:
        way = todo.pop()
        if len(way) > 1 and wanted(way[-1]):
            found.append(way)
            continue
        todo += [(*way, child) for child in reversed(way[-1].children) if isinstance(child, Element)]
    return found


def _densest(body: Element) -> tuple[Element, ...]:
    """The way down to the last element that still holds most of the page's prose."""
    way = [body]
    while True:
        inner = [child for child in way[-1].children if isinstance(child, Element) and child.tag != DROPPED]
        best = max(inner, key=lambda child: child.prose, default=None)
        if best is None or best.prose < SHARE * body.prose or best.prose < ENOUGH:
            return tuple(way)
        way.append(best)


def _wants_heading(at: Element) -> bool:
    return not any(HEADING.match(below.tag) for below in at.walk())


@dataclass(slots=True)
class _First:
    """Whether the page's heading is still looked for outside of the article."""

    wanted: bool

    def take(self, at: Element) -> bool:
        """Whether this is the heading that was wanted: the first of the first level."""
        taken = self.wanted and at.tag == "h1"
        self.wanted = self.wanted and not taken
        return taken


def _only(path: tuple[Element, ...], first: _First) -> Element:
    """The element at the path's start with everything dropped that is not on the path."""
    at, rest = path[0], path[1:]
    if not rest:
        return at
    children = [_only(rest, first) if child is rest[0] else _outside(child, first) for child in at.children]
    return element(at.tag, tuple(children), at.attributes)


def _outside(child: Element | str, first: _First) -> Element | str:
    if isinstance(child, str):
        return dropped(element("div", (child,)), OUTSIDE) if child.strip() else child
    if child.tag == DROPPED or first.take(child):
        return child
    if first.wanted and any(below.tag == "h1" for below in child.walk()):
        return element(child.tag, tuple(_outside(below, first) for below in child.children), child.attributes)
    return dropped(child, OUTSIDE)
