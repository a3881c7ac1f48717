"""What is handed to the ESP, by whom, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, cast, get_args

from newsletter.model.newsletters import Mailbox

SendKind = Literal["live", "test", "correction", "notice"]
"""To readers: an edition to its list, or a correction to those who got what was wrong. To editors: a test of a message,
or a notice that says something in words.
"""

ClickMode = Literal["none", "aggregate", "individual"]
"""Links as they are; through our own redirect, which knows no reader; or through the ESP's, which tells who."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What is seen of those who get a variant: how their clicks are counted, and whether opens are."""

    clicks: ClickMode = "none"
    opens: bool = False

    @property
    def word(self) -> str:
        """`aggregate`, or `aggregate+opens`: as the ledger has it."""
        return self.clicks + ("+opens" if self.opens else "")

    @classmethod
    def of(cls, word: str) -> Tracking:
        """The tracking that a word of the ledger means. Raises ValueError."""
        clicks, plus, opens = word.partition("+")
        if clicks not in get_args(ClickMode) or (plus and opens != "opens"):
            raise ValueError(f"{word!r} names no tracking")
        return cls(clicks=cast("ClickMode", clicks), opens=bool(plus))


NOTHING_SEEN = Tracking()

TO_READERS: tuple[SendKind, ...] = ("live", "correction")
"""Kinds that count: nobody twice, nobody lost, and nothing from a ledger that came back from a backup."""


class Recipient(NamedTuple):
    """One delivery as it is handed to the gateway. `delivery_id` is the id that events carry back; `token` stands in
    the mail's own links, already signed; a subscriber id of 0 is an editor who gets a test.

    A tuple and not a dataclass: one is made for each reader of a send, and a frozen dataclass takes four times as long.
    """

    delivery_id: str
    subscriber_id: int
    address: str
    name: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Deliveries of one variant that go in one API request, at most 1,000 of them."""

    id: int
    edition: str
    kind: SendKind
    number: int
    attempt: int
    recipients: tuple[Recipient, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.recipients) <= 1000:
            raise ValueError(f"a batch holds 1 to 1,000 deliveries, batch {self.number} has {len(self.recipients)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that claims a batch. Host, boot, pid and start together name it: a pid alone comes back after a
    restart. `uptime_s` is how long that host has been awake since its boot, where somebody has looked.
    """

    host: str
    boot: str
    pid: int
    process_start: str
    uptime_s: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a request says around the message: the sender, the list, and the words of its headers."""

    sender: Mailbox
    reply_to: Mailbox | None
    list_id: str
    """RFC 2919: `The Daily <daily.example.org>`."""
    subject: str
    """The subject as it is sent; a test's own stands here, the message keeps the live one."""
    way_out: str
    """What a reader's token is put behind, to be the address where they leave: `https://news.example.org/u/`."""
    automatic: bool = False
    """Mail to editors by a machine: carries Auto-Submitted (RFC 3834)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The ESP's answer to an accepted batch: its message id, which may be empty."""

    message_id: str


class SendState(StrEnum):
    """Where a send stands; `paused` waits for a person or for a time, and says why."""

    PENDING = "pending"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    PARTIAL = "partial"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStanding:
    """How the first batch of a send stands, which goes ahead alone.

    `state` is its batch's. `rest_from` is when the rest goes, or went; None while the canary has yet to go out.
    `rest_waits` says that nothing but the canary may be claimed.
    """

    readers: int
    state: str
    accepted_at: datetime | None
    rest_from: datetime | None
    rest_waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """A send in numbers that balance: candidates = accepted + excluded + refused + in_doubt + pending."""

    edition: str
    list: str
    kind: SendKind
    state: str
    candidates: int
    accepted: int
    excluded: Mapping[str, int]
    refused: Mapping[str, int]
    in_doubt: int
    pending: int
    batches: Mapping[str, int]
    started_at: datetime | None
    finished_at: datetime | None
    facts: Mapping[str, int] = field(default_factory=dict)
    """Deliveries by what became of them, as events told: delivered, bounced, …"""
    sent_twice: int = 0
    """Readers with events of two attempts: the promise was broken for them, and it is said."""
    canary: CanaryStanding | None = None

    def __post_init__(self) -> None:
        total = self.accepted + sum(self.excluded.values()) + sum(self.refused.values())
        total += self.in_doubt + self.pending
        if total != self.candidates:
            raise ValueError(f"{self.edition} does not balance: {self.candidates} candidates, {total} accounted for")
