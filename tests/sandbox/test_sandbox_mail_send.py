"""The contract of `POST /v3/mail/send`: what SendGrid accepts, and each thing it refuses."""

from __future__ import annotations

import base64
import http.client
import json
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_requests import a_mail, call, post
from sendgrid import SendGridAPIClient

from newsletter.sandbox import Sandbox, accepted_count
from newsletter.sandbox.letters import Letters
from newsletter.sandbox.outcomes import Mail, events_of
from newsletter.sandbox.rules import refusals

NOW = datetime(2026, 5, 4, 10, 15, tzinfo=UTC)


def test_accepted(sandbox: Sandbox) -> None:
    """Success is 202, an empty body and a message id; it is on record before the answer."""
    reply = post(sandbox, a_mail("ann@example.org", "bo@example.org"))
    assert (reply.status, reply.body) == (202, b"")
    entries = sandbox.accepted()
    assert [entry.address for entry in entries] == ["ann@example.org", "bo@example.org"]
    assert {entry.message_id for entry in entries} == {reply.headers["x-message-id"]}
    assert [entry.custom_args["delivery_id"] for entry in entries] == ["0", "1"]


def test_the_real_library_is_accepted(sandbox: Sandbox) -> None:
    """SendGrid's own client, told another host, gets a 202."""
    client = SendGridAPIClient("SG.any", host=sandbox.url)
    answer = client.client.mail.send.post(request_body=a_mail())
    assert answer.status_code == 202
    assert answer.headers["X-Message-Id"] == sandbox.accepted()[0].message_id


def test_the_real_library_without_a_key(sandbox: Sandbox) -> None:
    """A missing key becomes "Bearer None" in the library, which SendGrid does not know."""
    client = SendGridAPIClient(None, host=sandbox.url)
    with pytest.raises(Exception, match="401"):
        client.client.mail.send.post(request_body=a_mail())
    assert sandbox.accepted() == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"key": None}, 401),
        ({"key": "None"}, 401),
        ({"key": None, "headers": {"Authorization": "Basic SG.test"}}, 401),
        ({"key": "SG.forbidden"}, 403),
        ({"headers": {"Content-Type": "text/plain"}}, 415),
        ({"headers": {"Content-Encoding": "gzip"}}, 415),
    ],
)
def test_who_may_and_in_what_form(sandbox: Sandbox, options: dict[str, Any], status: int) -> None:
    """The key first, then the form; errors come in SendGrid's shape."""
    reply = post(sandbox, a_mail(), **options)
    assert reply.status == status
    assert list(reply.json["errors"][0]) == ["message", "field", "help"]
    assert [asked.status for asked in sandbox.asked()] == [status]
    assert sandbox.accepted() == []


def test_one_good_key(tmp_path: Path) -> None:
    """With a key of its own the sandbox knows no other."""
    with Sandbox(tmp_path, port=0, webhook_url=None, api_key="SG.right") as sandbox:
        assert post(sandbox, a_mail(), key="SG.wrong").status == 401
        assert post(sandbox, a_mail(), key="SG.right").status == 202
        assert call(sandbox, "GET", "/v3/scopes", key="SG.wrong").status == 401
        assert call(sandbox, "GET", "/v3/scopes", key="SG.right").json == {"scopes": ["mail.send"]}
        assert "mail.send" not in call(sandbox, "GET", "/v3/scopes", key="SG.forbidden").json["scopes"]


def test_wrong_path_and_wrong_method(sandbox: Sandbox) -> None:
    """404 for what is not there, 405 for what is there for another method."""
    assert call(sandbox, "POST", "/v3/mail/sent", a_mail()).status == 404
    reply = call(sandbox, "GET", "/v3/mail/send")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"null", b"[" * 200_000], ids=range(5))
def test_no_json(sandbox: Sandbox, raw: bytes) -> None:
    """A body that is no JSON object is a bad request, whatever it is."""
    assert post(sandbox, raw).status == 400


def people(count: int, part: str = "to") -> dict[str, Any]:
    return {part: [{"email": f"{part}{number}@example.org"} for number in range(count)]}


TO = {"to": [{"email": "ann@example.org"}]}


def one(**changes: Any) -> dict[str, Any]:
    """A mail whose only personalization has these changes."""
    return a_mail(personalizations=[{**TO, **changes}])


HTML = {"type": "text/html", "value": "<p>x"}
PLAIN = {"type": "text/plain", "value": "x"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no personalization", a_mail(personalizations=[]), "personalizations"),
    ("personalizations missing", a_mail(personalizations=None), "personalizations"),
    ("personalizations no array", a_mail(personalizations=TO), "personalizations"),
    ("1,001 personalizations", a_mail(personalizations=[TO] * 1001), "personalizations"),
    ("1,001 recipients", a_mail(personalizations=[people(500), people(501)]), "personalizations"),
    ("1,001 recipients in copies", one(**people(600), **people(401, "bcc")), "personalizations"),
    ("nobody", a_mail(personalizations=[{"to": []}]), "personalizations.0.to"),
    ("to missing", a_mail(personalizations=[{}]), "personalizations.0.to"),
    ("no address", one(to=[{"name": "Ann"}]), "personalizations.0.to.0.email"),
    ("bad address", one(to=[{"email": "ann"}]), "personalizations.0.to.0.email"),
    ("bad address among good", a_mail("a@example.org", "b@", "c@example.org"), "personalizations.1.to.0.email"),
    ("address without a dot", one(to=[{"email": "ann@localhost"}]), "personalizations.0.to.0.email"),
    ("address not ASCII", one(to=[{"email": "ann@exämple.org"}]), "personalizations.0.to.0.email"),
    ("address with a line break", one(to=[{"email": "ann@example.org\n"}]), "personalizations.0.to.0.email"),
    ("comma in a name", one(to=[{"email": "ann@example.org", "name": "Roe, Ann"}]), "personalizations.0.to.0.name"),
    ("the same twice", one(to=[{"email": "ann@example.org"}, {"email": "ANN@example.org"}]), "personalizations.0"),
    ("the same in copy", one(cc=[{"email": "ann@example.org"}]), "personalizations.0"),
    ("unknown in personalization", one(too=[]), "personalizations.0.too"),
    ("unknown at the top", a_mail(subjects="x"), "subjects"),
    ("unknown setting", a_mail(mail_settings={"sandbox": {}}), "mail_settings.sandbox"),
    ("from missing", a_mail(**{"from": None}), "from"),
    ("from without address", a_mail(**{"from": {"name": "News"}}), "from.email"),
    ("bad from", a_mail(**{"from": {"email": "news"}}), "from.email"),
    ("bad reply_to", a_mail(reply_to={"email": "desk"}), "reply_to.email"),
    ("bad reply_to_list", a_mail(reply_to_list=[{"email": "desk"}]), "reply_to_list.0.email"),
    (
        "both kinds of reply_to",
        a_mail(reply_to={"email": "a@example.org"}, reply_to_list=[{"email": "b@example.org"}]),
        "reply_to",
    ),
    ("no subject", a_mail(subject=None), "subject"),
    ("empty subject", a_mail(subject=""), "subject"),
    ("empty subject of one", one(subject=""), "personalizations.0.subject"),
    ("subject no string", a_mail(subject=7), "subject"),
    ("no content", a_mail(content=None), "content"),
    ("empty content", a_mail(content=[]), "content"),
    ("empty part", a_mail(content=[{"type": "text/plain", "value": ""}]), "content.0.value"),
    ("part without type", a_mail(content=[{"value": "x"}]), "content.0.type"),
    ("HTML first", a_mail(content=[HTML, PLAIN]), "content"),
    ("another type first", a_mail(content=[{"type": "text/calendar", "value": "x"}, PLAIN]), "content"),
    ("text twice", a_mail(content=[PLAIN, PLAIN]), "content"),
    ("type with parameters", a_mail(content=[{"type": "text/plain; x=y", "value": "x"}]), "content.0.type"),
    ("custom_args no strings", one(custom_args={"delivery_id": 7}), "personalizations.0.custom_args.delivery_id"),
    ("custom_args a string", a_mail(custom_args="x"), "custom_args"),
    ("custom_args of 10,000 bytes", one(custom_args={"a": "x" * 9_999}), "personalizations.0.custom_args"),
    ("custom_args together", a_mail(custom_args={"a": "é" * 4_990}), "personalizations.0.custom_args"),
    ("substitutions no strings", one(substitutions={"[[n]]": None}), "personalizations.0.substitutions.[[n]]"),
    ("substitutions of 10,001 bytes", one(substitutions={"[[n]]": "x" * 9_996}), "personalizations.0.substitutions"),
    ("substitution without a name", one(substitutions={"": "x"}), "personalizations.0.substitutions"),
    ("unknown template", a_mail(template_id="d-1"), "template_id"),
    ("reserved header", one(headers={"reply-TO": "x"}), "personalizations.0.headers.reply-TO"),
    ("reserved header for all", a_mail(headers={"DKIM-Signature": "x"}), "headers.DKIM-Signature"),
    ("header no string", one(headers={"X-Number": 1}), "personalizations.0.headers.X-Number"),
    ("header with a line break", one(headers={"X-A": "b\r\nBcc: c"}), "personalizations.0.headers.X-A"),
    ("header name with a space", one(headers={"X A": "b"}), "personalizations.0.headers"),
    ("11 categories", a_mail(categories=[str(number) for number in range(11)]), "categories"),
    ("category of 256", a_mail(categories=["x" * 256]), "categories.0"),
    ("category twice", a_mail(categories=["a", "a"]), "categories"),
    ("send_at in 73 hours", a_mail(send_at=int(time.time()) + 73 * 3600), "send_at"),
    ("send_at of one", one(send_at=int(time.time()) + 73 * 3600), "personalizations.0.send_at"),
    ("send_at a string", a_mail(send_at="now"), "send_at"),
    ("send_at true", a_mail(send_at=True), "send_at"),
    ("tracking no switch", a_mail(tracking_settings={"click_tracking": True}), "tracking_settings.click_tracking"),
    (
        "tracking switch a string",
        a_mail(tracking_settings={"open_tracking": {"enable": "no"}}),
        "tracking_settings.open_tracking.enable",
    ),
    ("short pool", a_mail(ip_pool_name="x"), "ip_pool_name"),
    ("asm without a group", a_mail(asm={"groups_to_display": [1]}), "asm.group_id"),
    (
        "two bypasses",
        a_mail(
            mail_settings={"bypass_list_management": {"enable": True}, "bypass_spam_management": {"enable": True}},
        ),
        "mail_settings",
    ),
    (
        "attachment no base64",
        a_mail(attachments=[{"content": "%%%", "filename": "a.pdf"}]),
        "attachments.0.content",
    ),
]


@pytest.mark.parametrize(("body", "field"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(lasting: Sandbox, body: dict[str, Any], field: str) -> None:
    """A 400 names the field, the record has it, and nobody of the request is accepted."""
    reply = post(lasting, body)
    assert reply.status == 400
    assert field in reply.fields
    assert reply.json["errors"][0]["help"].startswith("http://sendgrid.com/docs/")
    last = lasting.asked()[-1]
    assert (last.what, last.status, last.count) == ("refused", 400, 0)
    assert field in last.fields


def test_substitutions_and_dynamic_templates(sandbox: Sandbox) -> None:
    """Substitutions belong to the old templates; a dynamic one (`d-…`) takes none."""
    reply = post(sandbox, {**one(substitutions={"[[n]]": "x"}), "template_id": "d-1"})
    assert reply.fields == ["template_id", "personalizations.0.substitutions"]


def test_every_wrong_personalization_is_named(sandbox: Sandbox) -> None:
    """So that one request tells all that must be left out of the next."""
    reply = post(sandbox, a_mail("a@", "b@example.org", "c@"))
    assert reply.fields == ["personalizations.0.to.0.email", "personalizations.2.to.0.email"]


AT_THE_LIMIT: dict[str, dict[str, Any]] = {
    "1,000 recipients": a_mail(*(f"r{number}@example.org" for number in range(1_000))),
    "custom_args of 9,999 bytes": one(custom_args={"a": "x" * 9_998}),
    "substitutions of 10,000 bytes": one(substitutions={"[[n]]": "x" * 9_995}),
    "10 categories": a_mail(categories=["x" * 255, *map(str, range(9))]),
    "send_at in 71 hours": a_mail(send_at=int(time.time()) + 71 * 3600),
    "text alone": a_mail(content=[PLAIN]),
    "HTML alone": a_mail(content=[HTML]),
    "a third type": a_mail(content=[PLAIN, HTML, {"type": "text/calendar", "value": "x"}]),
    "a subject of its own": a_mail(subject=None, personalizations=[{**TO, "subject": "Mine"}]),
    "odd names": one(to=[{"email": "Ann.O'Neil+x@mail.example.org", "name": "Ánn O’Neil & Co."}]),
    "reply_to_list": a_mail(reply_to_list=[{"email": "a@example.org"}, {"email": "b@example.org"}]),
    "an attachment": a_mail(attachments=[{"content": base64.b64encode(b"x").decode(), "filename": "ä.txt"}]),
}


@pytest.mark.parametrize("body", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_accepted_at_the_limit(lasting: Sandbox, body: dict[str, Any]) -> None:
    """Each limit is where SendGrid says it is, not one before."""
    reply = post(lasting, body)
    assert (reply.status, reply.body) == (202, b"")


def test_sandbox_mode(sandbox: Sandbox) -> None:
    """SendGrid's own sandbox mode checks and delivers nothing; it answers 200, never 202."""
    reply = post(sandbox, a_mail(mail_settings={"sandbox_mode": {"enable": True}}))
    assert reply.status == 200
    assert sandbox.accepted() == []
    assert post(sandbox, a_mail(mail_settings={"sandbox_mode": {"enable": False}})).status == 202


def test_too_large(sandbox: Sandbox) -> None:
    """A request of 30 MB is refused, and its client reads the 413 rather than a reset."""
    assert post(sandbox, b" " * 30_000_001).status == 413
    assert post(sandbox, b" " * 30_000_000).status == 413
    assert [asked.status for asked in sandbox.asked()] == [413, 413]


def test_a_connection_is_kept(sandbox: Sandbox) -> None:
    """Several requests go over one connection, refused ones too."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    statuses = []
    for body in (a_mail(), a_mail(subject=""), a_mail()):
        headers = {"Authorization": "Bearer SG.x", "Content-Type": "application/json; charset=utf-8"}
        connection.request("POST", "/v3/mail/send", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [202, 400, 202]


@pytest.mark.parametrize(
    "line",
    [b"Transfer-Encoding: chunked", b"Content-Length: -1", b"Content-Length: \xb2", b"Content-Length: " + b"9" * 5_000],
)
def test_without_a_length(sandbox: Sandbox, line: bytes) -> None:
    """A body whose length is not told is not waited for."""
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
        client.sendall(b"POST /v3/mail/send HTTP/1.1\r\nHost: 127.0.0.1\r\n" + line + b"\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 411 ")


def test_a_client_that_dies_in_its_request(sandbox: Sandbox) -> None:
    """Half a request is neither accepted nor refused, even where its half is JSON."""
    address = urlsplit(sandbox.url)
    body = json.dumps(a_mail()).encode()
    head = b"POST /v3/mail/send HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
    kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
        client.sendall(head + kind + body)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert sandbox.asked() == []


def test_accept_only_keeps_counts(tmp_path: Path) -> None:
    """For benchmarks: refusals as ever, but neither mails nor readers are kept."""
    with Sandbox(tmp_path, port=0, webhook_url=None, accept_only=True) as sandbox:
        assert post(sandbox, a_mail("ann@example.org", "bo@example.org")).status == 202
        assert post(sandbox, a_mail("cy@")).status == 400
        assert sandbox.accepted_count() == 2
        assert sandbox.accepted() == []
        assert sandbox.mails() == []
        assert b"2 recipients were accepted" in call(sandbox, "GET", "/").body
    assert accepted_count(tmp_path) == 2


def test_the_record_survives_a_torn_line(tmp_path: Path) -> None:
    """What a killed process left half written is passed over, and takes no other line with it."""
    with Sandbox(tmp_path, port=0, webhook_url=None) as sandbox:
        post(sandbox, a_mail("ann@example.org"))
    with (tmp_path / "record.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-05-04T')
    with Sandbox(tmp_path, port=0, webhook_url=None) as sandbox:
        post(sandbox, a_mail("bo@example.org"))
        assert [entry.address for entry in sandbox.accepted()] == ["ann@example.org", "bo@example.org"]


def test_a_folder_that_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing is accepted that cannot be filed; the answer is a 500 and the sandbox lives on."""
    folder = tmp_path / "sandbox"
    folder.rename(tmp_path / "away")
    assert post(sandbox, a_mail()).status == 500
    (tmp_path / "away").rename(folder)
    assert post(sandbox, a_mail()).status == 202
    assert len(sandbox.mails()) == len(sandbox.accepted()) == 1


@pytest.fixture
def small_files() -> Iterator[None]:
    """As if the disk were full for any file over 100 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_disk_that_fills_half_way(sandbox: Sandbox, tmp_path: Path) -> None:
    """Where the second mail of a request cannot be written, the first does not stay, nor any draft."""
    body = a_mail("ann@example.org", "bo@example.org", content=[{"type": "text/html", "value": "[[name]]" * 20}])
    body["personalizations"][1]["substitutions"]["[[name]]"] = "x" * 9_000
    assert post(sandbox, body).status == 500
    assert sandbox.accepted() == []
    assert {path.name for path in (tmp_path / "sandbox").iterdir()} == {
        "record.jsonl",
        "webhook-key.pem",
        "webhook-key.pub",
    }
    assert post(sandbox, a_mail()).status == 202


def test_several_at_once(sandbox: Sandbox) -> None:
    """8 senders with 10 requests of 5 readers: 400 accepted, 400 mails, no line of the record torn by another."""

    def send(sender: int) -> list[int]:
        batches = [[f"r{sender}-{batch}-{number}@example.org" for number in range(5)] for batch in range(10)]
        return [post(sandbox, a_mail(*batch)).status for batch in batches]

    with ThreadPoolExecutor(8) as pool:
        assert {status for statuses in pool.map(send, range(8)) for status in statuses} == {202}
    assert len({entry.address for entry in sandbox.accepted()}) == len(sandbox.mails()) == 400
    assert len({entry.message_id for entry in sandbox.accepted()}) == 80


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of each value in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, entry in inner for place in places(entry, (*path, key)))]


def whole_mail() -> dict[str, Any]:
    return a_mail(
        "ann@example.org",
        "click@example.org",
        reply_to={"email": "desk@example.org", "name": "Desk"},
        headers={"X-A": "b"},
        categories=["daily"],
        send_at=0,
        asm={"group_id": 7},
        attachments=[{"content": "eA==", "filename": "x", "type": "text/plain", "content_id": "c"}],
        mail_settings={"footer": {"enable": True, "text": "x"}},
        tracking_settings={"click_tracking": {"enable": True}},
    )


@given(place=st.sampled_from(places(whole_mail())), value=VALUES)
def test_whatever_stands_in_the_body(place: tuple[str | int, ...], value: object) -> None:
    """Any value anywhere is refused in words, or becomes a mail and its events; nothing raises."""
    body: Any = whole_mail()
    if not place:
        body = value
    else:
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
    found = refusals(body, NOW)
    assert all(refusal.message for refusal in found)
    if not found:
        letters = Letters(body, message_id="m", now=NOW)
        for position, personalization in enumerate(body["personalizations"]):
            assert letters.mail(personalization, position, custom_args={}, outcome="delivered")
            mail = Mail(body=body, html="")
            assert list(events_of(mail, personalization, position, message_id="m", at=0, custom_args={}, dropped={}))
