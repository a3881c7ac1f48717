"""What becomes of an accepted mail, decided by the reader's address; and the events that tell it.

The part of the address before the @ decides, as with the mailbox simulators of other services. The first line of the
table whose word it contains holds; an address with none of the words is delivered.

============================  =================================================  =====================================
the local part contains       events                                             remark
============================  =================================================  =====================================
dropped                       dropped (Bounced Address)                          SendGrid did not try
bounce                        processed, bounce (5.1.1)                          type `bounce`: for good
blocked                       processed, bounce (5.7.1)                          type `blocked`: for now
deferred                      processed, deferred, delivered
spam, complaint               processed, delivered, spamreport
unsubscribe                   processed, delivered, unsubscribe                  only with subscription tracking
click                         processed, delivered, open, click                  each only with its tracking setting
open                          processed, delivered, open                         only with open tracking
============================  =================================================  =====================================
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.sandbox.rules import Body, is_switched_on, recipients_of

IP = "192.0.2.25"
"""Of the receiving server: an address kept for documentation (RFC 5737)."""
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) Sandbox/1"

Event = dict[str, Any]
Telling = Callable[["Mail"], Iterator[Event]]

_LINK = re.compile(r'<a\b(?![^>]*\bclicktracking="?off\b)[^>]*\shref="(https?://[^"]+)"')
"""A link that is tracked: not one that says `clicktracking=off`, as SendGrid's documentation has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What the events of one mail need to know. `html` is the text of the request, tags and all."""

    body: Body
    html: str


def _processed(_: Mail) -> Iterator[Event]:
    yield {"event": "processed"}


def _delivered(_: Mail) -> Iterator[Event]:
    yield {"event": "delivered", "response": "250 2.0.0 OK", "ip": IP, "tls": 1}


def _deferred(_: Mail) -> Iterator[Event]:
    yield {"event": "deferred", "response": "451 4.7.1 Try again later", "attempt": "1", "ip": IP, "tls": 1}


def _bounce(_: Mail) -> Iterator[Event]:
    yield {
        "event": "bounce",
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist",
        "bounce_classification": "Invalid Address",
        "ip": IP,
        "tls": 1,
    }


def _blocked(_: Mail) -> Iterator[Event]:
    yield {
        "event": "bounce",
        "type": "blocked",
        "status": "5.7.1",
        "reason": "550 5.7.1 The message was blocked by the receiving server",
        "bounce_classification": "Content",
        "ip": IP,
        "tls": 1,
    }


def _dropped(_: Mail) -> Iterator[Event]:
    yield {"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"}


def _spamreport(_: Mail) -> Iterator[Event]:
    yield {"event": "spamreport"}


def _unsubscribe(mail: Mail) -> Iterator[Event]:
    if is_switched_on(mail.body, "tracking_settings", "subscription_tracking"):
        yield {"event": "unsubscribe", "ip": IP, "useragent": USER_AGENT}


def _open(mail: Mail) -> Iterator[Event]:
    if is_switched_on(mail.body, "tracking_settings", "open_tracking"):
        yield {
            "event": "open",
            "ip": IP,
            "useragent": USER_AGENT,
            "sg_machine_open": False,
            "sg_content_type": "html",
        }


def _click(mail: Mail) -> Iterator[Event]:
    link = _LINK.search(mail.html)
    if link and is_switched_on(mail.body, "tracking_settings", "click_tracking"):
        url = link[1].replace("&amp;", "&")
        offset = {"index": 0, "type": "html"}
        yield {"event": "click", "url": url, "url_offset": offset, "ip": IP, "useragent": USER_AGENT}


OUTCOMES: Mapping[str, tuple[Telling, ...]] = {
    "dropped": (_dropped,),
    "bounce": (_processed, _bounce),
    "blocked": (_processed, _blocked),
    "deferred": (_processed, _deferred, _delivered),
    "spam": (_processed, _delivered, _spamreport),
    "complaint": (_processed, _delivered, _spamreport),
    "unsubscribe": (_processed, _delivered, _unsubscribe),
    "click": (_processed, _delivered, _open, _click),
    "open": (_processed, _delivered, _open),
    "delivered": (_processed, _delivered),
}
"""Word in the local part → who tells the events, in order. The last is what happens to all others."""


def outcome_of(address: str) -> str:
    """The line of the table that holds for an address."""
    local = address.partition("@")[0].lower()
    return next((word for word in OUTCOMES if word in local), "delivered")


def events_of(
    mail: Mail, personalization: Body, position: int, *, message_id: str, at: int, custom_args: Mapping[str, str]
) -> Iterator[Event]:
    """All events of one personalization, recipient by recipient, as SendGrid's documentation shows them.

    Custom arguments stand beside the other fields and cannot replace them. `at` is in seconds since 1970.
    """
    shared: Event = {**custom_args}
    if "categories" in mail.body:
        shared["category"] = mail.body["categories"]
    if "asm" in mail.body:
        shared["asm_group_id"] = mail.body["asm"]["group_id"]
    for number, person in enumerate(recipients_of(personalization)):
        for tell in OUTCOMES[outcome_of(person["email"])]:
            for event in tell(mail):
                yield {
                    **shared,
                    "email": person["email"],
                    "timestamp": at,
                    "smtp-id": f"<{message_id}.{position}@sandbox.example.org>",
                    "sg_event_id": secrets.token_urlsafe(16),
                    "sg_message_id": f"{message_id}.sandbox.{position}.{number}",
                    **event,
                }
