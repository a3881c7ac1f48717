"""Sources named in the body: `(The Daily Ledger, subscription)` and "according to The Daily Ledger (subscription)".

Known outlets are found wherever they stand; an unknown one counts where editors put a source, at a sentence's end,
and only if it reads like a name. What is in parentheses for other reasons (a party and state, a bill, an acronym, a
figure, a whole sentence) is never a source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from newsletter.model import Block, BulletList, Citation, Image, Item, Outlet, Paragraph, Quote, plain

ACCESS = frozenset(
    {"subscription", "subscription required", "registration", "registration required", "paywall", "free"}
)
"""The notes that say how a source is reached."""

_PARENTHESIS = re.compile(r"\(([^()]+)\)")
_SENTENCE_END = re.compile(r"[”’\"')\]]*(?:[.!?…]|\Z)")
_ACCORDING = re.compile(r"\b[Aa]ccording\s+to\s+((?:[Tt]he\s+)?)")
_NAME_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w’'.&-]*|&)"
_JOINER = r"(?:of|the|and|for|in|on|de|la)"
_NAME = re.compile(rf"{_NAME_WORD}(?:\s+(?:{_JOINER}\s+)*{_NAME_WORD})*")
_NAME_BEFORE = re.compile(rf"((?:{_NAME_WORD}\s+(?:{_JOINER}\s+)*)*{_NAME_WORD})\s+\Z")
_MEMBER = re.compile(r"[RDIL](?:-|–)[A-Z]")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9&.-]*s?\Z")
_CALENDAR = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|(?:January|February|March|April|May|June|July|August|September"
    r"|October|November|December)\Z"
)
_PERSON = re.compile(r"(?:Rep|Sen|Gov|Mr|Ms|Mrs|Dr|President|Secretary|CEO|Chair|Chief|Director|Senator|Governor)\b")

_Found = tuple[int, str, str | None, Literal["parenthesis", "prose"]]


def citations(blocks: tuple[Block, ...], outlets: tuple[Outlet, ...]) -> tuple[Citation, ...]:
    """The sources of a body in their order, each as often as it is named. An outlet is called by its name in
    `outlets` where one of its aliases is used there; otherwise as the text has it.
    """
    registry = Registry.of(outlets)
    return tuple(
        Citation(outlet=outlet, access=access, form=form, block=number)
        for number, block in enumerate(blocks)
        for text in texts(block)
        for _, outlet, access, form in sorted(_in_text(text, registry), key=lambda found: found[0])
    )


def texts(block: Block) -> Iterator[str]:
    """The text of a block without its style: a paragraph, each item, each paragraph of a quotation."""
    match block:
        case Paragraph():
            yield plain(block.spans)
        case BulletList():
            yield from _item_texts(block.items)
        case Quote():
            yield from (plain(spans) for spans in block.paragraphs)
        case Image():
            return


def _item_texts(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield plain(item.spans)
        yield from _item_texts(item.children)


@dataclass(frozen=True, slots=True)
class Registry:
    """Known outlets by what they are called: names and aliases, with or without "The", in any case."""

    known: Mapping[str, Outlet]

    @classmethod
    def of(cls, outlets: Iterable[Outlet]) -> Registry:
        return cls({_key(name): outlet for outlet in outlets for name in (*outlet.aliases, outlet.name)})

    def find(self, name: str) -> Outlet | None:
        return self.known.get(_key(name))


def _key(name: str) -> str:
    return " ".join(name.replace("’", "'").casefold().removeprefix("the ").split())


def _in_text(text: str, registry: Registry) -> Iterator[_Found]:
    taken: list[int] = []
    for match in _PARENTHESIS.finditer(text):
        if match[1].strip().casefold() in ACCESS:
            outlet = _before(text[: match.start()], registry)
            if outlet is not None:
                taken.append(match.start())
                yield match.start(), outlet, match[1].strip().casefold(), "prose"
            continue
        at_end = _SENTENCE_END.match(text, match.end()) is not None
        for outlet, access in _parenthesis(match[1], registry, at_end=at_end):
            yield match.start(), outlet, access, "parenthesis"
    yield from _according(text, registry, taken)


def _parenthesis(inside: str, registry: Registry, *, at_end: bool) -> Iterator[tuple[str, str | None]]:
    """The sources between parentheses; `;` parts several. All parts must read like sources, or none is one."""
    found = [_part(part.strip(), registry, at_end=at_end) for part in inside.split(";")]
    for pair in found:
        if None in found or pair is None:
            return
        yield pair


def _part(part: str, registry: Registry, *, at_end: bool) -> tuple[str, str | None] | None:
    name, comma, note = part.rpartition(",")
    access = note.strip().casefold()
    if comma and access in ACCESS:
        known = registry.find(name.strip())
        return (known.name if known else name.strip(), access) if known or _is_name(name.strip()) else None
    known = registry.find(part)
    if known is not None:
        return known.name, None
    return (part, None) if at_end and _is_name(part) and not _ACRONYM.match(part) else None


def _is_name(text: str) -> bool:
    """Whether the text reads like an outlet's name: capitals, no figures, not a person, a party or a day."""
    if not _NAME.fullmatch(text) or re.search(r"\d", text) or len(text.split()) > 8 or text.endswith("."):
        return False
    return not (_MEMBER.match(text) or _CALENDAR.match(text) or _PERSON.match(text))


def _before(text: str, registry: Registry) -> str | None:
    """The outlet's name that ends where the access note begins."""
    match = _NAME_BEFORE.search(text[-160:])
    if match is None:
        return None
    words = match[1].split()
    for start in range(len(words)):
        known = registry.find(" ".join(words[start:]))
        if known is not None:
            return known.name
    return match[1]


def _according(text: str, registry: Registry, taken: list[int]) -> Iterator[_Found]:
    """Sources after "according to", without a note. An unknown one must have its article: "the Press Agency"."""
    for match in _ACCORDING.finditer(text):
        name = _NAME.match(text, match.end())
        if name is None:
            continue
        called = name[0].rstrip(".").removesuffix("’s").removesuffix("'s")
        if any(0 <= at - name.end() <= 1 for at in taken):
            continue
        known = registry.find(called)
        if known is not None:
            yield match.start(), known.name, None, "prose"
        elif match[1] and " " in called and _is_name(called):
            yield match.start(), called, None, "prose"
