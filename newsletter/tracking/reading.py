"""What was read: clicks on links become clicks on the stories and sections in which they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from newsletter.model import LinkClicks, Read

Story = tuple[str, str, str]
"""Slug, section's slug and headline, as a story stood in an edition."""


def stories_read(stories: Sequence[Story], titles: Mapping[str, str], links: Iterable[LinkClicks]) -> tuple[Read, ...]:
    """Each story in the order of its edition, with the clicks on the links in it."""
    of = _sums((link.story, link) for link in links)
    return tuple(
        Read(
            position=position, slug=slug, title=headline, section=titles.get(section, section),
            human=of.get(slug, (0, 0))[0], raw=of.get(slug, (0, 0))[1],
        )
        for position, (slug, section, headline) in enumerate(stories, start=1)
    )  # fmt: skip


def sections_read(stories: Sequence[Story], titles: Mapping[str, str], links: Iterable[LinkClicks]) -> tuple[Read, ...]:
    """Each section that has a story, in the order of the edition, with the clicks on the links in it."""
    of = _sums((link.section, link) for link in links)
    first = dict(reversed([(section, position) for position, (_, section, _) in enumerate(stories, start=1)]))
    return tuple(
        Read(
            position=position, slug=section, title=titles.get(section, section), section=titles.get(section, section),
            human=of.get(section, (0, 0))[0], raw=of.get(section, (0, 0))[1],
        )
        for section, position in sorted(first.items(), key=lambda item: item[1])
    )  # fmt: skip


def _sums(links: Iterable[tuple[str | None, LinkClicks]]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for place, link in links:
        if place is not None:
            human, raw = found.get(place, (0, 0))
            found[place] = (human + link.human, raw + link.raw)
    return found
