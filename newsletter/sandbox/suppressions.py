"""The lists of addresses that the service mails no more, and how they are asked for (tsg_suppressions_v3, 3.1.0).

An address comes onto `bounces`, `blocks`, `spam_reports` or `unsubscribes` by what became of a mail to it. What is
mailed to one on a list is dropped; `blocks` hold nothing up.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from newsletter.sandbox.answers import Answer, Refusal, as_json, refused
from newsletter.sandbox.rules import Body, is_switched_on

FILE_NAME = "suppressions.jsonl"
LARGEST_PAGE = 500

Entry = dict[str, Any]

_DROPS = {
    "bounces": ("Bounced Address", "bypass_bounce_management"),
    "spam_reports": ("Spam Reporting Address", "bypass_spam_management"),
    "unsubscribes": ("Unsubscribed Address", "bypass_unsubscribe_management"),
    "invalid_emails": ("Invalid", "bypass_list_management"),
}
"""By list: the reason of the `dropped` event, and the mail setting that mails them all the same."""

_COMES_TO: Mapping[str, tuple[str, Entry]] = {
    "bounce": ("bounces", {"reason": "550 5.1.1 The email account does not exist", "status": "5.1.1"}),
    "blocked": ("blocks", {"reason": "550 5.7.1 The message was blocked", "status": "5.7.1"}),
    "spam": ("spam_reports", {"ip": "192.0.2.25"}),
    "complaint": ("spam_reports", {"ip": "192.0.2.25"}),
    "unsubscribe": ("unsubscribes", {}),
}
"""By the outcome of a mail (`outcomes.OUTCOMES`): the list, and what stands there beside address and time."""

LISTS = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")


class Suppressions:
    """The lists of one folder, kept over restarts. Used from several threads."""

    def __init__(self, folder: Path) -> None:
        self._path, self._lock = folder / FILE_NAME, threading.Lock()
        self._entries: dict[str, dict[str, Entry]] = {name: {} for name in LISTS}
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            self._apply(json.loads(line))

    def add(self, name: str, address: str, created: int, **more: str) -> None:
        """Put an address on a list; one that is on it stays as it is."""
        with self._lock:
            if address.lower() not in self._entries[name]:
                self._keep({"list": name, "entry": {"created": created, "email": address, **more}})

    def remove(self, name: str, addresses: Iterable[str]) -> None:
        with self._lock:
            for address in addresses:
                if address.lower() in self._entries[name]:
                    self._keep({"list": name, "gone": address.lower()})

    def of(self, name: str) -> list[Entry]:
        """The entries of a list, newest first."""
        with self._lock:
            return list(reversed(self._entries[name].values()))

    def drops(self, body: Body, addresses: Iterable[str]) -> dict[str, str]:
        """Those of the addresses that a request does not reach, with the reason."""
        if is_switched_on(body, "mail_settings", "bypass_list_management"):
            return {}
        held = [
            (self._entries[name], why)
            for name, (why, bypass) in _DROPS.items()
            if not is_switched_on(body, "mail_settings", bypass)
        ]
        with self._lock:
            return {a: why for a in addresses for entries, why in reversed(held) if a.lower() in entries}

    def learn(self, outcomes: Iterable[tuple[str, str]], *, unsubscribes: bool, at: datetime) -> None:
        """What became of mails, as address and outcome. Who can unsubscribe at the service is on its list then."""
        for address, outcome in outcomes:
            name, more = _COMES_TO.get(outcome, ("", {}))
            if name and (unsubscribes or name != "unsubscribes"):
                self.add(name, address, int(at.timestamp()), **more)

    def _keep(self, change: Entry) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(change) + "\n")
        self._apply(change)

    def _apply(self, change: Entry) -> None:
        entries = self._entries[change["list"]]
        if "gone" in change:
            entries.pop(change["gone"], None)
        else:
            entries[change["entry"]["email"].lower()] = change["entry"]

    # --- how it is asked ----------------------------------------------------------------------------------------------

    def page(self, name: str, query: Mapping[str, str]) -> Answer:
        """A part of a list: `limit` (500 at most) from `offset`, of those from `start_time` to `end_time`."""
        try:
            numbers = {key: int(query[key]) for key in ("limit", "offset", "start_time", "end_time") if key in query}
        except ValueError:
            return refused(400, Refusal("limit, offset, start_time and end_time are integers"))
        limit, offset = numbers.get("limit", LARGEST_PAGE), numbers.get("offset", 0)
        if not 1 <= limit <= LARGEST_PAGE or offset < 0:
            return refused(400, Refusal(f"limit is from 1 to {LARGEST_PAGE}, offset from 0"))
        return as_json(list(_within(self.of(name), numbers))[offset : offset + limit])

    def one(self, path: str) -> Answer:
        """`bounces/ann@example.org`: its entry in a list of one, or an empty list."""
        name, _, address = path.partition("/")
        return as_json([entry for entry in self.of(name) if entry["email"].lower() == unquote(address).lower()])

    def lifted(self, path: str) -> Answer:
        """204, whether it was on the list or not."""
        name, _, address = path.partition("/")
        self.remove(name, [unquote(address)])
        return Answer(status=204)

    def emptied(self, name: str, raw: bytes) -> Answer:
        """Those of `emails`, or with `delete_all` all of them, but not both."""
        try:
            body = json.loads(raw or b"{}")
            emails, everybody = [str(each) for each in body.get("emails", [])], body.get("delete_all") is True
        except (ValueError, TypeError, AttributeError):
            return refused(400, Refusal("Bad Request"))
        if bool(emails) == everybody:
            return refused(400, Refusal("give either emails or delete_all"))
        self.remove(name, [entry["email"] for entry in self.of(name)] if everybody else emails)
        return Answer(status=204)

    def everywhere(self, address: str) -> Answer:
        """Whether somebody left everything: their address, or an empty object."""
        known = any(entry["email"].lower() == unquote(address).lower() for entry in self.of("unsubscribes"))
        return as_json({"recipient_email": unquote(address)} if known else {})


def _within(entries: Iterable[Entry], numbers: Mapping[str, int]) -> Iterator[Entry]:
    for entry in entries:
        if numbers.get("start_time", 0) <= entry["created"] <= numbers.get("end_time", entry["created"]):
            yield entry
