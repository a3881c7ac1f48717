"""How often a client may post, or a program ask: the sole home of limits. Counted in this process's memory alone.

The client's address comes from uvicorn, which believes what proxies say where they are trusted
(NEWSLETTER_TRUSTED_PROXIES); it is neither stored nor logged.
"""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

RATES: Final = "20 per 5 minutes; 200 per day"
"""Of one form by one client: a room of people who share an address gets through, a program that fills in forms does not
get far. What an address gets in a day is limited by itself (storage.letters.A_DAY).
"""

RETRY_AFTER_S: Final = 300

MOST_KEPT: Final = 100_000
"""Counts in memory, some 50 MB of them. The library keeps a place for each client it ever saw, and whoever has a large
network of IPv6 has many: beyond this the older half is forgotten.
"""


class Limiter:
    """Counts posts of clients, each form (`name`) by itself."""

    def __init__(self, rates: str = RATES) -> None:
        # each post counts for the time after it: with fixed windows twice as many fit around their border
        self._storage = MemoryStorage()
        self._strategy = MovingWindowRateLimiter(self._storage)
        self._rates = parse_many(rates)

    @property
    def kept(self) -> int:
        """How many counts are in memory."""
        return len(self._storage.events)

    def allows(self, request: Request, name: str) -> bool:
        """Whether the client of a request may post now; counts it where it may."""
        return all(self._hit(rate, name, client_of(request)) for rate in self._rates)

    def wait_s(self, name: str, who: str, *, count: bool = True) -> int | None:
        """None where somebody may ask now, or the seconds to wait. With `count` the question itself is counted."""
        ask = self._hit if count else self._strategy.test
        for rate in self._rates:
            if not ask(rate, name, who):
                return max(1, math.ceil(self._strategy.get_window_stats(rate, name, who).reset_time - time.time()))
        return None

    def _hit(self, rate: RateLimitItem, name: str, who: str) -> bool:
        if self.kept >= MOST_KEPT:
            for key in list(self._storage.events)[: MOST_KEPT // 2]:
                with self._storage.locks[key]:
                    self._storage.clear(key)
        return self._strategy.hit(rate, name, who)


def client_of(request: Request) -> str:
    """What stands for the client of a request."""
    return client(request.client.host if request.client else "")


def client(host: str) -> str:
    """What stands for a client: its IPv4 address, or the /64 of its IPv6 address, within which it may choose any."""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address.packed[:8] + bytes(8), 64)))
