"""Which function answers which request. The table is the list of everything the sandbox serves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from newsletter.sandbox.acceptance import FORBIDDEN_KEY, Acceptance, key_refusal
from newsletter.sandbox.answers import Answer, Refusal, as_json, refused
from newsletter.sandbox.faults import ELSEWHERE, FAULTS, Fault
from newsletter.sandbox.pages import Inbox

MAIL_SEND_PATH = "/v3/mail/send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, read whole. `query` has the last value of each name; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


Route = tuple[str, re.Pattern[str], Callable[[Request, str], Answer | None]]


class Routes:
    """Answers requests with the acceptance and the inbox it is given."""

    def __init__(self, acceptance: Acceptance, inbox: Inbox) -> None:
        self._acceptance = acceptance
        self._inbox = inbox
        self._table: tuple[Route, ...] = (
            ("POST", re.compile(r"/v3/mail/send"), self._mail_send),
            ("GET", re.compile(r"/v3/scopes"), self._scopes),
            *self._suppressions(),
            ("GET", re.compile(r"/sandbox/faults"), self._faults),
            ("POST", re.compile(r"/sandbox/faults"), self._add_fault),
            ("DELETE", re.compile(r"/sandbox/faults"), self._clear_faults),
            ("GET", re.compile(re.escape(ELSEWHERE)), self._elsewhere),
            ("GET", re.compile(r"/"), self._mails),
            ("GET", re.compile(r"/mail/([^/]+)"), self._mail),
            ("GET", re.compile(r"/mail/([^/]+)/html"), self._html),
            ("GET", re.compile(r"/mail/([^/]+)/source"), self._source),
            ("GET", re.compile(r"/style\.css"), self._style),
        )

    def answer(self, request: Request) -> Answer | None:
        """None closes the connection without an answer."""
        method = "GET" if request.method == "HEAD" else request.method
        fitting = [
            (verb, match, answer) for verb, path, answer in self._table if (match := path.fullmatch(request.path))
        ]
        for verb, match, answer in fitting:
            if verb == method:
                return answer(request, match[1] if match.re.groups else "")
        if fitting:
            allowed = ", ".join(sorted({verb for verb, _, _ in fitting}))
            return refused(405, Refusal("method not allowed"), headers=(("Allow", allowed),))
        return refused(404, Refusal("not found"))

    def _mail_send(self, request: Request, _: str) -> Answer | None:
        return self._acceptance.mail_send(request.headers, request.body)

    def _suppressions(self) -> Iterator[Route]:
        """None of them without a good key."""
        lists = self._acceptance.suppressions
        names = "bounces|blocks|spam_reports|invalid_emails"
        table = (
            ("GET", rf"/v3/suppression/({names}|unsubscribes)", lambda asked, name: lists.page(name, asked.query)),
            ("DELETE", rf"/v3/suppression/({names})", lambda asked, name: lists.emptied(name, asked.body)),
            ("GET", rf"/v3/suppression/((?:{names})/[^/]+)", lambda _, path: lists.one(path)),
            ("DELETE", rf"/v3/suppression/((?:{names})/[^/]+)", lambda _, path: lists.lifted(path)),
            ("GET", r"/v3/asm/suppressions/global/([^/]+)", lambda _, address: lists.everywhere(address)),
            ("DELETE", r"/v3/asm/suppressions/global/([^/]+)", lambda _, who: lists.lifted(f"unsubscribes/{who}")),
        )
        for verb, path, answer in table:
            yield verb, re.compile(path), partial(self._keyed, answer)

    def _keyed(self, answer: Callable[[Request, str], Answer], request: Request, part: str) -> Answer:
        authorization = request.headers.get("authorization", "")
        if authorization.partition(" ")[2] == FORBIDDEN_KEY:
            return refused(403, Refusal("access forbidden"))
        return key_refusal(authorization, self._acceptance.api_key) or answer(request, part)

    def _scopes(self, request: Request, _: str) -> Answer:
        authorization = request.headers.get("authorization", "")
        refusal = key_refusal(authorization, self._acceptance.api_key)
        scopes = ["stats.read"] if authorization.partition(" ")[2] == FORBIDDEN_KEY else ["mail.send"]
        return refusal or as_json({"scopes": scopes})

    def _faults(self, _: Request, __: str) -> Answer:
        pending = [asdict(fault) for fault in self._acceptance.script.pending()]
        return as_json({"faults": pending, "kinds": list(FAULTS)})

    def _add_fault(self, request: Request, _: str) -> Answer:
        """A JSON content type is asked for: a form of some web page cannot send one here unasked."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return refused(415, Refusal("Content-Type should be application/json."))
        try:
            fault = fault_from(json.loads(request.body))
        except (ValueError, TypeError, RecursionError) as error:
            return refused(400, Refusal(str(error)))
        self._acceptance.script.add(fault)
        return as_json(asdict(fault), status=201)

    def _clear_faults(self, _: Request, __: str) -> Answer:
        self._acceptance.script.clear()
        return Answer(status=204)

    def _elsewhere(self, _: Request, __: str) -> Answer:
        return Answer(status=200, body=b"Nothing was sent here.\n", content_type="text/plain; charset=utf-8")

    def _mails(self, request: Request, _: str) -> Answer:
        return self._inbox.mails(request.query)

    def _mail(self, request: Request, mail_id: str) -> Answer:
        return self._inbox.mail(mail_id, request.query)

    def _html(self, _: Request, mail_id: str) -> Answer:
        return self._inbox.html(mail_id)

    def _source(self, _: Request, mail_id: str) -> Answer:
        return self._inbox.source(mail_id)

    def _style(self, _: Request, __: str) -> Answer:
        return self._inbox.style()


def fault_from(values: Any) -> Fault:
    """A fault from its JSON, as `{"kind": "429", "times": 3}`. ValueError or TypeError say what is wrong with it."""
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise ValueError('a fault is an object with a "kind"')
    where = values.get("where") or {}
    if not isinstance(where, dict):
        raise ValueError('"where" is an object of custom arguments')
    positions = values.get("positions", [0])
    if not isinstance(positions, list) or not all(type(position) is int for position in positions):
        raise ValueError('"positions" is an array of integers')
    if "times" in values and values["times"] is not None and type(values["times"]) is not int:
        raise ValueError('"times" is an integer, or null for every request')
    if type(values.get("seed", 0)) is not int:
        raise ValueError('"seed" is an integer')
    return Fault(**{**values, "where": where, "positions": tuple(positions)})
