"""Blocks made ready to print: addresses in ASCII, the association's voice set apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from newsletter.model import Block, BulletList, Image, Item, Paragraph, Quote, Spans
from newsletter.rendering.links import ascii_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Blocks that follow each other in one voice: the newsletter's, or the association's own."""

    voice: bool
    blocks: tuple[Block, ...]


def passages(blocks: tuple[Block, ...]) -> tuple[Passage, ...]:
    """A paragraph of the association's voice, with all that stands under it until the next paragraph, is one."""
    found: list[Passage] = []
    for block in blocks:
        voice = block.voice if isinstance(block, Paragraph) else bool(found and found[-1].voice)
        if found and found[-1].voice == voice:
            found[-1] = Passage(voice=voice, blocks=(*found[-1].blocks, block))
        else:
            found.append(Passage(voice=voice, blocks=(block,)))
    return tuple(found)


def ready(block: Block) -> Block:
    """The block with addresses in ASCII."""
    if isinstance(block, Image):
        return block
    if isinstance(block, Paragraph):
        return replace(block, spans=ascii_spans(block.spans))
    if isinstance(block, Quote):
        return replace(block, paragraphs=tuple(ascii_spans(spans) for spans in block.paragraphs))
    return replace(block, items=tuple(_item(item) for item in block.items))


def _item(item: Item) -> Item:
    return replace(item, spans=ascii_spans(item.spans), children=tuple(_item(child) for child in item.children))


def ascii_spans(spans: Spans) -> Spans:
    """The spans with their addresses in ASCII."""
    return tuple(replace(span, href=ascii_address(span.href)) if span.href else span for span in spans)


def addresses(blocks: tuple[Block, ...]) -> Iterator[str]:
    """The addresses of the blocks' links, in their order."""
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from hrefs(block.spans)
        elif isinstance(block, Quote):
            for spans in block.paragraphs:
                yield from hrefs(spans)
        elif isinstance(block, BulletList):
            for item in block.items:
                yield from _item_hrefs(item)


def _item_hrefs(item: Item) -> Iterator[str]:
    yield from hrefs(item.spans)
    for child in item.children:
        yield from _item_hrefs(child)


def hrefs(spans: Spans) -> Iterator[str]:
    """The addresses of the spans' links, in their order."""
    return (span.href for span in spans if span.href)
