"""A request that takes longer than its whole time is broken off, however busily bytes trickle in.

One thread looks after all requests of this process: to start one for each takes longer than to send a batch.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator


class Cut:
    """Breaks a request off: whoever reads or writes its socket fails at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self.is_over = False

    def watch(self, sock: socket.socket | None) -> None:
        """From now on this is the request's socket; None once it may carry somebody else's."""
        with self._lock:
            self._sock = sock

    def __call__(self) -> None:
        self.is_over = True  # first: who connects at this moment looks at it afterwards
        with self._lock, contextlib.suppress(OSError):  # closed a moment ago
            if self._sock is not None:
                # not SSLSocket's own shutdown, after which it would read what is encrypted as plain text
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


class _Watch:
    """The deadlines of the requests that are on their way, and the thread that wakes up for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Cut, float] = {}
        self._wakes_at = float("inf")
        self._thread: threading.Thread | None = None

    def add(self, cut: Cut, due: float) -> None:
        with self._changed:
            self._due[cut] = due
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif due < self._wakes_at:
                self._changed.notify()

    def remove(self, cut: Cut) -> None:
        with self._changed:
            self._due.pop(cut, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for cut in [cut for cut, due in self._due.items() if due <= now]:
                    del self._due[cut]
                    cut()
                self._wakes_at = min(self._due.values(), default=float("inf"))
                self._changed.wait(None if self._wakes_at == float("inf") else self._wakes_at - now)


_watch = _Watch()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[Cut]:
    """Give what breaks off the request that is made inside, once the seconds are over."""
    cut = Cut()
    _watch.add(cut, time.monotonic() + seconds)
    try:
        yield cut
    finally:
        _watch.remove(cut)
