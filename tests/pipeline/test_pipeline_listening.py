"""Through the sandbox and back: the SendGrid library sends, signed events come in, doubts are settled by them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ledger_house import House, at
from sqlalchemy import text

from newsletter.errors import InDoubt, UsageError
from newsletter.model import EditionState
from newsletter.pipeline import doubts, listening, readers, sending, testing
from newsletter.sandbox import Sandbox

DAILY = "daily/2026-05-04"


@dataclass
class Post:
    """Hands signed posts to `listening.hear`, or answers 503 while it is deaf."""

    house: House
    url: str = ""
    deaf: bool = False
    heard: list[listening.Heard] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def take(self, headers: Any, body: bytes) -> int:
        if self.deaf:
            return 503
        try:
            heard = listening.hear(
                self.house.context,
                signature=headers["X-Twilio-Email-Event-Webhook-Signature"],
                timestamp=headers["X-Twilio-Email-Event-Webhook-Timestamp"],
                body=body,
            )
        except Exception as error:  # noqa: BLE001  whatever it is, the test must see it
            self.errors.append(error)
            return 500
        self.heard.append(heard)
        return 204


@pytest.fixture
def post(house: House) -> Iterator[Post]:
    receiver = Post(house)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(receiver.take(self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/sendgrid"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def sandbox(house: House, post: Post) -> Iterator[Sandbox]:
    with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=post.url, clock=house.clock) as started:
        house.through(started.url)
        yield started


def drained(sandbox: Sandbox, post: Post) -> None:
    assert sandbox.drain(20)
    assert post.errors == []


def test_there_and_back(house: House, sandbox: Sandbox, post: Post) -> None:
    """Each reader one mail, each mail its events, each event a fact: 6 accepted, 6 delivered."""
    wanted = house.readers(6)
    house.story()
    report = house.send()
    drained(sandbox, post)
    assert sorted(each.address for each in sandbox.accepted()) == wanted
    assert (report.state, report.accepted) == ("sent", 6)
    assert house.report().facts == {"delivered": 6, "processed": 6}
    assert sum(heard.new for heard in post.heard) == 12
    (copy,) = readers.explain(house.context, wanted[0], DAILY).copies
    assert copy.receipt, "though an event may have been faster than the answer"
    assert [kind for _, kind, _ in copy.events] == ["processed", "delivered"]


def test_what_events_say_is_not_mailed_again(house: House, sandbox: Sandbox, post: Post) -> None:
    """A bounce, a complaint suppress at once; what was blocked once does not: of 5 readers 3 stay."""
    house.subscribe([f"{word}@example.org" for word in ("bounce", "complaint", "blocked", "deferred", "ann")])
    house.story()
    house.send()
    drained(sandbox, post)
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    frozen = house.freeze("daily/2026-05-05", confirmed=3)
    assert (frozen.candidates, frozen.mailable) == (5, 3)
    assert house.report("daily/2026-05-05").excluded == {"suppressed:bounce": 1, "suppressed:complaint": 1}


def test_the_same_post_again(house: House, sandbox: Sandbox, post: Post) -> None:
    """SendGrid retries: whatever comes twice changes nothing."""
    house.readers(2)
    house.story()
    house.send()
    drained(sandbox, post)
    before = house.report()
    with house.store.read() as tx:
        raws = tx.execute(text("SELECT raw FROM event ORDER BY id")).scalars().all()
    again = listening.take_in(house.context, ("[" + ",".join(raws) + "]").encode())
    assert (again.new, again.known) == (0, 4)
    assert house.report() == before


def test_an_unsigned_body_is_not_heard(sqlite_house: House) -> None:
    """Without a key nothing can be checked, with one a wrong signature is refused; neither changes anything."""
    with pytest.raises(listening.UnsignedError, match="NEWSLETTER_SENDGRID_WEBHOOK_KEY"):
        listening.hear(sqlite_house.context, signature="x", timestamp="1", body=b"[]")
    with Sandbox(sqlite_house.folder / "var/sandbox", port=0, webhook_url=None) as sandbox:
        assert sandbox.webhook_public_key
    with pytest.raises(listening.UnsignedError, match="signature"):
        listening.hear(sqlite_house.context, signature="x", timestamp="1", body=b"[]")


def test_what_is_no_event_of_ours(house: House) -> None:
    """Kept apart; a bounce that carries no id of ours suppresses an address that we know, and no other."""
    house.subscribe(["ann@example.org"])
    house.story()
    bounce = {"event": "bounce", "timestamp": 1777880000, "sg_event_id": "b1", "reason": "550 5.1.1 no such user"}
    entries = [
        bounce | {"email": "ann@example.org"},
        bounce | {"email": "stranger@example.org", "sg_event_id": "b2"},
        bounce | {"email": "not an address", "sg_event_id": "b3"},
        {"nonsense": True},
    ]
    body = json.dumps(entries).encode()
    heard = listening.take_in(house.context, body)
    assert (heard.new, heard.foreign, heard.suppressed) == (0, 4, 1)
    assert listening.take_in(house.context, body).suppressed == 0
    assert listening.take_in(house.context, b"\xff not JSON").foreign == 1
    told = readers.explain(house.context, "ann@example.org")
    assert [(scope, reason) for scope, reason, _, _ in told.suppressions] == [("all", "bounce")]


# --- doubts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["accept-then-drop", "accept-then-5xx"])
def test_an_event_settles_a_doubt(house: House, sandbox: Sandbox, post: Post, fault: str) -> None:
    """Accepted, and the answer lost: in doubt until the events come, then sent; each reader once."""
    post.deaf = True
    sandbox.fault(fault)
    wanted = house.readers(6)
    house.story()
    report = house.send()
    assert (report.state, report.in_doubt, house.state()[0]) == ("partial", 2, EditionState.PARTIAL)
    post.deaf = False
    drained(sandbox, post)
    report = house.report()
    assert (report.state, report.accepted, report.in_doubt) == ("sent", 6, 0)
    assert house.state()[0] is EditionState.SENT
    assert sorted(each.address for each in sandbox.accepted()) == wanted


def test_a_doubt_that_was_not_accepted(house: House, sandbox: Sandbox, post: Post) -> None:
    """Dropped unread: others are heard, this batch is not; after the quiet time a person resends it. Each once."""
    sandbox.fault("drop")
    wanted = house.readers(6)
    house.story()
    house.send()
    drained(sandbox, post)
    (item,) = doubts.listed(house.context, DAILY)
    assert not doubts.probably_not_accepted(item, house.clock())
    assert "no event yet" in doubts.verdict(item, house.clock())
    assert doubts.resolve(house.context, DAILY, accept=False, by="ann", quiet_only=True).resent == ()
    house.clock.move(minutes=30)
    assert "the webhook may have broken" in doubts.verdict(item, house.clock())
    testing.send_test(house.context, house.target())
    drained(sandbox, post)
    (item,) = doubts.listed(house.context, DAILY)
    assert "probably not accepted" in doubts.verdict(item, house.clock())
    with pytest.raises(UsageError, match="no batch in doubt with the number 99"):
        doubts.resolve(house.context, DAILY, accept=False, by="ann", numbers=[99])
    done = doubts.resolve(house.context, DAILY, accept=False, by="ann", numbers=[item.number])
    assert done.resent == (item.number,)
    report = sending.run(house.context, done.send_id)
    drained(sandbox, post)
    assert (report.state, report.accepted) == ("sent", 6)
    assert sorted(each.address for each in sandbox.accepted() if "kind" not in each.custom_args) == wanted
    assert house.report().sent_twice == 0


def test_a_resend_that_was_wrong_is_told(house: House, sandbox: Sandbox, post: Post) -> None:
    """Accepted, deaf, resent on a person's word: the first attempt's events come after all, and are told."""
    house.readers(4)
    house.story()
    sandbox.fault("accept-then-drop")
    post.deaf = True
    house.send()
    done = doubts.resolve(house.context, DAILY, accept=False, by="ann")
    house.clock.move(minutes=1)
    sending.run(house.context, done.send_id)
    post.deaf = False
    drained(sandbox, post)
    assert len(sandbox.accepted()) == 6
    report = house.report()
    assert (report.state, report.accepted, report.sent_twice) == ("sent", 4, 2)


def test_evidence_forbids_a_resend(house: House, sandbox: Sandbox, post: Post) -> None:
    """The events are here before the person decides: nothing is left to decide."""
    sandbox.fault("accept-then-drop")
    house.readers(2)
    house.story()
    send_id = house.start()
    sending.run(house.context, send_id)
    drained(sandbox, post)
    assert doubts.listed(house.context, DAILY) == ()
    done = doubts.resolve(house.context, DAILY, accept=False, by="ann")
    assert (done.resent, done.left) == ((), ())
    assert len(sandbox.accepted()) == 2


def test_the_policy_resends(house: House, sandbox: Sandbox, post: Post) -> None:
    """`in_doubt = "resend"`: the clock sends again what is probably not accepted, not before the quiet time."""
    house.newsletter(keys='in_doubt = "resend"')
    house.through(sandbox.url)
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    wanted = house.readers(6)
    house.story()
    house.tick(at(4, 6, 15))
    sandbox.fault("drop", where={"edition": DAILY})
    house.tick(at(4, 6, 30))
    drained(sandbox, post)
    assert house.report().in_doubt == 2
    house.tick(at(4, 6, 59))
    assert house.report().in_doubt == 2
    house.tick(at(4, 7, 0))
    assert house.report().in_doubt == 2, "nobody was heard for half an hour: the tick sends a mail to find out"
    drained(sandbox, post)
    house.tick(at(4, 7, 1))
    drained(sandbox, post)
    assert (house.report().state, house.report().accepted) == ("sent", 6)
    live = [each.address for each in sandbox.accepted() if "kind" not in each.custom_args]
    assert sorted(live) == wanted


def test_the_policy_does_not_resume_a_paused_send(sqlite_house: House) -> None:
    """What a person paused, or a broken key, waits for a person, whatever the policy says of doubts."""
    house = sqlite_house
    house.newsletter(keys='in_doubt = "resend"')
    house.reload()
    house.fake.script = [InDoubt("reset")]
    house.readers(8)
    house.story()
    send_id = house.start()
    paused: list[int] = []

    def progress(*_: int) -> None:
        if not paused:
            paused.append(1)
            sending.pause(house.context, DAILY, reason="by hand")

    sending.run(house.context, send_id, progress=progress)
    doubts.resolve(house.context, DAILY, accept=False, by="policy")
    assert house.report().state == "paused"


def test_a_person_accepts(house: House) -> None:
    """On the ESP's own activity feed, say: the batch counts as accepted and the edition as sent."""
    house.fake.script = [InDoubt("reset")]
    house.readers(4)
    house.story()
    assert house.send().state == "partial"
    assert doubts.resolve(house.context, DAILY, accept=True, by="ann").accepted
    assert (house.report().state, house.report().accepted) == ("sent", 4)
    assert house.state()[0] is EditionState.SENT


def test_no_webhook_is_told(sqlite_house: House) -> None:
    """Nobody is heard at all: the verdict asks whether the webhook is set up."""
    sqlite_house.fake.script = [InDoubt("reset")]
    sqlite_house.readers(2)
    sqlite_house.story()
    sqlite_house.send()
    (item,) = doubts.listed(sqlite_house.context, DAILY)
    later = sqlite_house.clock() + timedelta(hours=2)
    assert "is the event webhook set up" in doubts.verdict(item, later)
    assert not doubts.probably_not_accepted(item, later)


def test_a_test_through_the_sandbox(house: House, sandbox: Sandbox, post: Post) -> None:
    """What arrives is the frozen message, with the test's subject and kind."""
    house.readers(1)
    house.story()
    house.freeze()
    testing.send_test(house.context, house.target())
    drained(sandbox, post)
    (mail,) = sandbox.accepted()
    assert (mail.address, mail.custom_args["kind"]) == ("desk@example.org", "test")
    raw = sandbox.mails()[0].read_text(errors="replace")
    assert "Subject: [TEST " in raw
    assert house.report().accepted == 0
    assert Path(mail.file).name == mail.file
