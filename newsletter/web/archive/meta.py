"""What others read of a page of the archive: its own address, its feeds, and how it looks where it is passed on."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from newsletter.model import Image, Newsletter
from newsletter.pipeline.archived import EditionPage, StoryPage
from newsletter.rendering import words
from newsletter.rendering.story_view import StoryView
from newsletter.stories.printed import Picture

DESCRIPTION: Final = 200
"""Characters: about what those who show a page elsewhere show of its description."""

FEEDS: Final = {
    "feed.xml": "application/rss+xml",
    "atom.xml": "application/atom+xml",
    "feed.json": "application/feed+json",
}
"""The feeds of a newsletter, by the ends of their addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed that a page names."""

    url: str
    media_type: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaImage:
    """A picture with its whole address, and its size in pixels."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What stands in the head of a page; `at` and `changed_at` are RFC 3339, and of editions and stories alone."""

    url: str
    site: str
    title: str
    description: str
    locale: str
    feeds: tuple[FeedLink, ...] = ()
    at: str | None = None
    changed_at: str | None = None
    image: MetaImage | None = None


def of_newsletter(newsletter: Newsletter, url: str, base: str, title: str) -> Meta:
    """Of a page of the stream."""
    return Meta(
        url=url, site=newsletter.title, title=title, description=newsletter.tagline or newsletter.title,
        locale=locale(newsletter.language), feeds=feed_links(newsletter, base),
    )  # fmt: skip


def of_edition(page: EditionPage, url: str, base: str, title: str) -> Meta:
    """Of an edition, with the first picture that it has."""
    stories = page.view.stories if page.view else ()
    image = next((found for story in stories if (found := image_of(story, page.pictures, base))), None)
    return Meta(
        url=url, site=page.newsletter.title, title=title,
        description=summary(stories[0]) if stories else page.newsletter.tagline,
        locale=locale(page.newsletter.language), feeds=feed_links(page.newsletter, base),
        at=page.gone.at.isoformat(), changed_at=page.changed_at.isoformat(), image=image,
    )  # fmt: skip


def of_story(page: StoryPage, url: str, base: str) -> Meta:
    """Of a story."""
    return Meta(
        url=url, site=page.newsletter.title, title=page.view.headline, description=summary(page.view),
        locale=locale(page.newsletter.language), feeds=feed_links(page.newsletter, base),
        at=page.at.isoformat(), changed_at=page.changed_at.isoformat(),
        image=image_of(page.view, page.pictures, base),
    )  # fmt: skip


def feed_links(newsletter: Newsletter, base: str) -> tuple[FeedLink, ...]:
    """The feeds of a newsletter."""
    return tuple(
        FeedLink(url=f"{base}/archive/{newsletter.slug}/{name}", media_type=media_type, title=newsletter.title)
        for name, media_type in FEEDS.items()
    )


def summary(story: StoryView) -> str:
    """The first words of a story's first paragraph."""
    texts = (text for passage in story.passages for block in passage.blocks for text in words.texts_of(block))
    return textwrap.shorten(next(iter(texts), story.headline), DESCRIPTION, placeholder="…")


def image_of(story: StoryView, pictures: Mapping[str, Picture], base: str) -> MetaImage | None:
    """The first published picture of a story."""
    blocks = (block for passage in story.passages for block in passage.blocks if isinstance(block, Image))
    for image in (story.image, *blocks):
        found = pictures.get(image.src) if image else None
        if image and found:
            url = f"{base}/images/{found.name}"
            return MetaImage(url=url, width=found.width, height=found.height, alt=image.alt)
    return None


def locale(language: str) -> str:
    """`pt_BR`, as Open Graph writes a language."""
    return language.replace("-", "_")
