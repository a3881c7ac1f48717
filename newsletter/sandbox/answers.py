"""What the sandbox answers over HTTP, and the shape in which SendGrid says no."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
"""Where SendGrid's own `help` links point; the field without its positions follows."""

_POSITION = re.compile(r"\.\d+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for a 4xx. `field` is a path with positions from 0 (`personalizations.3.to.0.email`), or None."""

    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, and what the connection does to it on its way.

    promised     the Content-Length where it is not the body's own (a truncated answer)
    reset_after  so many bytes go out, the status line first, then the connection is reset
    pause_s      so long before each byte
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None
    reset_after: int | None = None
    pause_s: float = 0.0

    @property
    def told(self) -> int | None:
        """The status that the client gets to read; None where its line does not go out whole."""
        return self.status if self.reset_after is None else None


def refused(status: int, *refusals: Refusal, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The answer in SendGrid's shape: `{"errors": [{"message", "field", "help"}]}`."""
    body = json.dumps({"errors": [_error(refusal) for refusal in refusals]}).encode()
    return Answer(status=status, body=body, headers=headers)


def as_json(value: object, status: int = 200) -> Answer:
    """A JSON document of the sandbox's own."""
    return Answer(status=status, body=json.dumps(value).encode() + b"\n")


def _error(refusal: Refusal) -> dict[str, str | None]:
    where = HELP + _POSITION.sub("", refusal.field) if refusal.field else None
    return {"message": refusal.message, "field": refusal.field, "help": where}
