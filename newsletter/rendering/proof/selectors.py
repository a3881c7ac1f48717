"""Selectors: which elements of a mail a rule is for. As much of CSS as mails use; anything else matches nothing.

Read: types, `*`, classes, ids, attributes (`[a]`, `[a=b]`, `[a~=b]`, `[a^=b]`, `[a$=b]`, `[a*=b]`), `:root`, and
elements in elements (` `, `>`). What depends on the reader's pointer or on siblings is not there when a mail is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from newsletter.rendering.proof.page import Element

_SIMPLE: Final = re.compile(
    r"""(?P<type>\*|[a-zA-Z][\w-]*)|\.(?P<cls>-?[a-zA-Z_][\w-]*)|\#(?P<id>[\w-]+)
    |\[\s*(?P<name>[\w-]+)\s*(?:(?P<how>[~^$*|]?=)\s*["']?(?P<value>[^"'\]]*)["']?\s*)?\]|(?P<pseudo>::?[\w-]+(?:\([^)]*\))?)""",
    re.VERBOSE,
)
_COMBINED: Final = re.compile(r"\s*([>+~])\s*|\s+")

_COMPARED: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda have, want: have == want,
    "~=": lambda have, want: want in have.split(),
    "^=": lambda have, want: bool(want) and have.startswith(want),
    "$=": lambda have, want: bool(want) and have.endswith(want),
    "*=": lambda have, want: bool(want) and want in have,
    "|=": lambda have, want: have == want or have.startswith(f"{want}-"),
}


@dataclass(frozen=True, slots=True)
class Compound:
    """What one element must be. `marks` are attributes that a client sets on what it has rewritten (`data-ogsc`)."""

    tag: str = ""
    classes: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, str, str], ...] = ()
    root: bool = False
    never: bool = False

    def fits(self, element: Element, marks: frozenset[str]) -> bool:
        """Whether an element is so; `marks` are attributes that every element is taken to have."""
        if self.never or (self.tag and self.tag != element.tag) or (self.root and element.tag != "html"):
            return False
        if self.classes and not self.classes <= {*element.attributes.get("class", "").split()}:
            return False
        if self.ids and self.ids != {element.attributes.get("id")}:
            return False
        return all(name in marks or _has(element, name, how, value) for name, how, value in self.attributes)


@dataclass(frozen=True, slots=True)
class Selector:
    """Compounds from the outermost to the element itself; `joins[n]` stands between the n-th and the next one."""

    compounds: tuple[Compound, ...]
    joins: tuple[str, ...]
    specificity: tuple[int, int, int]

    @property
    def key(self) -> str:
        """What the element itself must have, to look a rule up by: `.class`, a tag, or nothing in particular."""
        last = self.compounds[-1]
        return f".{min(last.classes)}" if last.classes else last.tag

    def matches(self, element: Element, marks: frozenset[str] = frozenset()) -> bool:
        """Whether the rule is for this element."""
        return self._from(len(self.compounds) - 1, element, marks)

    def _from(self, place: int, element: Element, marks: frozenset[str]) -> bool:
        if not self.compounds[place].fits(element, marks):
            return False
        if place == 0:
            return True
        if self.joins[place - 1] == ">":
            return element.parent is not None and self._from(place - 1, element.parent, marks)
        # Outlook.com wraps the mail: a mark alone may stand on something around it
        if place == 1 and self._only_marks(marks):
            return True
        return any(self._from(place - 1, holder, marks) for holder in element.above())

    def _only_marks(self, marks: frozenset[str]) -> bool:
        first = self.compounds[0]
        return bool(first.attributes) and all(name in marks for name, _, _ in first.attributes) and not first.tag

    def asks(self, marks: frozenset[str]) -> bool:
        """Whether it is for what a client has rewritten."""
        return any(name in marks for compound in self.compounds for name, _, _ in compound.attributes)


@lru_cache(maxsize=2048)
def parse_selectors(prelude: str) -> tuple[Selector, ...]:
    """The selectors of a list (`a, b`)."""
    return tuple(_selector(part.strip()) for part in re.split(r",(?![^(\[]*[)\]])", prelude) if part.strip())


def _selector(text: str) -> Selector:
    compounds: list[Compound] = []
    joins: list[str] = []
    place = 0
    while place < len(text):
        end = _end_of_compound(text, place)
        compounds.append(_compound(text[place:end]))
        join = _COMBINED.match(text, end)
        if join is None or join.end() == len(text):
            break
        joins.append(join[1] or " ")
        place = join.end()
    if any(join in "+~" for join in joins):
        compounds[-1] = Compound(never=True)
    return Selector(tuple(compounds), tuple(joins), _specificity(compounds))


def _end_of_compound(text: str, start: int) -> int:
    place = start
    while found := _SIMPLE.match(text, place):
        place = found.end()
    return place if place > start else len(text)


def _compound(text: str) -> Compound:
    classes, ids, attributes = set[str](), set[str](), list[tuple[str, str, str]]()
    tag, root, never, place = "", False, False, 0
    while found := _SIMPLE.match(text, place):
        place = found.end()
        if found["type"]:
            tag = "" if found["type"] == "*" else found["type"].lower()
        elif found["cls"]:
            classes.add(found["cls"])
        elif found["id"]:
            ids.add(found["id"])
        elif found["name"]:
            attributes.append((found["name"].lower(), found["how"] or "", found["value"] or ""))
        elif found["pseudo"] == ":root":
            root = True
        elif found["pseudo"] not in {":link", ":any-link"}:
            never = True
    never = never or place < len(text) or not text
    return Compound(tag, frozenset(classes), frozenset(ids), tuple(attributes), root, never)


def _specificity(compounds: list[Compound]) -> tuple[int, int, int]:
    return (
        sum(len(each.ids) for each in compounds),
        sum(len(each.classes) + len(each.attributes) + each.root for each in compounds),
        sum(bool(each.tag) for each in compounds),
    )


def _has(element: Element, name: str, how: str, value: str) -> bool:
    have = element.attributes.get(name)
    return have is not None and (not how or _COMPARED[how](have, value))
