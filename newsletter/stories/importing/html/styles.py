"""What the attributes of an element say: its style, its classes, whether it can be seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from newsletter.model import Span
from newsletter.stories.importing.html.tree import Element
from newsletter.stories.importing.links import Link

STRONG = frozenset({"b", "strong"})
EMPHASIS = frozenset({"i", "em"})
STRUCK = frozenset({"del", "s", "strike"})

HIDDEN_CLASSES = frozenset({"sr-only", "visually-hidden", "screen-reader-text", "hidden", "d-none", "preheader"})

_DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*([^;]*)")


def style_of(element: Element) -> Mapping[str, str]:
    """The declarations of a `style` attribute, in lower case; of two for one property the last."""
    raw = element.attributes.get("style", "")[:2000]
    return {name.lower(): value.strip().lower() for name, value in _DECLARATION.findall(raw)} if raw else {}


def classes_of(element: Element) -> tuple[str, ...]:
    """The classes of an element, in lower case."""
    return tuple(element.attributes.get("class", "").lower().split())


def is_hidden(element: Element) -> bool:
    """Whether a reader with pictures and styles does not see the element: a mail's preheader, a closed menu."""
    if "hidden" in element.attributes or element.attributes.get("aria-hidden", "").lower() == "true":
        return True
    style = style_of(element)
    if style.get("display", "").startswith("none") or style.get("visibility", "").startswith("hidden"):
        return True
    if style.get("mso-hide") == "all" or (style.get("max-height", "") in ("0", "0px") and "overflow" in style):
        return True
    return not HIDDEN_CLASSES.isdisjoint(classes_of(element))


def is_struck(element: Element) -> bool:
    """Whether the element's text is crossed out."""
    return element.tag in STRUCK or "line-through" in style_of(element).get("text-decoration", "")


def styled(span: Span, element: Element, link: Link | None) -> Span:
    """The style within an element: by its tag, unless its `style` says otherwise (Google Docs wraps all in `<b>`)."""
    style = style_of(element)
    strong = span.strong or element.tag in STRONG
    emphasis = span.emphasis or element.tag in EMPHASIS
    if weight := style.get("font-weight", ""):
        strong = _is_bold(weight, before=strong)
    if slant := style.get("font-style", ""):
        emphasis = slant.startswith(("italic", "oblique")) or (emphasis and slant.startswith("inherit"))
    return replace(span, strong=strong, emphasis=emphasis, href=link.href if link else span.href)


def _is_bold(weight: str, *, before: bool) -> bool:
    if found := re.match(r"\d{1,4}", weight):
        return int(found[0]) >= 600
    if weight.startswith("bold"):
        return True
    return before and weight.startswith("inherit")
