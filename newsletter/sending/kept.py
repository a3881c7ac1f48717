"""Connections that are kept from one request to the next, and the rule for when one may carry another request.

A connection that its server closed while it was idle must not cost a batch its certainty. So each is looked at before
anything of a request is written: one that was idle for too long, or has something to read (its end, a reset, an answer
that nobody asked for), is dropped, and a new one is made. From the first byte of a request on nothing is tried again:
whatever breaks then leaves the request in doubt.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Hashable
from http.client import HTTPConnection

IDLE_S = 5.0
"""A connection idle for longer is not used again: servers close theirs after 15 to 75 s, and one that closes while a
request is on its way leaves it in doubt. Within a send a connection is idle for milliseconds.
"""


class Kept:
    """Idle connections by where they lead. Used from several threads; what is taken belongs to one request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[tuple[HTTPConnection, float]]] = {}

    def take(self, where: Hashable) -> HTTPConnection | None:
        """A connection that leads there and may carry a request; None where a new one must be made."""
        while (found := self._pop(where)) is not None:
            connection, since = found
            if time.monotonic() - since < IDLE_S and is_quiet(connection):
                return connection
            connection.close()
        return None

    def give(self, where: Hashable, connection: HTTPConnection) -> None:
        """Keep a connection whose last answer was read to its end."""
        with self._lock:
            self._idle.setdefault(where, []).append((connection, time.monotonic()))

    def close(self) -> None:
        """Close all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection, _ in connections:
                connection.close()

    def _pop(self, where: Hashable) -> tuple[HTTPConnection, float] | None:
        with self._lock:
            idle = self._idle.get(where)
            return idle.pop() if idle else None  # the last one given is the least idle


def is_quiet(connection: HTTPConnection) -> bool:
    """Whether a connection is open and has nothing to read: its server has neither closed it nor said anything."""
    if connection.sock is None:
        return False
    poll = select.poll()  # select() knows no file descriptor over 1023
    poll.register(connection.sock, select.POLLIN | select.POLLPRI)
    return not poll.poll(0)
