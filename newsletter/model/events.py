"""What the ESP tells us later, and the numbers that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.model.instants import aware


class EventKind(StrEnum):
    """What the ESP tells us later, in the words of the field; `other` keeps what is not known yet."""

    PROCESSED = "processed"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    OTHER = "other"

    __hash__ = str.__hash__  # Enum's own is computed in Python, and a third of the time that facts take


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing the ESP told us of one delivery. `raw` is its JSON as it came; `url` is empty where there is none.

    `delivery_id` is None where the event does not carry one of ours; `address` is then the only clue.
    """

    vendor_id: str
    kind: EventKind
    occurred_at: datetime
    delivery_id: str | None
    attempt: int | None
    address: str
    url: str
    reason: str
    machine: bool
    raw: str

    def __post_init__(self) -> None:
        aware("occurred_at", self.occurred_at)
