"""A story as templates see it: blocks ready to print, sources linked, its links numbered for the plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from newsletter.model import Image, Newsletter, Quote, Source, Story
from newsletter.rendering import words
from newsletter.rendering.blocks import Passage, addresses, passages, ready
from newsletter.rendering.links import ascii_address
from newsletter.rendering.sources import link_sources

CARD_WORDS: Final = 90
"""A story of at most so many words may stand beside another: 30 lines or so of half a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link by which a reader passes a story on. `by` is `mail`, or the network's name."""

    by: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story as it is printed. What the newsletter's `parts` leave out is none, or empty.

    passages      its blocks, by voice: images with their addresses, addresses in ASCII, cited sources linked
    source_urls   which of the links are sources
    unprinted     sources with a link whose name the body does not print; they get a line of their own
    references    the links of the text part, numbered through the edition: (number, address)
    """

    slug: str
    section: str
    headline: str
    byline: str | None
    image: Image | None
    passages: tuple[Passage, ...]
    url: str | None
    source_urls: frozenset[str]
    unprinted: tuple[Source, ...]
    shares: tuple[Share, ...]
    references: tuple[tuple[int, str], ...]
    word_count: int

    def role(self, href: str) -> str:
        """What a link of its text is."""
        return "source" if href in self.source_urls else "body"

    @property
    def is_card(self) -> bool:
        """Whether it may stand beside another: short, and without a quotation, which needs the column's width."""
        quotes = any(isinstance(block, Quote) for passage in self.passages for block in passage.blocks)
        return self.word_count <= CARD_WORDS and not quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Stories that a look of two columns sets together: a pair of cards beside each other, or wide ones in a column."""

    is_pair: bool
    stories: tuple[StoryView, ...]


def story_view(story: Story, newsletter: Newsletter, base_url: str, numbers: dict[str, int]) -> StoryView:
    """The story for the templates. `numbers` gets the addresses that it has no number for yet."""
    parts = newsletter.parts
    sources = tuple(replace(source, url=ascii_address(source.url)) for source in story.sources if source.url)
    if "sources" not in parts:
        sources = ()
    printed = (block for block in story.blocks if "images" in parts or not isinstance(block, Image))
    blocks, unprinted = link_sources(tuple(ready(block) for block in printed), sources, story.citations)
    return StoryView(
        slug=story.slug,
        section=story.section,
        headline=story.headline,
        byline=story.byline if "bylines" in parts else None,
        image=story.image if "images" in parts else None,
        passages=passages(blocks),
        url=ascii_address(story.url) if story.url else None,
        source_urls=frozenset(source.url for source in sources if source.url),
        unprinted=unprinted,
        shares=_shares(story, newsletter, base_url) if "share" in parts else (),
        references=refer((*addresses(blocks), *(source.url for source in unprinted if source.url)), numbers),
        word_count=words.count_words(text for block in story.blocks for text in words.texts_of(block)),
    )


def refer(links: Sequence[str], numbers: dict[str, int]) -> tuple[tuple[int, str], ...]:
    """The addresses with their numbers; one that has none yet gets the next."""
    known = dict.fromkeys(links)
    for address in known:
        numbers.setdefault(address, len(numbers) + 1)
    return tuple(sorted((numbers[address], address) for address in known))


def rows(stories: Sequence[StoryView]) -> tuple[Row, ...]:
    """The stories in their order: two short ones that follow each other are a pair of cards; all others stand below
    each other, as many as there are until the next pair.
    """
    found: list[Row] = []
    rest = list(stories)
    while rest:
        pair = len(rest) > 1 and rest[0].is_card and rest[1].is_card
        taken, rest = tuple(rest[: 2 if pair else 1]), rest[2 if pair else 1 :]
        if not pair and found and not found[-1].is_pair:
            found[-1] = Row(is_pair=False, stories=found[-1].stories + taken)
        else:
            found.append(Row(is_pair=pair, stories=taken))
    return tuple(found)


def _shares(story: Story, newsletter: Newsletter, base_url: str) -> tuple[Share, ...]:
    """Plain links, which tell nobody who did not press them. They lead to the story's page, else to its page in the
    archive; where that is not public there is nothing to pass on.
    """
    if not story.url and newsletter.archive != "public":
        return ()
    page = ascii_address(story.url) if story.url else f"{base_url.rstrip('/')}/archive/stories/{story.slug}/"
    mail = urlencode({"subject": story.headline, "body": page}, quote_via=quote)
    return (
        Share(by="mail", url=f"mailto:?{mail}"),
        Share(by="LinkedIn", url="https://www.linkedin.com/sharing/share-offsite/?" + urlencode({"url": page})),
        Share(by="Facebook", url="https://www.facebook.com/sharer/sharer.php?" + urlencode({"u": page})),
    )
