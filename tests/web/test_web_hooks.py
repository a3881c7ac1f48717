"""The webhook: what is signed is kept to the last byte, and anything else changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from web_house import House, bounce, signed

from newsletter.web.hooks import MAX_BODY_BYTES

PATH = "/hooks/sendgrid"


def test_signed_events_are_kept(house: House) -> None:
    """204, and what they say is true at once: an address that bounced for good is suppressed."""
    body = bounce("ann@example.org")
    answer = house.ask("POST", PATH, content=body, headers=signed(body))
    assert (answer.status_code, answer.content) == (204, b"")
    assert house.suppressed() == [("bounce", "event")]


def test_the_same_events_again_change_nothing(house: House) -> None:
    """SendGrid posts a body again when it is in doubt; the answer is a 2xx each time."""
    body = bounce("ann@example.org")
    assert [house.ask("POST", PATH, content=body, headers=signed(body)).status_code for _ in range(3)] == [204] * 3
    assert house.suppressed() == [("bounce", "event")]


@pytest.mark.parametrize("body", [b"", b"\n", b"not JSON", b"[{}]", b"\xff\x00", b"[1, null]"])
def test_whatever_is_signed_is_taken(house: House, body: bytes) -> None:
    """A body that we cannot read today is kept, not refused: refused, it would come for 24 hours and be lost."""
    assert house.ask("POST", PATH, content=body, headers=signed(body)).status_code == 204


def _stripped(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body.rstrip(), signed(body)


def _changed(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body.replace(b"ann", b"bob"), signed(body)


def _later(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, {**signed(body), "X-Twilio-Email-Event-Webhook-Timestamp": "1777890601"}


def _unsigned(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, {}


def _hostile(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body, {**signed(body), "X-Twilio-Email-Event-Webhook-Signature": "\u00ff=="}


@pytest.mark.parametrize("request_of", [_stripped, _changed, _later, _unsigned, _hostile])
def test_what_is_not_signed_as_it_stands_is_refused(
    house: House, request_of: Callable[[bytes], tuple[bytes, dict[str, str]]]
) -> None:
    """403 without a word; the log has the reason and no address. The newline at the end is signed too."""
    body, headers = request_of(bounce("ann@example.org"))
    encoded = [(name, value.encode("latin-1")) for name, value in headers.items()]
    with capture_logs() as lines:
        answer = house.ask("POST", PATH, content=body, headers=encoded)
    assert (answer.status_code, answer.content) == (403, b"")
    assert house.suppressed() == []
    refusal = next(line for line in lines if line["event"] == "events refused")
    assert refusal["reason"] == "the signature does not fit the body"
    assert "example.org" not in str(lines)


def test_without_a_key_nothing_is_taken(make_house: Callable[..., House]) -> None:
    """Events that nobody can check are refused, and the log names the setting."""
    house, body = make_house(SENDGRID_WEBHOOK_KEY=""), bounce("ann@example.org")
    with capture_logs() as lines:
        assert house.ask("POST", PATH, content=body, headers=signed(body)).status_code == 403
    assert "NEWSLETTER_SENDGRID_WEBHOOK_KEY" in next(line["reason"] for line in lines if "reason" in line)


def test_a_body_of_the_limit_is_taken_and_a_byte_more_is_not(house: House) -> None:
    """204 and 413."""
    most = b"[" + b" " * (MAX_BODY_BYTES - 2) + b"]"
    assert house.ask("POST", PATH, content=most, headers=signed(most)).status_code == 204
    assert house.ask("POST", PATH, content=most + b"\n", headers=signed(most + b"\n")).status_code == 413


def test_a_body_that_does_not_tell_its_length_is_counted(house: House) -> None:
    """413 once it is over the limit, however long it would go on; the rest is not read."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 3 * MAX_BODY_BYTES:
            sent += 1_000_000
            yield b" " * 1_000_000

    async def receive() -> dict[str, Any]:
        chunk = await anext(chunks, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    chunks = endless()
    assert _raw(house, receive) == [413]
    assert sent <= MAX_BODY_BYTES + 1_000_000


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 5000])
def test_a_body_that_tells_of_its_size_is_not_read(house: House, length: str) -> None:
    """413 by the header alone."""

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    assert _raw(house, receive, ("content-length", length)) == [413]


def test_a_client_that_goes_away_leaves_nothing(house: House) -> None:
    """Half a body is no body, and no error of ours."""
    parts = [{"type": "http.request", "body": b"[{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    with capture_logs() as lines:
        assert _raw(house, receive) == []
    assert [(line["event"], line["log_level"]) for line in lines] == [("client went away", "info")]


def _raw(house: House, receive: Callable[[], Any], *headers: tuple[str, str]) -> list[int]:
    """Statuses of the answers to a POST whose body comes from `receive`."""
    statuses = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": PATH, "raw_path": PATH.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }  # fmt: skip
    asyncio.run(house.app(scope, receive, send))
    return statuses


def test_without_a_database_sendgrid_is_asked_to_come_again(house: House) -> None:
    """503 and nothing kept; the same body is taken once the database answers."""
    body = bounce("ann@example.org")
    with house.broken_database(), capture_logs() as lines:
        answer = house.ask("POST", PATH, content=body, headers=signed(body))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert any("not a database" in line.get("error", "") for line in lines)
    assert house.suppressed() == []
    assert house.ask("POST", PATH, content=body, headers=signed(body)).status_code == 204
    assert house.suppressed() == [("bounce", "event")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_events_come_by_post_alone(house: House, method: str) -> None:
    answer = house.ask(method, PATH)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
