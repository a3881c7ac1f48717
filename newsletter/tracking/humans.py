"""Did a human open that mail and follow that link? Rules with a version, over all opens and clicks of one delivery.

No rule is certain, so a label is never the fact itself: raw events stay as they came, and labels are made anew when the
rules change. What the rules go by is in docs/readers.md, "Humans and machines".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.model import EventKind
from newsletter.tracking.scanners import agent_is_machine

RULES = 1
"""The version of these rules and of the table of scanners: whoever changes either counts on."""

CLICK_AFTER = timedelta(seconds=5)
"""Nobody gets a mail, opens it and follows a link sooner after the receiving server took it."""

BURST_WITHIN = timedelta(seconds=5)
BURST_LINKS = 3
"""Scanners follow the links of a mail one after the other; a human reads between two of them."""

_APPLE = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself. It loads pictures when the mail comes, read or not."""

_OUTLOOK = re.compile(r"\bms-?office\b|\boutlook\b", re.IGNORECASE)
"""Outlook loads a mail's pictures under the name with which Office looks ahead at links: the open is its reader's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An open or a click of one delivery. `agent` is None where it is not known any more; `flagged` is the ESP's own
    word that a machine did it.
    """

    id: int
    kind: EventKind
    at: datetime
    url: str
    agent: str | None
    flagged: bool


Verdict = tuple[bool, str]
"""Whether a machine did it, and by which sign; the sign is empty for a human."""


def judge(delivered_at: datetime | None, events: Sequence[Seen]) -> Mapping[int, Verdict]:
    """The verdict on each open and click of one delivery, by the event's id.

    All of them are needed: a burst is seen in the whole only. Instants are whole seconds, as the ESP tells them.
    `delivered_at` is None where that is not known (yet). The same whatever the order of the events.
    """
    bursts = _bursts(events)
    verdicts = {}
    for event in events:
        why = _sign(event, delivered_at) or _in_burst(event, bursts)
        verdicts[event.id] = (bool(why), why)
    return verdicts


def _sign(event: Seen, delivered_at: datetime | None) -> str:
    """What speaks for a machine in an event alone; empty where nothing does."""
    return _said(event) or _timed(event, delivered_at)


def _said(event: Seen) -> str:
    if event.flagged:
        return "the mail service says so (sg_machine_open)"
    if event.agent is None:
        return ""
    if event.kind is EventKind.CLICKED:
        return agent_is_machine(event.agent) or ""
    if event.agent.strip() == _APPLE:
        return "Apple Mail Privacy Protection"
    # An open comes without an agent where the reader's program hides it.
    if not event.agent.strip() or _OUTLOOK.search(event.agent):
        return ""
    return agent_is_machine(event.agent) or ""


def _timed(event: Seen, delivered_at: datetime | None) -> str:
    if delivered_at is None:
        return ""
    if event.at < delivered_at:
        return "before the mail was delivered"
    if event.kind is EventKind.CLICKED and event.at - delivered_at < CLICK_AFTER:
        return f"within {CLICK_AFTER.seconds} seconds of the delivery"
    return ""


def _bursts(events: Sequence[Seen]) -> tuple[tuple[datetime, datetime], ...]:
    """Spans, first and last instant, in each of which so many different links were followed."""
    clicks = sorted((e.at, e.url) for e in events if e.kind is EventKind.CLICKED)
    found, first = [], 0
    for last, (at, _) in enumerate(clicks):
        while at - clicks[first][0] > BURST_WITHIN:
            first += 1
        if len({url for _, url in clicks[first : last + 1]}) >= BURST_LINKS:
            found.append((clicks[first][0], at))
    return tuple(found)


def _in_burst(event: Seen, bursts: Sequence[tuple[datetime, datetime]]) -> str:
    """Opens in the middle of a burst are the scanner's too: it loads the pictures as well."""
    inside = any(first <= event.at <= last for first, last in bursts)
    return f"{BURST_LINKS} links or more within {BURST_WITHIN.seconds} seconds" if inside else ""
