"""Signed events: what they say, that they can be verified, and that none is lost."""

from __future__ import annotations

import base64
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sandbox_requests import a_mail, call, post
from sandbox_webhook import Webhook
from sendgrid.helpers.eventwebhook import EventWebhook

from newsletter.sandbox import Sandbox, SandboxError, outcomes, webhook_public_key
from newsletter.sandbox.outcomes import OUTCOMES
from newsletter.sandbox.spool import BATCH_SIZE, wait_after

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

Make = Callable[..., Sandbox]


def test_processed_then_delivered(restartable: Make, webhook: Webhook) -> None:
    """An ordinary address gets both, with custom arguments beside the fields that SendGrid documents."""
    with restartable(webhook_url=webhook.url) as sandbox:
        reply = post(sandbox, a_mail("ann@example.org", categories=["daily"]))
        assert sandbox.drain(5)
    processed, delivered = webhook.events
    assert (processed["event"], delivered["event"]) == ("processed", "delivered")
    assert delivered["sg_message_id"].startswith(reply.headers["x-message-id"] + ".")
    assert processed["sg_event_id"] != delivered["sg_event_id"]
    assert {name: delivered[name] for name in ("email", "delivery_id", "edition", "batch", "category")} == {
        "email": "ann@example.org",
        "delivery_id": "0",
        "edition": "daily/2026-05-04",
        "batch": "1",
        "category": ["daily"],
    }
    assert isinstance(delivered["timestamp"], int)
    assert delivered["response"].startswith("250")
    assert delivered["smtp-id"].startswith("<")


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("ann@example.org", ["processed", "delivered"]),
        ("ann@bounce.example.org", ["processed", "delivered"]),
        ("BOUNCE-1@example.org", ["processed", "bounce"]),
        ("is.blocked@example.org", ["processed", "bounce"]),
        ("deferred@example.org", ["processed", "deferred", "delivered"]),
        ("dropped@example.org", ["dropped"]),
        ("spam@example.org", ["processed", "delivered", "spamreport"]),
        ("a-complaint@example.org", ["processed", "delivered", "spamreport"]),
        ("unsubscribe@example.org", ["processed", "delivered"]),
        ("open@example.org", ["processed", "delivered"]),
        ("click@example.org", ["processed", "delivered"]),
    ],
)
def test_the_address_decides(restartable: Make, webhook: Webhook, address: str, kinds: list[str]) -> None:
    """The local part alone; with tracking off there are no opens, clicks or unsubscribes."""
    off = {f"{name}_tracking": {"enable": False} for name in ("open", "click", "subscription")}
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail(address, tracking_settings=off))
        assert sandbox.drain(5)
    assert webhook.kinds(address) == kinds


def test_tracking_that_was_asked_for(restartable: Make, webhook: Webhook) -> None:
    """Opens, clicks and unsubscribes come where the request switches them on."""
    on = {f"{name}_tracking": {"enable": True} for name in ("open", "click", "subscription")}
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail("open@example.org", "click@example.org", "unsubscribe@example.org", tracking_settings=on))
        assert sandbox.drain(5)
    assert webhook.kinds("open@example.org")[2:] == ["open"]
    assert webhook.kinds("click@example.org")[2:] == ["open", "click"]
    assert webhook.kinds("unsubscribe@example.org")[2:] == ["unsubscribe"]
    (click,) = (event for event in webhook.events if event["event"] == "click")
    assert click["url"] == "https://example.org/a"
    (opened, _) = (event for event in webhook.events if event["event"] == "open")
    assert opened["sg_machine_open"] is False


def test_bounced_and_blocked_are_told_apart(restartable: Make, webhook: Webhook) -> None:
    """Both are `bounce` events; the type says which, and only one is for good."""
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail("bounce@example.org", "blocked@example.org"))
        assert sandbox.drain(5)
    told = {event["email"]: (event["type"], event["status"]) for event in webhook.events if event["event"] == "bounce"}
    assert told == {"bounce@example.org": ("bounce", "5.1.1"), "blocked@example.org": ("blocked", "5.7.1")}


def test_custom_arguments_cannot_replace_fields(restartable: Make, webhook: Webhook) -> None:
    """An argument named `event` or `email` is hidden by the field of that name."""
    body = a_mail("ann@example.org", custom_args={"email": "eve@example.org", "event": "open", "of_all": "yes"})
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, body)
        assert sandbox.drain(5)
    assert [(event["email"], event["event"], event["of_all"]) for event in webhook.events] == [
        ("ann@example.org", "processed", "yes"),
        ("ann@example.org", "delivered", "yes"),
    ]


def test_copies_have_events_too(restartable: Make, webhook: Webhook) -> None:
    """One mail, three recipients, three accounts."""
    people = {part: [{"email": f"{part}@example.org"}] for part in ("to", "cc", "bcc")}
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail(personalizations=[people]))
        assert sandbox.drain(5)
        assert [entry.address for entry in sandbox.accepted()] == [
            "to@example.org",
            "cc@example.org",
            "bcc@example.org",
        ]
        (path,) = sandbox.mails()
    assert {event["email"] for event in webhook.events} == {f"{part}@example.org" for part in people}
    assert len({event["sg_message_id"] for event in webhook.events}) == 3
    assert b"bcc@example.org" not in path.read_bytes()


def test_signed_over_timestamp_and_raw_body(restartable: Make, webhook: Webhook) -> None:
    """ECDSA on P-256, the last line break included; SendGrid's own helper agrees, and no altered body passes."""
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail("ann@example.org", "ö.dropped@example.org".replace("ö", "o")))
        assert sandbox.drain(5)
        key = sandbox.webhook_public_key
    ((headers, body),) = webhook.posts
    assert body.endswith(b"]\r\n")
    public = load_der_public_key(base64.b64decode(key))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(headers[SIGNATURE])
    signed = headers[TIMESTAMP].encode() + body
    public.verify(signature, signed, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed.rstrip(), ec.ECDSA(SHA256()))
    assert EventWebhook(key).verify_signature(body.decode(), headers[SIGNATURE], headers[TIMESTAMP])


def test_batches_of_a_thousand(restartable: Make, webhook: Webhook) -> None:
    """2 events for each of 1,000 readers, + 1 = 2,001 events: three posts, none over the limit."""
    readers = [f"r{number}@example.org" for number in range(999)]
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail(*readers, "deferred@example.org"))
        assert sandbox.drain(20)
    sizes = [len(json.loads(body)) for _, body in webhook.posts]
    assert sum(sizes) == 2 * 1_000 + 1
    assert max(sizes) == BATCH_SIZE
    assert len({event["sg_event_id"] for event in webhook.events}) == 2_001


def test_tried_again_until_answered(restartable: Make, webhook: Webhook) -> None:
    """Any answer but a 2xx brings the same bytes again; a redirect is not followed."""
    webhook.statuses = [500, 404, 301]
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail())
        assert not sandbox.drain(0.01)
        assert sandbox.drain(10)
    assert [event["event"] for event in webhook.events] == ["processed", "delivered"]


def test_a_stubborn_batch_does_not_hold_up_the_others(restartable: Make, webhook: Webhook) -> None:
    """While one waits for its next attempt, the next one goes."""
    webhook.statuses = [500]
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail("ann@example.org"))
        while webhook.statuses:
            sandbox.drain(0.005)
        post(sandbox, a_mail("bo@example.org"))
        assert sandbox.drain(10)
    assert [event["email"] for event in webhook.events][::2] == ["bo@example.org", "ann@example.org"]


def test_events_survive_a_restart(restartable: Make, webhook: Webhook, tmp_path: Path) -> None:
    """With nobody listening they wait on disk; the next start posts them, signed by the same key."""
    with restartable(webhook_url="http://127.0.0.1:9/nobody") as sandbox:
        post(sandbox, a_mail("ann@example.org"))
        assert not sandbox.drain(0.3)
        key = sandbox.webhook_public_key
    assert len(list((tmp_path / "sandbox" / "spool").glob("*.json"))) == 1
    with restartable(webhook_url=webhook.url) as sandbox:
        assert sandbox.drain(5)
        assert sandbox.webhook_public_key == key
    assert webhook.kinds("ann@example.org") == ["processed", "delivered"]
    assert list((tmp_path / "sandbox" / "spool").iterdir()) == []


def test_a_draft_is_not_posted(restartable: Make, webhook: Webhook, tmp_path: Path) -> None:
    """What a killed process left half written is no batch."""
    spool = tmp_path / "sandbox" / "spool"
    spool.mkdir(parents=True)
    (spool / ".1.json.ab.draft").write_bytes(b'[{"event":')
    with restartable(webhook_url=webhook.url) as sandbox:
        assert sandbox.drain(5)
        post(sandbox, a_mail())
        assert sandbox.drain(5)
    assert len(webhook.posts) == 1


def test_waits_grow_to_a_limit() -> None:
    """0.2 s, doubled each time, 30 s at most, for ever."""
    assert [wait_after(attempts) for attempts in (1, 2, 3, 9, 10_000)] == [0.2, 0.4, 0.8, 30.0, 30.0]


@pytest.mark.parametrize(
    "url", ["http://example.org/hooks", "https://127.0.0.1/hooks", "http://192.0.2.1:8000/", "hooks", "http:///x"]
)
def test_events_stay_on_this_machine(tmp_path: Path, url: str) -> None:
    """A webhook elsewhere is refused before anything starts."""
    with pytest.raises(SandboxError, match="webhook"):
        Sandbox(tmp_path, port=0, webhook_url=url)


def make_key(folder: Path) -> str:
    return webhook_public_key(folder)


def test_two_that_start_at_once_agree_on_a_key(tmp_path: Path) -> None:
    """Whoever is first makes the pair; all sign and verify with it, and only the owner can read it."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        keys = set(pool.map(make_key, [tmp_path / "sandbox"] * 8, chunksize=1))
        pool.close()
        pool.join()
    assert len(keys) == 1
    assert (tmp_path / "sandbox" / "webhook-key.pub").read_text().strip() in keys
    assert (tmp_path / "sandbox" / "webhook-key.pem").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (tmp_path / "sandbox").iterdir()} == {"webhook-key.pem", "webhook-key.pub"}


def test_the_table_in_the_docs_is_whole() -> None:
    """Each outcome has its line in the module's table."""
    assert all(word in str(outcomes.__doc__) for word in OUTCOMES)


def test_without_a_webhook_nothing_waits(sandbox: Sandbox) -> None:
    """There is nothing to drain."""
    assert post(sandbox, a_mail()).status == 202
    assert sandbox.drain(0)


def test_pending_events_are_shown(restartable: Make) -> None:
    """The inbox says that the webhook does not answer."""
    with restartable(webhook_url="http://127.0.0.1:9/nobody") as sandbox:
        post(sandbox, a_mail())
        assert b"1 batch of events" in call(sandbox, "GET", "/").body


def test_events_of_any_kind_are_json(restartable: Make, webhook: Webhook) -> None:
    """Values that need escaping arrive as they were."""
    odd: dict[str, Any] = {"note": 'ü "x" \\ \u2028 🎉'}
    with restartable(webhook_url=webhook.url) as sandbox:
        post(sandbox, a_mail(custom_args=odd))
        assert sandbox.drain(5)
    assert webhook.events[0]["note"] == odd["note"]
