"""The request of a batch: what SendGrid's description asks, and what our promises ask of it."""

from __future__ import annotations

import base64
import email
import json
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sending_samples import MESSAGE, outgoing, person

from newsletter.model import EmbeddedPicture, Mailbox, Recipient, SendKind, Tracking
from newsletter.sandbox import Sandbox
from newsletter.sending.gateway import Outgoing
from newsletter.sending.mail_send import _prepared_attachments, body, prepared
from newsletter.sending.sendgrid import SendGrid


def test_plain_text_comes_first() -> None:
    """SendGrid wants text/plain before text/html; both are the message's bytes."""
    assert body(outgoing())["content"] == [
        {"type": "text/plain", "value": MESSAGE.text},
        {"type": "text/html", "value": MESSAGE.html},
    ]


def test_every_tracking_setting_is_stated() -> None:
    """What an account's settings say must not decide what is seen of readers; no variant gets more than is its own."""
    for clicks in ("none", "aggregate", "individual"):
        for opens in (False, True):
            batch = outgoing(tracking=Tracking(clicks=clicks, opens=opens))  # type: ignore[arg-type]  # one of its words
            assert body(batch)["tracking_settings"] == {
                "click_tracking": {"enable": clicks == "individual", "enable_text": False},
                "open_tracking": {"enable": opens},
                "subscription_tracking": {"enable": False},
                "ganalytics": {"enable": False},
            }
            assert json.loads(prepared(batch)) == body(batch)
    assert body(outgoing())["tracking_settings"] == body(outgoing(tracking=Tracking()))["tracking_settings"]


def test_headers_stand_at_each_reader() -> None:
    """RFC 8058 and RFC 2919, with the reader's own full link."""
    found = body(outgoing(2))
    assert "headers" not in found
    assert [entry["headers"] for entry in found["personalizations"]] == [
        {
            "List-Id": "<daily.example.org>",
            "List-Unsubscribe": f"<https://news.example.org/u/t{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        for number in range(2)
    ]


def test_a_senders_domain_outside_ascii() -> None:
    """A header holds its ASCII form only, in the sender and in the List-Id alike."""
    sender = Mailbox(address="morning@bücher.example.org", name="The Morning Run")
    request = body(outgoing(1, sender=sender, list_id="<daily.bücher.example.org>"))
    assert request["from"]["email"] == "morning@xn--bcher-kva.example.org"
    assert request["personalizations"][0]["headers"]["List-Id"] == "<daily.xn--bcher-kva.example.org>"


def test_mail_to_editors_by_a_machine_says_so() -> None:
    """RFC 3834."""
    (entry,) = body(outgoing(1, kind="notice", automatic=True))["personalizations"]
    assert entry["headers"]["Auto-Submitted"] == "auto-generated"


def test_custom_args_are_strings_and_hold_no_address() -> None:
    """Ids only (interface.md): delivery_id, edition, batch, attempt; all strings."""
    (entry,) = body(outgoing(1, number=3, attempt=2))["personalizations"]
    assert entry["custom_args"] == {
        "delivery_id": "ab12cd34-0", "edition": "daily/2026-05-04", "batch": "3", "attempt": "2",
    }  # fmt: skip
    (test,) = body(outgoing(1, kind="test"))["personalizations"]
    assert test["custom_args"]["kind"] == "test"


def test_a_reader_is_one_token() -> None:
    """Substitutions are inserted raw, into HTML and text alike: a token has nothing that either would escape."""
    (entry,) = body(outgoing(1))["personalizations"]
    assert entry["substitutions"] == {"[[reader]]": "t0"}


@pytest.mark.parametrize(
    ("kind", "href"),
    [("live", "r/abc"), ("correction", "r/abc"), ("test", "r/abc?t"), ("notice", "r/abc?t")],
)
def test_what_editors_get_does_not_count_as_read(kind: SendKind, href: str) -> None:
    """The query of links through our redirect is put in here: no service need know what an empty value is."""
    whole = outgoing(2, kind=kind)
    whole = replace(
        whole, message=replace(whole.message, html="<a href='r/abc[[rq]]'>x</a><a href='r/abc[[rq]]'>x</a>")
    )
    html = f"<a href='{href}'>x</a><a href='{href}'>x</a>"
    assert body(whole)["content"][1]["value"] == html
    assert json.loads(prepared(whole))["content"][1]["value"] == html


def test_a_live_subject_stands_once() -> None:
    """The message's."""
    found = body(outgoing(1))
    assert found["subject"] == "Ports reopen"
    assert "subject" not in found["personalizations"][0]


def test_a_tests_subject_stands_at_the_reader() -> None:
    """The frozen bytes keep the live one (sending.md, What was tested is what goes)."""
    live, test = body(outgoing(1)), body(outgoing(1, kind="test", subject="[TEST 3f9a] Ports reopen"))
    assert test["subject"] == live["subject"]
    assert test["content"] == live["content"]
    assert test["personalizations"][0]["subject"] == "[TEST 3f9a] Ports reopen"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Ann Roe", "Ann Roe"),
        ('Roe, Ann; "the" <boss> (x) [y] a@b:c', "Roe Ann the boss x y a b c"),
        ("Zoë Łęcka", "Zoë Łęcka"),
        ("a\tb\n c", "a b c"),
        (",;", None),
        ("", None),
    ],
)
def test_names_are_cleaned(name: str, sent: str | None) -> None:
    """No name with ,;<>()@[]:" (sending.md); one that is nothing else is left out."""
    (entry,) = body(outgoing(people=(person(1, name=name),)))["personalizations"]
    assert entry["to"] == [{"email": "reader1@example.org"} | ({"name": sent} if sent else {})]


def test_without_a_reply_to() -> None:
    """Then there is none in the request."""
    assert "reply_to" not in body(outgoing(reply_to=None))


def test_a_thousand_readers_fit() -> None:
    """A full batch with long links stays far under 30 MB."""
    people = tuple(person(n, token="t" * 200) for n in range(1000))
    assert len(json.dumps(body(outgoing(people=people)))) < 3_000_000


texts = st.text(st.characters(exclude_characters="\0"), max_size=40)
"""Whatever a text may hold; our own hold no NUL."""


@given(
    people=st.lists(
        st.builds(
            Recipient,
            delivery_id=texts,
            subscriber_id=st.integers(0),
            address=texts.filter(str.isascii) | st.sampled_from(['a"\\b@example.org', "zoë@bücher.example.org"]),
            name=texts | st.sampled_from(["", ",;", "Ann Roe", "email", "token", "%s {} \\u0000name"]),
            token=texts,
        ),
        min_size=1,
        max_size=4,
    ),
    kind=st.sampled_from(["live", "test", "notice"]),
    subject=st.sampled_from([MESSAGE.subject, '"name" token id \\u0000email %s']),
    automatic=st.booleans(),
    reply_to=st.none() | st.just(Mailbox(address="desk@example.org", name="Desk")),
)
def test_what_is_sent_is_what_is_defined(people: list[Recipient], **around: Any) -> None:
    """The bytes that go over the wire are the JSON of `body`, whatever stands in it."""
    batch = outgoing(people=tuple(people), **around)
    assert json.loads(prepared(batch)) == body(batch)


PICTURE = EmbeddedPicture(name="port-0123456789abcdef-1072.jpg", media_type="image/jpeg", content=b"\xff\xd8\xff" * 99)


def carrying(*pictures: EmbeddedPicture, count: int = 2) -> Outgoing:
    batch = outgoing(count)
    return replace(batch, message=replace(batch.message, embedded=pictures))


def test_pictures_that_the_mail_carries() -> None:
    """Inline, under the id that the HTML shows; in the bytes as in the definition, and absent where there are none."""
    batch = carrying(PICTURE)
    assert body(batch)["attachments"] == [
        {
            "content": base64.b64encode(PICTURE.content).decode(),
            "type": "image/jpeg",
            "filename": "port-0123456789abcdef-1072.jpg",
            "disposition": "inline",
            "content_id": "port-0123456789abcdef-1072.jpg@images",
        }
    ]
    assert json.loads(prepared(batch)) == body(batch)
    assert "attachments" not in body(outgoing(1))
    other = replace(PICTURE, content=b"GIF89a", media_type="image/gif")
    assert json.loads(prepared(carrying(other, PICTURE))) == body(carrying(other, PICTURE))


def test_pictures_are_prepared_once_for_all_batches() -> None:
    """1 MB of them takes a batch no longer than a copy does: the first pays for all."""
    heavy = replace(PICTURE, name="heavy.jpg", content=bytes(1_000_000))
    _prepared_attachments.cache_clear()
    for number in range(5):
        prepared(carrying(heavy, count=number + 1))
    assert _prepared_attachments.cache_info()[:2] == (4, 1)


def test_addresses_are_not_put_into_words() -> None:
    """The library makes a line for its log of every body: of ours it gets the length."""
    assert f"{prepared(outgoing(1))}" == f"{len(prepared(outgoing(1)))} bytes"


# --- the sandbox has SendGrid's rules ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("body"), port=0, webhook_url=None) as started:
        yield started


def arrived(sandbox: Sandbox, position: int = -1) -> EmailMessage:
    raw = sandbox.mails()[position].read_bytes()
    return cast("EmailMessage", email.message_from_bytes(raw, policy=default))


def test_what_arrives(sandbox: Sandbox) -> None:
    """Through the SendGrid library: each reader's mail has their link, their headers, the sender's name."""
    SendGrid("SG.test", sandbox.url, 5).submit(outgoing(2))
    mail = arrived(sandbox)
    assert mail["Subject"] == "Ports reopen"
    assert mail["From"] == "The Morning Run <morning@example.org>"
    assert mail["List-Unsubscribe"].startswith("<https://news.example.org/u/t")
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "https://news.example.org/u/t" in text.get_content()
    assert "https://news.example.org/u/t" in html.get_content()
    assert "[[" not in text.get_content() + html.get_content()


def test_a_test_arrives_with_its_own_subject(sandbox: Sandbox) -> None:
    """And says in its ids that it is one."""
    SendGrid("SG.test", sandbox.url, 5).submit(outgoing(1, kind="test", subject="[TEST 3f9a] Ports reopen"))
    assert arrived(sandbox)["Subject"] == "[TEST 3f9a] Ports reopen"
    assert sandbox.accepted()[-1].custom_args["kind"] == "test"


names = st.text(st.characters(codec="utf-8"), max_size=60)


@given(people=st.lists(st.builds(lambda name: {"name": name}, names), min_size=1, max_size=4), sender=names)
def test_no_name_is_refused(sandbox: Sandbox, people: list[dict[str, Any]], sender: str) -> None:
    """Whatever people are called, the request conforms."""
    named: tuple[Recipient, ...] = tuple(person(n, **entry) for n, entry in enumerate(people))
    SendGrid("SG.test", sandbox.url, 5).submit(
        outgoing(people=named, sender=Mailbox(address="morning@example.org", name=sender))
    )
