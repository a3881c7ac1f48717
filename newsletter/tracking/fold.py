"""What events amount to: facts of deliveries, suppressions of addresses, and faults of our own configuration.

Events come twice and out of order, so everything here is the same whatever their order and number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from newsletter.model import Event, EventKind
from newsletter.tracking.bounces import Bounce, blames_us, classify

EVERYWHERE = "all"
"""The scope of a suppression that holds for each list."""

_BY_KIND = {
    EventKind.BOUNCED: "bounce",
    EventKind.COMPLAINED: "complaint",
    EventKind.UNSUBSCRIBED: "unsubscribe",
}

DROPPED = {
    "bounced address": "bounce",
    "spam reporting address": "complaint",
    "unsubscribed address": "unsubscribe",
    "invalid": "invalid",
    "invalid smtpapi header": None,
    "spam content": None,
    "recipient list over package quota": None,
}
"""The documented reasons of `dropped`, and the suppression that SendGrid's own list stands for; None is our fault."""


def facts(events: Iterable[Event]) -> Mapping[tuple[str, EventKind], datetime]:
    """When each thing was first true of each delivery: by (delivery id, kind), the earliest instant.

    The same whatever the order of the events and however often each comes. What a machine opened or followed is no
    fact of a reader, and an event of a kind not known yet is none at all.
    """
    first: dict[tuple[str, EventKind], datetime] = {}
    for event in events:
        if event.delivery_id is None or event.machine or event.kind is EventKind.OTHER:
            continue
        key = (event.delivery_id, event.kind)
        first[key] = min(first.get(key, event.occurred_at), event.occurred_at)
    return first


def suppression_for(event: Event) -> tuple[str, str] | None:
    """The (reason, scope) for which the event's address must not be mailed any more, or None.

    A hard bounce, a complaint and an unsubscribe count at once, and so does a drop that tells of one of these. Soft
    bounces count in a row only (`is_soft`); what the receiving side's policy or our own configuration caused is not
    the address's fault. SendGrid's unsubscribe holds for its whole account, so for each list. A resubscribe lifts
    nothing: that is the reader's word to us, not an event's.
    """
    if event.kind is EventKind.DROPPED:
        reason = DROPPED.get(_drop_reason(event.reason))
        return (reason, EVERYWHERE) if reason else None
    if event.kind is EventKind.BOUNCED and classify(event.kind, event.reason) is not Bounce.HARD:
        return None
    return (_BY_KIND[event.kind], EVERYWHERE) if event.kind in _BY_KIND else None


def is_soft(event: Event) -> bool:
    """Whether an event counts in the row of soft bounces after which an address is given up (`bounces.spent`)."""
    return classify(event.kind, event.reason) is Bounce.SOFT


def sender_fault(event: Event) -> bool:
    """Whether our own configuration or standing is to blame, so that an operator must act and not the reader go.

    That is: authentication (SPF, DKIM, DMARC, reverse DNS), a refusal by policy (5.7.1 that speaks of it), a sender's
    address that does not exist, and what SendGrid drops for its contents or our plan.
    """
    return blames_sender(event.kind, event.reason)


def blames_sender(kind: EventKind, reason: str) -> bool:
    """The same, of an event's kind and reason alone."""
    if kind is EventKind.DROPPED:
        words = _drop_reason(reason)
        return words in DROPPED and DROPPED[words] is None
    return kind in {EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DEFERRED} and blames_us(reason)


def _drop_reason(reason: str) -> str:
    """The documented words: without the status code before them and the remark in parentheses after them."""
    words = re.sub(r"^\d\.\d{1,3}\.\d{1,3}\s+", "", reason)
    return words.partition("(")[0].strip().lower()
