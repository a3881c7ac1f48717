"""What stands in a reader's own link: signed, compact, without expiry and without the address.

A token is purpose, version, subscriber, list and send (readers.md), packed in 18 bytes and followed by the first 16
bytes of an HMAC-SHA256 under a key derived for the purpose: 46 characters of base64url. It is our own, and not a
library's, since a million of them are made in a send: `hmac.digest` takes 1 µs, a signing library over 10
(docs/decisions/0007).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

VERSION: Final = 1
PURPOSES: Final = {"reader": 1, "confirm": 2, "letter": 3, "report": 4}
"""reader: the links of each mail, to leave and to choose; confirm and letter: of a letter to one reader, whose number
stands in the place of the send's; report: of an edition, likewise, for its editors.
"""
_FIRST_NAMES: Final = {"reader": "unsubscribe"}
"""By what a purpose was called when mails that are out were signed: keys are derived from it for good."""
_BODY = struct.Struct(">BBQII")
_MAC_BYTES = 16


class BadTokenError(ValueError):
    """Not a token of ours, or not for this purpose. Says nothing more: the page it leads to is a 404."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a link stands for. `subscriber_id` 0 is an editor's test, which does nothing."""

    purpose: str
    subscriber_id: int
    list_id: int
    send_id: int

    @property
    def inert(self) -> bool:
        return self.subscriber_id == 0


@lru_cache(maxsize=64)
def _derived(key: str, purpose: str) -> bytes:
    name = _FIRST_NAMES.get(purpose, purpose)
    return hmac.digest(key.encode(), b"newsletter token " + name.encode(), "sha256")


def sign(token: Token, key: str) -> str:
    """The token as it stands in a link. `key` is the first of NEWSLETTER_SECRET_KEYS."""
    body = _BODY.pack(VERSION, PURPOSES[token.purpose], token.subscriber_id, token.list_id, token.send_id)
    mac = hmac.digest(_derived(key, token.purpose), body, "sha256")[:_MAC_BYTES]
    return _text(body + mac)


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def _text(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URLSAFE, b"=").decode()


def signer(purpose: str, key: str, *, list_id: int, send_id: int) -> Callable[[int], str]:
    """`sign` for the readers of one send: gives each subscriber id's token, in half the time.

    What does not differ is done once: the two hashes that HMAC begins with (RFC 2104, section 4) are copied.
    """
    derived = _derived(key, purpose)
    inner, outer = _begun(derived, 0x36), _begun(derived, 0x5C)
    pack, number = _BODY.pack, PURPOSES[purpose]

    def sign(subscriber_id: int) -> str:
        body = pack(VERSION, number, subscriber_id, list_id, send_id)
        within, around = inner.copy(), outer.copy()
        within.update(body)
        around.update(within.digest())
        return _text(body + around.digest()[:_MAC_BYTES])

    return sign


def _begun(key: bytes, pad: int) -> hashlib._Hash:
    """SHA-256 as HMAC begins it with a key, which is a digest and so fits in a block of 64 bytes."""
    return hashlib.sha256(bytes(byte ^ pad for byte in key.ljust(64, b"\0")))


def read(text: str, purpose: str, keys: tuple[str, ...]) -> Token:
    """The token in a link, if any of the keys signed it for this purpose. Raises BadTokenError."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        version, number, subscriber_id, list_id, send_id = _BODY.unpack(body)
    except (ValueError, binascii.Error, struct.error) as error:
        raise BadTokenError("not a token") from error
    if version != VERSION or number != PURPOSES[purpose]:
        raise BadTokenError("not for this purpose")
    # All keys are tried, in the same time whichever fits.
    fits = [hmac.compare_digest(hmac.digest(_derived(key, purpose), body, "sha256")[:_MAC_BYTES], mac) for key in keys]
    if not any(fits):
        raise BadTokenError("not signed by us")
    return Token(purpose, subscriber_id, list_id, send_id)
