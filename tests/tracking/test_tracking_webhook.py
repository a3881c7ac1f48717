"""What SendGrid posts becomes events; nothing hostile raises, and nothing is lost."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import Event, EventKind
from newsletter.tracking import parse_events, verify
from newsletter.tracking.webhook import KINDS

DOCUMENTED = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.DROPPED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.RESUBSCRIBED,
    "account_status_change": EventKind.OTHER,
}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "email": "ann@example.org",
        "timestamp": 1777890600,
        "event": "delivered",
        "sg_event_id": "ZGVsaXZlcmVk",
        "sg_message_id": "abc.filter.0",
        "response": "250 OK",
        "delivery_id": "a1b2-7",
        "edition": "daily/2026-05-04",
        "batch": "1",
        "attempt": "2",
        **changes,
    }


def one(**changes: Any) -> Event:
    parsed = parse_events(json.dumps([entry(**changes)]).encode())
    assert parsed.unreadable == ()
    (event,) = parsed.events
    return event


def public(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(key: ec.EllipticCurvePrivateKey, payload: bytes) -> str:
    return base64.b64encode(key.sign(payload, ec.ECDSA(SHA256()))).decode()


def test_an_event_as_it_comes() -> None:
    """Each field stands where the model has it; the instant is in UTC."""
    event = one()
    assert event.kind is EventKind.DELIVERED
    assert event.occurred_at == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
    assert (event.delivery_id, event.attempt, event.address) == ("a1b2-7", 2, "ann@example.org")
    assert (event.vendor_id, event.url, event.reason, event.machine) == ("ZGVsaXZlcmVk", "", "250 OK", False)
    assert json.loads(event.raw) == entry()


@pytest.mark.parametrize(("word", "kind"), DOCUMENTED.items())
def test_each_documented_word_has_its_kind(word: str, kind: EventKind) -> None:
    """The table is the documented list, no more and no less."""
    assert one(event=word).kind is kind
    assert set(KINDS) == set(DOCUMENTED)


def test_a_word_not_known_yet_is_kept() -> None:
    """An unknown kind is an event all the same, and says its word."""
    event = one(event="teleported", type="far", reason="")
    assert (event.kind, event.reason) == (EventKind.OTHER, "teleported: far: 250 OK")


@pytest.mark.parametrize(("bounce_type", "kind"), [
    ("bounce", EventKind.BOUNCED), ("blocked", EventKind.BLOCKED), ("expired", EventKind.BLOCKED),
    (None, EventKind.BOUNCED), (7, EventKind.BOUNCED),
])  # fmt: skip
def test_a_bounce_is_hard_or_blocked_by_its_type(bounce_type: object, kind: EventKind) -> None:
    """A type other than `bounce` is of this time only."""
    assert one(event="bounce", type=bounce_type).kind is kind


def test_the_status_stands_before_a_reason_that_lacks_it() -> None:
    """The code is what suppression is decided by."""
    assert one(event="bounce", status="5.7.515", reason="Access denied").reason == "5.7.515 Access denied"
    assert one(event="bounce", status="5.1.1", reason="550 5.1.1 no such user").reason == "550 5.1.1 no such user"


def test_sendgrids_own_count_of_tries_is_not_our_attempt() -> None:
    """On `deferred` both bear the same name: taking one for the other would report mails as sent twice."""
    assert one(event="deferred", attempt="5").attempt is None


@pytest.mark.parametrize("attempt", [None, True, -1, "", "x", "١", "9" * 40, 10**30, 1.5, [1], {"a": 1}])
def test_an_attempt_that_is_none(attempt: object) -> None:
    """Only a small whole number is an attempt."""
    assert one(attempt=attempt).attempt is None


def test_a_machine_open_is_marked() -> None:
    """Only the literal true marks it."""
    assert one(event="open", sg_machine_open=True).machine
    assert not one(event="open", sg_machine_open="true").machine
    assert not one(event="open").machine


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    """A hash of the entry, whatever the order of its fields; another entry gets another."""
    fields = {key: value for key, value in entry().items() if key != "sg_event_id"}
    turned = dict(reversed(fields.items()))
    ids = [parse_events(json.dumps([item]).encode()).events[0].vendor_id for item in (fields, turned)]
    other = parse_events(json.dumps([{**fields, "timestamp": 1777890601}]).encode()).events[0].vendor_id
    assert ids[0] == ids[1] != other
    assert ids[0].startswith("sha256:")
    assert len(ids[0]) <= 120


def test_an_event_without_our_ids_is_kept() -> None:
    """Some bounces come without them: the address is then the only clue."""
    event = one(delivery_id=None, attempt=None)
    assert (event.delivery_id, event.attempt, event.address) == (None, None, "ann@example.org")
    assert one(delivery_id=7).delivery_id is None


@pytest.mark.parametrize("timestamp", ["1777890600", 1777890600.0, "1777890600.0"])
def test_a_time_in_other_clothes(timestamp: object) -> None:
    """A number, or its digits."""
    assert one(timestamp=timestamp).occurred_at == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("bad", [
    {"timestamp": None}, {"timestamp": True}, {"timestamp": "soon"}, {"timestamp": -5}, {"timestamp": 10**17},
    {"timestamp": 10**5000}, {"timestamp": [1]}, {"timestamp": float("nan")}, {"timestamp": float("inf")},
    {"timestamp": "nan"}, {"event": None}, {"event": 5}, {"event": ""}, {"event": ["delivered"]},
])  # fmt: skip
def test_an_entry_that_is_no_event_is_kept_beside_the_good_ones(bad: dict[str, Any]) -> None:
    """One entry never takes the others with it, and what is unreadable is kept as JSON."""
    broken = json.dumps(entry(**bad)) if bad.get("timestamp") != 10**5000 else json.dumps(entry(timestamp=0)).replace(
        '"timestamp": 0', f'"timestamp": 1{"0" * 5000}'
    )  # fmt: skip
    parsed = parse_events(f"[{json.dumps(entry())}, {broken}, 7, null, {json.dumps(entry())}]".encode())
    assert len(parsed.events) == 2
    assert len(parsed.unreadable) == 3
    assert json.loads(parsed.unreadable[0])["email"] == "ann@example.org"


@pytest.mark.parametrize("body", [b"", b"not json", b"[", b'"text"', b"7", b"[" * 100_000, b"\xff\xfe", b"null"])
def test_a_body_that_is_no_list_of_events(body: bytes) -> None:
    """It is kept as it came, and nothing raises."""
    parsed = parse_events(body)
    assert parsed.events == ()
    assert len(parsed.unreadable) == 1


def test_a_single_object_is_one_event() -> None:
    """SendGrid posts lists; a lone object is plainly meant as one."""
    assert len(parse_events(json.dumps(entry()).encode()).events) == 1


def test_bytes_that_are_not_utf8_cost_no_event() -> None:
    """A user agent with a stray byte leaves the rest readable."""
    body = json.dumps([entry(useragent="@")]).encode().replace(b'@"', b'\xe4"')
    assert parse_events(body).events[0].delivery_id == "a1b2-7"


def test_what_comes_out_can_be_stored() -> None:
    """No NUL (PostgreSQL cannot hold it, not even escaped in JSON) and no half of a surrogate pair."""
    text = '[{"event": "click", "timestamp": 1, "email": "a\\u0000b", "url": "https://x/\\ud800", "k\\u0000": '
    text += '"\\\\u0000 is text, \\\\\\u0000 is not, \\ud83d\\ude00 is whole"}]'
    (event,) = parse_events(text.encode()).events
    assert (event.address, event.url) == ("a\ufffdb", "https://x/\ufffd")
    assert json.loads(event.raw)["k\ufffd"] == "\\u0000 is text, \\\ufffd is not, 😀 is whole"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [*entry(), "url", "type", "reason", "status", "sg_machine_open"]


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), json_values) | json_values, max_size=4))
def test_whatever_the_types_nothing_raises_and_nothing_is_lost(entries: list[Any]) -> None:
    """Each entry is an event or is kept; all text can be encoded and holds no NUL."""
    parsed = parse_events(json.dumps(entries).encode())
    assert len(parsed.events) + len(parsed.unreadable) == len(entries)
    texts = [*parsed.unreadable]
    for event in parsed.events:
        texts += [event.raw, event.vendor_id, event.address, event.url, event.reason, event.delivery_id or ""]
        json.loads(event.raw)
    assert all("\0" not in text and text.encode() is not None for text in texts)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_nothing_raises(body: bytes) -> None:
    """A body may hold anything."""
    parse_events(body)


def test_a_signature_holds_for_these_bytes_only() -> None:
    """Timestamp and raw body, trailing newline included, under this key."""
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    body = json.dumps([entry()]).encode() + b"\r\n"
    signature = signed(key, b"1777890600" + body)
    assert verify(public(key), signature, "1777890600", body)
    assert not verify(public(key), signature, "1777890601", body)
    assert not verify(public(key), signature, "1777890600", body.strip())
    assert not verify(public(other), signature, "1777890600", body)


@pytest.mark.parametrize("signature", ["", "x", "é", "\ud800", "\0", "AAAA", "MEUCIQ==", "A" * 100_000])
def test_a_hostile_signature_is_false(signature: str) -> None:
    """Nothing raises."""
    key = ec.generate_private_key(ec.SECP256R1())
    assert not verify(public(key), signature, "1", b"[]")
    assert not verify(public(key), signature, "\ud800", b"[]")


def test_another_kind_of_key_verifies_nothing() -> None:
    """Only P-256, as SendGrid signs; a key that is none is no error either."""
    p384 = ec.generate_private_key(ec.SECP384R1())
    signature = signed(p384, b"1[]")
    keys = [public(p384), public(ed25519.Ed25519PrivateKey.generate()), "", "é", "AAAA", "not base64"]
    assert [verify(key, signature, "1", b"[]") for key in keys] == [False] * 6


@given(st.text(), st.text(), st.text(), st.binary())
def test_whatever_the_headers_nothing_raises(key: str, signature: str, timestamp: str, body: bytes) -> None:
    """What cannot be checked is not signed."""
    assert verify(key, signature, timestamp, body) is False
