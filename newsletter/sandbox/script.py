"""The faults that are still to come, and which of them a request meets."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import Any

from newsletter.sandbox.faults import Fault


class _Line:
    """A fault of the script, with its own draws."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._draws = random.Random(fault.seed)  # noqa: S311  nothing secret: the same seed, the same faults

    def is_met(self) -> bool:
        return self.fault.chance == 1 or self._draws.random() < self.fault.chance


class Script:
    """Faults in the order in which they were scripted; a request meets the first that fits, and is drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[_Line] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._lines.append(_Line(fault))

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    def pending(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(line.fault for line in self._lines)

    def take_unread(self) -> Fault | None:
        """A fault that a request meets before its body is read, unless a certain one of another kind comes first."""
        with self._lock:
            for line in self._lines:
                if line.fault.unread:
                    if line.is_met():
                        return self._count(line)
                elif line.fault.chance == 1:
                    return None
        return None

    def take(self, body: object) -> Fault | None:
        """The first fault that fits the request's body and is drawn, counted as met."""
        with self._lock:
            for line in self._lines:
                if line.fault.unread and line.fault.chance < 1:
                    continue  # it was drawn before the body was read
                if _fits(line.fault, body) and line.is_met():
                    return self._count(line)
        return None

    def _count(self, line: _Line) -> Fault:
        fault = line.fault
        if fault.times == 1:
            self._lines.remove(line)
        elif fault.times is not None:
            line.fault = replace(fault, times=fault.times - 1)
        return fault


def _fits(fault: Fault, body: object) -> bool:
    """Looks into bodies that nobody has checked yet."""
    if not fault.where:
        return True
    personalizations = body.get("personalizations") if isinstance(body, dict) else None
    shared = _custom_args(body)
    return any(
        fault.where.items() <= {**shared, **_custom_args(personalization)}.items()
        for personalization in (personalizations if isinstance(personalizations, list) else ())
    )


def _custom_args(holder: object) -> dict[str, Any]:
    values = holder.get("custom_args") if isinstance(holder, dict) else None
    return values if isinstance(values, dict) else {}
