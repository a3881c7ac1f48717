"""How often somebody may ask. Kept in memory, for one process; forgotten when it ends."""

from __future__ import annotations

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Limiter:
    """A limit such as `30/minute`, for each of many who ask, over a window that moves with the time."""

    def __init__(self, limit: str) -> None:
        self._limit = parse(limit)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, who: str) -> int | None:
        """Count one request of somebody; None where it is within the limit, or the seconds to wait."""
        return None if self._window.hit(self._limit, who) else self._wait_s(who)

    def full(self, who: str) -> int | None:
        """The seconds that somebody has to wait, without counting a request; None where the limit is not reached."""
        return None if self._window.test(self._limit, who) else self._wait_s(who)

    def _wait_s(self, who: str) -> int:
        return max(1, math.ceil(self._window.get_window_stats(self._limit, who).reset_time - time.time()))
