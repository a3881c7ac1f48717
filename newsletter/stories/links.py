"""The links of a story, each with the line where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from newsletter.model import Block, BulletList, Item, Paragraph, Quote, Spans, Story


def links_of(story: Story) -> Iterator[tuple[str, str]]:
    """Address and `path:line` of each link: of the body, of its sources, and of the page that the story is on."""
    for url in (story.url, *(source.url for source in story.sources)):
        if url:
            yield url, f"{story.path}:{story.lines.get('url' if url == story.url else 'sources', 1)}"
    for block in story.blocks:
        for line, url in _of_block(block):
            yield url, f"{story.path}:{line}"


def _of_block(block: Block) -> Iterator[tuple[int, str]]:
    match block:
        case Paragraph():
            yield from _of_spans(block.line, block.spans)
        case Quote():
            for spans in block.paragraphs:
                yield from _of_spans(block.line, spans)
        case BulletList():
            yield from _of_items(block.items)


def _of_items(items: Iterable[Item]) -> Iterator[tuple[int, str]]:
    for item in items:
        yield from _of_spans(item.line, item.spans)
        yield from _of_items(item.children)


def _of_spans(line: int, spans: Spans) -> Iterator[tuple[int, str]]:
    return ((line, span.href) for span in spans if span.href and span.href.startswith(("http:", "https:")))
