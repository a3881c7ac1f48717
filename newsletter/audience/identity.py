"""Who is who: an address becomes a key that stays when the address is erased (sending.md, Identity)."""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import email_validator
from email_validator import EmailNotValidError, validate_email

RESERVED_DOMAINS = ("example", "example.com", "example.net", "example.org", "invalid", "localhost", "test")
"""RFC 2606 and RFC 6761: names that no mail reaches; samples and tests live there."""

# The library refuses these names as undeliverable; we take them for samples and exclude them at the freeze instead.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in {"invalid", "test", "example"}
]

_LONGEST = 254
"""Bytes of an address (RFC 5321); the library has the same limit."""
_ATOM, _END = r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+", "[A-Za-z0-9]"
_LABEL = rf"(?!..--){_END}(?:[A-Za-z0-9\-]{{0,61}}{_END})?"
_PLAIN_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_PLAIN_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}(?<=[A-Za-z])")
"""Both sides of the @ in addresses as nearly everybody has them. The library takes each of them as it is, which a test
asks of it; it needs thirty times as long to say so.
"""
_NOT_PLAIN = tuple(f".{name}" for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
_RESERVED = tuple(f".{name}" for name in RESERVED_DOMAINS)


class BadAddressError(ValueError):
    """An address that nobody can have; the text says what is wrong with it, without the address."""


class Identity(NamedTuple):
    """An address as typed, and what it comes to: its key and whether its domain is reserved. A tuple, since an import
    makes a million of them.
    """

    address: str
    key: int
    reserved: bool


def identify(address: str, key: bytes) -> Identity:
    """The identity of an address. `key` is NEWSLETTER_ADDRESS_KEY. Raises BadAddressError.

    What was typed is what is mailed (without the spaces around it); the key is made from the address in NFC, with its
    domain as ASCII (IDNA), wholly lower case.
    """
    return identifier(key)(address)


@lru_cache(maxsize=4)
def identifier(key: bytes) -> Callable[[str], Identity]:
    """`identify` for the many addresses of one key."""
    keyed, plain_local = _keyed(key), _PLAIN_LOCAL.fullmatch

    def identify(address: str) -> Identity:
        typed = address.strip()
        local, _, domain = typed.partition("@")
        if plain_local(local) and len(typed) <= _LONGEST and (reserved := _plain_domain(domain)) is not None:
            return Identity(typed, keyed(typed), reserved)
        return _identified_by_library(typed, keyed)

    return identify


@lru_cache(maxsize=1 << 16)
def _plain_domain(domain: str) -> bool | None:
    """Whether a plain domain is reserved; None for one that the library must look at."""
    lowered = f".{domain.lower()}"
    if _PLAIN_DOMAIN.fullmatch(domain) is None or lowered.endswith(_NOT_PLAIN):
        return None
    return lowered.endswith(_RESERVED)


def _identified_by_library(typed: str, keyed: Callable[[str], int]) -> Identity:
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise BadAddressError(str(error)) from error
    domain = found.ascii_domain.lower()
    return Identity(typed, keyed(f"{found.local_part}@{domain}"), is_reserved(domain))


def address_key(normal: str, key: bytes) -> int:
    """A 63-bit number from the HMAC-SHA256 of a normalised address: fits an integer key in every database.

    Two of a million addresses share one with odds of 1 to 18 million; docs/decisions/0006 tells what happens then.
    """
    return _keyed(key)(normal)


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> Callable[[str], int]:
    """The two hashes that HMAC begins with (RFC 2104, section 2) are made once: copies cost half of a whole one."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    begun, ending = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    nfc, first_number = unicodedata.normalize, struct.Struct(">Q").unpack_from

    def keyed(normal: str) -> int:
        inner, outer = begun.copy(), ending.copy()
        inner.update(nfc("NFC", normal).lower().encode())
        outer.update(inner.digest())
        number: int = first_number(outer.digest())[0]
        return number >> 1

    return keyed


def is_reserved(domain: str) -> bool:
    """Whether mail to this domain can reach nobody, by RFC 2606."""
    return f".{domain}".endswith(_RESERVED)


def mask(address: str) -> str:
    """The address so that its owner knows it and nobody else does: `a•••@e•••.org`."""
    local, _, domain = address.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{top}"
