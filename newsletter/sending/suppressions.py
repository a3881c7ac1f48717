"""SendGrid's own lists of addresses that it mails no more: read them, and take an address off them.

Sources: SendGrid's OpenAPI of v3 suppressions. An address on `bounces`, `spam_reports`, `invalid_emails` or the global
unsubscribes is dropped whatever we send; one on `blocks` is tried again, so that it is lifted, and never pulled.
"""

from __future__ import annotations

import http.client
import json
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from python_http_client.exceptions import HTTPError

from newsletter.errors import GatewayError, InDoubt, Refused
from newsletter.sending.kept import Kept
from newsletter.sending.sendgrid import strict_client, translated, unanswered

REASONS: Mapping[str, str] = {
    "bounces": "bounce",
    "spam_reports": "complaint",
    "invalid_emails": "invalid",
    "unsubscribes": "unsubscribe",
}
"""SendGrid's lists, and our word for why an address is on one."""

PAGE = 250
"""Addresses in an answer; 500 may be asked for, but reasons are long, and of an answer 1 MB is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An address on one of SendGrid's lists, and since when."""

    address: str
    since: datetime


class ServiceLists:
    """SendGrid's lists under one key, which must have the right Suppressions."""

    def __init__(self, api_key: str, url: str, timeout_s: float) -> None:
        kept = Kept()
        self._client = strict_client(api_key, url, timeout_s, kept)
        weakref.finalize(self, kept.close)

    def page(self, name: str, number: int) -> tuple[Listed, ...]:
        """A page of a list of REASONS, counted from 0; the last has fewer than PAGE entries. Raises GatewayError."""
        raw = self._asked(
            self._client.suppression._(name), "get", query_params={"limit": PAGE, "offset": number * PAGE}
        )
        try:
            return tuple(
                Listed(address=str(each["email"]), since=datetime.fromtimestamp(int(each["created"]), UTC))
                for each in json.loads(raw)
            )
        except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
            raise InDoubt(f"SendGrid's list {name} cannot be read ({type(error).__name__})") from error

    def lift(self, address: str) -> None:
        """Take an address off every list. What was not there is off already. Raises GatewayError."""
        email = quote(address, safe="")
        for name in ("bounces", "blocks", "spam_reports", "invalid_emails"):
            self._asked(self._client.suppression._(name)._(email), "delete", absent_is_fine=True)
        self._asked(self._client.asm.suppressions._("global")._(email), "delete", absent_is_fine=True)

    def _asked(self, place: Any, verb: str, *, absent_is_fine: bool = False, **options: Any) -> bytes:
        try:
            body: bytes = getattr(place, verb)(**options).body
        except HTTPError as error:
            if absent_is_fine and error.status_code == 404:
                return b""
            raise _refused(error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise unanswered(reason if isinstance(reason, Exception) else error) from error
        return body


def _refused(error: HTTPError) -> GatewayError:
    if error.status_code in {401, 403}:
        cure = "give the key of NEWSLETTER_SENDGRID_API_KEY the right Suppressions in SendGrid (Settings, API Keys)"
        return Refused(f"SendGrid does not show its lists to this key: {cure}", status=error.status_code)
    if error.status_code == 404:
        return Refused("there are no such lists at that address: check NEWSLETTER_SENDGRID_URL", status=404)
    return translated(error.status_code, error.headers, error.body, 0)
