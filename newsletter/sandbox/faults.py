"""Scripted faults: what the sandbox does instead of a plain answer to `mail/send`.

`FAULTS` is the whole list: a kind, and the function that answers in its way. It gets `accept`, which does what a
healthy sandbox would (checks, files, records, spools) and gives its answer, and the fault with its numbers. It gives an
answer, or None to close the connection without one. A new kind is a function and a line of the table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from newsletter.sandbox.answers import Answer, Refusal, refused

Accept = Callable[[], Answer]

ELSEWHERE = "/sandbox/elsewhere"
"""Where the redirect leads: a page of the sandbox that answers any GET with 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault.

    times      how many requests meet it; None is all, until the faults are cleared
    where      custom arguments that a personalization of the request must carry, as `{"batch": "2"}`; empty is any
    seconds    how long `slow` takes, and what `429` asks to wait
    positions  the personalizations that `400` names, from 0
    """

    kind: str
    times: int | None = 1
    where: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    positions: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"there is no fault {self.kind!r}; there are {', '.join(FAULTS)}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times counts requests from 1, got {self.times}")
        if self.seconds < 0:
            raise ValueError(f"seconds cannot be negative, got {self.seconds}")


def _too_many(accept: Accept, fault: Fault) -> Answer:
    seconds = max(1, round(fault.seconds))
    headers = (
        ("Retry-After", str(seconds)),
        ("X-RateLimit-Limit", "600"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", str(int(time.time()) + seconds)),
    )
    return replace(_too_many_bare(accept, fault), headers=headers)


def _too_many_bare(_: Accept, __: Fault) -> Answer:
    return refused(429, Refusal("too many requests"))


def _bad_request(_: Accept, fault: Fault) -> Answer:
    places = (f"personalizations.{position}.to.0.email" for position in fault.positions)
    return refused(400, *(Refusal("Does not contain a valid address.", place) for place in places))


def _unauthorized(_: Accept, __: Fault) -> Answer:
    return refused(401, Refusal("The provided authorization grant is invalid, expired, or revoked"))


def _forbidden(_: Accept, __: Fault) -> Answer:
    return refused(403, Refusal("The from address does not match a verified Sender Identity.", "from"))


def _too_large(_: Accept, __: Fault) -> Answer:
    return refused(413, Refusal("content too large"))


def _server_error(_: Accept, __: Fault) -> Answer:
    return refused(500, Refusal("internal server error"))


def _html(status: int, reason: str) -> Answer:
    page = f"<html>\n<head><title>{status} {reason}</title></head>\n<body><h1>{status} {reason}</h1></body>\n</html>\n"
    return Answer(status=status, body=page.encode(), content_type="text/html")


def _bad_gateway(_: Accept, __: Fault) -> Answer:
    return _html(502, "Bad Gateway")


def _unavailable(_: Accept, __: Fault) -> Answer:
    return refused(503, Refusal("service unavailable"))


def _gateway_timeout(_: Accept, __: Fault) -> Answer:
    return _html(504, "Gateway Time-out")


def _redirect(_: Accept, __: Fault) -> Answer:
    return Answer(status=301, headers=(("Location", ELSEWHERE),))


def _drop(_: Accept, __: Fault) -> None:
    return None


def _accept_then_drop(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), None)


def _accept_then_5xx(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), _html(504, "Gateway Time-out"))


def _slow(accept: Accept, fault: Fault) -> Answer:
    answer = accept()
    time.sleep(fault.seconds)
    return answer


def _truncated(accept: Accept, _: Fault) -> Answer | None:
    answer = accept()
    return _unless_refused(answer, replace(answer, body=b'{"mess', promised=200))


def _unless_refused(answer: Answer, instead: Answer | None) -> Answer | None:
    return instead if answer.status < 300 else answer


FAULTS: Mapping[str, Callable[[Accept, Fault], Answer | None]] = {
    "429": _too_many,
    "429-bare": _too_many_bare,
    "400": _bad_request,
    "401": _unauthorized,
    "403": _forbidden,
    "413": _too_large,
    "500": _server_error,
    "502-html": _bad_gateway,
    "503": _unavailable,
    "504": _gateway_timeout,
    "redirect": _redirect,
    "drop": _drop,
    "accept-then-drop": _accept_then_drop,
    "accept-then-5xx": _accept_then_5xx,
    "slow": _slow,
    "truncated": _truncated,
}


class Script:
    """The faults that are still to come, in the order in which they were scripted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def pending(self) -> tuple[Fault, ...]:
        with self._lock:
            return tuple(self._faults)

    def take(self, body: object) -> Fault | None:
        """The first fault that fits the request's body, counted as met."""
        return self._take(lambda fault: _fits(fault, body))

    def take_unread(self) -> Fault | None:
        """A `drop` for any request, which is met before the body is read; only where it is the next fault."""
        return self._take(lambda fault: fault.kind == "drop" and not fault.where and fault is self._faults[0])

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fits(fault):
                    left = None if fault.times is None else fault.times - 1
                    self._faults[index : index + 1] = [] if left == 0 else [replace(fault, times=left)]
                    return fault
        return None


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
