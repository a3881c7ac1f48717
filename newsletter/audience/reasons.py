"""Why a candidate gets no mail: the words that storage writes, in the order in which they are asked."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "suppressed": "the address must not be mailed",
    "reserved-domain": "the address lies in a domain kept for examples (RFC 2606), which no mail reaches",
    "consent-expired": "the consent was implied until a day that has come",
    "paused": "the reader wants no mail for a while",
    "nothing-chosen": "the edition has none of the sections that the reader chose",
    "unsubscribed": "the reader left after the edition was frozen, or since they got what is corrected",
    "not-received": "what is corrected did not reach the reader: it bounced, was blocked or dropped",
    "duplicate": "the address gets this edition, or this correction, through another list",
    "cancelled": "the send was cancelled before this reader's batch",
}
"""By the word before the colon; the first that holds is the one that is recorded."""

SUPPRESSIONS: dict[str, str] = {
    "bounce": "mail to it came back for good",
    "soft-bounce": "mail to it came back again and again for two weeks or more, and none arrived",
    "complaint": "its owner marked our mail as spam",
    "unsubscribe": "its owner left everything",
    "invalid": "the ESP found that nobody can have it",
    "manual": "an operator added it",
    "import": "it was imported as suppressed",
    "erased": "its owner asked to be erased",
}
"""The part behind `suppressed:`."""


def in_words(reason: str) -> str:
    """`suppressed:bounce` as a sentence for a person."""
    head, _, tail = reason.partition(":")
    said = REASONS.get(head, head)
    return f"{said}: {SUPPRESSIONS.get(tail, tail)}" if tail else said
