"""Sources named in the body: `(The Daily Ledger, subscription)` and "according to The Daily Ledger (subscription)".

Known outlets are found wherever they stand; an unknown one counts where editors put a source, at a sentence's end,
and only if it reads like a name. What is in parentheses for other reasons (a party and state, a bill, an acronym, a
figure, a whole sentence) is never a source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from newsletter.model import Block, BulletList, Citation, Image, Item, Organisation, Outlet, Paragraph, Quote, plain
from newsletter.stories.words import Words, access_notes, without_article, words_of

_PARENTHESIS = re.compile(r"\(([^()]+)\)")
_SENTENCE_END = re.compile(r"[”’\"')\]]*(?:[.!?…]|\Z)")
_NAME_WORD = r"(?:[A-ZÀ-ÖØ-Þ][\w’'.&-]*|&)"
_JOINER = r"(?:of|the|and|for|in|on|de|del|la|las|los|y|der|die|des|für|und|zur|am)"
_NAME = re.compile(rf"{_NAME_WORD}(?:\s+(?:{_JOINER}\s+)*{_NAME_WORD})*")
_NAME_BEFORE = re.compile(rf"((?:{_NAME_WORD}\s+(?:{_JOINER}\s+)*)*{_NAME_WORD})\s+\Z")
_MEMBER = re.compile(r"[RDIL](?:-|–)[A-Z]")
_ACRONYM = re.compile(r"[A-Z][A-Z0-9&.-]*s?\Z")
_NAME_LENGTH = 160
"""Characters of an outlet's name at most: bounds what is looked at around each mark of a source."""

_Found = tuple[int, str, str | None, Literal["parenthesis", "prose"]]


def citations(blocks: tuple[Block, ...], organisation: Organisation) -> tuple[Citation, ...]:
    """The sources of a body in their order, each as often as it is named. An outlet is called by its name in the
    organisation's `outlets` where one of its aliases is used there; otherwise as the text has it.
    """
    registry = Registry.of(organisation.outlets, access_notes(organisation), words_of(organisation.language))
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
    """Known outlets by what they are called: names and aliases, with or without their article, in any case; the
    access notes by their small letters; the words of the language.
    """

    known: Mapping[str, Outlet]
    notes: Mapping[str, str]
    words: Words

    @classmethod
    def of(cls, outlets: Iterable[Outlet], notes: Mapping[str, str], words: Words) -> Registry:
        return cls({_key(name): outlet for outlet in outlets for name in (*outlet.aliases, outlet.name)}, notes, words)

    def find(self, name: str) -> Outlet | None:
        return self.known.get(_key(name))

    def note(self, text: str) -> str | None:
        return self.notes.get(text.strip().casefold())


def _key(name: str) -> str:
    return " ".join(without_article(name.replace("’", "'").strip()).casefold().split())


def _in_text(text: str, registry: Registry) -> Iterator[_Found]:
    taken: set[int] = set()
    for match in _PARENTHESIS.finditer(text):
        if (note := registry.note(match[1])) is not None:
            outlet = _before(text[max(0, match.start() - _NAME_LENGTH) : match.start()], registry)
            if outlet is not None:
                taken.add(match.start())
                yield match.start(), outlet, note, "prose"
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
    access = registry.note(note)
    if comma and access is not None:
        known, called = registry.find(name), name.strip()
        return (known.name if known else called, access) if known or _is_name(called, registry.words) else None
    known = registry.find(part)
    if known is not None:
        return known.name, None
    return (part, None) if at_end and _is_name(part, registry.words) and not _ACRONYM.match(part) else None


def _is_name(text: str, words: Words) -> bool:
    """Whether the text reads like an outlet's name: capitals, no figures, not a person, a party or a day."""
    if len(text) > _NAME_LENGTH or not _NAME.fullmatch(text) or re.search(r"\d", text) or text.endswith("."):
        return False
    parts = [part.strip(".,").casefold() for part in text.split()]
    if len(parts) > 8 or _MEMBER.match(text) or parts[0] in words.titles or parts[0] in words.weekdays:
        return False
    return len(parts) > 1 or parts[0] not in words.calendar


def _before(text: str, registry: Registry) -> str | None:
    """The outlet's name that ends where the access note begins."""
    match = _NAME_BEFORE.search(text)
    if match is None:
        return None
    words = match[1].split()
    for start in range(len(words)):
        known = registry.find(" ".join(words[start:]))
        if known is not None:
            return known.name
    return match[1]


@lru_cache
def _leads(words: Words) -> re.Pattern[str] | None:
    """The words that lead to a source in prose ("according to"), with the article after them, if there is one."""
    if not words.according:
        return None
    phrases = "|".join(phrase.replace(" ", r"\s+") for phrase in words.according)
    return re.compile(rf"\b(?:{phrases})\s+((?:(?:{'|'.join(words.articles)})\s+)?)", re.IGNORECASE)


def _according(text: str, registry: Registry, taken: set[int]) -> Iterator[_Found]:
    """Sources after "according to", without a note. An unknown one must have its article: "the Press Agency"."""
    pattern = _leads(registry.words)
    for match in pattern.finditer(text) if pattern else ():
        name = _NAME.match(text, match.end(), match.end() + _NAME_LENGTH)
        if name is None:
            continue
        called = name[0].rstrip(".").removesuffix("’s").removesuffix("'s")
        if not taken.isdisjoint((name.end(), name.end() + 1)):
            continue
        known = registry.find(called)
        if known is not None:
            yield match.start(), known.name, None, "prose"
        elif match[1] and " " in called and _is_name(called, registry.words):
            yield match.start(), called, None, "prose"
