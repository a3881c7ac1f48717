"""What a bounce says: that the address is dead, that it was full or busy, or that we are not wanted or set up wrongly.

Status codes are those of RFC 3463; what SendGrid calls `blocked` is its word for "this time only".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from newsletter.model import EventKind


class Bounce(StrEnum):
    """The classes of bounces. Only `hard` and, by a rule, `soft` ones are held against the address."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    """The receiving side did not want this mail: it says nothing of whether the address exists."""
    SENDER = "sender"
    """Our own configuration or standing: an operator must act."""


SOFT_BOUNCE = "soft-bounce"
"""The reason of a suppression by the rule of soft bounces."""

SOFT_IN_A_ROW, SOFT_OVER = 3, timedelta(days=14)
"""M3AAWG asks for at least two bounces over two weeks or more before an address goes; three over two weeks is what
senders commonly do. A day's trouble of a mail server, or a week of a full mailbox, costs nobody the newsletter.
"""

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

_TEMPORARY = re.compile(r"(?<![\d.])4\.\d{1,3}\.\d{1,3}(?![\d.])|^\s*4\d\d\b")
_PERMANENT = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])|^\s*5\d\d\b")
_FULL = re.compile(
    r"(?<![\d.])[45]\.2\.2(?![\d.])|\bmailbox (?:is )?full\b|\b(?:over|exceeded|out of) (?:the )?(?:storage )?quota\b"
    r"|\bquota exceeded\b|\bexceeded storage\b",
    re.IGNORECASE,
)
"""RFC 3463: X.2.2 is a mailbox that is full, which its owner may empty, also where a server calls that permanent."""

CLASSIFIED = "classified"
"""How a reason has the class that the ESP gave, where it gave one: `550 5.1.1 no such user (classified Invalid …)`."""

_CLASS = re.compile(rf"\({CLASSIFIED} ([^()]+)\)\Z")
_OURS = frozenset({"content", "reputation"})
_NOT_THE_ADDRESS = frozenset({"frequency or volume too high", "technical", "technical failure"})


def classify(kind: EventKind, reason: str) -> Bounce | None:
    """The class of a bounce or block by its reason; None for other kinds."""
    if kind not in {EventKind.BOUNCED, EventKind.BLOCKED}:
        return None
    if blames_us(reason):
        return Bounce.SENDER
    if _POLICY.search(reason) or _class(reason) in _NOT_THE_ADDRESS:
        return Bounce.POLICY
    if kind is EventKind.BLOCKED or _FULL.search(reason):
        return Bounce.SOFT
    return Bounce.SOFT if _TEMPORARY.search(reason) and not _PERMANENT.search(reason) else Bounce.HARD


def blames_us(reason: str) -> bool:
    """Whether a server's words blame the sender: authentication (SPF, DKIM, DMARC, reverse DNS), a refusal by policy
    (5.7.1 that speaks of it), a sender's address that does not exist, or reputation and contents as the ESP classes it.
    """
    if _OWN_LOOKUP.search(reason):  # SendGrid found no server for the reader's domain; it may speak of PTR too
        return False
    by_policy = re.search(r"(?<![\d.])5\.7\.1(?![\d.])", reason) and _POLICY_WORDS.search(reason)
    return bool(_SENDER_CODES.search(reason) or _SENDER_WORDS.search(reason) or by_policy or _class(reason) in _OURS)


def _class(reason: str) -> str:
    found = _CLASS.search(reason)
    return found[1].lower() if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing told of one copy for an address: that it was delivered, or bounced or was blocked for a reason."""

    delivery: int
    kind: EventKind
    at: datetime
    reason: str


def spent(history: Iterable[Told]) -> bool:
    """Whether an address has bounced softly so often in a row, over so long a time, that it is given up.

    Copies count, not events. One that was delivered, and did not come back after all, begins the row anew; one that
    was refused by policy or for our own fault neither counts nor begins it. The same in whatever order it is told.
    """
    row: list[datetime] = []
    for at, soft in _ends(history):
        row = [*row, at] if soft else []
    return len(row) >= SOFT_IN_A_ROW and row[-1] - row[0] >= SOFT_OVER


def _ends(history: Iterable[Told]) -> Sequence[tuple[datetime, bool]]:
    """How each copy ended, and when, in the order of time: softly bounced, or delivered; others are left out."""
    copies: dict[int, list[Told]] = {}
    for told in history:
        copies.setdefault(told.delivery, []).append(told)
    ends = (_end(each) for each in copies.values())
    return sorted(end for end in ends if end is not None)


def _end(copy: Sequence[Told]) -> tuple[datetime, bool] | None:
    at: Mapping[Bounce | None, datetime] = {
        class_: min(told.at for told in copy if classify(told.kind, told.reason) is class_)
        for class_ in {classify(told.kind, told.reason) for told in copy}
    }
    if Bounce.SOFT in at:
        return at[Bounce.SOFT], True
    return (at[None], False) if at.keys() == {None} else None
