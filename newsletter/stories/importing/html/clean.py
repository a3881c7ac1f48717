"""A document without what is no text of it: page parts, hidden blocks, what was crossed out."""

from __future__ import annotations

import re

from newsletter.stories.importing.html.styles import classes_of, is_hidden, is_struck
from newsletter.stories.importing.html.tree import Element, dropped, element

PARTS = {
    "nav": "navigation", "aside": "a side column", "footer": "a footer", "header": "a header", "form": "a form",
    "button": "a button", "select": "a form", "textarea": "a form", "dialog": "a window", "menu": "navigation",
    "datalist": "a form", "option": "a form",
}  # fmt: skip

ALWAYS = frozenset({"nav", "button", "select", "textarea", "datalist", "option", "dialog"})
"""Those that hold no story however much of the page they are."""

ROLES = {
    "navigation": "navigation", "banner": "a header", "contentinfo": "a footer", "complementary": "a side column",
    "search": "a form", "dialog": "a window", "alertdialog": "a window", "menu": "navigation", "menubar": "navigation",
}  # fmt: skip

WORDS = {
    "cookie": "a cookie banner", "cookies": "a cookie banner", "consent": "a cookie banner", "gdpr": "a cookie banner",
    "breadcrumb": "navigation", "breadcrumbs": "navigation", "navbar": "navigation", "nav": "navigation",
    "menu": "navigation", "sidebar": "a side column", "related": "related links", "share": "share links",
    "sharing": "share links", "social": "share links", "comments": "comments", "advert": "an advertisement",
    "advertisement": "an advertisement", "footer": "a footer", "skip-link": "navigation",
}  # fmt: skip
"""Words of classes and ids that name a part of a page."""

EMBEDDED = frozenset({"iframe", "object", "embed", "video", "audio", "applet", "frame", "frameset"})

MAIN = frozenset({"main", "article", "h1"})


def clean(body: Element) -> Element:
    """The body with each page part, hidden block and crossed-out text put into a `DROPPED` element."""
    return _clean(body, body.size, inside=False)


def _clean(at: Element, whole: int, *, inside: bool) -> Element:
    if why := _reason(at, whole, inside=inside):
        return dropped(at, why)
    inside = inside or at.tag in ("article", "main")
    children = tuple(child if isinstance(child, str) else _clean(child, whole, inside=inside) for child in at.children)
    return element(at.tag, children, at.attributes)


def _reason(at: Element, whole: int, *, inside: bool) -> str | None:
    """Why the element is left out; None where it stays."""
    if at.tag in EMBEDDED:
        return "something embedded"
    if is_hidden(at) and not _is_whole(at, whole):
        return "hidden"
    if is_struck(at):
        return "crossed out"
    return PARTS[at.tag] if at.tag in ALWAYS else _page_part(at, whole, inside=inside)


def _page_part(at: Element, whole: int, *, inside: bool) -> str | None:
    """Which part of a page it is. Nothing is one that holds most of the text, an article, or a story's own heading."""
    part = _part(at) if at.size * 2 <= whole else None
    if part is None or (at.tag in ("header", "footer") and inside and _is_articles_own(at)):
        return None
    return None if any(below.tag in MAIN for below in at.walk()) else part


def _is_whole(at: Element, whole: int) -> bool:
    """Whether it holds a document that a script would have shown."""
    return at.tag == "body" or (at.size * 2 > whole and any(below.tag in (*MAIN, "p") for below in at.walk()))


def _is_articles_own(at: Element) -> bool:
    """Whether a header or footer within an article holds a heading: then it is the story's own."""
    return any(re.fullmatch(r"h[1-6]", below.tag) for below in at.walk())


def _part(at: Element) -> str | None:
    if found := PARTS.get(at.tag) or ROLES.get(at.attributes.get("role", "").lower()):
        return found
    if at.tag in ("p", "span", "a", "li", "td", "tr", "h1", "h2", "h3"):
        return None
    words = re.split(r"[\s_-]+", " ".join((*classes_of(at), at.attributes.get("id", "").lower())))
    return next((WORDS[word] for word in words if word in WORDS), None)
