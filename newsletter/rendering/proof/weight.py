"""What a message weighs against Gmail's limit, and whose stories weigh it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from newsletter.model import Message
from newsletter.rendering.proof.page import Page, read

GMAIL_CLIPS_AT: Final = 102_400
"""Bytes of HTML after which Gmail cuts a message off, the unsubscribe link with it."""

TRACKED_LINK: Final = 350
"""Bytes that a link grows by where the ESP puts its own tracking address in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Bytes of the HTML, how many of its links can be tracked, and the slugs of its stories with the bytes of each,
    heaviest first.
    """

    html: int
    links: int
    stories: tuple[tuple[str, int], ...]
    limit: int = GMAIL_CLIPS_AT

    @property
    def total(self) -> int:
        """Bytes as readers get them, with the links tracked."""
        return self.html + TRACKED_LINK * self.links

    @property
    def share(self) -> float:
        """Of the limit: 1.0 is where Gmail cuts the message off."""
        return self.total / self.limit


def weigh(message: Message, page: Page | None = None) -> Weight:
    """The weight of a finished message; `page` where it was read already. No ESP tracks `mailto:` links."""
    stories = sorted((page or read(message.html)).sizes.items(), key=lambda entry: -entry[1])
    links = sum(not link.url.startswith("mailto:") for link in message.links)
    return Weight(html=len(message.html.encode()), links=links, stories=tuple(stories))
