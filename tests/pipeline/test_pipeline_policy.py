"""`in_doubt = "resend"`: after the quiet time, with the way back known to work, and once; else a person decides."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from ledger_house import House, at

from newsletter.errors import InDoubt
from newsletter.model import Recipient
from newsletter.pipeline import doubts, listening, testing
from newsletter.sending.gateway import Outgoing
from newsletter.storage import evidence

DAILY = "daily/2026-05-04"


@pytest.fixture
def doubtful(house: House) -> House:
    """Monday's edition went at 06:30, one batch of two came to be in doubt."""
    house.newsletter(keys='in_doubt = "resend"')
    house.reload(SEND_CONCURRENCY=1)
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(4)
    house.story()
    house.tick(at(4, 6, 15))
    house.fake.script = [InDoubt("reset")]
    house.tick(at(4, 6, 30))
    assert house.report().in_doubt == 2
    return house


def told(house: House, person: Recipient, attempt: int = 1) -> None:
    """An event of a mail comes in."""
    event = {
        "event": "delivered", "timestamp": int(house.clock().timestamp()), "email": person.address,
        "sg_event_id": f"{person.delivery_id}-{attempt}", "delivery_id": person.delivery_id, "attempt": str(attempt),
    }  # fmt: skip
    assert listening.take_in(house.context, json.dumps([event]).encode()).new == 1


def last(house: House, kind: str) -> Recipient:
    """Who got the newest mail of a kind."""
    found = [outgoing for outgoing in house.fake.accepted if outgoing.batch.kind == kind]
    return found[-1].batch.recipients[0]


def sign(house: House, moment: datetime) -> None:
    """A test goes to the editors, and its event comes."""
    house.clock.at = moment
    testing.send_test(house.context, house.target(DAILY))
    told(house, last(house, "test"))


def asked(house: House) -> list[Outgoing]:
    return [outgoing for outgoing in house.fake.asked if outgoing.batch.kind == "live"]


def test_never_before_the_quiet_time(doubtful: House) -> None:
    """Others are heard at 06:55; the batch goes at 07:00, and not a tick before."""
    sign(doubtful, at(4, 6, 55))
    doubtful.tick(at(4, 6, 59, 59))
    assert doubtful.report().in_doubt == 2
    doubtful.tick(at(4, 7))
    assert (doubtful.report().state, len(doubtful.fake.live)) == ("sent", 4)


def test_a_webhook_that_broke(doubtful: House) -> None:
    """Others were heard a minute after the send, and nobody since: silence says nothing, so a mail finds out."""
    house = doubtful
    house.clock.at = at(4, 6, 31)
    told(house, last(house, "notice"))
    house.tick(at(4, 7))
    house.tick(at(4, 7, 10))
    assert house.report().in_doubt == 2
    assert house.fake.subjects.count(f"{DAILY} is in doubt still") == 1
    (item,) = doubts.listed(house.context, DAILY)
    assert "none since 2026-05-04 10:31:00 UTC either: the webhook may have broken" in doubts.verdict(
        item, house.clock()
    )
    told(house, last(house, "notice"))
    house.tick(at(4, 7, 11))
    assert (house.report().state, len(house.fake.live)) == ("sent", 4)


def test_an_old_mail_is_no_sign(doubtful: House) -> None:
    """Events of what was claimed before the batch say nothing of how far behind the mail service is."""
    house = doubtful
    house.clock.at = at(4, 6, 58)
    told(house, house.fake.accepted[0].batch.recipients[0])
    (item,) = doubts.listed(house.context, DAILY)
    assert item.others_heard_at is None
    house.tick(at(4, 7))
    assert house.report().in_doubt == 2


def test_never_twice(doubtful: House) -> None:
    """In doubt again after the resend: it waits for a person, however long others are heard."""
    sign(doubtful, at(4, 6, 55))
    doubtful.fake.script = [InDoubt("reset again")]
    doubtful.tick(at(4, 7))
    assert (doubtful.report().in_doubt, len(asked(doubtful))) == (2, 3)
    sign(doubtful, at(4, 7, 29))
    for moment in (at(4, 7, 31), at(4, 8, 30)):
        doubtful.tick(moment)
    assert (doubtful.report().in_doubt, len(asked(doubtful))) == (2, 3)
    (item,) = doubts.listed(doubtful.context, DAILY)
    assert (item.attempt, item.doubted) == (2, 2)
    assert doubts.probably_not_accepted(item, doubtful.clock()), "a person may well resend it"
    assert doubts.resolve(doubtful.context, DAILY, accept=False, by="ann").resent == (1,)


def test_late_evidence_after_a_resend(doubtful: House) -> None:
    """It had been accepted after all: told for as many readers as have events of both attempts."""
    house = doubtful
    sign(house, at(4, 6, 55))
    house.tick(at(4, 7))
    twice = [outgoing for outgoing in asked(house) if outgoing.batch.number == 1]
    assert [outgoing.batch.attempt for outgoing in twice] == [1, 2]
    for person in twice[0].batch.recipients:
        told(house, person, attempt=2)
    assert house.report().sent_twice == 0
    told(house, twice[0].batch.recipients[0], attempt=1)
    report = house.report()
    assert (report.sent_twice, report.accepted, report.state) == (1, 4, "sent")


def test_what_the_screen_says(doubtful: House) -> None:
    """Batch, process, answer, time, verdict; the other batches of this send; what each decision costs."""
    house = doubtful
    house.clock.at = at(4, 6, 33)
    told(house, last(house, "live"))
    found = doubts.listed(house.context, DAILY)
    others = doubts.others(house.context, DAILY, found)
    assert others == evidence.Others(accepted=1, heard=1, last_heard_at=at(4, 6, 33))
    lines = list(doubts.in_words(found, others, at(4, 6, 45)))
    assert lines[0] == "batch 1: 2 readers, attempt 1, reset"
    assert lines[1].startswith("  claimed 2026-05-04 10:30:00 UTC, 15 minutes ago, by process ")
    assert lines[2] == "  no event yet after 15 minutes, while later batches are heard; wait for 30 minutes in all"
    assert lines[3:] == [
        "Of the 1 accepted batches of this send 1 were heard since, last 2026-05-04 10:33:00 UTC",
        "--resend: if the ESP has accepted it, 2 readers get it twice",
        "--accept: if the ESP has not accepted it, 2 readers do not get it, and count as accepted",
        "wait: it stays in doubt; an event that comes later still settles it",
    ]
    document = doubts.whole(house.context, DAILY, found, at(4, 6, 45))
    assert document["others"] == {"accepted": 1, "heard": 1, "last_heard_at": at(4, 6, 33).isoformat()}
    assert document["in_doubt"][0]["minutes"] == 15
