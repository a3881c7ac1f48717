"""The mails on disk: parsed by Python's own email package, and compared with what was asked."""

from __future__ import annotations

import base64
import email
import string
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_requests import a_mail, post

from newsletter.sandbox import Sandbox
from newsletter.sandbox.letters import Letters, Template, header_text, mailbox
from newsletter.sandbox.mailbox import mail_name

NOW = datetime(2026, 5, 4, 10, 15, 0, 12, tzinfo=UTC)


def parsed(source: bytes) -> EmailMessage:
    return email.message_from_bytes(source, policy=default)


def the_mail(body: dict[str, Any], position: int = 0) -> EmailMessage:
    letters = Letters(body, message_id="m1", now=NOW)
    personalization = body["personalizations"][position]
    return parsed(letters.mail(personalization, position, custom_args={"delivery_id": "7"}, outcome="delivered"))


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_filed_and_parsed(sandbox: Sandbox) -> None:
    """A mail on disk has the parts and headers of its request, with the reader's own values, and no defects."""
    body = a_mail("ann@example.org", "bo@example.org", reply_to={"email": "desk@example.org", "name": "The Desk"})
    message_id = post(sandbox, body).headers["x-message-id"]
    first, second = (parsed(path.read_bytes()) for path in sandbox.mails())
    assert first["to"] == "ann@example.org"
    assert first["from"].addresses[0].display_name == "The Morning Ledger"
    assert first["reply-to"].addresses[0].addr_spec == "desk@example.org"
    assert first["subject"] == "Ports reopen, Reader 0"
    assert second["list-unsubscribe"] == "<https://example.org/u/1>"
    assert first["x-message-id"] == message_id
    assert first["x-sandbox-custom-args"] == '{"delivery_id":"0","edition":"daily/2026-05-04","batch":"1"}'
    assert first.get_content_type() == "multipart/alternative"
    assert [child.get_content_type() for child in first.iter_parts()] == ["text/plain", "text/html"]
    assert part(first, "plain") == "Good morning, Reader 0: “so it goes”.\n"
    assert part(second, "html") == body["content"][1]["value"].replace("[[name]]", "Reader 1")
    assert [child.defects for child in first.walk()] == [[], [], []]
    assert first["date"].datetime.utcoffset() is not None


def test_names_sort_by_time_and_are_unique(sandbox: Sandbox) -> None:
    """Time, message id, position: as many files as mails, in the order in which they came."""
    for number in range(3):
        assert post(sandbox, a_mail(f"a{number}@example.org", f"b{number}@example.org")).status == 202
    names = [path.name for path in sandbox.mails()]
    assert names == sorted(names)
    recipients = [parsed(path.read_bytes())["to"] for path in sandbox.mails()]
    assert recipients == [f"{who}{number}@example.org" for number in range(3) for who in "ab"]
    assert [entry.file for entry in sandbox.accepted()] == names
    assert mail_name(NOW, "m1", 7) == "20260504T101500.000012Z-m1-0007.eml"


def test_nothing_half_written_is_left(sandbox: Sandbox, tmp_path: Path) -> None:
    """Drafts are renamed; the folder has mails, the record and the keys."""
    post(sandbox, a_mail())
    names = {path.name for path in (tmp_path / "sandbox").iterdir()} - {path.name for path in sandbox.mails()}
    assert names == {"record.jsonl", "webhook-key.pem", "webhook-key.pub"}


def test_substitutions_are_raw_and_not_nested() -> None:
    """Values go in as they are, into text, HTML, subject and headers; tags in values stay."""
    body = a_mail(subject="[[a]]", content=[{"type": "text/html", "value": "<p>[[a]][[ab]]</p>[[c]]"}])
    body["personalizations"][0].update(substitutions={"[[a]]": "<b>&[[ab]]", "[[ab]]": "2"}, headers={"X-Who": "[[a]]"})
    mail = the_mail(body)
    assert part(mail, "html") == "<p><b>&[[ab]]2</p>[[c]]"
    assert mail["subject"] == mail["x-who"] == "<b>&[[ab]]"


def test_a_longer_tag_wins() -> None:
    """Where one tag begins another, the text has the longer."""
    assert Template("-n- -n-1-", ("-n-", "-n-1-")).fill({"-n-": "a", "-n-1-": "b"}) == b"a b"


def test_the_personalization_wins() -> None:
    """Its subject, sender and headers stand in place of the message's."""
    body = a_mail(headers={"X-A": "all", "X-B": "all"})
    body["personalizations"][0].update(
        subject="[TEST 3f9a] Ports", headers={"X-A": "one"}, **{"from": {"email": "test@example.org"}}
    )
    mail = the_mail(body)
    assert (mail["subject"], mail["from"], mail["x-a"], mail["x-b"]) == (
        "[TEST 3f9a] Ports",
        "test@example.org",
        "one",
        "all",
    )


def test_a_header_cannot_be_smuggled_in() -> None:
    """A line break that a substitution brings into a header becomes a space; ours cannot be replaced."""
    body = a_mail(headers={"X-Sandbox-Outcome": "bounce", "MIME-Version": "9"})
    body["personalizations"][0]["substitutions"]["[[name]]"] = "Ann\r\nBcc: eve@example.org\n\nbody"
    mail = the_mail(body)
    assert mail["bcc"] is None
    assert mail["subject"] == "Ports reopen, Ann Bcc: eve@example.org body"
    assert (mail["x-sandbox-outcome"], mail["mime-version"]) == ("delivered", "1.0")


def test_a_message_id_of_the_request() -> None:
    """Date and Message-ID may be set; each header is there once."""
    body = a_mail(headers={"message-id": "<mine@example.org>"})
    mail = the_mail(body)
    assert mail.get_all("message-id") == ["<mine@example.org>"]


def test_an_attachment() -> None:
    """Attachments stand beside the alternative, with name, kind and bytes."""
    content = base64.b64encode(bytes(range(256))).decode()
    attachment = {"content": content, "filename": "Bericht ä.pdf", "type": "application/pdf", "content_id": "a1"}
    mail = the_mail(a_mail(attachments=[{**attachment, "disposition": "inline"}]))
    assert mail.get_content_type() == "multipart/mixed"
    (kept,) = mail.iter_attachments()
    assert (kept.get_filename(), kept.get_content_type()) == ("Bericht ä.pdf", "application/pdf")
    assert (kept.get_content_disposition(), kept["content-id"]) == ("inline", "<a1>")
    assert kept.get_content() == bytes(range(256))
    assert part(mail, "plain").startswith("Good morning")


def test_half_a_surrogate_pair(sandbox: Sandbox) -> None:
    """JSON can carry what UTF-8 cannot; the mail is filed all the same."""
    reply = post(sandbox, a_mail(subject="\ud83d [[name]]", content=[{"type": "text/plain", "value": "a \udc00 b"}]))
    assert reply.status == 202
    (path,) = sandbox.mails()
    assert part(parsed(path.read_bytes()), "plain") == "a ? b"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_any_subject_comes_back(text: str) -> None:
    """Encoded or not, a header's text reads as it was written, white space aside; no line exceeds 78 characters."""
    encoded = header_text(text)
    mail = parsed(f"Subject: {encoded}\n\n".encode())
    assert "".join(str(mail["subject"]).split()) == "".join(text.split())
    if "\n" in encoded:
        assert all(len(line) <= 78 for line in encoded.split("\n"))


@given(st.text(alphabet=string.ascii_letters + " .'&äß日’\\", max_size=60).map(str.strip))
def test_any_name_comes_back(name: str) -> None:
    """A display name reads as it was written, and the address stands apart from it.

    White space aside: Python's parser puts a space between the encoded words of a long name (RFC 2047 6.2 has none).
    """
    mail = parsed(f"To: {mailbox({'name': name, 'email': 'ann@example.org'})}\n\n".encode())
    (address,) = mail["to"].addresses
    assert address.addr_spec == "ann@example.org"
    assert "".join(address.display_name.split()) == "".join(name.split())


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\r\n"])
def test_content_is_kept_to_the_byte(ending: str) -> None:
    """What is on disk can be compared with what was sent."""
    html = f"<p>Grüße 🎉 {'x' * 2_000}</p>{ending}"
    assert part(the_mail(a_mail(content=[{"type": "text/html", "value": html}])), "html") == html
    both = [{"type": "text/plain", "value": f"a{ending}"}, {"type": "text/html", "value": html}]
    mail = the_mail(a_mail(content=both))
    assert (part(mail, "plain"), part(mail, "html")) == (f"a{ending}", html)
