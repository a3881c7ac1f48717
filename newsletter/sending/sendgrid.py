"""SendGrid, through its own library: the only place that knows its words, its limits and its errors.

Sources: SendGrid's OpenAPI of v3 mail/send; the facts in docs/decisions/0005. Success is exactly 202.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import urllib.error
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import sendgrid
from python_http_client.exceptions import HTTPError

from newsletter.errors import ConfigError, GatewayError, InDoubt, NotSent, Refused
from newsletter.model import Receipt
from newsletter.sending.gateway import Outgoing
from newsletter.sending.kept import Kept
from newsletter.sending.mail_send import prepared
from newsletter.sending.transport import ConnectError, StrictClient, opener

# At DEBUG this logger prints the Authorization header with the key.
logging.getLogger("python_http_client").setLevel(logging.INFO)

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
"""What SendGrid quotes of readers must not reach logs or reports."""

_PERSONALIZATION = re.compile(r"personalizations\.(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a key may do (`mail.send`), and SendGrid's own time as it stood in the answer's header."""

    scopes: tuple[str, ...]
    date: str


def strict_client(api_key: str, url: str, timeout_s: float, kept: Kept) -> StrictClient:
    """The library's client with what is mended in it. Raises ConfigError without a key."""
    if not api_key or api_key != api_key.strip():  # without one the library sends "Bearer None"
        raise ConfigError("NEWSLETTER_SENDGRID_API_KEY is not set: make a key with the right Mail Send and set it")
    api = sendgrid.SendGridAPIClient(api_key=api_key, host=url.rstrip("/"))
    return StrictClient(
        opener=opener(kept), host=api.host, request_headers=api.client.request_headers, version=3, timeout=timeout_s
    )


class SendGrid:
    """The gateway to SendGrid, or to what speaks like it at another address."""

    def __init__(self, api_key: str, url: str, timeout_s: float) -> None:
        kept = Kept()
        client = strict_client(api_key, url, timeout_s, kept)
        self._mail_send, self._scopes = client.mail.send, client.scopes
        weakref.finalize(self, kept.close)  # nobody is told that a gateway is not needed any more

    def submit(self, outgoing: Outgoing) -> Receipt:
        """Hand over a batch. Raises NotSent, Refused or InDoubt, and nothing else."""
        request = prepared(outgoing)
        try:
            response = self._mail_send.post(request_body=request)
        except HTTPError as error:
            raise translated(error.status_code, error.headers, error.body, len(outgoing.batch.recipients)) from error
        except urllib.error.URLError as error:
            raise unanswered(error.reason if isinstance(error.reason, Exception) else error) from error
        except (OSError, http.client.HTTPException) as error:
            raise unanswered(error) from error
        if response.status_code != 202:
            raise InDoubt(
                f"SendGrid answered {response.status_code} where 202 means accepted", status=response.status_code
            )
        return Receipt(message_id=response.headers.get("X-Message-Id", ""))

    def account(self) -> Account:
        """What the key may do, asked of SendGrid; mails nothing. Raises Refused, NotSent or InDoubt: nobody knows."""
        try:
            response = self._scopes.get()
            scopes = tuple(str(scope) for scope in json.loads(response.body)["scopes"])
        except HTTPError as error:
            raise translated(error.status_code, error.headers, error.body, 0) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise unanswered(reason if isinstance(reason, Exception) else error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InDoubt(f"SendGrid's answer cannot be read ({type(error).__name__})") from error
        return Account(scopes=scopes, date=response.headers.get("Date", ""))


def unanswered(error: Exception) -> GatewayError:
    """What it means that there was no answer: nothing was accepted for certain where the connection was never made."""
    if isinstance(error, ConnectError):
        return NotSent(f"SendGrid cannot be reached: {error}")
    kind = type(error).__name__
    return InDoubt(
        f"the connection to SendGrid broke after the request had begun ({kind}: {error})".rstrip(": )") + ")"
    )


CURES: dict[int, str] = {
    400: "SendGrid refused the request; mend what it names",
    401: "SendGrid does not take NEWSLETTER_SENDGRID_API_KEY, or the account's credits are used up",
    403: "SendGrid forbids it: verify the sender's domain, and give the key the right Mail Send",
    404: "there is no mail/send at that address: check NEWSLETTER_SENDGRID_URL",
    405: "that address does not take mail: check NEWSLETTER_SENDGRID_URL",
    413: "the request is over 30 MB: lower NEWSLETTER_BATCH_SIZE",
    415: "SendGrid does not take the content type: something between changes the request",
}
"""Statuses that say for certain that nothing was accepted, and what an operator does about each."""


def translated(status: int, headers: Mapping[str, str] | None, raw: bytes, size: int) -> GatewayError:
    """What an answer that is not a success means (the table of sending.md). `size` is the batch's."""
    said = _errors(raw)
    words = "; ".join(message for message, _ in said)
    if status == 400 and (named := _positions(said, size)):
        return Refused(f"SendGrid refused {len(named)} of {size} readers: {words}", status=status, positions=named)
    if status in CURES:
        return Refused(f"{CURES[status]} (it answered {status}{': ' + words if words else ''})", status=status)
    if 300 <= status < 400:
        return Refused(f"SendGrid's address redirects ({status}): check NEWSLETTER_SENDGRID_URL", status=status)
    if status == 429:
        return NotSent("SendGrid asks to slow down (429)", status=429, retry_after=_retry_after(headers or {}))
    return InDoubt(f"SendGrid answered {status}, which does not say whether it accepted", status=status)


def _errors(raw: bytes) -> list[tuple[str, str]]:
    """Message and field of each error in an answer; an HTML page or cut-off JSON has none."""
    try:
        listed = json.loads(raw)["errors"]
        return [
            (_ADDRESS.sub("(address)", str(error.get("message", ""))), str(error.get("field", ""))) for error in listed
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _positions(said: list[tuple[str, str]], size: int) -> dict[int, str]:
    """Places in the batch that the errors name; empty where any error names none, since then all are concerned."""
    named: dict[int, str] = {}
    for message, field in said:
        found = _PERSONALIZATION.search(field)
        if found is None or int(found[1]) >= size:
            return {}
        named.setdefault(int(found[1]), f"refused: {message}")
    return named


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After (seconds or a date) or X-RateLimit-Reset (seconds since 1970); None where neither can be read."""
    now = datetime.now(UTC)
    after, reset = headers.get("Retry-After"), headers.get("X-RateLimit-Reset")
    try:
        if after is not None:
            return timedelta(seconds=int(after)) if after.isdigit() else parsedate_to_datetime(after) - now
        return datetime.fromtimestamp(int(reset), UTC) - now if reset is not None else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None
