"""The request of a batch: what SendGrid's mail/send takes, by its OpenAPI description, and what our promises ask of it.

`body` is the definition, to be read and tested. `prepared` makes the same as bytes, for sending: a reader's part is
made once with blanks, and the blanks are filled in for each reader; a test compares the two.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import idna

from newsletter.model import TO_READERS, Batch, EmbeddedPicture, Tracking
from newsletter.sending.gateway import Outgoing
from newsletter.sending.transport import Prepared

REDIRECT_QUERY = "[[rq]]"

_FORBIDDEN_IN_NAMES = re.compile(r'[,;<>()@\[\]:"]+')
_PLAIN_NAME = re.compile(r"[\w.'-]+(?: [\w.'-]+)*")


def tracking_settings(tracking: Tracking) -> dict[str, dict[str, bool]]:
    """Each is stated on each call: what an account's settings say must not decide what is seen of readers (readers.md).

    Links in the plain text stay as they are: an address of somebody else's is all that a reader would see there.
    """
    return {
        "click_tracking": {"enable": tracking.clicks == "individual", "enable_text": False},
        "open_tracking": {"enable": tracking.opens},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }


def body(outgoing: Outgoing) -> dict[str, Any]:
    """The request of a batch."""
    return _around(outgoing) | {
        "personalizations": [
            _personalization(outgoing, _mailbox(person.address, person.name), person.token, person.delivery_id)
            for person in outgoing.batch.recipients
        ]
    }


def _around(outgoing: Outgoing) -> dict[str, Any]:
    """All of it but the readers."""
    batch, message, envelope = outgoing.batch, outgoing.message, outgoing.envelope
    request: dict[str, Any] = {
        "from": _mailbox(envelope.sender.address, envelope.sender.name),
        "subject": message.subject,
        "content": [
            {"type": "text/plain", "value": message.text},  # SendGrid wants the plain text first
            {"type": "text/html", "value": message.html.replace(REDIRECT_QUERY, _query(batch))},
        ],
        "categories": [batch.edition.partition("/")[0], batch.kind],
        "tracking_settings": tracking_settings(outgoing.tracking),
    }
    if message.embedded:
        request["attachments"] = _attachments(message.embedded)
    if envelope.reply_to is not None:
        request["reply_to"] = _mailbox(envelope.reply_to.address, envelope.reply_to.name)
    return request


def _query(batch: Batch) -> str:
    """What stands after each link through our own redirect: what editors get must not count as read.

    It is the same in each mail of a send, so it is put in here. As a substitution it would stand in the request once
    for each reader, and empty, which not every service takes for a value.
    """
    return "" if batch.kind in TO_READERS else "?t"


def _attachments(pictures: tuple[EmbeddedPicture, ...]) -> list[dict[str, str]]:
    """Pictures that the HTML shows by their ids, and that mail programs do not list as files."""
    return [
        {
            "content": base64.b64encode(picture.content).decode("ascii"),
            "type": picture.media_type,
            "filename": picture.name,
            "disposition": "inline",
            "content_id": picture.content_id,
        }
        for picture in pictures
    ]


def _personalization(outgoing: Outgoing, mailbox: Mapping[str, str], token: str, delivery_id: str) -> dict[str, Any]:
    batch, message, envelope = outgoing.batch, outgoing.message, outgoing.envelope
    ids = {
        "delivery_id": delivery_id,
        "edition": batch.edition,
        "batch": str(batch.number),
        "attempt": str(batch.attempt),
    }
    # All headers stand here: those of a personalization take the place of the request's.
    headers = {
        "List-Id": _ascii_list(envelope.list_id),
        "List-Unsubscribe": f"<{envelope.way_out}{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if envelope.automatic:
        headers["Auto-Submitted"] = "auto-generated"
    entry: dict[str, Any] = {
        "to": [mailbox],
        "substitutions": {"[[reader]]": token},
        "headers": headers,
        "custom_args": ids if batch.kind == "live" else ids | {"kind": batch.kind},
    }
    if envelope.subject != message.subject:
        entry["subject"] = envelope.subject
    return entry


def _mailbox(address: str, name: str) -> dict[str, str]:
    email, words = _email(address), _words(name)
    return {"email": email, "name": words} if words else {"email": email}


def _email(address: str) -> str:
    """SendGrid takes domains in their ASCII form only (RFC 5891). A local part outside ASCII it refuses by name."""
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"


def _words(name: str) -> str:
    """A name without ,;<>()@[]:" and without what cannot be printed; it may come to nothing."""
    if not name or _PLAIN_NAME.fullmatch(name):  # most need no more than this look
        return name
    words = _FORBIDDEN_IN_NAMES.sub(" ", name)
    if not words.isprintable():
        words = "".join(char if char.isprintable() else " " for char in words)
    return " ".join(words.split())


def _ascii_list(list_id: str) -> str:
    """`<daily.bücher.example>` as a header may hold it: RFC 2919 takes a domain's ASCII form, as addresses do."""
    return list_id if list_id.isascii() else f"<{idna.encode(list_id.strip('<>'), uts46=True).decode()}>"


# --- as it is sent ----------------------------------------------------------------------------------------------------

_quote = json.JSONEncoder().encode
"""A text as JSON has it, in ASCII."""


def prepared(outgoing: Outgoing) -> Prepared:
    """`body` as bytes of JSON, in a quarter of the time; pictures once for all batches of a message."""
    named, nameless = _pieces(outgoing, name=True), _pieces(outgoing, name=False)
    entries = []
    # Unpacked, and with strings alone: this loop runs once for each reader of a send, and a dict for each would have to
    # be looked at by the garbage collector too.
    for delivery_id, _, address, name, token in outgoing.batch.recipients:
        email, words, key, number = _quote(_email(address)), _words(name), _quote(token)[1:-1], _quote(delivery_id)
        if words:
            a, b, c, d, e, f = named
            entries.append(f"{a}{email}{b}{_quote(words)}{c}{key}{d}{key}{e}{number}{f}")
        else:
            a, b, c, d, e = nameless
            entries.append(f"{a}{email}{b}{key}{c}{key}{d}{number}{e}")
    message = outgoing.message
    around = json.dumps(_around(replace(outgoing, message=replace(message, embedded=()))))
    head = f'{around[:-1]}, {_prepared_attachments(message.embedded)}"personalizations": ['
    return Prepared(f"{head}{','.join(entries)}]}}".encode("ascii"))


@lru_cache(maxsize=4)
def _prepared_attachments(pictures: tuple[EmbeddedPicture, ...]) -> str:
    """Their place in the JSON; nothing where there are none."""
    return f'"attachments": {json.dumps(_attachments(pictures))}, ' if pictures else ""


_BLANK = re.compile(r'"\\u0000(email|name|id)"|(?<!\\)\\u0000(token)')
"""What stands for a reader's own values while the rest is made; no true value holds a NUL."""


def _pieces(outgoing: Outgoing, *, name: bool) -> list[str]:
    """The JSON of a reader's part, cut where their values go: address, name, token, token in a header, id."""
    mailbox = {"email": "\0email", "name": "\0name"} if name else {"email": "\0email"}
    found = _BLANK.split(json.dumps(_personalization(outgoing, mailbox, "\0token", "\0id")))
    blanks = [whole or part for whole, part in zip(found[1::3], found[2::3], strict=True)]
    if blanks != ["email", *(["name"] if name else []), "token", "token", "id"]:
        raise ValueError(f"a personalization has its parts in another order than they are filled in: {blanks}")
    return found[::3]
