"""A story as plain JSON values, and back; lists stand for what they hold in the order of the fields below.

The shapes are private to the cache and to `printed`, which keeps them in ledgers for good: what was written by an
earlier version must still be read (tests/stories/printed holds one of each).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from newsletter.model import (
    Approval,
    Block,
    BulletList,
    Citation,
    Image,
    Item,
    Paragraph,
    Quote,
    Source,
    Span,
    Spans,
    Status,
    Story,
)


def frozen_of(story: Story) -> dict[str, Any]:
    """The story as JSON values."""
    approval = story.approval
    return {
        "slug": story.slug,
        "path": story.path,
        "date": story.date.isoformat(),
        "headline": story.headline,
        "section": story.section,
        "blocks": [frozen_block(block) for block in story.blocks],
        "status": story.status.value,
        "digest": story.digest,
        "approval": None if approval is None else [approval.by, approval.at.isoformat(), approval.digest],
        "newsletters": story.newsletters,
        "priority": story.priority,
        "author": story.author,
        "byline": story.byline,
        "go_live": None if story.go_live is None else story.go_live.isoformat(),
        "expires": None if story.expires is None else story.expires.isoformat(),
        "sources": [[source.outlet, source.access, source.url] for source in story.sources],
        "citations": [[each.outlet, each.access, each.form, each.block] for each in story.citations],
        "image": None if story.image is None else frozen_block(story.image),
        "url": story.url,
        "corrects": story.corrects,
        "lines": dict(story.lines),
    }


def story_of(frozen: dict[str, Any]) -> Story:
    """The story of such values. Raises `ValueError`, `TypeError`, `KeyError` or `IndexError` where they are none."""
    given = dict(frozen)
    given["date"] = date.fromisoformat(given["date"])
    given["status"] = Status(given["status"])
    given["blocks"] = tuple(map(block_of, given["blocks"]))
    if (approval := given["approval"]) is not None:
        given["approval"] = Approval(by=approval[0], at=datetime.fromisoformat(approval[1]), digest=approval[2])
    if given["newsletters"] is not None:
        given["newsletters"] = tuple(given["newsletters"])
    for key in ("go_live", "expires"):
        given[key] = None if given[key] is None else datetime.fromisoformat(given[key])
    given["sources"] = tuple(Source(outlet=each[0], access=each[1], url=each[2]) for each in given["sources"])
    given["citations"] = tuple(map(_citation, given["citations"]))
    if (image := given["image"]) is not None:
        given["image"] = image_of(image)
    return Story(**given)


def _citation(values: list[Any]) -> Citation:
    outlet, access, form, block = values
    return Citation(outlet=outlet, access=access, form=form, block=block)


def frozen_block(block: Block) -> list[Any]:
    """A block as JSON values; `block_of` reads them."""
    match block:
        case Paragraph():
            return ["p", frozen_spans(block.spans), block.run_in, block.voice, block.line]
        case BulletList():
            return ["l", [_frozen_item(item) for item in block.items], block.ordered, block.start, block.line]
        case Quote():
            return ["q", [frozen_spans(spans) for spans in block.paragraphs], block.line]
        case Image():
            return ["i", block.src, block.alt, block.credit, block.width, block.height, block.line]


def _frozen_item(item: Item) -> list[Any]:
    return [frozen_spans(item.spans), item.run_in, [_frozen_item(child) for child in item.children], item.line]


def frozen_spans(spans: Spans) -> str | list[Any]:
    """Plain text as a string, anything else as its spans: most text is plain, and a string is thawed fastest."""
    match spans:
        case (Span(text=text, strong=False, emphasis=False, href=None),):
            return text
    return [[span.text, span.strong, span.emphasis, span.href] for span in spans]


def block_of(values: list[Any]) -> Block:
    """The block of such values. Raises as `story_of` does."""
    match values[0]:
        case "p":
            _, spans, run_in, voice, line = values
            return Paragraph(spans=spans_of(spans), run_in=run_in, voice=voice, line=line)
        case "l":
            _, items, ordered, start, line = values
            return BulletList(items=tuple(map(_item, items)), ordered=ordered, start=start, line=line)
        case "q":
            _, paragraphs, line = values
            return Quote(paragraphs=tuple(map(spans_of, paragraphs)), line=line)
        case "i":
            return image_of(values)
    raise ValueError(f"no block: {values[0]!r}")


def image_of(values: list[Any]) -> Image:
    """The image of such values. Raises as `story_of` does."""
    _, src, alt, credit, width, height, line = values
    return Image(src=src, alt=alt, credit=credit, width=width, height=height, line=line)


def _item(values: list[Any]) -> Item:
    spans, run_in, children, line = values
    below = tuple(map(_item, children)) if children else ()
    return Item(spans=spans_of(spans), run_in=run_in, children=below, line=line)


def spans_of(values: str | list[Any]) -> Spans:
    """The spans that `frozen_spans` made these values of. Raises as `story_of` does."""
    if isinstance(values, str):
        return (Span(text=values),)
    return tuple(Span(text=value[0], strong=value[1], emphasis=value[2], href=value[3]) for value in values)
