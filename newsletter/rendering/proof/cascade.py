"""What a client makes of a mail's styles: the colours, size and weight of each element's text, in light or dark.

A small cascade: attributes such as `bgcolor`, the rules of the style sheets, `style`, `!important`; inheritance; @media
with `prefers-color-scheme` on a wide screen. Outlook.com's dark mode marks what it has rewritten (`data-ogsc`,
`data-ogsb`), and has no `prefers-color-scheme`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from newsletter.rendering.proof.colours import BLACK, LINK_BLUE, WHITE, Colour, read_colour
from newsletter.rendering.proof.css import Declaration, Rule, declarations, sheet
from newsletter.rendering.proof.page import Element, Page
from newsletter.rendering.proof.selectors import Selector

MARKS: Final = frozenset(["data-ogsc", "data-ogsb", "data-ogac", "data-ogab"])
"""Attributes of Outlook.com's dark mode on what it has rewritten."""

WIDTH: Final = 1200
"""Pixels of the screen that @media is asked for."""

_LOOKED_AT: Final = frozenset(["color", "background", "background-color", "font-size", "font-weight", "display"])
_LENGTH: Final = re.compile(r"([\d.]+)(px|pt|em|rem|%)\Z")
_PX: Final = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}
_WORDS: Final = {"small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0, "x-small": 10.0}
_HEADINGS: Final = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67}
_BOLD_TAGS: Final = frozenset([*_HEADINGS, "h4", "b", "strong", "th"])
_CONDITION: Final = re.compile(r"\(\s*([a-z-]+)\s*(?::\s*([^)]*?)\s*)?\)")

Weight = tuple[bool, bool, tuple[int, int, int], int]
Won = tuple[Weight, str, bool]


@dataclass(frozen=True, slots=True)
class Look:
    """How an element's text is shown. `set_text` and `set_behind`: by a rule for what Outlook.com has rewritten."""

    text: Colour
    behind: Colour
    size_px: float
    bold: bool
    shown: bool
    set_text: bool = False
    set_behind: bool = False


_ROOT: Final = Look(text=BLACK, behind=WHITE, size_px=16.0, bold=False, shown=True)


def looks(page: Page, scheme: Literal["light", "dark", "marked"]) -> Iterator[tuple[Element, Look]]:
    """Each element of a page and how its text is shown; `marked` is Outlook.com's dark mode, by its own rules alone."""
    marks = MARKS if scheme == "marked" else frozenset[str]()
    rules = _rules(page, "dark" if scheme == "dark" else "light")
    found: dict[Element, Look] = {}
    for element in page.elements:
        above = found[element.parent] if element.parent is not None else _ROOT
        found[element] = _look(element, above, _winners(element, rules, marks))
        yield element, found[element]


_Rules = dict[str, list[tuple[int, Selector, Rule]]]


def _rules(page: Page, scheme: str) -> _Rules:
    """The rules that hold, by what their element must have."""
    found: _Rules = defaultdict(list)
    order = 0
    for media, css in page.sheets:
        for rule in sheet(css, media).rules:
            if not all(_holds(words, scheme) for kind, words in rule.conditions if kind == "media"):
                continue
            if not any(declaration.name in _LOOKED_AT for declaration in rule.declarations):
                continue
            for selector in rule.selectors:
                order += 1
                found[selector.key].append((order, selector, rule))
    return found


def _holds(media: str, scheme: str) -> bool:
    return any(_holds_one(query.strip(), scheme) for query in media.split(","))


def _holds_one(query: str, scheme: str) -> bool:
    kind = re.match(r"(?:(not|only)\s+)?([a-z-]+)", query)
    negated = bool(kind and kind[1] == "not")
    fits = kind is None or kind[2] in {"screen", "all", "and"}
    return negated != (fits and all(_feature(name, value, scheme) for name, value in _CONDITION.findall(query)))


def _feature(name: str, value: str, scheme: str) -> bool:
    if name == "prefers-color-scheme":
        return value == scheme
    length = _LENGTH.match(value)
    if length and length[2] in _PX and name in {"min-width", "max-width"}:
        pixels = float(length[1]) * _PX[length[2]]
        return pixels <= WIDTH if name == "min-width" else pixels >= WIDTH
    return False


def _winners(element: Element, rules: _Rules, marks: frozenset[str]) -> dict[str, Won]:
    """The declaration that wins for each name, and whether a rule for what is marked has it."""
    won: dict[str, Won] = {}
    classes = (f".{name}" for name in element.attributes.get("class", "").split())
    for key in ("", element.tag, *classes):
        for order, selector, rule in rules.get(key, ()):
            if selector.matches(element, marks):
                for declaration in rule.declarations:
                    weight = (declaration.important, False, selector.specificity, order)
                    _take(won, declaration, weight, marked=bool(marks) and selector.asks(marks))
    for order, declaration in enumerate(declarations(element.attributes.get("style", ""))):
        _take(won, declaration, (declaration.important, True, (0, 0, 0), order), marked=False)
    return won


def _take(won: dict[str, Won], declaration: Declaration, weight: Weight, *, marked: bool) -> None:
    if declaration.name not in _LOOKED_AT:
        return
    name, value = declaration.name, declaration.value
    if name == "background":  # the shorthand sets the colour: the one that stands in it, or none
        name = "background-color"
        value = next((word for word in _parts(declaration) if read_colour(word)), "transparent")
    elif name in {"color", "background-color"} and not (read_colour(value) or value in {"inherit", "transparent"}):
        return
    if name not in won or weight >= won[name][0]:
        won[name] = (weight, value, marked)


def _parts(declaration: Declaration) -> Iterator[str]:
    return (token.serialize() for token in declaration.tokens if token.type in {"ident", "hash", "function"})


def _look(element: Element, above: Look, won: dict[str, Won]) -> Look:
    attributes = element.attributes
    own = won.get("color")
    hint = read_colour(attributes.get("color" if element.tag == "font" else "text", ""))
    usual = LINK_BLUE if element.tag == "a" and "href" in attributes else hint or above.text
    text = (read_colour(own[1]) or above.text) if own else usual
    plate = won.get("background-color")
    surface = read_colour(plate[1]) if plate else read_colour(attributes.get("bgcolor", ""))
    if plate and plate[1] == "inherit":
        surface = None
    solid = surface is not None and surface.alpha > 0
    behind = surface.over(above.behind) if surface is not None and solid else above.behind
    return Look(
        text=text,
        behind=behind,
        size_px=_size(won["font-size"][1] if "font-size" in won else "", element.tag, above.size_px),
        bold=_bold(won["font-weight"][1] if "font-weight" in won else "", element.tag, above=above.bold),
        shown=above.shown and "hidden" not in attributes and ("display" not in won or won["display"][1] != "none"),
        set_text=own[2] if own else above.set_text,
        set_behind=bool(plate and plate[2]) if solid else above.set_behind,
    )


def _size(value: str, tag: str, above: float) -> float:
    length = _LENGTH.match(value)
    if length is None:
        return _WORDS.get(value, above * (1.0 if value else _HEADINGS.get(tag, 1.0)))
    number, unit = float(length[1]), length[2]
    return number * _PX[unit] if unit in _PX else number * above / (100 if unit == "%" else 1)


def _bold(value: str, tag: str, *, above: bool) -> bool:
    if value.isdigit():
        return int(value) >= 700
    return {"bold": True, "bolder": True, "normal": False, "lighter": False}.get(value, above or tag in _BOLD_TAGS)
