"""What events amount to: facts of deliveries, suppressions of addresses, and faults of our own configuration.

Events come twice and out of order, so everything here is the same whatever their order and number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from newsletter.model import Event, EventKind

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

_POLICY = re.compile(r"(?<![\d.])5\.7\.\d{1,3}(?![\d.])")
"""RFC 3463: 5.7.x is the policy of the receiving side, and says nothing of whether the address exists."""

_SENDER_CODES = re.compile(
    r"""(?<![\d.])(?:
        5\.1\.[78]               # RFC 3463: the sender's address
      | [45]\.7\.2[0-9]          # RFC 7372: DKIM, SPF, reverse DNS; Gmail's 26 to 29
      | [45]\.7\.(?:3[0-2]|40)   # Gmail: DKIM, SPF, alignment, DMARC
      | 5\.7\.5(?:09|15)         # Microsoft: DMARC; not authenticated as asked of bulk senders
    )(?![\d.])""",
    re.VERBOSE,
)
_SENDER_WORDS = re.compile(
    r"\b(?:SPF|DKIM|DMARC)\b|\bunauthenticated\b|\bauthentication (?:requirements|information|checks?)\b"
    r"|\bnot authenticated\b|\breverse DNS\b|\bPTR record\b",
    re.IGNORECASE,
)
_POLICY_WORDS = re.compile(r"\bpolic(?:y|ies)\b|\bblock ?list|\bblack ?list|\breputation\b|\bspam\b", re.IGNORECASE)
_OWN_LOOKUP = re.compile(r"unable to get mx info", re.IGNORECASE)


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

    A hard bounce, a complaint and an unsubscribe count at once, and so does a drop that tells of one of these. What
    was blocked was blocked this time only; what the receiving side's policy or our own configuration caused is not
    the address's fault. SendGrid's unsubscribe holds for its whole account, so for each list. A resubscribe lifts
    nothing: that is the reader's word to us, not an event's.
    """
    if event.kind is EventKind.DROPPED:
        reason = DROPPED.get(_drop_reason(event.reason))
        return (reason, EVERYWHERE) if reason else None
    if event.kind not in _BY_KIND:
        return None
    if event.kind is EventKind.BOUNCED and (sender_fault(event) or _POLICY.search(event.reason)):
        return None
    return _BY_KIND[event.kind], EVERYWHERE


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
    if kind not in {EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DEFERRED}:
        return False
    if _OWN_LOOKUP.search(reason):  # SendGrid found no server for the reader's domain; it may speak of PTR too
        return False
    by_policy = re.search(r"(?<![\d.])5\.7\.1(?![\d.])", reason) and _POLICY_WORDS.search(reason)
    return bool(_SENDER_CODES.search(reason) or _SENDER_WORDS.search(reason) or by_policy)


def _drop_reason(reason: str) -> str:
    """The documented words: without the status code before them and the remark in parentheses after them."""
    words = re.sub(r"^\d\.\d{1,3}\.\d{1,3}\s+", "", reason)
    return words.partition("(")[0].strip().lower()
