"""Humans and machines: each sign alone, what looks like one and is none, and the whole in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import EventKind
from newsletter.tracking import Seen, judge

DELIVERED = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"


def seen(
    number: int, after_s: int, *, link: int | None = None, agent: str | None = PHONE, flagged: bool = False
) -> Seen:
    """An open, or with a number the click on that link."""
    return Seen(
        id=number, kind=EventKind.OPENED if link is None else EventKind.CLICKED,
        at=DELIVERED + timedelta(seconds=after_s), url="" if link is None else f"https://a.example.org/{link}",
        agent=agent, flagged=flagged,
    )  # fmt: skip


@pytest.mark.parametrize(("event", "sign"), [
    (seen(1, 300), ""),
    (seen(1, 300, agent=GMAIL), ""),
    (seen(1, 300, agent=""), ""),
    (seen(1, 300, agent=OUTLOOK), ""),
    (seen(1, 300, agent=None), ""),
    (seen(1, 300, link=1, agent=None), ""),
    (seen(1, 300, link=1, agent=OUTLOOK), "a known scanner"),
    (seen(1, 0), ""),
    (seen(1, 300, flagged=True), "sg_machine_open"),
    (seen(1, 300, agent="Mozilla/5.0"), "Apple Mail Privacy Protection"),
    (seen(1, 300, agent="Barracuda Sentinel (EE)"), "a known scanner"),
    (seen(1, -1), "before the mail was delivered"),
    (seen(1, 5, link=1), ""),
    (seen(1, 4, link=1), "within 5 seconds of the delivery"),
    (seen(1, -60, link=1), "before the mail was delivered"),
    (seen(1, 300, link=1, agent=""), "no user agent"),
    (seen(1, 300, link=1, agent="Mozilla/5.0"), "a program, not a browser"),
    (seen(1, 300, link=1, agent="python-requests/2.32"), "a program, not a browser"),
    (seen(1, 300, link=1, agent="Mozilla/5.0 (compatible; bingbot/2.0)"), "a robot, as it says itself"),
])  # fmt: skip
def test_signs(event: Seen, sign: str) -> None:
    """Each alone, and what is near it."""
    machine, why = judge(DELIVERED, [event])[1]
    assert machine is bool(sign)
    assert sign in why if sign else not why


def test_a_scanner_follows_every_link() -> None:
    """Three links within five seconds, an hour later: all of them, and the open between them; not what came after."""
    burst = [seen(1, 3600, link=1), seen(2, 3602, link=2), seen(3, 3604), seen(4, 3605, link=3)]
    before, after = seen(5, 600), seen(6, 3700, link=1)
    verdicts = judge(DELIVERED, [*burst, before, after])
    assert {number for number, (machine, _) in verdicts.items() if machine} == {1, 2, 3, 4}
    assert verdicts[1][1] == "3 links or more within 5 seconds"


@pytest.mark.parametrize("clicks", [
    [seen(1, 60, link=1), seen(2, 61, link=1), seen(3, 62, link=1)],  # an impatient finger
    [seen(1, 60, link=1), seen(2, 61, link=2)],
    [seen(1, 60, link=1), seen(2, 63, link=2), seen(3, 66, link=3)],
])  # fmt: skip
def test_no_burst(clicks: list[Seen]) -> None:
    """The same link again, two links, or three with time to look at them: a human."""
    assert not any(machine for machine, _ in judge(DELIVERED, clicks).values())


def test_before_it_is_known_when_it_was_delivered() -> None:
    """Nothing is said of times; the other signs hold."""
    assert judge(None, [seen(1, 1, link=1), seen(2, 1, link=1, agent="curl/8.5")]) == {
        1: (False, ""), 2: (True, "a program, not a browser"),
    }  # fmt: skip


events = st.lists(
    st.builds(
        seen, st.integers(1, 10**6), st.integers(-5, 30), link=st.none() | st.integers(1, 4),
        agent=st.sampled_from([PHONE, "curl/8", ""]), flagged=st.booleans(),
    ),
    unique_by=lambda event: event.id,
    max_size=12,
)  # fmt: skip


@given(events, st.randoms())
def test_in_any_order(found: list[Seen], chance: object) -> None:
    """Every event gets one verdict, the same whatever came first; more events make no machine a human."""
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's own Random
    verdicts = judge(DELIVERED, found)
    assert judge(DELIVERED, shuffled) == verdicts
    assert verdicts.keys() == {event.id for event in found}
    fewer = judge(DELIVERED, found[1:])
    assert all(verdicts[number][0] >= machine for number, (machine, _) in fewer.items())
