"""Events fold to the same facts in any order; suppressions are for what is the address's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Event, EventKind
from newsletter.tracking import facts, sender_fault, suppression_for
from newsletter.tracking.fold import DROPPED

START = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


def event(
    kind: EventKind, *, reason: str = "", at: int = 0, delivery: str | None = "d1", machine: bool = False
) -> Event:
    return Event(
        vendor_id="e1", kind=kind, occurred_at=START + timedelta(seconds=at), delivery_id=delivery, attempt=1,
        address="ann@example.org", url="", reason=reason, machine=machine, raw="{}",
    )  # fmt: skip


def test_the_earliest_instant_wins() -> None:
    """A fact is true from the first time on, whichever event came first."""
    late, early = event(EventKind.OPENED, at=50), event(EventKind.OPENED, at=20)
    wanted = {("d1", EventKind.OPENED): START + timedelta(seconds=20)}
    assert facts([late, early]) == facts([early, late]) == wanted


def test_what_is_no_fact_of_a_reader() -> None:
    """A machine's open, an event of nobody's delivery, a kind not known yet."""
    events = [
        event(EventKind.OPENED, machine=True), event(EventKind.BOUNCED, delivery=None), event(EventKind.OTHER),
    ]  # fmt: skip
    assert facts(events) == {}


events_strategy = st.lists(
    st.builds(
        event,
        st.sampled_from(EventKind),
        at=st.integers(0, 100),
        delivery=st.sampled_from(["d1", "d2", None]),
        machine=st.booleans(),
    ),
    max_size=12,
)


@given(events_strategy, st.data())
def test_any_order_and_any_duplicates_fold_to_the_same(events: list[Event], data: st.DataObject) -> None:
    """Duplicates and disorder are routine."""
    again = data.draw(st.lists(st.sampled_from(events), max_size=6)) if events else []
    assert facts(data.draw(st.permutations([*events, *again]))) == facts(events)


@given(events_strategy, events_strategy)
def test_facts_only_grow_and_only_get_earlier(events: list[Event], more: list[Event]) -> None:
    """Monotone: what was true stays true."""
    before, after = facts(events), facts([*more, *events])
    assert all(after[key] <= at for key, at in before.items())


@pytest.mark.parametrize(("kind", "reason", "wanted"), [
    (EventKind.BOUNCED, "550 5.1.1 no such user", "bounce"),
    (EventKind.BOUNCED, "", "bounce"),
    (EventKind.COMPLAINED, "", "complaint"),
    (EventKind.UNSUBSCRIBED, "", "unsubscribe"),
    (EventKind.DROPPED, "Bounced Address", "bounce"),
    (EventKind.DROPPED, "Spam Reporting Address", "complaint"),
    (EventKind.DROPPED, "Unsubscribed Address", "unsubscribe"),
    (EventKind.DROPPED, "5.0.0 Bounced Address", "bounce"),
    (EventKind.DROPPED, "Invalid", "invalid"),
    (EventKind.DROPPED, "Recipient List over Package Quota", None),
    (EventKind.DROPPED, "Spam Content (if Spam Checker app is enabled)", None),
    (EventKind.DROPPED, "Invalid SMTPAPI header", None),
    (EventKind.DROPPED, "Something new", None),
    (EventKind.BLOCKED, "550 5.1.1 no such user", None),
    (EventKind.DEFERRED, "452 4.2.2 mailbox full", None),
    (EventKind.DELIVERED, "250 OK", None),
    (EventKind.RESUBSCRIBED, "", None),
    (EventKind.OTHER, "account_status_change: compliance_ban", None),
    (EventKind.BOUNCED, "550 5.7.515 Access denied, sending domain does not meet the required level", None),
    (EventKind.BOUNCED, "550 5.7.1 Message rejected due to local policy", None),
    (EventKind.BOUNCED, "550 5.7.133 sender not authenticated for group", None),
    (EventKind.BOUNCED, "550-5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy", None),
    (EventKind.BOUNCED, "550 SPF check failed", None),
])  # fmt: skip
def test_who_is_suppressed_and_why(kind: EventKind, reason: str, wanted: str | None) -> None:
    """Hard bounce, complaint, unsubscribe and the drops that tell of them; never what we or a policy caused."""
    assert suppression_for(event(kind, reason=reason)) == ((wanted, "all") if wanted else None)


@pytest.mark.parametrize(("kind", "reason", "fault"), [
    (EventKind.BOUNCED, "550 5.7.515 Access denied", True),
    (EventKind.BLOCKED, "550-5.7.26 This mail has been blocked because the sender is unauthenticated.", True),
    (EventKind.DEFERRED, "421-4.7.26 This mail has been rate limited because it is unauthenticated", True),
    (EventKind.BLOCKED, "550 5.7.1 rejected by policy", True),
    (EventKind.BLOCKED, "554 5.7.509 does not pass DMARC verification", True),
    (EventKind.BLOCKED, "553 5.1.8 sender's domain does not exist", True),
    (EventKind.DROPPED, "Recipient List over Package Quota", True),
    (EventKind.DROPPED, "Bounced Address", False),
    (EventKind.DROPPED, "Something new", False),
    (EventKind.BOUNCED, "550 5.1.1 no such user", False),
    (EventKind.DEFERRED, "450 4.7.1 greylisted, try again", False),
    (EventKind.BLOCKED, "unable to get mx info: failed to get IPs from PTR record", False),
    (EventKind.BLOCKED, "552 15.7.26 odd number", False),
    (EventKind.DELIVERED, "250 DMARC pass", False),
])  # fmt: skip
def test_whose_fault_it_is(kind: EventKind, reason: str, *, fault: bool) -> None:
    """Authentication, policy and plan are the operator's to mend."""
    assert sender_fault(event(kind, reason=reason)) is fault


def test_nothing_is_both() -> None:
    """What is our fault never costs a reader; each documented reason of a drop is one or the other."""
    for reason in DROPPED:
        dropped = event(EventKind.DROPPED, reason=reason)
        assert sender_fault(dropped) is (suppression_for(dropped) is None)


@given(st.sampled_from(EventKind), st.text() | st.from_regex(r"5[0-9]{2} [45]\.[17]\.[0-9]{1,3} (SPF|spam|policy)?"))
def test_a_fault_of_ours_suppresses_nobody(kind: EventKind, reason: str) -> None:
    """Whatever a bounce says, it is not both; complaints and unsubscribes stand."""
    told = event(kind, reason=reason)
    assert not (sender_fault(told) and suppression_for(told))
