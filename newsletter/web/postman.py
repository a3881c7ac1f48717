"""Letters go soon after the answer to whoever posted them: in one thread, which lives while there is something to send.

A request never waits for the ESP. What this thread does not get to is sent by the next tick.
"""

from __future__ import annotations

import threading

import structlog

from newsletter.pipeline import letters
from newsletter.pipeline.context import Context

log = structlog.get_logger()


class Postman:
    """Hands over letters that wait, as often as it is asked, and never twice at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._asked = False
        self._thread: threading.Thread | None = None

    def soon(self) -> None:
        """A letter may have been posted: it goes now, or after those that are on their way."""
        with self._lock:
            self._asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="postman")
                self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Until everything that was asked for is done."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        while self._is_asked():
            try:
                if letters.deliver(self._context) == letters.AT_ONCE:  # there may be more
                    self._asked = True
            except Exception:  # whatever it was, the next letter is another one's
                log.exception("letters not sent")

    def _is_asked(self) -> bool:
        with self._lock:
            asked, self._asked = self._asked, False
            if not asked:
                self._thread = None
            return asked
