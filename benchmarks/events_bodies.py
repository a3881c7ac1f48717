"""Bodies as SendGrid posts them, for the deliveries of a send, and what has to be in the ledger after them.

Of each reader one `processed` and one `delivered`; of one in twelve a `deferred` before it, of one in four an `open`
(a machine's, of one in five), of one in a hundred a hard bounce in place of `delivered`, and of another a block. One
in a thousand calls it spam, and two leave by the mail service. One event in a hundred is of another installation; one
in twenty comes twice, in its own body or in the next.
"""

from __future__ import annotations

import json
import random
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

BEGAN = 1_795_000_000
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body to post, and what it holds: (key, kind) of our events and the ids of foreign ones."""

    data: bytes
    size: int
    ours: tuple[tuple[str, str, str], ...]
    foreign: tuple[str, ...]


def bodies(deliveries: Sequence[tuple[str, str]], *, edition: str, size: int, seed: int) -> Iterator[Body]:
    """Bodies of `size` events for deliveries (id, address), in about the order in which they were sent."""
    chance = random.Random(seed)
    told = [entry for place, of in enumerate(deliveries) for entry in _events(chance, place, of, edition)]
    told.sort(key=lambda entry: entry["timestamp"])
    again: list[Entry] = []
    for start in range(0, len(told), size):
        part = [*again, *told[start : start + size]]
        twice = chance.sample(part, len(part) // 20)
        again = twice[len(twice) // 2 :]
        yield _body([*part, *twice[: len(twice) // 2]])


def _body(entries: Sequence[Entry]) -> Body:
    ours = [entry for entry in entries if not entry["delivery_id"].startswith("zzzz")]
    lines = ",\r\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    return Body(
        data=f"[{lines}]\r\n".encode(),
        size=len(entries),
        ours=tuple((e["sg_event_id"], e["delivery_id"], _fact(e)) for e in ours),
        foreign=tuple(e["sg_event_id"] for e in entries if e["delivery_id"].startswith("zzzz")),
    )


def _fact(entry: Entry) -> str:
    """What it comes to: `blocked` is a `bounce` by its type, and no suppression."""
    if entry.get("sg_machine_open"):
        return ""
    return "blocked" if entry.get("type") == "blocked" else str(entry["event"])


def _events(chance: random.Random, place: int, of: tuple[str, str], edition: str) -> Iterator[Entry]:
    delivery, address = of
    at = BEGAN + place // 2000  # a send of some thousand readers a second
    shared = {
        "email": address, "edition": edition, "batch": str(place // 1000 + 1), "attempt": "1",
        "category": ["daily"], "sg_message_id": f"{uuid.UUID(int=chance.getrandbits(128)).hex}.recvd-5d8-{place}.0",
        "smtp-id": f"<{chance.getrandbits(64):x}@geopod-ismtpd-12>",
    }  # fmt: skip
    for after_s, fields in _story(chance):
        strange = chance.random() < 0.01
        yield {
            **shared, "timestamp": at + after_s, **fields,
            "delivery_id": f"zzzzzzzz-{place}" if strange else delivery,
            "sg_event_id": urlsafe_b64encode(chance.randbytes(24)).decode(),
        }  # fmt: skip


def _story(chance: random.Random) -> Iterator[tuple[int, Entry]]:
    ip = f"198.51.100.{chance.randrange(256)}"
    yield 0, {"event": "processed"}
    if chance.random() < 0.01:
        reason = "550 5.1.1 The email account that you tried to reach does not exist"
        yield 1, {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": reason, "ip": ip, "tls": 1}
        return
    if chance.random() < 0.01:
        reason = "452 4.2.2 The recipient's inbox is out of storage space"
        yield 1, {"event": "bounce", "type": "blocked", "status": "4.2.2", "reason": reason, "ip": ip, "tls": 1}
        return
    if chance.random() < 1 / 12:
        response = "451 4.3.0 Temporarily deferred, try again later"
        yield 1, {"event": "deferred", "attempt": "3", "response": response, "ip": ip, "tls": 0}
    response = f"250 2.0.0 OK  1795000000 {chance.getrandbits(60):x}-{chance.getrandbits(48):x}si.12 - gsmtp"
    yield chance.randrange(2, 6), {"event": "delivered", "response": response, "ip": ip, "tls": 1}
    if chance.random() < 1 / 4:
        machine = chance.random() < 1 / 5
        yield chance.randrange(6, 30), {"event": "open", "useragent": AGENT, "ip": ip, "sg_machine_open": machine}
    if chance.random() < 0.003:
        yield chance.randrange(30, 60), {"event": chance.choice(["spamreport", "unsubscribe", "unsubscribe"])}
