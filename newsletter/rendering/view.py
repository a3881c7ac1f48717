"""What the templates see of an edition: counts, dates and addresses worked out, sources linked, the voice set apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from newsletter.model import (
    Block,
    BulletList,
    Edition,
    Image,
    Item,
    Newsletter,
    Organisation,
    Paragraph,
    Quote,
    Source,
    Spans,
    Story,
)
from newsletter.rendering import words
from newsletter.rendering.links import ascii_address
from newsletter.rendering.sources import link_sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Blocks that follow each other in one voice: the newsletter's, or the association's own."""

    voice: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story as it is printed.

    parts         its blocks, addresses in ASCII, pictures as they are written, cited sources linked
    source_urls   which of the links are sources
    unprinted     sources with a link whose name the body does not print; they get a line of their own
    references    the links of the text part, numbered through the edition: (number, address)
    """

    slug: str
    section: str
    headline: str
    byline: str | None
    image: Image | None
    parts: tuple[Part, ...]
    url: str | None
    source_urls: frozenset[str]
    unprinted: tuple[Source, ...]
    references: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section with a title and at least one story."""

    slug: str
    title: str
    stories: tuple[StoryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """An edition as it is printed. `numbers` gives each address of the text part its number."""

    title: str
    tagline: str
    date: str
    subject: str
    preheader: str
    sections: tuple[SectionView, ...]
    story_count: int
    word_count: int
    minutes: int
    reason: str
    publisher: str
    publisher_url: str | None
    postal_lines: tuple[str, ...]
    numbers: dict[str, int]

    @property
    def stories(self) -> tuple[StoryView, ...]:
        return tuple(story for section in self.sections for story in section.stories)


def view(edition: Edition, newsletter: Newsletter, organisation: Organisation) -> EditionView:
    """The edition for the templates. Pictures are as they are written: `printed` gives them their address and size."""
    numbers: dict[str, int] = {}
    sections = tuple(
        SectionView(
            slug=part.section.slug,
            title=part.section.title,
            stories=tuple(_story(story, numbers) for story in part.stories),
        )
        for part in edition.sections
        if part.stories
    )
    word_count = words.count_words(_texts(edition.stories))
    return EditionView(
        title=newsletter.title,
        tagline=newsletter.tagline,
        date=words.long_date(edition.date),
        subject=edition.subject,
        preheader=edition.preheader,
        sections=sections,
        story_count=len(edition.stories),
        word_count=word_count,
        minutes=words.reading_minutes(word_count),
        reason=newsletter.reason or f"You receive this mail because you are subscribed to {newsletter.title}.",
        publisher=organisation.name,
        publisher_url=ascii_address(organisation.url) if organisation.url else None,
        postal_lines=postal_lines(organisation),
        numbers=numbers,
    )


def postal_lines(organisation: Organisation) -> tuple[str, ...]:
    """The postal address, line by line, as the footer prints it below the organisation's name."""
    lines = [line.strip() for line in organisation.postal_address.splitlines() if line.strip()]
    return tuple(lines[1:] if lines[:1] == [organisation.name] else lines)


def _texts(stories: Iterable[Story]) -> Iterator[str]:
    for story in stories:
        yield story.headline
        for block in story.blocks:
            yield from words.texts_of(block)


def _story(story: Story, numbers: dict[str, int]) -> StoryView:
    sources = tuple(replace(source, url=ascii_address(source.url)) for source in story.sources if source.url)
    blocks, unprinted = link_sources(tuple(_block(block) for block in story.blocks), sources, story.citations)
    addresses = dict.fromkeys([*_addresses(blocks), *(source.url for source in unprinted if source.url)])
    for address in addresses:
        numbers.setdefault(address, len(numbers) + 1)
    return StoryView(
        slug=story.slug,
        section=story.section,
        headline=story.headline,
        byline=story.byline,
        image=story.image,
        parts=_parts(blocks),
        url=ascii_address(story.url) if story.url else None,
        source_urls=frozenset(source.url for source in sources if source.url),
        unprinted=unprinted,
        references=tuple(sorted((numbers[address], address) for address in addresses)),
    )


def _parts(blocks: tuple[Block, ...]) -> tuple[Part, ...]:
    """A paragraph of the association's voice, with all that stands under it until the next paragraph, is one part."""
    parts: list[Part] = []
    for block in blocks:
        voice = block.voice if isinstance(block, Paragraph) else bool(parts and parts[-1].voice)
        if parts and parts[-1].voice == voice:
            parts[-1] = Part(voice=voice, blocks=(*parts[-1].blocks, block))
        else:
            parts.append(Part(voice=voice, blocks=(block,)))
    return tuple(parts)


def _block(block: Block) -> Block:
    """The block with addresses in ASCII."""
    if isinstance(block, Image):
        return block
    if isinstance(block, Paragraph):
        return replace(block, spans=_spans(block.spans))
    if isinstance(block, Quote):
        return replace(block, paragraphs=tuple(_spans(spans) for spans in block.paragraphs))
    return replace(block, items=tuple(_item(item) for item in block.items))


def _item(item: Item) -> Item:
    return replace(item, spans=_spans(item.spans), children=tuple(_item(child) for child in item.children))


def _spans(spans: Spans) -> Spans:
    return tuple(replace(span, href=ascii_address(span.href)) if span.href else span for span in spans)


def _addresses(blocks: tuple[Block, ...]) -> Iterator[str]:
    """The addresses of the blocks' links, in their order."""
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from _hrefs(block.spans)
        elif isinstance(block, Quote):
            for spans in block.paragraphs:
                yield from _hrefs(spans)
        elif isinstance(block, BulletList):
            for item in block.items:
                yield from _item_hrefs(item)


def _item_hrefs(item: Item) -> Iterator[str]:
    yield from _hrefs(item.spans)
    for child in item.children:
        yield from _item_hrefs(child)


def _hrefs(spans: Spans) -> Iterator[str]:
    return (span.href for span in spans if span.href)
