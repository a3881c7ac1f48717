"""The organisation that the import's tests read for, and an import written as notation (fixtures/README.txt)."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.model import Block, BulletList, Image, Item, Organisation, Outlet, Paragraph, Quote, Span, Spans, Story
from newsletter.stories.importing import Draft, Imported
from newsletter.stories.parse import parse_story
from newsletter.stories.voices import is_voice
from newsletter.stories.write import story_text

AMG = Organisation(
    name="Association of Makers and Growers",
    short_name="the AMG",
    postal_address="1 Mill Lane, Porthaven",
    zone=ZoneInfo("America/New_York"),
    voices=("The {short} says", "The {short}’s take", "{short} in action", "Our take", "Our move", "The last word"),
    labels=("Input Stories", "Policy and Legal", "Workforce", "Press Releases", "News", "Trade"),
    furniture=(
        "View More",
        "Read More",
        "Learn More",
        "Get the Latest News",
        "Sign up here",
        "Get Involved",
        "Share on LinkedIn",
    ),
    outlets=(
        Outlet(name="The Daily Ledger", access="subscription", aliases=("TDL",)),
        Outlet(name="The Press Agency"),
        Outlet(name="E&M News", access="subscription"),
    ),
)

DASHES = replace(AMG, language="es", head_marks=(":", "—"), leads=("However …",))


def notation(imported: Imported) -> list[str]:
    """The import, one fact a line."""
    prints = [draft.fingerprint for draft in imported.stories]
    lines = []
    for number, draft in enumerate(imported.stories):
        lines += _draft(draft)
        if draft.fingerprint in prints[:number]:
            lines.append(f"SAME {prints.index(draft.fingerprint) + 1}")
    lines += [f"DROP {dropped.line} {dropped.text}" for dropped in imported.dropped]
    return lines + [f"W {doubt.line} {doubt.message}" for doubt in imported.warnings]


def _draft(draft: Draft) -> Iterator[str]:
    yield f"H {draft.headline}" if draft.headline is not None else "H"
    if draft.section_label is not None:
        yield f"LABEL {draft.section_label}"
    if draft.image is not None:
        yield f"ALT {draft.image.alt}"
    for block in draft.blocks:
        yield from _block(block)
    for citation in draft.citations:
        access = f", {citation.access}" if citation.access else ""
        yield f"C {citation.block} {citation.outlet}{access} [{citation.form}]"


def reread(draft: Draft, organisation: Organisation, go_live: datetime | None = None) -> Story:
    """The story of the file that is written of a draft, dated May 4, 2026, a Monday."""
    headline, extra = draft.headline or "None yet", {"go_live": go_live}
    raw = story_text(headline=headline, section="trade", blocks=draft.blocks, extra=extra).encode()
    name, images = Path("2026-05-04-x.md"), Path("images")
    return parse_story(name, raw, organisation=organisation, images=images, shown=name.name)


def as_written(draft: Draft, organisation: Organisation) -> tuple[Block, ...]:
    """The blocks of a draft as its file gives them back: a voice that was only guessed is not carried."""
    return tuple(
        replace(block, voice=block.run_in is not None and is_voice(block.run_in, organisation))
        if isinstance(block, Paragraph)
        else block
        for block in draft.blocks
    )


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield _headed("VOICE" if block.voice else "P", block.run_in, marked(block.spans))
        case BulletList():
            yield f"OL {block.start}" if block.ordered else "UL"
            for item in block.items:
                yield from _item(item, "-")
        case Quote():
            yield from (f"QUOTE {marked(spans)}" for spans in block.paragraphs)
        case Image():
            yield f"IMG {block.src} {block.alt}" + (f" ({block.credit})" if block.credit else "")


def _item(item: Item, mark: str) -> Iterator[str]:
    yield _headed(mark, item.run_in, marked(item.spans))
    for child in item.children:
        yield from _item(child, f"-{mark}")


def _headed(mark: str, run_in: str | None, text: str) -> str:
    head = f"({run_in})" if run_in is not None else ""
    return f"{mark}{head} {text}".rstrip()


def marked(spans: Spans) -> str:
    """The text with its style in the marks of Markdown, nothing escaped."""
    return "".join(_marked(span) for span in spans)


def _marked(span: Span) -> str:
    if span.href == span.text:
        return f"<{span.text}>"
    text = f"_{span.text}_" if span.emphasis else span.text
    text = f"**{text}**" if span.strong else text
    return f"[{text}]({span.href})" if span.href else text


def unlined(block: Block) -> Block:
    """The block as it is wherever it stands."""
    if isinstance(block, BulletList):
        return replace(block, line=0, items=tuple(_unlined_item(item) for item in block.items))
    return replace(block, line=0)


def _unlined_item(item: Item) -> Item:
    return replace(item, line=0, children=tuple(_unlined_item(child) for child in item.children))


def draft_texts(draft: Draft) -> Iterator[str]:
    """All that a reader of the draft sees of its text, numbers of lists and addresses behind words included."""
    yield draft.headline or ""
    for block in draft.blocks:
        match block:
            case Paragraph():
                yield from (block.run_in or "", texted(block.spans))
            case BulletList():
                yield from (str(block.start) if block.ordered else "", *map(_item_text, block.items))
            case Quote():
                yield from map(texted, block.paragraphs)
            case Image():
                pass


def _item_text(item: Item) -> str:
    return " ".join((item.run_in or "", texted(item.spans), *map(_item_text, item.children)))


def texted(spans: Spans) -> str:
    """The text of spans; the address of a link that was flattened in the text was text too."""
    return " ".join(f"{span.text} {span.href}" if span.href and "://" not in span.text else span.text for span in spans)


def visible(texts: Iterable[str]) -> Counter[str]:
    """Letters and digits in their composed form."""
    return Counter(
        char for text in texts for char in unicodedata.normalize("NFC", "".join(filter(_shown, text))) if char.isalnum()
    )


def _shown(char: str) -> bool:
    """Not of characters inside a word that nobody sees; spaces and line ends keep letters and accents apart."""
    return char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
