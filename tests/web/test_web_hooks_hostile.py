"""Hostile and broken bodies at the webhook: old, packed, mislabelled, deep, huge, shuffled. Nothing is lost or counted
twice, and nothing that is not SendGrid's gets in.
"""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from web_house import NOW, House, bounce, signed

from newsletter.web.hooks import MAX_BODY_BYTES

PATH = "/hooks/sendgrid"


def post(house: House, body: bytes, **headers: str) -> int:
    return house.ask("POST", PATH, content=body, headers=signed(body) | headers).status_code


def kept(house: House) -> tuple[int, int]:
    """How many events of ours there are, and how many foreign ones."""
    with house.context.store.read() as tx:
        return (
            tx.execute(text("SELECT count(*) FROM event")).scalar_one(),
            tx.execute(text("SELECT count(*) FROM foreign_event")).scalar_one(),
        )


def at(moment: datetime) -> str:
    return str(int(moment.timestamp()))


@pytest.mark.parametrize(("timestamp", "status"), [
    (at(NOW - timedelta(hours=24)), 204),  # SendGrid tries for so long
    (at(NOW - timedelta(days=2, hours=23)), 204),
    (at(NOW - timedelta(days=3, minutes=1)), 403),
    (at(NOW + timedelta(days=1)), 204),  # this machine's clock is behind
    ("1", 403), ("", 403), ("soon", 403), ("-1777890600", 403), ("9" * 400, 403),
])  # fmt: skip
def test_an_old_request_again(house: House, timestamp: str, status: int) -> None:
    """Signed, but days ago: whoever kept it may not have its events counted once more when their rows are gone."""
    body = bounce("ann@example.org")
    answer = house.ask("POST", PATH, content=body, headers=signed(body, timestamp))
    assert answer.status_code == status
    assert bool(house.suppressed()) is (status == 204)


def test_an_old_request_says_why_in_the_log(house: House) -> None:
    """The one who reads it may have a wrong clock."""
    body = bounce("ann@example.org")
    with capture_logs() as lines:
        house.ask("POST", PATH, content=body, headers=signed(body, at(NOW - timedelta(days=9))))
    assert "clock" in next(line["reason"] for line in lines if line["event"] == "events refused")


def test_a_packed_body_is_not_unpacked(house: House) -> None:
    """SendGrid does not pack; a bomb that is signed as it stands is kept as what it is, some kilobytes of no JSON."""
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert len(bomb) < 100_000
    assert post(house, bomb, **{"Content-Encoding": "gzip"}) == 204
    assert kept(house) == (0, 1)
    real = bounce("ann@example.org")
    packed = gzip.compress(real)
    answer = house.ask("POST", PATH, content=packed, headers=signed(real) | {"Content-Encoding": "gzip"})
    assert answer.status_code == 403, "the signature is over what comes"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
def test_the_content_type_decides_nothing(house: House, kind: str) -> None:
    """The signature does; a body is read as JSON, whatever it is called."""
    assert post(house, bounce("ann@example.org"), **{"Content-Type": kind}) == 204
    assert house.suppressed() == [("bounce", "event")]


@pytest.mark.parametrize("deep", [
    b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 5_000_000,
    b'[{"event":"open","timestamp":1777890600,"sg_event_id":"x","deep":' + b"[" * 300 + b"]" * 300 + b"}]",
])  # fmt: skip
def test_depth(house: House, deep: bytes) -> None:
    """Nested beyond what any reader takes: kept, and the next body is read."""
    assert post(house, deep) == 204
    assert post(house, bounce("ann@example.org")) == 204
    assert house.suppressed() == [("bounce", "event")]


@pytest.mark.parametrize("cut", [1, 40, -30, -3])
def test_a_truncated_body(house: House, cut: int) -> None:
    """Cut on the way, its signature does not fit; cut before it was signed, it is kept for whoever looks."""
    whole = bounce("ann@example.org")
    answer = house.ask("POST", PATH, content=whole[:cut], headers=signed(whole))
    assert (answer.status_code, house.suppressed()) == (403, [])
    assert post(house, whole[:cut]) == 204
    assert (kept(house), house.suppressed()) == ((0, 1), [])


def many(count: int) -> list[dict[str, object]]:
    """Events of nobody's delivery, each with an address that is known to bounce or not."""
    return [
        {"event": "processed", "timestamp": 1777890600 + number, "sg_event_id": f"e{number}", "email": "x@example.org"}
        for number in range(count)
    ]


def test_a_hundred_thousand_events(house: House) -> None:
    """In one body, of almost the size of the limit: taken whole, and once, in whatever order it comes again."""
    entries = many(100_000)
    body = json.dumps(entries, separators=(",", ":")).encode()
    assert 7_000_000 < len(body) < MAX_BODY_BYTES
    assert post(house, body) == 204
    assert kept(house) == (0, 100_000)
    random.Random(1).shuffle(entries)
    assert post(house, json.dumps(entries[:1000], separators=(",", ":")).encode()) == 204
    assert kept(house) == (0, 100_000)


@pytest.mark.parametrize("entry", [
    {"event": "bounce", "timestamp": 1777890600}, {"event": "bounce", "timestamp": 1777890600, "email": None},
    {"event": "bounce", "timestamp": 1777890600, "email": ["ann@example.org"]},
    {"event": "bounce", "timestamp": 1777890600, "email": "a" * 100_000 + "@example.org"},
    {"event": "spamreport", "timestamp": 1777890600, "email": "ann@example.org\r\nBcc: bob@example.org"},
    {"event": "unsubscribe", "timestamp": 1777890600, "email": "ann@example.org", "delivery_id": "zzzzzzzz-1"},
    {"event": ["bounce"], "timestamp": 1777890600, "email": "ann@example.org"},
    {"event": "bounce", "timestamp": "yesterday", "email": "ann@example.org"},
    {"event": "resurrected", "timestamp": 1777890600, "email": "ann@example.org"},
])  # fmt: skip
def test_odd_events_suppress_nobody(house: House, entry: dict[str, object]) -> None:
    """Without an address, with one that is none, of another installation, of a kind or a time not known: kept apart."""
    assert post(house, json.dumps([entry]).encode()) == 204
    assert kept(house) == (0, 1)
    assert house.suppressed() == []


def test_the_instant_is_the_test_s(house: House) -> None:
    """What these tests sign is of the house's own time."""
    assert house.context.clock() == NOW == datetime.fromtimestamp(1777890600, UTC)
