"""A checked `mail/send` body and a personalization become the bytes of one mail.

Substitutions are put in raw, as SendGrid does: nothing is escaped, and a value is not searched for tags again
("do not nest substitution tags"). What SendGrid would send as quoted-printable stands here as 8bit with the very bytes
of the request, so that a mail on disk can be compared with what was sent. Lines end with a line feed.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property, lru_cache

from newsletter.sandbox.rules import Body

_OURS = frozenset({"mime-version", "x-message-id", "x-sandbox-custom-args", "x-sandbox-outcome"})
"""Headers that the sandbox writes itself; a request's own of these names are left out."""

_ENCODED_WORD_BYTES = 42
"""Of UTF-8 to an encoded word: 56 characters in base64, 68 with its frame; RFC 2047 allows 75."""

_PLAIN = re.compile(r"[ -~]*\Z")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")


class Template:
    """A text in which the places of the tags are found once, to be filled for each reader."""

    def __init__(self, text: str, tags: tuple[str, ...]) -> None:
        longest_first = sorted(tags, key=len, reverse=True)
        pieces = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text) if tags else [text]
        self._tags = pieces[1::2]
        self._between = [utf8(piece) for piece in pieces[::2]]

    def fill(self, values: Mapping[str, str]) -> bytes:
        filled = self._between[:1]
        for tag, after in zip(self._tags, self._between[1:], strict=True):
            filled += (utf8(values[tag]), after)
        return b"".join(filled)


class Letters:
    """The mails of one request. What all readers share is prepared once; `mail` fills it for one of them."""

    def __init__(self, body: Body, *, message_id: str, now: datetime) -> None:
        self._body = body
        self._message_id = message_id
        self._date = format_datetime(now)
        self._boundary = f"=_sandbox_{secrets.token_hex(16)}"
        self._templates: dict[tuple[str, tuple[str, ...]], Template] = {}

    def mail(self, personalization: Body, position: int, *, custom_args: Mapping[str, str], outcome: str) -> bytes:
        """The mail as bytes; `position` is the personalization's, from 0."""
        values: dict[str, str] = personalization.get("substitutions", {})
        headers = self._headers(personalization, position, values)
        headers["X-Message-Id"] = self._message_id
        headers["X-Sandbox-Custom-Args"] = json.dumps(custom_args, separators=(",", ":"))
        headers["X-Sandbox-Outcome"] = outcome
        headers["MIME-Version"] = "1.0"
        head = "".join(f"{name}: {value}\n" for name, value in headers.items())
        return utf8(head) + self._content(values)

    def _headers(self, personalization: Body, position: int, values: Mapping[str, str]) -> dict[str, str]:
        headers = {
            "From": mailbox(personalization.get("from") or self._body["from"]),
            "To": mailboxes(personalization["to"]),
        }
        if personalization.get("cc"):
            headers["Cc"] = mailboxes(personalization["cc"])
        headers["Subject"] = header_text(
            self._filled(str(personalization.get("subject", self._body.get("subject", ""))), values)
        )
        replies = [self._body["reply_to"]] if "reply_to" in self._body else self._body.get("reply_to_list")
        if replies:
            headers["Reply-To"] = mailboxes(replies)
        headers["Date"] = self._date
        headers["Message-ID"] = f"<{self._message_id}.{position}@sandbox.example.org>"
        custom = {**self._body.get("headers", {}), **personalization.get("headers", {})}
        by_lower = {name.lower(): name for name in headers}
        for name, value in custom.items():
            if name.lower() not in _OURS:
                headers[by_lower.get(name.lower(), name)] = header_text(self._filled(value, values))
        return headers

    def _content(self, values: Mapping[str, str]) -> bytes:
        parts = [self._part(part["type"], part["value"], values) for part in self._body["content"]]
        content = parts[0] if len(parts) == 1 else _multipart("alternative", self._boundary, parts)
        if self._attachments:
            return _multipart("mixed", f"{self._boundary}_mixed", [content, *self._attachments])
        return content

    @cached_property
    def _attachments(self) -> list[bytes]:
        return [_attachment(attachment) for attachment in self._body.get("attachments", ())]

    def _part(self, kind: str, value: str, values: Mapping[str, str]) -> bytes:
        head = f'Content-Type: {kind}; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n\n'
        return head.encode("ascii", "replace") + self._template(value, values).fill(values)

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        return self._template(text, values).fill(values).decode()

    def _template(self, text: str, values: Mapping[str, str]) -> Template:
        key = (text, tuple(values))
        if key not in self._templates:
            self._templates[key] = Template(text, key[1])
        return self._templates[key]


def utf8(text: str) -> bytes:
    """As SendGrid's own decoder has it: half a surrogate pair, which JSON can carry, becomes a mark."""
    return text.encode("utf-8", "replace")


def mailbox(person: Mapping[str, str]) -> str:
    """`Name <address>` for a header, the name quoted or encoded where it must be."""
    name = person.get("name", "")
    if not name:
        return person["email"]
    shown = name if _ATOMS.match(name) else header_text(name) if not _PLAIN.match(name) else _quoted(name)
    return f"{shown} <{person['email']}>"


def mailboxes(people: list[dict[str, str]]) -> str:
    """Several for one header, folded one to a line."""
    return ",\n ".join(mailbox(person) for person in people)


def header_text(text: str) -> str:
    """A header's text on one line, or as RFC 2047 encoded words folded one to a line."""
    line = text if _PLAIN.match(text) else " ".join(text.split())
    return line if _PLAIN.match(line) and "=?" not in line else _encoded(line)


@lru_cache(maxsize=1_024)
def _encoded(text: str) -> str:
    words, word = [], b""
    for character in text:
        bytes_of_it = utf8(character)
        if len(word) + len(bytes_of_it) > _ENCODED_WORD_BYTES:
            words.append(word)
            word = b""
        word += bytes_of_it
    return "\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in [*words, word])


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    opening = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n'.encode()
    line = b"\n--" + boundary.encode()
    return opening + b"".join(line + b"\n" + part for part in parts) + line + b"--\n"


def _attachment(attachment: Mapping[str, str]) -> bytes:
    content = base64.encodebytes(base64.b64decode("".join(attachment["content"].split())))
    headers = {
        "Content-Type": header_text(attachment.get("type", "application/octet-stream")),
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": f"{attachment.get('disposition', 'attachment')}; {_file_name(attachment['filename'])}",
    }
    if attachment.get("content_id"):
        headers["Content-ID"] = header_text(f"<{attachment['content_id']}>")
    return utf8("".join(f"{name}: {value}\n" for name, value in headers.items())) + b"\n" + content


def _file_name(name: str) -> str:
    """RFC 2231, whatever the name has in it."""
    escaped = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}" for byte in utf8(name)
    )
    return f"filename*=utf-8''{escaped}"
