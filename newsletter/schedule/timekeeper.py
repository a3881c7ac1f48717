"""Whether the wall clock can be right: it should not run backwards, nor go otherwise than the machine's uptime."""

from __future__ import annotations

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=1)
"""NTP corrects a clock by less, and looks in between take time."""


class Timekeeper:
    """Remembers the last look of its process."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._behind = False

    def look(self, now: datetime, uptime_s: float, newest_beat: datetime | None) -> str | None:
        """What is wrong with the wall clock, in words and told once; None where nothing is, or nothing new.

        `newest_beat` is the last sign of life that any machine left.
        """
        jump = self._jump(now, uptime_s)
        self._last = (now, uptime_s)
        was_behind, self._behind = self._behind, newest_beat is not None and newest_beat - now >= TOLERANCE
        if jump >= TOLERANCE:
            return f"it was put forward by {_minutes(jump)} since the last look, or the machine slept"
        if jump <= -TOLERANCE:
            return f"it was put back by {_minutes(-jump)} since the last look"
        if newest_beat is not None and self._behind and not was_behind:
            return f"it is {_minutes(newest_beat - now)} behind the last sign of life: it was put back, or it is wrong"
        return None

    def _jump(self, now: datetime, uptime_s: float) -> timedelta:
        if self._last is None:
            return timedelta()
        then, uptime_then_s = self._last
        return now - then - timedelta(seconds=uptime_s - uptime_then_s)


def _minutes(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
