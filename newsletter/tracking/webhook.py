"""SendGrid's event webhook: is it SendGrid's, and what does it say?

Words and fields: Event Webhook Reference, https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event.
Signature: ECDSA on P-256 with SHA-256 over the timestamp header and the raw body,
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.model import Event, EventKind
from newsletter.tracking.bounces import CLASSIFIED

KINDS: Mapping[str, EventKind] = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,  # BLOCKED by its type, see _kind
    "dropped": EventKind.DROPPED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.RESUBSCRIBED,
    "account_status_change": EventKind.OTHER,  # of the account, not of a delivery
}
"""Each word that the reference documents. One that is not here is kept as OTHER."""

_ID_LENGTH = 120
"""A vendor's id that is longer is not used as one."""

_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_NUL_ESCAPE = b"\\u0000"
_LONG_NUMBER = b":" + b"0" * 19
_DIGITS = bytes(
    ord("0") if byte in b"0123456789" else ord(":") if byte in b":,[- \t\r\n" else byte for byte in range(256)
)
"""Makes a 0 of each digit, and a colon of what may stand before them in a number, so that `in` finds a long one."""
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A webhook body: its events in their order, and what in it is no event of ours to read, as JSON text (or as it
    came, where it is no JSON), to be kept.
    """

    events: tuple[Event, ...]
    unreadable: tuple[str, ...]


def verify(public_key: str, signature: str, timestamp: str, body: bytes) -> bool:
    """Whether the raw body was signed by the owner of the key.

    `public_key` is base64 of DER; `signature` and `timestamp` are the headers
    `X-Twilio-Email-Event-Webhook-Signature` and `-Timestamp`. Never raises: what cannot be checked is not signed.
    """
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            return False
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + body, ECDSA(SHA256()))
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True


def usable(public_key: str) -> bool:
    """Whether a key can check anything: the right form may still be no point of the curve."""
    try:
        return isinstance(load_der_public_key(base64.b64decode(public_key, validate=True)), EllipticCurvePublicKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


_OLDEST = timedelta(days=3)
"""SendGrid posts a body again for 24 hours. Whatever is older is somebody else's who kept it: events whose rows are
deleted already would count once more.
"""


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Whether a signed timestamp is one that SendGrid may still post, also where a machine's clock is days behind."""
    signed_at = _instant(timestamp)
    return signed_at is not None and now - signed_at <= _OLDEST


def parse_events(body: bytes) -> Parsed:
    """The events of a body. Never raises: whatever it cannot read is in `unreadable`.

    All text that comes out can be stored anywhere (no NUL, which PostgreSQL cannot hold, and no half of a surrogate
    pair); each replaced character is U+FFFD. Numbers too long for a machine word, and those that are none (NaN), are
    text or null.
    """
    try:
        read = _read(body)
        entries = read if isinstance(read, list) else [read]
        raws = [_raw(entry) for entry in entries]
        found = list(zip(map(_event, entries, raws), raws, strict=True))
    except (ValueError, RecursionError):
        return Parsed(events=(), unreadable=(_storable(_decoded(body)),))
    return Parsed(
        events=tuple(event for event, _ in found if event is not None),
        unreadable=tuple(raw for event, raw in found if event is None),
    )


def _read(body: bytes) -> object:
    """What the body says. Raises ValueError or RecursionError where it is no JSON.

    What orjson takes, it reads as the rules of `parse_events` have it, but for NULs and long numbers; those are looked
    for first, and a body that has one, or that orjson refuses, is mended and read again.
    """
    digits = body.translate(_DIGITS)
    if _NUL_ESCAPE not in body and _LONG_NUMBER not in digits and not digits.startswith(_LONG_NUMBER[1:]):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # a stray byte, half of a surrogate pair, a BOM, a NaN
    return orjson.loads(_mended(body))


def _mended(body: bytes) -> str:
    """The same JSON without what orjson or a database would not take."""
    entries = json.loads(_decoded(body), parse_int=_whole, parse_float=_fraction, parse_constant=lambda _: None)
    return _storable(_NUL.sub(r"\1\\ufffd", json.dumps(entries, ensure_ascii=False)))


def _decoded(body: bytes) -> str:
    return body.decode("utf-8", "replace").removeprefix("\ufeff")


def _event(entry: object, raw: str) -> Event | None:
    if not isinstance(entry, dict):
        return None
    word, occurred_at = _text(entry.get("event")), _instant(entry.get("timestamp"))
    if not word or occurred_at is None:
        return None
    kind = _kind(word, entry.get("type"))
    return Event(
        vendor_id=_vendor_id(entry),
        kind=kind,
        occurred_at=occurred_at,
        delivery_id=_identifier(entry.get("delivery_id")),
        attempt=None if kind is EventKind.DEFERRED else _attempt(entry.get("attempt")),
        address=_text(entry.get("email")),
        url=_text(entry.get("url")),
        reason=_reason(entry, word, kind),
        machine=entry.get("sg_machine_open") is True,
        raw=raw,
    )


def _kind(word: str, bounce_type: object) -> EventKind:
    if word == "bounce" and _text(bounce_type) not in {"", "bounce"}:
        return EventKind.BLOCKED  # `blocked` (and once `expired`): this time only, says the reference
    return KINDS.get(word, EventKind.OTHER)


def _reason(entry: Mapping[str, Any], word: str, kind: EventKind) -> str:
    """What was told of the why: the server's words, with the status code where they lack it."""
    reason = _text(entry.get("reason")) or _text(entry.get("response"))
    if (status := _text(entry.get("status"))) and status not in reason:
        reason = f"{status} {reason}".strip()
    if kind in {EventKind.BOUNCED, EventKind.BLOCKED} and (given := _text(entry.get("bounce_classification"))):
        reason = f"{reason} ({CLASSIFIED} {given})".strip()
    if kind is EventKind.OTHER:
        return ": ".join(part for part in (word, _text(entry.get("type")), reason) if part)
    return reason


def _attempt(value: object) -> int | None:
    """The attempt of ours that an event belongs to.

    On `deferred`, SendGrid's own count of its tries bears the same name, so nothing is known there.
    """
    if isinstance(value, str):
        return int(value) if len(value) <= 9 and value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None


def _vendor_id(entry: Mapping[str, Any]) -> str:
    """SendGrid's id of the event, or where it has none a hash, the same each time the entry comes."""
    given = _identifier(entry.get("sg_event_id"))
    if given:
        return given
    canonical = json.dumps(entry, sort_keys=True, ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _identifier(value: object) -> str | None:
    text = _text(value)
    return text if text and len(text) <= _ID_LENGTH else None


def _instant(value: object) -> datetime | None:
    """Seconds since 1970, as a number or its digits."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _raw(entry: object) -> str:
    try:
        return orjson.dumps(entry).decode()
    except TypeError:  # nested over 254 times, which is orjson's limit
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def _storable(text: str) -> str:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def _whole(digits: str) -> int | str:
    """Numbers too long for a machine word stay text: Python refuses to read those of thousands of digits."""
    return int(digits) if len(digits.removeprefix("-")) <= 18 else digits


def _fraction(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits
