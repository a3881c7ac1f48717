"""A batch as the ledger hands it out."""

from __future__ import annotations

from typing import Any

from newsletter.model import NOTHING_SEEN, Batch, Envelope, Mailbox, Message, Recipient, SendKind, Tracking
from newsletter.sending.gateway import Outgoing

MESSAGE = Message(
    subject="Ports reopen",
    preheader="And more",
    html="<html><head></head><body><p>News. <a href='https://news.example.org/u/[[reader]]'>Leave</a></p></body></html>",
    text="News. Leave: https://news.example.org/u/[[reader]]\n",
    links=(),
    fingerprint="sha256:" + "3f9a" * 16,
)


def person(number: int, **changes: Any) -> Recipient:
    fields: dict[str, Any] = {
        "delivery_id": f"ab12cd34-{number}",
        "subscriber_id": number,
        "address": f"reader{number}@example.org",
        "name": f"Reader {number}",
        "token": f"t{number}",
    }
    return Recipient(**(fields | changes))


def outgoing(
    count: int = 2,
    *,
    kind: SendKind = "live",
    people: tuple[Recipient, ...] | None = None,
    number: int = 1,
    attempt: int = 1,
    tracking: Tracking = NOTHING_SEEN,
    **envelope: Any,
) -> Outgoing:
    around: dict[str, Any] = {
        "sender": Mailbox(address="morning@example.org", name="The Morning Run"),
        "reply_to": Mailbox(address="desk@example.org", name="Newsroom"),
        "list_id": "<daily.example.org>",
        "subject": MESSAGE.subject,
        "way_out": "https://news.example.org/u/",
    }
    return Outgoing(
        batch=Batch(
            id=number,
            edition="daily/2026-05-04",
            kind=kind,
            number=number,
            attempt=attempt,
            recipients=people or tuple(person(each) for each in range(count)),
        ),
        message=MESSAGE,
        envelope=Envelope(**(around | envelope)),
        tracking=tracking,
    )
