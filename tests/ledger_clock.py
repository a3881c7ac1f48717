"""A clock that tests move by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

MADE_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
"""When the ledgers of the tests were made: a Friday."""

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
"""Where the clock stands at first: Monday, 04:00 in New York."""


class HandClock:
    """Called, it says where it stands. `step` makes it run on with each look, where something waits for it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at
        self.step = timedelta()
        self._jumped = timedelta()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self.at += self.step
            return self.at

    def uptime(self) -> float:
        """What the machine's uptime says, in seconds: it goes with the clock, but for its jumps."""
        return (self.at - self._jumped - MADE_AT).total_seconds() + 1e6

    def jump(self, **by: float) -> datetime:
        """The wall clock is put forward or back, and no time passes: `clock.jump(hours=-1)`."""
        self._jumped += timedelta(**by)
        return self.move(**by)

    def move(self, **by: float) -> datetime:
        """`clock.move(minutes=5)`."""
        self.at += timedelta(**by)
        return self.at
