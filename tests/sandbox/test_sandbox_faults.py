"""Scripted faults: each does on the wire what it says, and leaves on record what really happened."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
from typing import Any

import pytest
from sandbox_requests import a_mail, call, post
from sendgrid import SendGridAPIClient

from newsletter.sandbox import Sandbox
from newsletter.sandbox.faults import FAULTS

ANSWERS = {
    "429": 429,
    "429-bare": 429,
    "400": 400,
    "401": 401,
    "403": 403,
    "413": 413,
    "500": 500,
    "502-html": 502,
    "503": 503,
    "504": 504,
    "redirect": 301,
}


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
    assert {*ANSWERS, "drop", "accept-then-drop", "accept-then-5xx", "slow", "truncated"} == set(FAULTS)


def test_too_many_with_and_without_its_headers(sandbox: Sandbox) -> None:
    """SendGrid's 429 may come without a word about when."""
    sandbox.fault("429", seconds=7)
    sandbox.fault("429-bare")
    told, bare = post(sandbox, a_mail()).headers, post(sandbox, a_mail()).headers
    assert told["retry-after"] == "7"
    assert 0 < int(told["x-ratelimit-reset"]) - time.time() <= 8
    assert told["x-ratelimit-remaining"] == "0"
    assert not {"retry-after", "x-ratelimit-reset"} & set(bare)


def test_400_names_personalizations(sandbox: Sandbox) -> None:
    """By position, in SendGrid's shape."""
    sandbox.fault("400", positions=(1, 4))
    reply = post(sandbox, a_mail())
    assert reply.fields == ["personalizations.1.to.0.email", "personalizations.4.to.0.email"]


@pytest.mark.parametrize("kind", ["502-html", "504"])
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


def test_drop_before_reading(sandbox: Sandbox) -> None:
    """The connection closes on a request that nobody read: nothing is accepted."""
    sandbox.fault("drop")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(sandbox, a_mail())
    sandbox.fault("drop")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post(sandbox, b" " * 20_000_000)
    assert [(asked.what, asked.status) for asked in sandbox.asked()] == [("fault", None)] * 2
    assert post(sandbox, a_mail()).status == 202


def test_accept_then_drop(sandbox: Sandbox) -> None:
    """Accepted and filed, and the client never learns it."""
    sandbox.fault("accept-then-drop")
    with pytest.raises(http.client.RemoteDisconnected):
        post(sandbox, a_mail("ann@example.org"))
    assert [entry.address for entry in sandbox.accepted()] == ["ann@example.org"]
    assert len(sandbox.mails()) == 1
    assert [asked.what for asked in sandbox.asked()] == ["accepted", "fault"]


def test_accept_then_5xx(sandbox: Sandbox) -> None:
    """A gateway in between gives up on what SendGrid has taken."""
    sandbox.fault("accept-then-5xx")
    assert post(sandbox, a_mail()).status == 504
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


@pytest.mark.parametrize("kind", ["accept-then-drop", "accept-then-5xx", "truncated", "slow"])
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
