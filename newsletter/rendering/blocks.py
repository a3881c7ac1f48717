"""Blocks made ready to print: addresses in ASCII, pictures with theirs, the association's voice set apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote

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


def ready(block: Block, base_url: str) -> Block:
    """The block with addresses in ASCII and pictures ready to show."""
    if isinstance(block, Image):
        return picture(block, base_url)
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


def picture(image: Image, base_url: str) -> Image:
    """The picture with its full address."""
    return replace(image, src=image_address(image.src, base_url))


def fit(image: Image, width: int) -> Image:
    """The picture at most `width` pixels wide, its height in proportion; a small one is not blown up."""
    shown = min(image.width or width, width)
    height = round(image.height * shown / image.width) if image.width and image.height else None
    return replace(image, width=shown, height=height)


def image_address(src: str, base_url: str) -> str:
    """Where readers fetch a picture: its own address on the web, or ours for a path under content/images."""
    if "://" in src:
        return ascii_address(src)
    return f"{base_url.rstrip('/')}/images/{quote(image_path(src))}"


def image_path(src: str) -> str:
    """The path of a picture below content/images; a leading `images/`, as stories write it, is the folder itself."""
    path = PurePosixPath(src.lstrip("/"))
    return (path.relative_to("images") if path.parts[:1] == ("images",) else path).as_posix()


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
