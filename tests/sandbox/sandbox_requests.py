"""Requests to a sandbox, as the tests write them."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from newsletter.sandbox import Sandbox

KEY = "SG.test"


@dataclass
class Reply:
    """What came back. Header names in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> list[str | None]:
        return [error["field"] for error in self.json["errors"]]


def call(
    sandbox: Sandbox,
    method: str,
    path: str,
    body: object = None,
    *,
    key: str | None = KEY,
    headers: dict[str, str] | None = None,
) -> Reply:
    """One request over a connection of its own; `body` is sent as JSON, bytes as they are."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {
        "Content-Type": "application/json",
        **({"Authorization": f"Bearer {key}"} if key else {}),
        **(headers or {}),
    }
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    try:
        connection.request(method, path, raw, sent)
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
    finally:
        connection.close()


def post(sandbox: Sandbox, body: object, **options: Any) -> Reply:
    return call(sandbox, "POST", "/v3/mail/send", body, **options)


def a_mail(*addresses: str, **changes: Any) -> dict[str, Any]:
    """A body that SendGrid accepts, a personalization for each address; a change of None takes a field out."""
    body: dict[str, Any] = {
        "from": {"email": "news@example.org", "name": "The Morning Ledger"},
        "subject": "Ports reopen, [[name]]",
        "personalizations": [
            {
                "to": [{"email": address}],
                "substitutions": {"[[name]]": f"Reader {number}"},
                "headers": {"List-Unsubscribe": f"<https://example.org/u/{number}>"},
                "custom_args": {"delivery_id": str(number), "edition": "daily/2026-05-04", "batch": "1"},
            }
            for number, address in enumerate(addresses or ("ann@example.org",))
        ],
        "content": [
            {"type": "text/plain", "value": "Good morning, [[name]]: “so it goes”.\n"},
            {
                "type": "text/html",
                "value": '<html><head></head><p>Hello [[name]] <a clicktracking=off href="https://example.org/own"></a>'
                '<a href="https://example.org/a">a</a>',
            },
        ],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}
