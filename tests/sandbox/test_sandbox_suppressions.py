"""The sandbox's lists of addresses that it mails no more, as SendGrid's are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sandbox_requests import a_mail, call, post
from sandbox_webhook import Webhook

from newsletter.sandbox import Sandbox

TRACKED = {"tracking_settings": {"subscription_tracking": {"enable": True}}}


def send(sandbox: Sandbox, *addresses: str, **more: object) -> None:
    assert post(sandbox, a_mail(*addresses, **more)).status == 202


def listed(sandbox: Sandbox, name: str, query: str = "") -> list[str]:
    return [entry["email"] for entry in call(sandbox, "GET", f"/v3/suppression/{name}{query}").json]


def test_what_became_of_mails(sandbox: Sandbox) -> None:
    """Each outcome comes to its list, with what SendGrid tells there; who was delivered to is on none."""
    send(sandbox, "bounce@example.org", "blocked@example.org", "spam@example.org", "ann@example.org", **TRACKED)
    send(sandbox, "unsubscribe@example.org", **TRACKED)
    send(sandbox, "unsubscribe2@example.org")
    assert listed(sandbox, "bounces") == ["bounce@example.org"]
    assert listed(sandbox, "blocks") == ["blocked@example.org"]
    assert listed(sandbox, "spam_reports") == ["spam@example.org"]
    assert listed(sandbox, "unsubscribes") == ["unsubscribe@example.org"], "without the tracking there is no such link"
    assert listed(sandbox, "invalid_emails") == []
    (bounce,) = call(sandbox, "GET", "/v3/suppression/bounces/Bounce%40example.org").json
    assert set(bounce) == {"created", "email", "reason", "status"}
    known = call(sandbox, "GET", "/v3/asm/suppressions/global/unsubscribe@example.org").json
    assert known == {"recipient_email": "unsubscribe@example.org"}
    assert call(sandbox, "GET", "/v3/asm/suppressions/global/ann@example.org").json == {}


@pytest.mark.parametrize(
    ("address", "first", "then"),
    [
        ("bounce@example.org", ["processed", "bounce"], ["dropped"]),
        ("spam@example.org", ["processed", "delivered", "spamreport"], ["dropped"]),
        ("blocked@example.org", ["processed", "bounce"], ["processed", "bounce"]),
    ],
)
def test_what_is_mailed_to_one_on_a_list(
    restartable: Callable[..., Sandbox], webhook: Webhook, address: str, first: list[str], then: list[str]
) -> None:
    """Is dropped, after a restart too; but with the setting that says so, or once it was lifted, it is tried."""
    bypass = {"mail_settings": {"bypass_list_management": {"enable": True}}}
    told: list[list[str]] = []
    for more in ({}, {}, bypass, None):
        with restartable(webhook_url=webhook.url) as sandbox:
            if more is None:
                for name in ("bounces", "spam_reports"):
                    assert call(sandbox, "DELETE", f"/v3/suppression/{name}/{address}").status == 204
            webhook.posts.clear()
            send(sandbox, address, **(more or {}))
            assert sandbox.drain(5)
            told.append([event["event"] for event in webhook.events])
    assert told == [first, then, first, first]


def test_pages(sandbox: Sandbox) -> None:
    """500 at most, newest first, from an offset, of a time."""
    send(sandbox, *(f"bounce{n}@example.org" for n in range(7)))
    assert listed(sandbox, "bounces", "?limit=3&offset=3") == [f"bounce{n}@example.org" for n in (3, 2, 1)]
    assert len(listed(sandbox, "bounces")) == 7
    assert listed(sandbox, "bounces", "?end_time=1000") == []
    assert len(listed(sandbox, "bounces", "?start_time=1000")) == 7
    for query in ("?limit=501", "?limit=0", "?offset=-1", "?limit=many"):
        assert call(sandbox, "GET", f"/v3/suppression/bounces{query}").status == 400


def test_many_are_lifted_at_once(sandbox: Sandbox) -> None:
    """Those that are named, or all; not both, and not neither."""
    send(sandbox, *(f"bounce{n}@example.org" for n in range(3)))
    path = "/v3/suppression/bounces"
    for body in ({}, {"delete_all": True, "emails": ["x@example.org"]}, b"[", []):
        assert call(sandbox, "DELETE", path, body).status == 400
    assert call(sandbox, "DELETE", path, {"emails": ["bounce1@example.org", "x@example.org"]}).status == 204
    assert listed(sandbox, "bounces") == ["bounce2@example.org", "bounce0@example.org"]
    assert call(sandbox, "DELETE", path, {"delete_all": True}).status == 204
    assert listed(sandbox, "bounces") == []


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("None", 401), ("SG.forbidden", 403)])
def test_a_key_is_needed(sandbox: Sandbox, key: str | None, status: int) -> None:
    """As for mail."""
    for verb, path in (("GET", "/v3/suppression/bounces"), ("DELETE", "/v3/asm/suppressions/global/a@example.org")):
        assert call(sandbox, verb, path, key=key).status == status
