"""What a bounce says, in the words of real servers; and when an address is given up for soft ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import EventKind
from newsletter.tracking.bounces import SOFT_IN_A_ROW, SOFT_OVER, Bounce, Told, classify, spent

START = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
FULL = "552 5.2.2 mailbox full"
MINE = "550 5.7.515 Access denied, sending domain does not meet the required authentication level"


@pytest.mark.parametrize(("kind", "reason", "wanted"), [
    (EventKind.BOUNCED, "550 5.1.1 no such user", Bounce.HARD),
    (EventKind.BOUNCED, "", Bounce.HARD),
    (EventKind.BOUNCED, "450 4.2.0 try later, 550 5.1.1 gone", Bounce.HARD),
    (EventKind.BOUNCED, "550 5.1.1 no such user (classified Invalid Address)", Bounce.HARD),
    (EventKind.BOUNCED, "450 4.2.1 try later", Bounce.SOFT),
    (EventKind.BOUNCED, "4.4.7 delivery expired", Bounce.SOFT),
    (EventKind.BOUNCED, "421 too many connections", Bounce.SOFT),
    (EventKind.BOUNCED, FULL, Bounce.SOFT),
    (EventKind.BOUNCED, "550 user is over quota", Bounce.SOFT),
    (EventKind.BLOCKED, "", Bounce.SOFT),
    (EventKind.BLOCKED, "unable to get mx info: failed to get IPs from PTR record", Bounce.SOFT),
    (EventKind.BLOCKED, "554 not now (classified Mailbox Unavailable)", Bounce.SOFT),
    (EventKind.BLOCKED, "554 5.7.0 not wanted", Bounce.POLICY),
    (EventKind.BLOCKED, "554 slow down (classified Frequency or Volume Too High)", Bounce.POLICY),
    (EventKind.BLOCKED, MINE, Bounce.SENDER),
    (EventKind.BOUNCED, MINE, Bounce.SENDER),
    (EventKind.BLOCKED, "554 no (classified Reputation)", Bounce.SENDER),
    (EventKind.BOUNCED, "550 no (classified Content)", Bounce.SENDER),
    (EventKind.DEFERRED, FULL, None),
    (EventKind.DELIVERED, "250 OK", None),
])  # fmt: skip
def test_classes(kind: EventKind, reason: str, wanted: Bounce | None) -> None:
    """Dead, full or busy, not wanted, or our own fault."""
    assert classify(kind, reason) is wanted


def told(*copies: tuple[float, EventKind, str]) -> list[Told]:
    """One copy each, days after the start."""
    return [
        Told(delivery=number, kind=kind, at=START + timedelta(days=days), reason=reason)
        for number, (days, kind, reason) in enumerate(copies)
    ]


SOFT = (EventKind.BOUNCED, FULL)
FINE = (EventKind.DELIVERED, "250 OK")


@pytest.mark.parametrize(("copies", "wanted"), [
    ([(0, *SOFT), (7, *SOFT), (14, *SOFT)], True),
    ([(0, *SOFT), (7, *SOFT), (13.9, *SOFT)], False),
    ([(0, *SOFT), (14, *SOFT)], False),
    ([(day, *SOFT) for day in range(14)], False),
    ([(day, *SOFT) for day in range(15)], True),
    ([(0, *SOFT), (7, *SOFT), (8, *FINE), (14, *SOFT)], False),
    ([(0, *SOFT), (1, *SOFT), (2, *FINE), (3, *SOFT), (10, *SOFT), (17, *SOFT)], True),
    ([(0, *SOFT), (7, *SOFT), (14, *SOFT), (15, *FINE)], False),
    ([(0, *SOFT), (7, EventKind.BLOCKED, ""), (14, EventKind.BLOCKED, "")], True),
    ([(day, EventKind.BLOCKED, MINE) for day in range(30)], False),
    ([(day, EventKind.BLOCKED, "554 5.7.0 not wanted") for day in range(30)], False),
    ([(0, *SOFT), (7, EventKind.BLOCKED, MINE), (14, *SOFT), (15, *SOFT)], True),
])  # fmt: skip
def test_three_in_a_row_over_two_weeks(copies: list[tuple[float, EventKind, str]], wanted: bool) -> None:
    """A delivery in between begins the row anew; what was our fault neither counts nor begins it."""
    assert (SOFT_IN_A_ROW, SOFT_OVER.days) == (3, 14)
    assert spent(told(*copies)) is wanted


def test_one_copy_counts_once() -> None:
    """However often it is told that it bounced; and one that came back after it was taken in did bounce."""
    kinds = [(EventKind.BOUNCED, FULL), (EventKind.BLOCKED, ""), (EventKind.DELIVERED, "")]
    copy = [
        Told(delivery=1, kind=kind, at=START + timedelta(days=day), reason=reason)
        for day in (0, 20)
        for kind, reason in kinds
    ]
    assert not spent(copy)
    others = [
        Told(delivery=number, kind=EventKind.BOUNCED, at=START + timedelta(days=10 * number), reason=FULL)
        for number in (2, 3)
    ]
    assert spent([*copy, *others])


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([SOFT, FINE, (EventKind.BLOCKED, MINE)]))), st.randoms())
def test_in_whatever_order_it_is_told(copies: list[tuple[int, tuple[EventKind, str]]], chance: object) -> None:
    """Events come in no order."""
    history = told(*((days, *end) for days, end in copies))
    shuffled = list(history)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's own Random
    assert spent(shuffled) is spent(history)
