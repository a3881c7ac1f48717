"""What an import gives: drafts, what it left out, and what it was not sure of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from newsletter.model import Block, BulletList, Citation, Image, Item, Paragraph, Quote, plain


@dataclass(frozen=True, slots=True)
class Dropped:
    """Text that is no part of a story: a label, page furniture. `line` counts from 1 in the file as given; 0 is no line
    of it (a page's header in Word).
    """

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A guess, or a thing to look at, in words for an editor. `line` counts from 1; 0 is the file as a whole."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class PossibleLink:
    """A no-break space that a copied page left at the border of a link, and the words on its two sides."""

    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A story as it was read, before a file is made of it.

    headline        None where the text has none
    section_label   the label over it, as written ("Policy and Legal"); which section that is, others decide
    line            where that label stands; without one, where the text begins; 0 where there is neither
    image           a picture's alt text with an empty `src`: plain text names no file
    citations       as `stories.citations` finds them in `blocks`
    fingerprint     see `fingerprint`; tells that a story was imported before
    """

    headline: str | None
    section_label: str | None
    line: int
    blocks: tuple[Block, ...]
    image: Image | None
    citations: tuple[Citation, ...]
    possible_links: tuple[PossibleLink, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """All that one file gave. At least one story; `dropped` and `warnings` in the order of their lines, which are
    paragraphs (`unit`) where a document shows no lines.
    """

    stories: tuple[Draft, ...]
    dropped: tuple[Dropped, ...]
    warnings: tuple[Doubt, ...]
    unit: Literal["line", "paragraph"] = "line"


def fingerprint(headline: str | None, blocks: tuple[Block, ...]) -> str:
    """`sha256:<hex>` over the words of a story: equal for a draft and for the story file written from it.

    Case, spacing and style do not count, so that a second copy of the same page is known again.
    """
    words = " ".join([headline or "", *(_words(block) for block in blocks)]).casefold().split()
    return "sha256:" + hashlib.sha256(" ".join(words).encode()).hexdigest()


def _words(block: Block) -> str:
    match block:
        case Paragraph():
            return f"{block.run_in or ''} {plain(block.spans)}"
        case BulletList():
            return " ".join(_item_words(item) for item in block.items)
        case Quote():
            return " ".join(plain(spans) for spans in block.paragraphs)
        case Image():
            return ""


def _item_words(item: Item) -> str:
    return " ".join([item.run_in or "", plain(item.spans), *(_item_words(child) for child in item.children)])
