"""The folder of mails: one `.eml` file each, named so that names sort by time.

`<time>-<message id>-<position>.eml`, as `20260504T101500.000012Z-v3…-0001.eml`. Lists go by names alone, and read the
heads of the mails they show; a search goes through the record. Files that others put there are shown as well.
"""

from __future__ import annotations

import email
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from newsletter.sandbox.record import accepted
from newsletter.sandbox.whole import write_whole

SUFFIX = ".eml"
_MAIL_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\Z")
_HEAD_BYTES = 65_536
"""Custom arguments and substituted headers stay far below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A line of the list. Texts are decoded, and empty where the mail has no such header; dates are in local time."""

    id: str
    to: str
    addresses: str
    subject: str
    date: datetime | None
    edition: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The mails beside one, by time; None at either end."""

    newer: str | None
    older: str | None


def mail_name(at: datetime, message_id: str, position: int) -> str:
    """The file's name; `at` in UTC."""
    return f"{at:%Y%m%dT%H%M%S.%fZ}-{message_id}-{position:04d}{SUFFIX}"


class Mailbox:
    """The mails of one folder. An id is a file's name without `.eml`; what is not an id is not looked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, name: str, mail: bytes) -> None:
        """The mail is there whole or not at all."""
        write_whole(self._folder / name, mail)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        """All mails, newest first; none where there is no folder yet."""
        if not self._folder.is_dir():
            return []
        with os.scandir(self._folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(SUFFIX) and not entry.name.startswith(".")]
        return sorted((name.removesuffix(SUFFIX) for name in names), reverse=True)

    def found(self, *, address: str = "", edition: str = "", kind: str = "") -> list[str]:
        """Mails whose address contains `address`, of one edition and kind (`live` where a mail names none)."""
        wanted = address.lower()
        ids = {
            entry.file.removesuffix(SUFFIX)
            for entry in accepted(self._folder, containing=address or edition)
            if wanted in entry.address.lower()
            and (not edition or entry.custom_args.get("edition") == edition)
            and (not kind or entry.custom_args.get("kind", "live") == kind)
        }
        return sorted((mail_id for mail_id in ids if self._path(mail_id) is not None), reverse=True)

    def neighbours(self, mail_id: str) -> Neighbours:
        newer = older = None
        for other in self.ids():
            if other > mail_id:
                newer = other
            elif other < mail_id:
                older = other
                break
        return Neighbours(newer=newer, older=older)

    def summary(self, mail_id: str) -> Summary | None:
        """None where there is no such mail, or no longer."""
        path = self._path(mail_id)
        if path is None:
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        message = _parsed(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0] + b"\n\n")
        custom_args = custom_args_of(message)
        to, date = message["to"], getattr(message["date"], "datetime", None)
        return Summary(
            id=mail_id,
            to=str(to or ""),
            addresses=", ".join(address.addr_spec for address in getattr(to, "addresses", ())),
            subject=str(message.get("subject", "")),
            date=date and date.astimezone(),
            edition=custom_args.get("edition", ""),
            kind=custom_args.get("kind", "live"),
            outcome=str(message.get("x-sandbox-outcome", "")),
        )

    def source(self, mail_id: str) -> bytes | None:
        path = self._path(mail_id)
        return None if path is None else path.read_bytes()

    def mail(self, mail_id: str) -> EmailMessage | None:
        source = self.source(mail_id)
        return None if source is None else _parsed(source)

    def _path(self, mail_id: str) -> Path | None:
        if not _MAIL_ID.match(mail_id):
            return None
        path = self._folder / (mail_id + SUFFIX)
        return path if path.is_file() else None


def custom_args_of(mail: EmailMessage) -> dict[str, str]:
    """The custom arguments that the sandbox wrote into the mail's head; empty where it did not."""
    try:
        values: Any = json.loads(str(mail.get("x-sandbox-custom-args", "{}")))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}


def text_of(mail: EmailMessage, kind: str) -> str | None:
    """The mail's `html` or `plain` part, decoded; None where it has none."""
    part = mail.get_body((kind,))
    return None if part is None else str(part.get_content())


def _parsed(source: bytes) -> EmailMessage:
    return email.message_from_bytes(source, policy=default)
