"""`POST /v3/mail/send`: who may, what is refused, and what accepting means: files, a record, events.

Before the answer goes out, the mails are filed, the record has its line and the events are spooled; so a connection
that breaks after that leaves what a broken connection to SendGrid leaves: mail that will arrive.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.sandbox.answers import Answer, Refusal, refused
from newsletter.sandbox.faults import FAULTS
from newsletter.sandbox.letters import Letters
from newsletter.sandbox.mailbox import Mailbox, mail_name
from newsletter.sandbox.outcomes import Event, Mail, events_of, outcome_of
from newsletter.sandbox.record import Record
from newsletter.sandbox.rules import Body, is_switched_on, recipients_of, refusals
from newsletter.sandbox.script import Script
from newsletter.sandbox.spool import Spool
from newsletter.sandbox.suppressions import Suppressions

MAX_REQUEST_BYTES = 30 * 1_000 * 1_000
FORBIDDEN_KEY = "SG.forbidden"
"""A key that is known, but may not send."""

Clock = Callable[[], datetime]


def key_refusal(authorization: str, api_key: str | None) -> Answer | None:
    """A 401 for a request without a good key, else None. "Bearer None" is what a missing key becomes in the library."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return refused(401, Refusal("Permission denied, wrong credentials"))
    if key == "None" or (api_key is not None and key not in (api_key, FORBIDDEN_KEY)):
        return refused(401, Refusal("The provided authorization grant is invalid, expired, or revoked"))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What of the machinery takes a request in. Without a spool no events are made."""

    mailbox: Mailbox
    record: Record
    spool: Spool | None
    script: Script
    suppressions: Suppressions
    api_key: str | None
    accept_only: bool
    clock: Clock

    def mail_send(self, headers: Mapping[str, str], raw: bytes) -> Answer | None:
        """The answer to a request, a scripted fault in its place where one fits; None closes the connection."""
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
        fault = self.script.take(body)
        if fault is None:
            return self._answer(headers, raw, body)
        answer = FAULTS[fault.kind](lambda: self._answer(headers, raw, body), fault)
        self.note("fault", None if answer is None else answer.told, fault=fault.kind)
        return answer

    def _answer(self, headers: Mapping[str, str], raw: bytes, body: object) -> Answer:
        refusal = self._refusal(headers, raw, body)
        if refusal is not None or not isinstance(body, dict):
            return refusal or refused(400, Refusal("Bad Request"))
        if is_switched_on(body, "mail_settings", "sandbox_mode"):
            self.note("checked", 200)
            return Answer(status=200)
        return self._accept(body)

    def _refusal(self, headers: Mapping[str, str], raw: bytes, body: object) -> Answer | None:
        found: list[Refusal] = []
        authorization = headers.get("authorization", "")
        if (answer := key_refusal(authorization, self.api_key)) is None:
            if authorization.partition(" ")[2] == FORBIDDEN_KEY:
                answer = refused(403, Refusal("access forbidden"))
            elif headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                answer = refused(415, Refusal("Content-Type should be application/json."))
            elif headers.get("content-encoding", "identity").lower() != "identity":
                answer = refused(415, Refusal("Compressed bodies are not switched on for this account."))
            elif len(raw) >= MAX_REQUEST_BYTES:
                answer = refused(413, Refusal("content too large"))
            elif body is None:
                answer = refused(400, Refusal("Bad Request"))
            elif found := refusals(body, self.clock()):
                answer = refused(400, *found)
        if answer is not None:
            self.note("refused", answer.status, fields=[refusal.field for refusal in found])
        return answer

    def _accept(self, body: Body) -> Answer:
        now = self.clock()
        message_id = secrets.token_hex(11)
        entries = [] if self.accept_only else self._file(body, message_id, now)
        count = sum(len(recipients_of(personalization)) for personalization in body["personalizations"])
        line = {"at": now.isoformat(), "what": "accepted", "status": 202, "message_id": message_id, "count": count}
        self.record.append({**line, "accepted": entries})
        if not self.accept_only:
            self._tell(body, message_id, now)
        return Answer(status=202, headers=(("X-Message-Id", message_id),))

    def _tell(self, body: Body, message_id: str, now: datetime) -> None:
        """The events of a request, and what the service's own lists learn of it."""
        addresses = [person["email"] for each in body["personalizations"] for person in recipients_of(each)]
        dropped = self.suppressions.drops(body, addresses)
        if self.spool is not None:
            self.spool.add(_events(body, message_id, now, dropped))
        self.suppressions.learn(
            ((address, outcome_of(address)) for address in addresses if address not in dropped),
            unsubscribes=is_switched_on(body, "tracking_settings", "subscription_tracking"),
            at=now,
        )

    def _file(self, body: Body, message_id: str, now: datetime) -> list[dict[str, object]]:
        """The record's entries, a recipient each; where a file cannot be written, none of the request's stays."""
        letters = Letters(body, message_id=message_id, now=now)
        entries: list[dict[str, object]] = []
        names: list[str] = []
        try:
            for position, personalization in enumerate(body["personalizations"]):
                custom_args = custom_args_for(body, personalization)
                people = recipients_of(personalization)
                outcome = outcome_of(people[0]["email"])
                names.append(mail_name(now, message_id, position))
                mail = letters.mail(personalization, position, custom_args=custom_args, outcome=outcome)
                self.mailbox.file(names[-1], mail)
                shared = {"position": position, "file": names[-1], "custom_args": custom_args}
                entries.extend({"address": person["email"], **shared} for person in people)
        except OSError:
            for name in names:
                self.mailbox.remove(name)
            raise
        return entries

    def note(self, what: str, status: int | None, **more: object) -> None:
        """A line of the record for a request that was not accepted; no status where no answer goes out."""
        self.record.append({"at": self.clock().isoformat(), "what": what, "status": status, **more})


def custom_args_for(body: Body, personalization: Body) -> dict[str, str]:
    """The message's and the personalization's, whose own win."""
    return {**body.get("custom_args", {}), **personalization.get("custom_args", {})}


def _events(body: Body, message_id: str, now: datetime, dropped: Mapping[str, str]) -> list[Event]:
    html = next((part["value"] for part in body["content"] if part["type"].lower() == "text/html"), "")
    mail = Mail(body=body, html=html)
    return [
        event
        for position, personalization in enumerate(body["personalizations"])
        for event in events_of(
            mail,
            personalization,
            position,
            message_id=message_id,
            at=int(now.timestamp()),
            custom_args=custom_args_for(body, personalization),
            dropped=dropped,
        )
    ]
