"""The named points at which a process is killed: before and after every commit and every request.

They are not written into the program: a child that is going to be killed wraps its store and its gateway. A point's
name says in which use case it lies (`sending.start, before commit`), so one more commit there is one more point here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from newsletter.model import Receipt
from newsletter.sending.gateway import Gateway, Outgoing
from newsletter.storage import Store, Tx

PIPELINE = "newsletter.pipeline."


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """When a process dies: when it reaches a point for the nth time, or after so many seconds, whichever comes first;
    never, if neither is given.
    """

    point: str | None = None
    nth: int = 1
    after_s: float | None = None


class Points:
    """What one process passes, written down, so that a first life tells which points there are."""

    def __init__(self, kill: Kill, seen: Path, died_at: Path) -> None:
        self._kill, self._seen, self._died_at = kill, seen, died_at
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
            first, nth = self._counts[name] == 1, self._counts[name]
        if first:
            with self._seen.open("a", encoding="utf-8") as out:
                out.write(f"{name}\n")
        if name == self._kill.point and nth == self._kill.nth:
            self._died_at.write_text(name, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


class PointedStore(Store):
    """A store whose commits are points."""

    def __init__(self, url: str, points: Points) -> None:
        super().__init__(url)
        self._points = points

    @contextmanager
    def write(self) -> Iterator[Tx]:
        name = _use_case(sys._getframe(2))
        with super().write() as tx:
            yield tx
            self._points.reach(f"{name}, before commit")
        self._points.reach(f"{name}, after commit")


def _use_case(frame: FrameType | None) -> str:
    """The use case that opened a transaction: `freezing.freeze`; an exchange is named for what it does."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(PIPELINE):
            code = frame.f_code.co_name
            if code == "exchange":
                return "record" if frame.f_locals["outcomes"] else "claim"
            return f"{module.removeprefix(PIPELINE)}.{code}"
        frame = frame.f_back
    return "start"


class PointedGateway:
    """A gateway whose requests are points."""

    def __init__(self, inner: Gateway, points: Points) -> None:
        self._inner, self._points = inner, points

    def submit(self, outgoing: Outgoing) -> Receipt:
        self._points.reach("call, before request")
        receipt = self._inner.submit(outgoing)
        self._points.reach("call, after request")
        return receipt
