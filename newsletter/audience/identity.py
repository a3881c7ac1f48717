"""Who is who: an address becomes a key that stays when the address is erased (sending.md, Identity)."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass

import email_validator
from email_validator import EmailNotValidError, validate_email

RESERVED_DOMAINS = ("example", "example.com", "example.net", "example.org", "invalid", "localhost", "test")
"""RFC 2606 and RFC 6761: names that no mail reaches; samples and tests live there."""

# The library refuses these names as undeliverable; we take them for samples and exclude them at the freeze instead.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in {"invalid", "test", "example"}
]


class BadAddressError(ValueError):
    """An address that nobody can have; the text says what is wrong with it, without the address."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An address as typed, and what it comes to: its key and whether its domain is reserved."""

    address: str
    key: int
    reserved: bool


def identify(address: str, key: bytes) -> Identity:
    """The identity of an address. `key` is NEWSLETTER_ADDRESS_KEY. Raises BadAddressError.

    What was typed is what is mailed (without the spaces around it); the key is made from the address in NFC, with its
    domain as ASCII (IDNA), wholly lower case.
    """
    typed = address.strip()
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise BadAddressError(str(error)) from error
    domain = found.ascii_domain.lower()
    return Identity(typed, address_key(f"{found.local_part}@{domain}", key), is_reserved(domain))


def address_key(normal: str, key: bytes) -> int:
    """A 63-bit number from the HMAC-SHA256 of a normalised address: fits an integer key in every database.

    Two of a million addresses share one with odds of 1 to 18 million; docs/decisions/0006 tells what happens then.
    """
    text = unicodedata.normalize("NFC", normal).lower()
    return int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:8], "big") >> 1


def is_reserved(domain: str) -> bool:
    """Whether mail to this domain can reach nobody, by RFC 2606."""
    return any(domain == name or domain.endswith("." + name) for name in RESERVED_DOMAINS)


def mask(address: str) -> str:
    """The address so that its owner knows it and nobody else does: `a•••@e•••.org`."""
    local, _, domain = address.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{top}"
