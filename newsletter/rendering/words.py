"""Words and lines of plain text: what both templates print of a story's blocks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from newsletter.model import Block, BulletList, Image, Item, Paragraph, Quote, Spans, plain

WIDTH: Final = 78
"""Characters of a line of the text part: RFC 5322's recommendation."""

WORDS_A_MINUTE: Final = 230
"""Silent reading of English non-fiction: 238 words a minute (Brysbaert 2019), rounded down for figures and names."""

_WORD: Final = re.compile(r"\w+(?:['’.,]\w+)*")


def count_words(texts: Iterable[str]) -> int:
    """Words as a reader counts them: 4,090 and don’t are one each."""
    return sum(len(_WORD.findall(text)) for text in texts)


def reading_minutes(word_count: int) -> int:
    """Minutes to read so many words, at least one."""
    return max(1, round(word_count / WORDS_A_MINUTE))


def kind(block: Block) -> str:
    """`paragraph`, `list`, `quote` or `image`: what a template asks before it sets a block."""
    names: Mapping[type, str] = {Paragraph: "paragraph", BulletList: "list", Quote: "quote", Image: "image"}
    return names[type(block)]


def texts_of(block: Block) -> tuple[str, ...]:
    """The texts that a block prints, one for each paragraph or item, run-in heads included, credits not."""
    if isinstance(block, Paragraph):
        return (headed(block.run_in, block.spans),)
    if isinstance(block, BulletList):
        return tuple(text for item in block.items for text in _texts_of_item(item))
    if isinstance(block, Quote):
        return tuple(plain(spans) for spans in block.paragraphs)
    return ()


def _texts_of_item(item: Item) -> tuple[str, ...]:
    below = tuple(text for child in item.children for text in _texts_of_item(child))
    return (headed(item.run_in, item.spans), *below)


def headed(run_in: str | None, spans: Spans) -> str:
    """The text of the spans after their run-in head."""
    return f"{colon(run_in)} {plain(spans)}".strip() if run_in else plain(spans)


def colon(head: str) -> str:
    """The run-in head with its colon; none where it ends in a mark of its own (However …)."""
    return head if is_closed(head) else f"{head}:"


def is_closed(head: str) -> bool:
    """Whether a run-in head ends in a mark of its own, and so takes no colon."""
    return head.endswith(("…", "?", "!", ".", ":"))


def referred(spans: Spans, references: Mapping[str, int]) -> str:
    """The spans as plain text, each link followed by its number: `the bill [3]`."""
    return "".join(
        f"{span.text} [{references[span.href]}]" if span.href and span.href in references else span.text
        for span in spans
    )


def wrap(text: str, first: str = "", rest: str | None = None) -> str:
    """The text in lines of at most 78 characters; `first` stands before the first line, `rest` before the others.

    Words are never broken, so an address stays whole in a line of its own.
    """
    return textwrap.fill(
        " ".join(text.split(" ")),
        width=WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def underline(text: str, char: str = "-") -> str:
    """The text, wrapped, over a line of the same length."""
    lines = wrap(text).split("\n")
    return "\n".join([*lines, char * max(map(len, lines))])


def centre(text: str) -> str:
    """The text in the middle of the line."""
    return "\n".join(line.center(WIDTH).rstrip() for line in wrap(text).split("\n"))


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "referred": referred,
    "wrap": wrap,
    "underline": underline,
    "centre": centre,
}
