"""CSS that a mail client drops: what the mail uses, beside what caniemail.com says of each client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from newsletter.model import Finding
from newsletter.rendering.proof.caniemail import tested
from newsletter.rendering.proof.cascade import MARKS
from newsletter.rendering.proof.case import Case, warn
from newsletter.rendering.proof.css import Declaration, Rule, declarations, sheet
from newsletter.rendering.proof.page import Page

BARE: Final = frozenset(
    [
        "css-at-media",
        "css-background-position",
        "css-background-repeat",
        "css-background-size",
        "css-border-radius",
        "css-border-spacing",
        "css-height",
        "css-word-break",
    ]
)
"""Features that some client lacks and that any page of MJML's usual components has: who uses MJML has accepted them.
A test compiles such a page and compares.
"""

ENHANCEMENTS: Final = frozenset(["css-at-media-prefers-color-scheme", "css-color-scheme", "css-selector-attribute"])
"""Dark mode, which is meant for the clients that have it; the others show the light mail."""

GRACEFUL: Final = frozenset(
    [
        "css-cursor",
        "css-font-kerning",
        "css-hyphens",
        "css-text-decoration-skip-ink",
        "css-text-underline-offset",
        "css-text-underline-position",
    ]
)
"""What nobody misses where it is lost: every word stands where it stood."""

_RESETS: Final = frozenset(["none", "normal", "auto", "initial"])
_UNITS: Final = frozenset(["ch", "cm", "em", "ex", "in", "mm", "pc", "pt", "rem", "vh", "vmax", "vmin", "vw"])
_FUNCTIONS: Final = {
    "var": "css-variables",
    "calc": "css-unit-calc",
    **dict.fromkeys(["rgb", "rgba"], "css-rgb"),
    **dict.fromkeys(["lab", "lch", "oklab", "oklch"], "css-modern-color"),
    **{f"{kind}-gradient": f"css-{kind}-gradient" for kind in ("linear", "radial", "conic")},
    **{name: f"css-function-{name}" for name in ("clamp", "light-dark", "max", "min")},
}
_PROPERTIES: Final = {
    **dict.fromkeys(["left", "right", "top", "bottom"], "css-left-right-top-bottom"),
    **dict.fromkeys(["column-gap", "row-gap", "gap"], "css-gap"),
}
_FAMILIES: Final = re.compile(r"(padding|margin|border)-(?:top|right|bottom|left)(?:-\w+)?\Z")
_PSEUDO: Final = re.compile(r"(::?)([a-z-]+)")
_FEATURE: Final = re.compile(r"\(\s*(?:min-|max-)?([a-z-]+)")


@dataclass(frozen=True, slots=True)
class Use:
    """A feature by caniemail's name, as it is used. `under`: the features that its rule hangs on, for a client that
    lacks one of those never sees it.
    """

    feature: str
    example: str
    under: tuple[str, ...] = ()


def client_css(case: Case) -> Iterator[Finding]:
    """Features that a client lacks and that a bare page of MJML would not have; each once, with the clients' names."""
    date = tested().date
    for feature, (example, clients) in lacking(case.page).items():
        if feature not in BARE | ENHANCEMENTS | GRACEFUL:
            words = example if len(example) <= 60 else f"{example[:59]}…"
            problem = f"`{words}` is dropped by {_listed(clients)} (caniemail.com, {date})"
            where = case.frame(*_spellings(example))
            yield warn("client-css", f"{problem}; look whether the mail is in order without it", where)


def _spellings(example: str) -> Iterator[str]:
    """How a template may have written it: in a style, or as an attribute of MJML."""
    yield example
    name, colon, value = example.partition(": ")
    if colon:
        yield from (f"{name}:{value}", f'{name}="{value}"')


def lacking(page: Page) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each feature that some client lacks, with its first use there and the clients."""
    data = tested()
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for use in dict.fromkeys(_uses(page)):
        blind = {client for feature in use.under for client in data.lacking(feature)}
        example, clients = found.get(use.feature, (use.example, ()))
        more = [client for client in data.lacking(use.feature) if client not in blind and client not in clients]
        if more:
            found[use.feature] = (example, tuple(client for client in data.clients if client in {*clients, *more}))
    return found


def _uses(page: Page) -> Iterator[Use]:
    for element in page.elements:
        if not element.hidden:
            for declaration in declarations(element.attributes.get("style", "")):
                yield from _of_declaration(declaration, ())
    for media, css in page.sheets:
        parsed = sheet(css, media)
        yield from (Use(f"css-at-{name}", f"@{name}") for name in parsed.others)
        for rule in parsed.rules:
            yield from _of_rule(rule)


def _of_rule(rule: Rule) -> Iterator[Use]:
    """What a rule uses; of one for a client's own marks, only that it has them."""
    if rule.selectors and all(selector.asks(MARKS) for selector in rule.selectors):
        yield Use("css-selector-attribute", rule.prelude)
        return
    under: tuple[str, ...] = ()
    for kind, words in rule.conditions:
        names = [f"css-at-{kind}", *(f"css-at-media-{name}" for name in _FEATURE.findall(words) if kind == "media")]
        for name in names:
            yield Use(name, f"@{kind} {words}", under)
            under = (*under, name)
    for feature in _of_selectors(rule.prelude):
        yield Use(feature, rule.prelude, under)
    for declaration in rule.declarations:
        yield from _of_declaration(declaration, under)


def _of_selectors(prelude: str) -> Iterator[str]:
    for colons, name in _PSEUDO.findall(prelude):
        kind = "element" if colons == "::" or name in {"before", "after"} else "class"
        yield f"css-pseudo-{kind}-{name}"
    for sign, name in ((">", "child"), ("+", "adjacent-sibling"), ("~", "general-sibling"), ("[", "attribute")):
        if sign in prelude:
            yield f"css-selector-{name}"


def _of_declaration(declaration: Declaration, under: tuple[str, ...]) -> Iterator[Use]:
    """What a declaration uses. A value that only takes something back is lost without a trace."""
    name, value = declaration.name, declaration.value
    if value.lower() in _RESETS:
        return
    words = f"{name}: {value}"
    family = _FAMILIES.match(name)
    yield Use(_PROPERTIES.get(name, f"css-{family[1] if family else name}"), words, under)
    if name == "display":
        yield Use(f"css-display-{value.removeprefix('inline-')}", words, under)
    if declaration.important:
        yield Use("css-important", f"{words} !important", under)
    for token in _all(declaration.tokens):
        if token.type == "dimension" and token.lower_unit in _UNITS:
            yield Use(f"css-unit-{token.lower_unit}", words, under)
        elif token.type == "function" and token.lower_name in _FUNCTIONS:
            yield Use(_FUNCTIONS[token.lower_name], words, under)


def _all(tokens: tuple[Any, ...]) -> Iterator[Any]:
    """The tokens, and those in their functions."""
    for token in tokens:
        yield token
        if token.type == "function":
            yield from _all(tuple(token.arguments))


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
