"""Scripted faults: each does on the wire what it says, and leaves on record what really happened."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sandbox_requests import a_mail, call, post
from sendgrid import SendGridAPIClient

from newsletter.sandbox import Sandbox
from newsletter.sandbox.faults import FAULTS

ANSWERS = {
    "429": 429,
    "429-bare": 429,
    "429-date": 429,
    "429-nonsense": 429,
    "429-year": 429,
    "400": 400,
    "401": 401,
    "403": 403,
    "408": 408,
    "413": 413,
    "500": 500,
    "502-html": 502,
    "503": 503,
    "504": 504,
    "redirect": 301,
    "204": 204,
    "200-html": 200,
}
UNREAD = ("drop", "reset", "reset-while-reading")
BROKEN = ("accept-then-drop", "accept-then-reset")
AFTER = (
    *BROKEN,
    "accept-then-5xx",
    "accept-then-502",
    "accept-then-html",
    "accept-late",
    "slow",
    "trickle",
    "truncated",
)


@pytest.mark.parametrize(("kind", "status"), ANSWERS.items())
def test_refusing_faults_accept_nobody(sandbox: Sandbox, kind: str, status: int) -> None:
    """They answer in place of a healthy sandbox, once; the next request is served."""
    sandbox.fault(kind)
    assert post(sandbox, a_mail()).status == status
    assert sandbox.accepted() == []
    assert [(asked.what, asked.fault, asked.status) for asked in sandbox.asked()] == [("fault", kind, status)]
    assert post(sandbox, a_mail()).status == 202


def test_every_kind_is_tested() -> None:
    """A new line of the table needs a line here."""
    assert {*ANSWERS, *UNREAD, *AFTER} == set(FAULTS)


def test_too_many_with_and_without_its_headers(sandbox: Sandbox) -> None:
    """SendGrid's 429 may come without a word about when."""
    sandbox.fault("429", seconds=7)
    sandbox.fault("429-bare")
    told, bare = post(sandbox, a_mail()).headers, post(sandbox, a_mail()).headers
    assert told["retry-after"] == "7"
    assert 0 < int(told["x-ratelimit-reset"]) - time.time() <= 8
    assert told["x-ratelimit-remaining"] == "0"
    assert not {"retry-after", "x-ratelimit-reset"} & set(bare)


def test_waits_that_nobody_expects(sandbox: Sandbox) -> None:
    """A date, a word, a year: what proxies and tired servers put there."""
    asked = [sandbox.fault(kind, seconds=90) or post(sandbox, a_mail()) for kind in ("429-date", "429-nonsense")]
    at = parsedate_to_datetime(asked[0].headers["retry-after"])
    assert 80 < (at - datetime.now(UTC)).total_seconds() <= 90
    assert asked[1].headers["retry-after"] == "soon"
    sandbox.fault("429-year")
    assert post(sandbox, a_mail()).headers["retry-after"] == "31536000"


def test_400_names_personalizations(sandbox: Sandbox) -> None:
    """By position, in SendGrid's shape."""
    sandbox.fault("400", positions=(1, 4))
    reply = post(sandbox, a_mail())
    assert reply.fields == ["personalizations.1.to.0.email", "personalizations.4.to.0.email"]


@pytest.mark.parametrize("kind", ["502-html", "504", "408", "200-html"])
def test_html_in_place_of_json(sandbox: Sandbox, kind: str) -> None:
    """What stands in front of SendGrid does not speak JSON."""
    sandbox.fault(kind)
    reply = post(sandbox, a_mail())
    assert reply.headers["content-type"] == "text/html"
    assert reply.body.startswith(b"<html>")


def test_the_redirect_looks_like_a_success(sandbox: Sandbox) -> None:
    """The library follows it as a GET and gets a 200, with nothing sent."""
    sandbox.fault("redirect")
    client = SendGridAPIClient("SG.any", host=sandbox.url)
    assert client.client.mail.send.post(request_body=a_mail()).status_code == 200
    assert sandbox.accepted() == []


@pytest.mark.parametrize("kind", UNREAD)
def test_broken_before_it_was_read(sandbox: Sandbox, kind: str) -> None:
    """The connection ends on a request that nobody read, or read whole: nothing is accepted."""
    sandbox.fault(kind)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(sandbox, a_mail())
    sandbox.fault(kind)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(sandbox, b" " * 20_000_000)
    assert [(asked.what, asked.status) for asked in sandbox.asked()] == [("fault", None)] * 2
    assert post(sandbox, a_mail()).status == 202


def test_a_reset_is_no_end(sandbox: Sandbox) -> None:
    """A RST, which no client can take for the end of an answer."""
    sandbox.fault("reset")
    with raw_request(sandbox, b" " * 1000) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_a_reset_in_the_middle(sandbox: Sandbox) -> None:
    """Half of the body is taken first: while a byte of that half is missing, nothing happens."""
    sandbox.fault("reset-while-reading")
    with raw_request(sandbox, b" " * 1000) as connection:
        connection.sendall(b" " * 499)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(b" ")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


@contextmanager
def raw_request(sandbox: Sandbox, body: bytes) -> Iterator[socket.socket]:
    """The head of a request; its body is the test's to send."""
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        head = f"POST /v3/mail/send HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode())
        yield connection


@pytest.mark.parametrize("kind", BROKEN)
def test_accepted_and_broken(sandbox: Sandbox, kind: str) -> None:
    """Accepted and filed, and the client never learns it."""
    sandbox.fault(kind)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, http.client.BadStatusLine)):
        post(sandbox, a_mail("ann@example.org"))
    assert [entry.address for entry in sandbox.accepted()] == ["ann@example.org"]
    assert len(sandbox.mails()) == 1
    assert [(asked.what, asked.status) for asked in sandbox.asked()] == [("accepted", 202), ("fault", None)]


@pytest.mark.parametrize(("kind", "status"), [("accept-then-5xx", 504), ("accept-then-502", 502)])
def test_accepted_and_answered_otherwise(sandbox: Sandbox, kind: str, status: int) -> None:
    """A gateway in between gives up on what SendGrid has taken."""
    sandbox.fault(kind)
    reply = post(sandbox, a_mail())
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html")
    assert len(sandbox.accepted()) == 1


def test_accepted_in_the_wrong_content_type(sandbox: Sandbox) -> None:
    """The status is right, what comes with it is a page, and the receipt is missing."""
    sandbox.fault("accept-then-html")
    reply = post(sandbox, a_mail())
    assert (reply.status, reply.headers["content-type"]) == (202, "text/html")
    assert "x-message-id" not in reply.headers
    assert len(sandbox.accepted()) == 1


def test_a_trickle(sandbox: Sandbox) -> None:
    """Byte by byte from the first on, each sooner than a client's timeout for one read."""
    sandbox.fault("trickle", seconds=0.004)
    began = time.monotonic()
    with raw_request(sandbox, body := json.dumps(a_mail()).encode()) as connection:
        connection.sendall(body)
        connection.settimeout(1)
        parts = [connection.recv(65536)]
        while b"\r\n\r\n" not in b"".join(parts):
            parts.append(connection.recv(65536))
    raw = b"".join(parts)
    assert raw.startswith(b"HTTP/1.1 ")
    assert len(parts) > len(raw) / 2
    assert time.monotonic() - began >= 0.004 * len(raw)


def test_accepted_late(sandbox: Sandbox) -> None:
    """Nothing is accepted while the client waits; when it has given up, it is."""
    sandbox.fault("accept-late", seconds=0.3)
    client = SendGridAPIClient("SG.any", host=sandbox.url)
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        client.client.mail.send.post(request_body=a_mail(), timeout=0.05)
    assert sandbox.accepted() == []
    time.sleep(0.6)
    assert len(sandbox.accepted()) == 1


def test_truncated(sandbox: Sandbox) -> None:
    """Accepted; the answer stops in the middle."""
    sandbox.fault("truncated")
    with pytest.raises(http.client.IncompleteRead):
        post(sandbox, a_mail())
    assert len(sandbox.accepted()) == 1


def test_slow(sandbox: Sandbox) -> None:
    """Accepted, and answered late: a client that gives up before is in doubt about mail that goes."""
    sandbox.fault("slow", seconds=0.5)
    client = SendGridAPIClient("SG.any", host=sandbox.url)
    with pytest.raises((TimeoutError, urllib.error.URLError, socket.timeout)):
        client.client.mail.send.post(request_body=a_mail(), timeout=0.1)
    assert len(sandbox.accepted()) == 1
    sandbox.fault("slow", seconds=0.05)
    assert post(sandbox, a_mail()).status == 202


@pytest.mark.parametrize("kind", AFTER)
def test_what_is_refused_is_not_accepted_by_a_fault(sandbox: Sandbox, kind: str) -> None:
    """A fault after the acceptance cannot come where there is none."""
    sandbox.fault(kind, seconds=0)
    assert post(sandbox, a_mail(subject="")).status == 400
    assert sandbox.accepted() == []


def test_times_and_order(sandbox: Sandbox) -> None:
    """Faults are met in the order in which they were scripted, each as often as it says."""
    sandbox.fault("503", times=2)
    sandbox.fault("429")
    assert [post(sandbox, a_mail()).status for _ in range(4)] == [503, 503, 429, 202]


def outcomes(sandbox: Sandbox, count: int = 60) -> list[int]:
    """Statuses, 0 where the connection broke."""
    found = []
    for _ in range(count):
        try:
            found.append(post(sandbox, a_mail()).status)
        except (ConnectionError, http.client.HTTPException):
            found.append(0)
    sandbox.clear_faults()
    return found


def test_chance(sandbox: Sandbox) -> None:
    """Faults of all sorts mixed by their chances; the same seeds make the same, another seed another mix."""

    def mixed(seed: int) -> list[int]:
        for number, (kind, chance) in enumerate([("503", 0.2), ("reset", 0.2), ("429", 0.1), ("drop", 0.1)]):
            sandbox.fault(kind, times=None, chance=chance, seed=seed + number)
        return outcomes(sandbox)

    first = mixed(1)
    assert set(first) == {0, 202, 429, 503}
    assert 0.2 < first.count(202) / len(first) < 0.8, "about 0.52 of them are left alone"
    assert mixed(1) == first
    assert mixed(100) != first


def test_chance_and_times(sandbox: Sandbox) -> None:
    """What is drawn is counted, what is not is not."""
    sandbox.fault("503", times=3, chance=0.3, seed=4)
    found = outcomes(sandbox, 40)
    assert found.count(503) == 3
    assert found[:3] != [503] * 3


def test_before_the_body_and_in_order(sandbox: Sandbox) -> None:
    """A reset that was scripted after another fault comes after it, though it is met before the body is read."""
    sandbox.fault("503")
    sandbox.fault("reset")
    assert outcomes(sandbox, 3) == [503, 0, 202]


def test_until_cleared(sandbox: Sandbox) -> None:
    """Without a number a fault stays."""
    sandbox.fault("500", times=None)
    assert {post(sandbox, a_mail()).status for _ in range(5)} == {500}
    sandbox.clear_faults()
    assert post(sandbox, a_mail()).status == 202


def test_where(sandbox: Sandbox) -> None:
    """A fault may wait for the request with these custom arguments, of the message or of one personalization."""
    sandbox.fault("503", where={"batch": "2"})
    sandbox.fault("drop", where={"batch": "3", "attempt": "1"})
    assert post(sandbox, a_mail(custom_args={"batch": "2"}, personalizations=[])).status == 400
    assert post(sandbox, a_mail()).status == 202
    second = a_mail("a@example.org", "b@example.org")
    second["personalizations"][1]["custom_args"]["batch"] = "2"
    assert post(sandbox, second).status == 503
    third = a_mail(custom_args={"attempt": "1"})
    third["personalizations"][0]["custom_args"]["batch"] = "3"
    with pytest.raises(http.client.RemoteDisconnected):
        post(sandbox, third)
    assert post(sandbox, third).status == 202


@pytest.mark.parametrize(
    "raw", [b"no json", b"[]", b'{"personalizations": [7, {"custom_args": 7}], "custom_args": []}']
)
def test_where_looks_into_anything(sandbox: Sandbox, raw: bytes) -> None:
    """A body of any shape is looked at and refused in the ordinary way."""
    sandbox.fault("503", where={"batch": "2"})
    assert post(sandbox, raw).status == 400


def test_over_http(sandbox: Sandbox) -> None:
    """Faults are scripted, listed and cleared from outside too; the inbox shows them."""
    reply = call(sandbox, "POST", "/sandbox/faults", {"kind": "429", "times": 2, "seconds": 3, "where": {"batch": "1"}})
    assert reply.status == 201
    listed = call(sandbox, "GET", "/sandbox/faults").json
    assert [fault["kind"] for fault in listed["faults"]] == ["429"]
    assert listed["kinds"] == list(FAULTS)
    assert b"429 \xc3\x97 2" in call(sandbox, "GET", "/").body
    assert post(sandbox, a_mail()).headers["retry-after"] == "3"
    assert call(sandbox, "DELETE", "/sandbox/faults").status == 204
    assert post(sandbox, a_mail()).status == 202


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "418"},
        {},
        [],
        {"kind": "429", "times": 0},
        {"kind": "429", "times": "2"},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "seconds": "x"},
        {"kind": "400", "positions": 3},
        {"kind": "429", "when": "now"},
        {"kind": "429", "where": "x"},
        {"kind": "429", "chance": 0},
        {"kind": "429", "chance": 1.5},
        {"kind": "429", "chance": "often"},
        {"kind": "429", "seed": []},
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense(sandbox: Sandbox, values: Any) -> None:
    """A 400 that says why; nothing is scripted."""
    reply = call(sandbox, "POST", "/sandbox/faults", values)
    assert reply.status == 400
    assert reply.json["errors"][0]["message"]
    assert call(sandbox, "GET", "/sandbox/faults").json["faults"] == []


def test_a_form_cannot_script_faults(sandbox: Sandbox) -> None:
    """What a web page could send here without asking is not taken."""
    reply = call(sandbox, "POST", "/sandbox/faults", {"kind": "429"}, headers={"Content-Type": "text/plain"})
    assert reply.status == 415


def test_unknown_kind(sandbox: Sandbox) -> None:
    """A misspelt fault is told at once, with the kinds there are."""
    with pytest.raises(ValueError, match="accept-then-drop"):
        sandbox.fault("accept_then_drop")
