"""The wall clock against the uptime and the last sign of life."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ledger_clock import START

from newsletter.schedule import Timekeeper
from newsletter.schedule.timekeeper import TOLERANCE

MINUTE = timedelta(minutes=1)


@given(st.lists(st.tuples(st.floats(0, 86400), st.floats(-59, 59)), max_size=20))
def test_small_corrections_are_none_of_our_business(steps: list[tuple[float, float]]) -> None:
    """However long it is between two looks, and whatever NTP does in between."""
    timekeeper, now, uptime_s = Timekeeper(), START, 5.0
    for lived_s, corrected_s in steps:
        now += timedelta(seconds=lived_s + corrected_s)
        uptime_s += lived_s
        assert timekeeper.look(now, uptime_s, None) is None


@given(st.floats(-1e6, 1e6).filter(lambda s: abs(s) > TOLERANCE.total_seconds() + 1), st.floats(0, 1e6))
def test_a_jump_is_told_and_then_over(jump_s: float, lived_s: float) -> None:
    """In its direction, at the look after it and never again."""
    timekeeper = Timekeeper()
    timekeeper.look(START, 5.0, None)
    now = START + timedelta(seconds=lived_s + jump_s)
    said = timekeeper.look(now, 5.0 + lived_s, START) or ""
    assert ("put forward" in said, "put back" in said) == (jump_s > 0, jump_s < 0)
    assert timekeeper.look(now + MINUTE, 65.0 + lived_s, now) is None


def test_behind_another_machine() -> None:
    """Two machines that do not agree: told once, and again when it comes again."""
    timekeeper = Timekeeper()
    ahead = START + 3 * MINUTE
    said = [timekeeper.look(START, 5.0, ahead), timekeeper.look(START, 5.0, ahead)]
    assert said == ["it is 3 minutes behind the last sign of life: it was put back, or it is wrong", None]
    assert timekeeper.look(START, 5.0, START) is None
    assert timekeeper.look(START, 5.0, ahead) == said[0]
