"""Decisions of a send, without waiting and without a clock: when to try again, when to stop."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.errors import GatewayError, InDoubt, NotSent, Refused

ERRORS_BEFORE_PAUSE = 5
"""So many failed requests in a row pause a send: the way to the ESP is broken, and each one in doubt costs a person."""

ATTEMPTS_BEFORE_SLOW_COUNTS = 3
"""A batch that was asked to slow down so often, and waited each time, speaks against the way to the ESP."""

LEASE_FACTOR = 10
"""A claim holds for ten timeouts: the timeout counts for a socket operation, the lease for the whole request."""

QUIET_TIME = timedelta(minutes=30)
"""No event after so long, while others are heard, speaks against acceptance. Longer than any lease."""

HEARD_AT_THE_END = timedelta(minutes=10)
"""Others count as heard if an event of theirs came in the last minutes of the quiet time, or after it: earlier ones say
nothing of a webhook that has broken since."""

_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=2)


def next_attempt(error: NotSent, attempt: int, now: datetime) -> datetime:
    """When a batch that was certainly not accepted goes again: when the ESP says, else 2, 4, 8 … 120 s from now.

    A time that the ESP names is kept within ten minutes, so that an odd header cannot park a batch for a day.
    """
    if error.retry_after is not None:
        return now + min(max(error.retry_after, timedelta(seconds=1)), timedelta(minutes=10))
    doubled: timedelta = _FIRST_WAIT * 2 ** min(attempt - 1, 10)
    return now + min(doubled, _LONGEST_WAIT)


def stops_send(error: GatewayError) -> bool:
    """Whether an answer pauses the send at once: the request as a whole was refused, so the next will be too."""
    return isinstance(error, Refused) and not error.positions


def counts_as_error(answer: object, attempt: int) -> bool:
    """Whether an answer counts towards the pause. A refused personalization is the reader's, not the way's.

    A 429 asks to wait, and several requests in flight get it at once: it counts from a batch's third attempt on.
    """
    if isinstance(answer, NotSent) and answer.status == 429:
        return attempt >= ATTEMPTS_BEFORE_SLOW_COUNTS
    return isinstance(answer, NotSent | InDoubt)


def lease(timeout_s: float) -> timedelta:
    """How long a claim holds."""
    return timedelta(seconds=LEASE_FACTOR * timeout_s)
