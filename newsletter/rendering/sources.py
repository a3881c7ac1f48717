"""The links of a story's sources: put on the outlet's name where the body cites it."""

from __future__ import annotations

from dataclasses import replace

from newsletter.model import Block, Citation, Paragraph, Source, Spans


def link_sources(
    blocks: tuple[Block, ...], sources: tuple[Source, ...], citations: tuple[Citation, ...]
) -> tuple[tuple[Block, ...], tuple[Source, ...]]:
    """The blocks with each source linked where it is cited, and the sources whose link found no place.

    The block that a citation names is looked at first, then the others in their order; in a block the last mention
    counts, since a citation ends its sentence. What an editor has linked already stays as it is.
    """
    linked = list(blocks)
    unprinted: list[Source] = []
    for source in sources:
        cited = [
            c.block for c in citations if c.outlet.casefold() == source.outlet.casefold() and c.block < len(blocks)
        ]
        for place in dict.fromkeys([*cited, *range(len(linked))]):
            block = linked[place]
            spans = _linked(block.spans, source) if isinstance(block, Paragraph) else None
            if spans is not None and isinstance(block, Paragraph):
                linked[place] = replace(block, spans=spans)
                break
        else:
            unprinted.append(source)
    return tuple(linked), tuple(unprinted)


def _linked(spans: Spans, source: Source) -> Spans | None:
    """The spans with the outlet's last mention linked, or None where it is not mentioned in one plain piece."""
    if any(span.href == source.url for span in spans):
        return spans
    for place in reversed(range(len(spans))):
        span = spans[place]
        start = span.text.rfind(source.outlet)
        if span.href is None and start >= 0 and _whole(span.text, start, len(source.outlet)):
            end = start + len(source.outlet)
            pieces = (
                replace(span, text=span.text[:start]),
                replace(span, text=source.outlet, href=source.url),
                replace(span, text=span.text[end:]),
            )
            return (*spans[:place], *(piece for piece in pieces if piece.text), *spans[place + 1 :])
    return None


def _whole(text: str, start: int, length: int) -> bool:
    """Whether the words found are not a part of a longer word (Times in Timeshare)."""
    before, after = text[:start][-1:], text[start + length :][:1]
    return not before.isalnum() and not after.isalnum()
