"""What became of an edition: one model, of which table, document, page and mail are forms (docs/readers.md, Reports).

Every rate is a count of a whole that it names. Nothing here says "all" or "none" of what is not so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from newsletter.model.clicks import LinkClicks
from newsletter.model.instants import aware
from newsletter.model.sends import SendReport

Whole = Literal["candidates", "accepted", "delivered", "seen"]
"""What a rate is a share of. `seen` are those delivered copies of which opens, or clicks, are seen at all."""

Grade = Literal["fine", "few", "warn", "alarm"]
"""What a rate of complaints comes to; `few` are over the line, and too few to tell."""

COMPLAINTS_WARN: Final = 1
COMPLAINTS_ALARM: Final = 3
"""In a thousand of the delivered: Gmail asks bulk senders to stay under 0.1 % and never to reach 0.3 %
(https://support.google.com/a/answer/81126)."""

COMPLAINTS_AT_LEAST: Final = 3
"""One or two complaints of a small list are over the line and say nothing."""

BOUNCES_OVER: Final = 5
"""In a hundred of the accepted, as SendGrid advises to stay under."""

BOUNCES_AT_LEAST: Final = 20

ODD_FROM: Final = 5
"""Among so few editions none is odd: of two, one is always the lower."""


OPEN_UP_TO: Final = 2
"""In a hundred of the accepted: while more of them are open, low rates are only early."""

TRIED_FOR: Final = timedelta(hours=72)
"""SendGrid gives up a copy that was put off (https://www.twilio.com/docs/sendgrid/ui/analytics-and-reporting/deferrals)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A count, and what it is a share of; `share` is None where there is nothing to be a share of.

    Of `clicks` it is how many there were for each copy, and may be over 1.
    """

    count: int
    whole: int
    of: Whole

    def __post_init__(self) -> None:
        if self.count < 0 or self.whole < 0:
            raise ValueError(f"a rate counts things, not {self.count} of {self.whole}")

    @property
    def share(self) -> float | None:
        return self.count / self.whole if self.whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How often something was done: by humans, and raw, which is with machines."""

    human: int
    raw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers(Figures):
    """How many readers did something, of `whole` delivered copies in which it is seen."""

    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A story or a section of an edition, and how often links in it were followed. `position` counts from 1, the lead;
    `section` is a title, and of a section its own.
    """

    position: int
    slug: str
    title: str
    section: str
    human: int
    raw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A rate in the newsletter's last editions, each at the age that this one has now."""

    middle: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, shares: Iterable[float]) -> Usual | None:
        """The median, and how far it goes: of 1, 2 and 6 %, 2 between 1 and 6. None of none."""
        found = tuple(shares)
        return cls(middle=median(found), lowest=min(found), highest=max(found)) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReport:
    """An edition's send to its readers, and what came of it as of an instant.

    waiting      accepted copies of which no event says yet what became of them; `deferred` of them are tried again
    bounces      copies that came back, by the kind: they may be fewer than the bounced, where a reason is not kept
    opens        None where nobody's opens are seen; followers likewise, of clicks that tell who
    clicks       on all links, whoever it was; None where clicks are not counted, as in `countable` delivered copies
    stories      in the order of the edition, as sections are; links by how often they were followed
    usual        by the name of a rate, from `compared` editions
    corrections  the sends of its corrections
    """

    send: SendReport
    subject: str
    as_of: datetime
    waiting: int
    deferred: int
    bounces: Mapping[str, int] = field(default_factory=dict)
    opens: Readers | None = None
    followers: Readers | None = None
    clicks: Figures | None = None
    countable: int = 0
    stories: tuple[Read, ...] = ()
    sections: tuple[Read, ...] = ()
    links: tuple[LinkClicks, ...] = ()
    usual: Mapping[str, Usual] = field(default_factory=dict)
    compared: int = 0
    corrections: tuple[SendReport, ...] = ()

    def __post_init__(self) -> None:
        aware("as_of", self.as_of)
        if not 0 <= self.deferred <= self.waiting <= self.send.accepted:
            raise ValueError(
                f"{self.send.edition} does not balance: {self.deferred} deferred of {self.waiting} waiting of "
                f"{self.send.accepted} accepted"
            )

    @property
    def grows(self) -> bool:
        """Whether events of open copies are still to be expected."""
        started_at = self.send.started_at
        young = started_at is None or self.as_of - started_at < TRIED_FOR
        return bool(self.send.pending or (self.waiting and young))

    @property
    def rates(self) -> Mapping[str, Rate]:
        """Every rate by its name, in the order in which they are told."""
        send, facts = self.send, self.send.facts
        told = facts.get("delivered", 0)
        found = {"accepted": Rate(count=send.accepted, whole=send.candidates, of="candidates")}
        found |= {
            kind: Rate(count=facts.get(kind, 0), whole=send.accepted, of="accepted")
            for kind in ("delivered", "bounced", "blocked", "dropped")
        }
        for name, seen in (("opened", self.opens), ("clicked", self.followers)):
            if seen is not None:
                of: Whole = "delivered" if seen.whole == told else "seen"
                found[name] = Rate(count=seen.human, whole=seen.whole, of=of)
        if self.clicks is not None:
            found["clicks"] = Rate(count=self.clicks.human, whole=self.countable, of="seen")
        found["unsubscribed"] = Rate(count=facts.get("unsubscribed", 0), whole=told, of="delivered")
        found["complained"] = complaints(send)
        return found

    def is_odd(self, name: str) -> bool:
        """Whether a rate lies outside of what it was in each of the last editions. Never while many copies are open."""
        share, usual = self.rates[name].share, self.usual.get(name)
        is_open = self.send.pending or self.waiting * 100 > OPEN_UP_TO * self.send.accepted
        if share is None or usual is None or self.compared < ODD_FROM or is_open:
            return False
        return not usual.lowest <= share <= usual.highest


def complaints(send: SendReport) -> Rate:
    """Complaints of the delivered; of the accepted while no event has told of a delivery."""
    told = send.facts.get("delivered", 0)
    count = send.facts.get("complained", 0)
    return Rate(count=count, whole=told or send.accepted, of="delivered" if told else "accepted")


def graded(rate: Rate) -> Grade:
    """What a rate of complaints comes to: 3 of 3,000 warn, 9 of 3,000 alarm, 2 of 500 are few."""
    if not rate.count or rate.count * 1000 < COMPLAINTS_WARN * rate.whole:
        return "fine"
    if rate.count < COMPLAINTS_AT_LEAST:
        return "few"
    return "alarm" if rate.count * 1000 >= COMPLAINTS_ALARM * rate.whole else "warn"


def bounces_high(send: SendReport) -> bool:
    """Whether more than a twentieth bounced, and at least twenty."""
    bounced = send.facts.get("bounced", 0)
    return bounced >= BOUNCES_AT_LEAST and bounced * 100 > BOUNCES_OVER * send.accepted
