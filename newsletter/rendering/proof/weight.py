"""What a message weighs against Gmail's limit, and whose stories weigh it."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.model import Message
from newsletter.rendering.proof.page import read
from newsletter.rendering.proof.parts import GMAIL_CLIPS_AT, TRACKED_LINK


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Bytes. `total` is the HTML with its links tracked; `stories` are slugs with the bytes of each, heaviest first."""

    total: int
    limit: int
    stories: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """Of the limit: 1.0 is where Gmail cuts the message off."""
        return self.total / self.limit


def weigh(message: Message) -> Weight:
    """The weight of a finished message."""
    total = len(message.html.encode()) + TRACKED_LINK * len(message.links)
    stories = sorted(read(message.html).sizes.items(), key=lambda entry: -entry[1])
    return Weight(total=total, limit=GMAIL_CLIPS_AT, stories=tuple(stories))
