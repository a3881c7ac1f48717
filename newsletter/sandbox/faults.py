"""Scripted faults: what the sandbox does instead of a plain answer to `mail/send`.

`FAULTS` is the whole list: a kind, and the function that answers in its way. It gets `accept`, which does what a
healthy sandbox would (checks, files, records, spools) and gives its answer, and the fault with its numbers. It gives an
answer, or None to close the connection without one. A new kind is a function and a line of the table.

What a connection does to an answer on its way (a reset, a trickle) stands in the answer, and the server does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from newsletter.sandbox.answers import Answer, Refusal, refused

Accept = Callable[[], Answer]

ELSEWHERE = "/sandbox/elsewhere"
"""Where the redirect leads: a page of the sandbox that answers any GET with 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault.

    times      how many requests meet it; None is all, until the faults are cleared
    where      custom arguments that a personalization of the request must carry, as `{"batch": "2"}`; empty is any
    seconds    how long `slow` and `accept-late` take, what `429` asks to wait, and `trickle` waits before each byte
    positions  the personalizations that `400` names, from 0
    chance     how likely a request that fits meets it, over 0 to 1
    seed       which draws: one seed makes the same faults in the same order of requests
    """

    kind: str
    times: int | None = 1
    where: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    positions: tuple[int, ...] = (0,)
    chance: float = 1.0
    seed: int = 0

    @property
    def unread(self) -> bool:
        """Whether it is met before the body is read; one that waits for its arguments has to read them."""
        return self.kind in UNREAD and not self.where

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"there is no fault {self.kind!r}; there are {', '.join(FAULTS)}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times counts requests from 1, got {self.times}")
        if self.seconds < 0:
            raise ValueError(f"seconds cannot be negative, got {self.seconds}")
        if not 0 < self.chance <= 1:
            raise ValueError(f"chance is over 0 and at most 1, got {self.chance}")


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


def _too_many_until(_: Accept, fault: Fault) -> Answer:
    return _asks_to_wait(formatdate(time.time() + max(1.0, fault.seconds), usegmt=True))


def _too_many_nonsense(_: Accept, __: Fault) -> Answer:
    return _asks_to_wait("soon")


def _too_many_for_a_year(_: Accept, __: Fault) -> Answer:
    return _asks_to_wait(str(365 * 24 * 3600))


def _asks_to_wait(retry_after: str) -> Answer:
    return refused(429, Refusal("too many requests"), headers=(("Retry-After", retry_after),))


def _bad_request(_: Accept, fault: Fault) -> Answer:
    places = (f"personalizations.{position}.to.0.email" for position in fault.positions)
    return refused(400, *(Refusal("Does not contain a valid address.", place) for place in places))


def _unauthorized(_: Accept, __: Fault) -> Answer:
    return refused(401, Refusal("The provided authorization grant is invalid, expired, or revoked"))


def _forbidden(_: Accept, __: Fault) -> Answer:
    return refused(403, Refusal("The from address does not match a verified Sender Identity.", "from"))


def _request_timeout(_: Accept, __: Fault) -> Answer:
    return _html(408, "Request Timeout")


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


def _no_content(_: Accept, __: Fault) -> Answer:
    return Answer(status=204)


def _captive_portal(_: Accept, __: Fault) -> Answer:
    return _html(200, "Welcome to our network")


def _drop(_: Accept, __: Fault) -> None:
    return None


def _reset(_: Accept, __: Fault) -> Answer:
    return Answer(status=500, reset_after=0)


def _accept_then_drop(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), None)


def _accept_then_5xx(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), _html(504, "Gateway Time-out"))


def _accept_then_502(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), _html(502, "Bad Gateway"))


def _accept_then_html(accept: Accept, _: Fault) -> Answer | None:
    return _unless_refused(accept(), _html(202, "Accepted"))


def _accept_then_reset(accept: Accept, _: Fault) -> Answer | None:
    """In the middle of the status line, so that nobody can have read what it says."""
    answer = accept()
    return _unless_refused(answer, replace(answer, reset_after=len("HTTP/1.1 2")))


def _accept_late(accept: Accept, fault: Fault) -> Answer:
    time.sleep(fault.seconds)
    return accept()


def _trickle(accept: Accept, fault: Fault) -> Answer:
    return replace(accept(), pause_s=fault.seconds)


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
    "429-date": _too_many_until,
    "429-nonsense": _too_many_nonsense,
    "429-year": _too_many_for_a_year,
    "400": _bad_request,
    "401": _unauthorized,
    "403": _forbidden,
    "408": _request_timeout,
    "413": _too_large,
    "500": _server_error,
    "502-html": _bad_gateway,
    "503": _unavailable,
    "504": _gateway_timeout,
    "redirect": _redirect,
    "204": _no_content,
    "200-html": _captive_portal,
    "drop": _drop,
    "reset": _reset,
    "reset-while-reading": _reset,
    "accept-then-drop": _accept_then_drop,
    "accept-then-reset": _accept_then_reset,
    "accept-then-5xx": _accept_then_5xx,
    "accept-then-502": _accept_then_502,
    "accept-then-html": _accept_then_html,
    "accept-late": _accept_late,
    "slow": _slow,
    "trickle": _trickle,
    "truncated": _truncated,
}

UNREAD = frozenset({"drop", "reset", "reset-while-reading"})
"""Faults that come before the body was read, or was read whole: the server sees to them."""
