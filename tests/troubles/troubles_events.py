"""What SendGrid would tell of mails that the fake gateway accepted, signed as it signs; and what must be so then."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence

import httpx
from ledger_house import House

from newsletter.sandbox.keys import Signer
from newsletter.sending.gateway import Outgoing
from newsletter.web.app import create_app


def delivered(outgoings: Sequence[Outgoing], moment: int = 1777890600) -> bytes:
    """A body of events, one for each reader."""
    events = [
        {
            "event": "delivered", "timestamp": moment, "email": person.address,
            "sg_event_id": f"{person.delivery_id}-{outgoing.batch.attempt}", "delivery_id": person.delivery_id,
            "edition": outgoing.batch.edition, "batch": str(outgoing.batch.number),
            "attempt": str(outgoing.batch.attempt),
        }
        for outgoing in outgoings
        for person in outgoing.batch.recipients
    ]  # fmt: skip
    return json.dumps(events).encode()


def each_once(house: House, wanted: Sequence[str]) -> None:
    """By the gateway's own account, and by the ledger's, which adds up."""
    assert Counter(house.fake.live) == dict.fromkeys(wanted, 1)
    report = house.report()
    assert (report.state, report.accepted, report.in_doubt, report.pending) == ("sent", len(wanted), 0, 0)
    assert report.sent_twice == 0


def posted(house: House, body: bytes) -> int:
    """The status with which the web app answers a post of SendGrid's."""
    signature = Signer(house.folder / "var/sandbox").sign("1777890600", body)
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": "1777890600",
    }

    async def go() -> int:
        transport = httpx.ASGITransport(create_app(house.context))
        async with httpx.AsyncClient(transport=transport, base_url="http://news.example.org") as client:
            return (await client.post("/hooks/sendgrid", content=body, headers=headers)).status_code

    return asyncio.run(go())
