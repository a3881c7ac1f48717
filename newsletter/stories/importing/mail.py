"""A saved mail (.eml) or web archive (.mhtml) → the lines of its text: the HTML part, else the plain one."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage

from newsletter.errors import ContentError, Fault
from newsletter.stories.importing.decode import SIZE_LIMIT
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.html import read_html
from newsletter.stories.importing.html.decode import decode_html
from newsletter.stories.importing.page import Page, read_lines

HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,50}:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}\r?\n")
"""Two headers or more, folded lines among them, and the empty line that ends them."""

KNOWN = re.compile(
    rb"^(?:mime-version|received|message-id|return-path|snapshot-content-location):", re.IGNORECASE | re.MULTILINE
)


def is_mail(raw: bytes) -> bool:
    """Whether the file begins with the headers of a mail as it was sent, not as a person copied it."""
    found = HEADER.match(raw[:100_000].replace(b"\r\n", b"\n"))
    return found is not None and KNOWN.search(found[0]) is not None


def read_mail(raw: bytes, *, shown: str) -> Page:
    """The lines of a mail's text. Raises ContentError where it has none."""
    try:
        parts = list(_leaves(email.message_from_bytes(raw, policy=email.policy.default)))
        page = _text(parts, shown=shown)
        others = [name for part in parts if (name := _attachment(part))]
    except ContentError:
        raise
    except Exception as error:  # the library raises whatever a malformed header makes of its own code
        raise ContentError((Fault(shown, 0, "it is a damaged mail; copy its text instead"),)) from error
    warnings = tuple(Doubt(0, f"the mail's attachment {name} was left out") for name in others)
    return Page(lines=page.lines, unit=page.unit, dropped=page.dropped, warnings=(*page.warnings, *warnings))


def _leaves(message: object) -> Iterator[EmailMessage]:
    assert isinstance(message, EmailMessage)
    return (part for part in message.walk() if not part.is_multipart() and isinstance(part, EmailMessage))


def _text(parts: list[EmailMessage], *, shown: str) -> Page:
    bodies = [part for part in parts if not part.is_attachment()]
    for part in bodies:
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            return read_html(_payload(part), shown=shown, charset=part.get_content_charset())
    for part in bodies:
        if part.get_content_type() == "text/plain":
            raw, charset = _payload(part), part.get_content_charset()
            return Page(lines=read_lines(_decoded(raw, charset)[:SIZE_LIMIT]))
    raise ContentError((Fault(shown, 0, "the mail has no text in it; nothing to import"),))


def _payload(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(raw: bytes, charset: str | None) -> str:
    return decode_html(raw, charset=charset)[0]


def _attachment(part: EmailMessage) -> str | None:
    if not part.is_attachment():
        return None
    return part.get_filename() or part.get_content_type()
