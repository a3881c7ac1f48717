"""How the text of one setting becomes its value. Each reader raises ValueError with the problem and the fix.

No message repeats the text of a key, nor of an address that may hold a password.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from typing import Literal
from urllib.parse import SplitResult, urlsplit

_P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""How the DER of a public key on P-256 begins (RFC 5480); what SendGrid shows is its base64."""

_NOT_PUBLIC = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "test",
    "invalid",
    "example",
    "arpa",
)
"""Last parts of names that no public server has (RFC 2606, RFC 6761, RFC 8375, and what offices use)."""

MAKE_A_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not lowest <= int(text[:9]) <= highest or len(text) > 9:
            raise ValueError(f"'{text}' is not a whole number from {lowest} to {highest}")
        return int(text)

    return read


def seconds(text: str) -> float:
    """Seconds, from 1 to 120: ten times as long holds a claim, which must end before the quiet time of 30 minutes."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 120:
        raise ValueError(f"'{text}' is not a number of seconds from 1 to 120")
    return value


def switch(text: str) -> bool:
    """On or off."""
    lowered = text.lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"'{text}' is neither on nor off; write 1 or 0")


def queue(text: str) -> Literal["here", "workers"]:
    """Who runs the batches of a live send: the process that sends, or workers."""
    if text.lower() == "here":
        return "here"
    if text.lower() == "workers":
        return "workers"
    raise ValueError(f"'{text}' is neither here nor workers; write workers where `newsletter worker` runs")


def level(text: str) -> str:
    """How much is logged."""
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError(f"'{text}' is not a level of the log; write debug, info, warning or error")
    return text.lower()


def database(text: str) -> str:
    """An SQLAlchemy URL of one of the two databases."""
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///") and ":memory:" not in text:
        return text
    if text.startswith("postgresql+psycopg://"):
        return text
    if text.startswith(("postgres://", "postgresql://", "postgresql+")):
        raise ValueError("write the address of a PostgreSQL as postgresql+psycopg://user:password@host/database")
    if text.startswith("sqlite"):
        raise ValueError("SQLite needs a file; write sqlite:///var/newsletter.db")
    raise ValueError("write sqlite:///var/newsletter.db or postgresql+psycopg://user:password@host/database")


def key(text: str) -> str:
    """A secret of ours: 32 characters or more, none of them a blank or a comma."""
    if len(text) < 32:
        raise ValueError(f"has {len(text)} characters, 32 or more are asked; make one with: {MAKE_A_KEY}")
    if any(not "!" <= char <= "~" for char in text):
        raise ValueError(f"has a blank or a character beyond ASCII; make one with: {MAKE_A_KEY}")
    return text


def networks(text: str) -> tuple[str, ...]:
    """IP addresses and networks with commas between them; `none` is none."""
    parts = () if text.lower() == "none" else tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        try:
            ipaddress.ip_network(part)
        except ValueError as error:
            raise ValueError(
                f"'{part}' is no IP address and no network such as 10.0.0.0/8; put commas between several, or write "
                "none"
            ) from error
    return parts


def keys(text: str) -> tuple[str, ...]:
    """Secrets with commas between them; the first signs, all verify."""
    found = tuple(key(part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise ValueError(f"names no key; make one with: {MAKE_A_KEY}")
    if len(set(found)) != len(found):
        raise ValueError("names a key twice; keep one of the two")
    return found


def api_key(text: str) -> str:
    """SendGrid's API key. What it may do is asked of SendGrid, not of its looks."""
    if text.lower() in {"none", "null"} or any(not "!" <= char <= "~" for char in text):
        raise ValueError("is no API key; copy the one that SendGrid showed when it was made (it begins with SG.)")
    return text


def webhook_key(text: str) -> str:
    """The public key for signed events: base64 of DER, on P-256."""
    joined = "".join(text.split())
    try:
        der = base64.b64decode(joined, validate=True)
    except (binascii.Error, ValueError):
        der = b""
    if not der.startswith(_P256_PREFIX) or len(der) != len(_P256_PREFIX) + 65:
        raise ValueError(
            "is not the public key of signed events; copy the Verification Key that SendGrid shows under "
            "Settings, Mail Settings, Event Webhook, Signature Verification (it begins with MFkw)"
        )
    return joined


def web_address(text: str) -> str:
    """An https or http address without query, fragment or name and password; without the slash at its end."""
    parts = _split(text)
    if parts is None or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("is not an address such as https://news.example.org, without a ?, a # or a password in it")
    return text.rstrip("/")


def gateway_address(text: str) -> str:
    """The address of SendGrid's API or of a stand-in: https, or http on this machine only."""
    address = web_address(text)
    if not address.startswith("https://") and not is_loopback(address):
        raise ValueError(f"'{text}' would carry the API key in the clear; write https://, or leave it out for SendGrid")
    return address


def secret_address(text: str) -> str:
    """An https or http address that may hold a token of its own, and so is never shown."""
    if _split(text) is None:
        raise ValueError("is not an address that begins with https:// or http://")
    return text


def is_loopback(address: str) -> bool:
    """Whether an http or https address lies on this machine."""
    parts = _split(address)
    host = (parts.hostname or "") if parts else ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    number = _ip(host)
    return number is not None and number.is_loopback


def is_public(address: str) -> bool:
    """Whether an address is https at a host that readers all over the world can reach, as far as its name tells."""
    parts = _split(address)
    if parts is None or parts.scheme != "https":
        return False
    host = (parts.hostname or "").rstrip(".")
    number = _ip(host)
    if number is not None:
        return number.is_global
    return "." in host and host.rpartition(".")[2] not in _NOT_PUBLIC


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port of letters, or half a bracket
        return None
    return parts if usable and not any(char.isspace() for char in address) else None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
