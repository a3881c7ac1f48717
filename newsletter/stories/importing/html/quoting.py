"""Mails that were forwarded or answered: the whole text is a quotation, which is none to a reader."""

from __future__ import annotations

from newsletter.stories.importing.html.styles import classes_of
from newsletter.stories.importing.html.tree import Element, element

SHARE = 0.6
"""The part of a text that one quotation may be; more of it is a mail within a mail."""


def unquoted(body: Element) -> Element:
    """The body with quotations of whole mails taken out of their quotation."""
    return _unquoted(body, body.size)


def _unquoted(at: Element, whole: int) -> Element:
    children = tuple(child if isinstance(child, str) else _unquoted(child, whole) for child in at.children)
    tag = "div" if at.tag == "blockquote" and _is_mail(at, whole) else at.tag
    return element(tag, children, at.attributes)


def _is_mail(at: Element, whole: int) -> bool:
    cited = at.attributes.get("type", "").lower() == "cite" or "gmail_quote" in classes_of(at)
    return cited or at.size > SHARE * whole
