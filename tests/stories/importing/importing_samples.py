"""The organisation that the import's tests read for, and an import written as notation (fixtures/README.txt)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.model import Block, BulletList, Item, Organisation, Outlet, Paragraph, Spans, Story, plain
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
        if isinstance(block, Paragraph):
            yield _headed("VOICE" if block.voice else "P", block.run_in, plain(block.spans))
        elif isinstance(block, BulletList):
            yield "UL"
            for item in block.items:
                yield from _item(item, "-")
    for citation in draft.citations:
        access = f", {citation.access}" if citation.access else ""
        yield f"C {citation.block} {citation.outlet}{access} [{citation.form}]"
    for number, block in enumerate(draft.blocks):
        yield from (f"L {number} {span.text} <{span.href}>" for span in spans_of(block) if span.href)


def spans_of(block: Block) -> Spans:
    """All spans of a paragraph or a list."""
    if isinstance(block, Paragraph):
        return block.spans
    assert isinstance(block, BulletList)
    return tuple(span for item in block.items for span in item_spans(item))


def draft_spans(draft: Draft) -> Spans:
    """All spans of a draft."""
    return tuple(span for block in draft.blocks for span in spans_of(block))


def item_spans(item: Item) -> Spans:
    return (*item.spans, *(span for child in item.children for span in item_spans(child)))


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


def _item(item: Item, mark: str) -> Iterator[str]:
    yield _headed(mark, item.run_in, plain(item.spans))
    for child in item.children:
        yield from _item(child, f"-{mark}")


def _headed(mark: str, run_in: str | None, text: str) -> str:
    head = f"({run_in})" if run_in is not None else ""
    return f"{mark}{head} {text}".rstrip()
