"""What SendGrid refuses of a `mail/send` body beyond the shape of its values.

Sources: the official OpenAPI description (tsg_mail_v3) and SendGrid's pages on mail/send: errors, limitations,
personalizations. Where those are silent the sandbox is the stricter of the two, so that what passes here passes there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from newsletter.sandbox.answers import Refusal
from newsletter.sandbox.mail_send import MAIL_SEND

MAX_RECIPIENTS = 1_000
MAX_SUBSTITUTION_BYTES = 10_000
MAX_CUSTOM_ARGS_BYTES = 10_000
"""Custom arguments stay under this; substitutions may reach theirs."""
MAX_AHEAD_S = 72 * 60 * 60

RESERVED_HEADERS = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
    | {"to", "from", "subject", "reply-to", "cc", "bcc"}
)

_BAD_IN_NAME = re.compile(r'[,;<>()@\[\]:"\x00-\x1f\x7f]')
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+{_LABEL}\Z")
"""ASCII only: SendGrid has no SMTPUTF8, and an international domain is written in its xn-- form."""

Body = dict[str, Any]
"""A body of `mail/send` whose shape has been checked."""


def refusals(body: object, now: datetime) -> list[Refusal]:
    """Everything SendGrid would refuse of the body; empty where it would accept. Shapes first, then the rules."""
    found: list[Refusal] = []
    MAIL_SEND.check(body, "", found)
    if found or not isinstance(body, dict):
        return found
    found.extend(_of_message(body, now))
    recipients = 0
    for position, personalization in enumerate(body["personalizations"]):
        path = f"personalizations.{position}"
        recipients += len(recipients_of(personalization))
        found.extend(_of_personalization(personalization, body, path, now))
    if recipients > MAX_RECIPIENTS:
        text = (
            f"There is a limit of {MAX_RECIPIENTS} total recipients (to + cc + bcc) per request; here are {recipients}."
        )
        found.append(Refusal(text, "personalizations"))
    return found


def recipients_of(personalization: Body) -> list[Body]:
    """Everyone the personalization goes to, in the order to, cc, bcc."""
    if "cc" not in personalization and "bcc" not in personalization:
        return list(personalization["to"])
    return [person for part in ("to", "cc", "bcc") for person in personalization.get(part, ())]


def is_switched_on(body: Body, settings: str, switch: str) -> bool:
    """Whether the request itself asks for it, as `tracking_settings.open_tracking.enable`."""
    return bool(body.get(settings, {}).get(switch, {}).get("enable", False))


def _of_message(body: Body, now: datetime) -> Iterator[Refusal]:
    yield from _of_person(body["from"], "from")
    if "reply_to" in body and "reply_to_list" in body:
        yield Refusal("Use either reply_to or reply_to_list, not both.", "reply_to")
    if "reply_to" in body:
        yield from _of_person(body["reply_to"], "reply_to")
    for position, person in enumerate(body.get("reply_to_list", ())):
        yield from _of_person(person, f"reply_to_list.{position}")
    yield from _of_content(body)
    yield from _of_headers(body.get("headers", {}), "headers")
    yield from _of_send_at(body, "send_at", now)
    categories = body.get("categories", [])
    if len(set(categories)) != len(categories):
        yield Refusal("The categories must be unique.", "categories")
    if "template_id" in body:
        yield Refusal(f"The template {body['template_id']} does not exist in this account.", "template_id")
    for position, attachment in enumerate(body.get("attachments", ())):
        if not _is_base64(attachment["content"]):
            yield Refusal("The attachment content must be base64 encoded.", f"attachments.{position}.content")
    yield from _of_bypasses(body.get("mail_settings", {}))


def _of_bypasses(settings: Mapping[str, Any]) -> Iterator[Refusal]:
    switched_on = {name for name, setting in settings.items() if name.startswith("bypass") and setting.get("enable")}
    if "bypass_list_management" in switched_on and len(switched_on) > 1:
        yield Refusal("bypass_list_management cannot be combined with another bypass.", "mail_settings")


def _of_content(body: Body) -> Iterator[Refusal]:
    content = body.get("content", [])
    if not content and "template_id" not in body:
        yield Refusal("Unless a template_id is given, at least one content block is required.", "content")
    types = [part["type"].lower() for part in content]
    order = [kind for kind in types if kind in ("text/plain", "text/html")]
    if len(set(order)) != len(order):
        yield Refusal("text/plain and text/html may be provided only once each.", "content")
    elif types[: len(order)] != sorted(order, reverse=True):
        yield Refusal("text/plain must be first, followed by text/html, followed by any other content.", "content")
    for position, part in enumerate(content):
        if re.search(r"[;,\s]", part["type"]) or "/" not in part["type"]:
            yield Refusal("The content type must be a plain MIME type.", f"content.{position}.type")


def _of_personalization(personalization: Body, body: Body, path: str, now: datetime) -> Iterator[Refusal]:
    yield from _of_people(personalization, path)
    if "from" in personalization:
        yield from _of_person(personalization["from"], f"{path}.from")
    if "subject" not in personalization and "subject" not in body:
        yield Refusal("The subject is required; this personalization has none, nor has the message.", "subject")
    if "headers" in personalization:
        yield from _of_headers(personalization["headers"], f"{path}.headers")
    if "substitutions" in personalization:
        yield from _of_substitutions(personalization["substitutions"], body, f"{path}.substitutions")
    custom_args = {**body.get("custom_args", {}), **personalization.get("custom_args", {})}
    if _size(custom_args) >= MAX_CUSTOM_ARGS_BYTES:
        where = f"{path}.custom_args" if "custom_args" in personalization else "custom_args"
        yield Refusal(f"The custom_args must be less than {MAX_CUSTOM_ARGS_BYTES} bytes.", where)
    if "send_at" in personalization:
        yield from _of_send_at(personalization, f"{path}.send_at", now)


def _of_people(personalization: Body, path: str) -> Iterator[Refusal]:
    seen: set[str] = set()
    for part in ("to", "cc", "bcc"):
        for position, person in enumerate(personalization.get(part, ())):
            yield from _of_person(person, f"{path}.{part}.{position}")
            address = person["email"].lower()
            if address in seen:
                text = (
                    "Each email address in the personalization block should be unique between to, cc, and bcc; "
                    f"[{person['email']}] comes again in the {path}.{part} field."
                )
                yield Refusal(text, path)
            seen.add(address)


def _of_person(person: Body, path: str) -> Iterator[Refusal]:
    if not is_address(person["email"]):
        yield Refusal("Does not contain a valid address.", f"{path}.email")
    if "name" in person and _BAD_IN_NAME.search(person["name"]):
        yield Refusal('The name may not have any of , ; < > ( ) @ [ ] : " nor control characters.', f"{path}.name")


def is_address(text: str) -> bool:
    """Whether SendGrid would take it as an address: ASCII, a dot-atom, a domain of two labels or more."""
    match = _ADDRESS.match(text)
    return match is not None and len(match["local"]) <= 64 and len(text) <= 254


def _of_headers(headers: Mapping[str, str], path: str) -> Iterator[Refusal]:
    for name, value in headers.items():
        if name.lower() in RESERVED_HEADERS:
            yield Refusal(f"The header {name} is reserved and cannot be set.", f"{path}.{name}")
        elif not _HEADER_NAME.match(name):
            yield Refusal(f"The header name {name!r} has characters outside of RFC 5322's.", path)
        if "\n" in value or "\r" in value:
            yield Refusal(f"The header {name} may not have line breaks.", f"{path}.{name}")


def _of_substitutions(substitutions: Mapping[str, str], body: Body, path: str) -> Iterator[Refusal]:
    if body.get("template_id", "").startswith("d-"):
        yield Refusal("Substitutions may not be used with dynamic templates.", path)
    if _size(substitutions) > MAX_SUBSTITUTION_BYTES:
        yield Refusal(f"Substitutions are limited to {MAX_SUBSTITUTION_BYTES} bytes per personalization block.", path)
    if "" in substitutions:
        yield Refusal("A substitution needs a name.", path)


def _of_send_at(holder: Body, path: str, now: datetime) -> Iterator[Refusal]:
    if holder.get("send_at", 0) > now.timestamp() + MAX_AHEAD_S:
        yield Refusal("The send_at time may be at most 72 hours ahead.", path)


def _size(pairs: Mapping[str, str]) -> int:
    return len("".join([*pairs, *pairs.values()]).encode("utf-8", "replace"))


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
