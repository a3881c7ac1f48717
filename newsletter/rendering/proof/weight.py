"""What a message weighs against Gmail's limit, and whose stories weigh it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from newsletter.model import ClickMode, Message
from newsletter.rendering.links import bare
from newsletter.rendering.proof.page import Page, read

GMAIL_CLIPS_AT: Final = 102_400
"""Bytes of HTML after which Gmail cuts a message off, the unsubscribe link with it."""

TRACKED_LINK: Final = 350
"""Bytes that a link grows by where the ESP puts its own tracking address in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Bytes of the HTML, how many of its links the ESP will track, and the slugs of its stories with the bytes of each,
    heaviest first.
    """

    html: int
    links: int
    stories: tuple[tuple[str, int], ...]
    limit: int = GMAIL_CLIPS_AT

    @property
    def total(self) -> int:
        """Bytes as readers get them, grown by what the ESP tracks."""
        return self.html + TRACKED_LINK * self.links

    @property
    def share(self) -> float:
        """Of the limit: 1.0 is where Gmail cuts the message off."""
        return self.total / self.limit

    @property
    def words(self) -> str:
        """`62 kB of Gmail's 100`, and whether the growth of links is in it."""
        tracked = ", links tracked" if self.links else ""
        return f"{self.total / 1024:.0f} kB of Gmail's {self.limit / 1024:.0f}{tracked}"


def weigh(message: Message, clicks: ClickMode, page: Page | None = None) -> Weight:
    """The weight of a finished message as it goes out to readers whose clicks are counted in this way.

    Our redirect stands in the message itself. Where the ESP tracks (`individual`), targets stand there, and all links
    but `mailto:` grow. `page` is that HTML, where it was read already.
    """
    by_esp = clicks == "individual"
    html = bare(message) if by_esp else message.html
    stories = sorted((page or read(html)).sizes.items(), key=lambda entry: -entry[1])
    links = sum(not link.url.startswith("mailto:") for link in message.links) if by_esp else 0
    return Weight(html=len(html.encode()), links=links, stories=tuple(stories))
