"""How the settings of alerts are read. Each reader raises ValueError with the problem and the fix.

No message repeats the text of an address that may hold a password or a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote, urlsplit

from newsletter.model import MailServer
from newsletter.settings import values, words
from newsletter.settings.shapes import Wrong

_FORMS = "write smtp://user:password@host:587?starttls or smtps://user:password@host"

_Security = Literal["tls", "starttls", "none"]

_PORTS: Mapping[_Security, int] = {"tls": 465, "starttls": 587, "none": 25}
"""RFC 8314 and RFC 6409."""


def mail_server(text: str) -> MailServer:
    """`smtps://` speaks TLS from the first byte, `smtp://…?starttls` from the greeting on, `smtp://` not at all."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a port of letters, or half a bracket
        raise ValueError(f"is not the address of a mail server; {_FORMS}") from None
    asked = (parts.scheme, parts.query.lower())
    kinds: Mapping[tuple[str, str], _Security] = {
        ("smtps", ""): "tls", ("smtp", "starttls"): "starttls", ("smtp", ""): "none",
    }  # fmt: skip
    security = kinds.get(asked)
    if security is None or not host or port == 0 or parts.path.strip("/") or any(char.isspace() for char in text):
        raise ValueError(f"is not the address of a mail server; {_FORMS}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError(f"has a user without a password, or a password without a user; {_FORMS}")
    if password and security == "none" and not values.is_loopback(f"http://{parts.netloc.rpartition('@')[2]}"):
        raise ValueError("would carry the password in the clear; add ?starttls at its end, or write smtps://")
    return MailServer(host=host, port=port or _PORTS[security], security=security, user=user, password=password)


def addresses(text: str) -> tuple[str, ...]:
    """Mail addresses with commas between them."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise ValueError("names no address; write one, or several with commas between them")
    try:
        return tuple(dict.fromkeys(words.address(part) for part in found))
    except Wrong as error:
        raise ValueError(str(error)) from error


def webhook(text: str) -> str:
    """An https address that takes a POST, or an http one on this machine. It may hold a token, and is never shown."""
    address = values.secret_address(text)
    if not address.startswith("https://") and not values.is_loopback(address):
        raise ValueError("would carry its token in the clear; write https://")
    return address
