"""Style sheets and `style` attributes as lists of declarations: what a mail's CSS says, told by tinycss2.

What cannot be read is dropped, as a client drops it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import tinycss2

from newsletter.rendering.proof.selectors import Selector, parse_selectors

_NESTED: Final = frozenset(["media", "supports"])


@dataclass(frozen=True, slots=True)
class Declaration:
    """One `name: value`; the value as it is written, `!important` apart, and the tokens that it was read from."""

    name: str
    value: str
    important: bool
    tokens: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one selector list: `conditions` are the @media and @supports that it stands in, outermost first."""

    selectors: tuple[Selector, ...]
    prelude: str
    declarations: tuple[Declaration, ...]
    conditions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet's rules in their order, and the names of its other at-rules (`import`, `font-face` …)."""

    rules: tuple[Rule, ...]
    others: tuple[str, ...]


@lru_cache(maxsize=4096)
def declarations(style: str) -> tuple[Declaration, ...]:
    """The declarations of a `style` attribute."""
    return _declarations(style)


@lru_cache(maxsize=64)
def sheet(css: str, media: str = "") -> Sheet:
    """The rules of a style sheet; `media` is what its `<style media>` says."""
    outer = (("media", media.strip()),) if media.strip() else ()
    others: list[str] = []
    rules = tuple(_rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True), outer, others))
    return Sheet(rules, tuple(dict.fromkeys(others)))


def _rules(nodes: Sequence[Any], conditions: tuple[tuple[str, str], ...], others: list[str]) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            prelude = tinycss2.serialize(node.prelude).strip()
            yield Rule(parse_selectors(prelude), prelude, _declarations(node.content), conditions)
        elif node.type == "at-rule" and node.lower_at_keyword in _NESTED and node.content is not None:
            inner = (*conditions, (node.lower_at_keyword, tinycss2.serialize(node.prelude).strip().lower()))
            nested = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _rules(nested, inner, others)
        elif node.type == "at-rule":
            others.append(node.lower_at_keyword)


def _declarations(source: Any) -> tuple[Declaration, ...]:
    nodes = tinycss2.parse_blocks_contents(source, skip_comments=True, skip_whitespace=True)
    return tuple(
        Declaration(
            name=node.name if node.name.startswith("--") else node.lower_name,
            value=tinycss2.serialize(node.value).strip(),
            important=node.important,
            tokens=tuple(node.value),
        )
        for node in nodes
        if node.type == "declaration"
    )
