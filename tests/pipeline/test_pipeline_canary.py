"""Editors and seeds first: the rest follows after the wait, at a person's word, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from ledger_gateway import until
from ledger_house import SCHEDULE, House, at

from newsletter.errors import InDoubt, NotSent, Refused, UsageError
from newsletter.model import EditionState, SendReport
from newsletter.pipeline import clock as tick_of
from newsletter.pipeline import doubts, freezing, leaving, listening, plan_document, planning, sending
from newsletter.storage import sends

DAILY = "daily/2026-05-04"
CANARY = """
[canary]
wait_minutes = 10
seeds = ["Seed1@example.org", "seed2@example.org"]
"""
AHEAD = ["desk@example.org", "seed1@example.org"]
"""The editor and one seed are on the list; the other seed is not."""


@pytest.fixture
def canary(house: House) -> House:
    """A daily with a canary, and seven readers: five and the two that go ahead."""
    return with_canary(house)


@pytest.fixture
def sqlite_canary(sqlite_house: House) -> House:
    return with_canary(sqlite_house)


def with_canary(house: House) -> House:
    house.newsletter(schedule=SCHEDULE + CANARY)
    house.reload()
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(2)
    house.subscribe(AHEAD)
    house.readers(5)
    house.story()
    return house


def live_of(house: House) -> sends.SendRow:
    with house.store.read() as tx:
        found = sends.live(tx, DAILY)
    assert found is not None
    return found


def told(house: House, address: str, kind: str, **words: str) -> None:
    """An event of a reader's live mail comes in."""
    person = next(
        person
        for outgoing in house.fake.accepted
        if outgoing.batch.kind == "live"
        for person in outgoing.batch.recipients
        if person.address == address
    )
    event = {
        "event": kind, "timestamp": int(house.clock().timestamp()), "email": address, "attempt": "1",
        "sg_event_id": f"{kind}{person.delivery_id}", "delivery_id": person.delivery_id, **words,
    }  # fmt: skip
    assert listening.take_in(house.context, json.dumps([event]).encode()).new == 1


def go_on(house: House, **minutes: float) -> SendReport:
    """What the clock does after a while."""
    house.clock.move(**minutes)
    return sending.run(house.context, sending.resume_interrupted(house.context, DAILY))


@contextmanager
def patient(house: House, send_id: int, stop: threading.Event | None = None) -> Iterator[list[datetime]]:
    """A process that waits with the send, as `newsletter send now` does; gives until when it was told to."""
    waits: list[datetime] = []
    thread = threading.Thread(
        target=sending.run, args=(house.context, send_id), kwargs={"wait": waits.append, "stop": stop}
    )
    thread.start()
    try:
        assert until(lambda: bool(waits))
        yield waits
    finally:
        thread.join(20)
        assert not thread.is_alive()


# --- who goes ahead ---------------------------------------------------------------------------------------------------


def test_the_first_batch_is_the_canary(canary: House) -> None:
    """Editors and seeds of the list alone, then everybody else; each once, and numbers that balance: 7 = 2 + 5."""
    report = canary.send()
    assert sorted(canary.fake.live) == AHEAD
    assert (report.state, report.accepted, report.pending, report.candidates) == ("sending", 2, 5, 7)
    report = go_on(canary, minutes=10)
    assert (report.state, report.accepted) == ("sent", 7)
    assert sorted(canary.fake.live) == sorted([*AHEAD, *(f"reader{n}@example.org" for n in range(5))])
    assert [len(each.batch.recipients) for each in canary.fake.accepted] == [2, 2, 2, 1]


def test_the_plan_says_who_goes_ahead(canary: House) -> None:
    """How many, how long the rest waits, and whom the canary does not reach, with what to do."""
    plan = planning.plan(canary.context, canary.target(), canary.clock())
    text = planning.in_text(plan)
    assert "Canary     2 readers first (editors and seeds), the rest 10 minutes later" in text
    assert "not reached by the canary: seed2@example.org" in text
    assert "newsletter subscribers add ADDRESS --list daily" in text
    document = plan_document.document(plan)["canary"]
    assert document == {"readers": 2, "wait_minutes": 10, "missing": ["seed2@example.org"]}
    canary.freeze()
    frozen = planning.plan(canary.context, canary.target(), canary.clock())
    assert "for 7 readers, 2 of them first" in planning.in_text(frozen)
    assert plan_document.document(frozen)["frozen"]["canary"] == 2


def test_nobody_of_them_on_the_list(sqlite_canary: House) -> None:
    """No canary, which the plan says; all of it goes at once."""
    house = sqlite_canary
    for address in AHEAD:
        leaving.unsubscribe(house.context, address, "daily")
    plan = planning.in_text(planning.plan(house.context, house.target(), house.clock()))
    assert "Canary     none, all at once: no editor or seed can be mailed on the list" in plan
    assert "desk@example.org, Seed1@example.org, seed2@example.org" in plan
    report = house.send()
    assert (report.state, report.accepted, report.canary) == ("sent", 5, None)


def test_nobody_but_them_on_the_list(sqlite_canary: House) -> None:
    """There is no rest that could wait."""
    for number in range(5):
        leaving.unsubscribe(sqlite_canary.context, f"reader{number}@example.org", "daily")
    report = sqlite_canary.send()
    assert (report.state, report.accepted, report.canary) == ("sent", 2, None)


def test_more_than_a_batch(canary: House) -> None:
    """Who does not fit into the first batch goes with the rest."""
    canary.subscribe(["seed2@example.org"])
    assert canary.send().accepted == 2
    report = go_on(canary, minutes=10)
    assert (report.state, report.accepted, len(set(canary.fake.live))) == ("sent", 8, 8)


def test_frozen_anew(canary: House) -> None:
    """A late story, and an editor who has come to the list: the canary is drawn anew."""
    canary.reload(BATCH_SIZE=3)
    canary.freeze()
    canary.subscribe(["seed2@example.org"])
    canary.story("2026-05-04-rails")
    freezing.refreeze(canary.context, canary.target(), by="ann", story="2026-05-04-rails", confirmed=8)
    assert live_of(canary).canary_count == 3
    sending.run(canary.context, sending.start(canary.context, DAILY, by="ann"))
    assert sorted(canary.fake.live) == [*AHEAD, "seed2@example.org"]


def test_the_audience_guard_counts_them(sqlite_canary: House) -> None:
    """7 last time, 4 now, the canary among them: a person is asked."""
    house = sqlite_canary
    house.send()
    go_on(house, minutes=10)
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    for number in range(3):
        leaving.unsubscribe(house.context, f"reader{number}@example.org", "daily")
    with pytest.raises(freezing.AudienceError, match="--confirm-count 4"):
        house.freeze("daily/2026-05-05")


# --- the wait ---------------------------------------------------------------------------------------------------------


def test_the_rest_waits(canary: House) -> None:
    """Not a moment too early, whoever asks; the status says since when and until when."""
    report = canary.send()
    assert report.canary is not None
    assert (report.canary.readers, report.canary.state) == (2, "accepted")
    assert report.canary.rest_from == canary.clock() + timedelta(minutes=10)
    assert go_on(canary, minutes=9, seconds=59).accepted == 2
    assert canary.report().canary == report.canary
    assert go_on(canary, seconds=1).state == "sent"


def test_it_waits_for_the_acceptance(canary: House) -> None:
    """A canary that was asked to slow down goes again, and the wait begins when it is accepted."""
    canary.fake.script = [NotSent("slow down", status=429, retry_after=timedelta(minutes=5))]
    send_id = canary.start()
    canary.clock.step = timedelta(seconds=30)
    report = sending.run(canary.context, send_id)
    assert (report.state, report.accepted) == ("sending", 2)
    assert report.canary is not None
    assert report.canary.accepted_at is not None
    assert report.canary.accepted_at >= at(4, 4, 5)
    assert report.canary.rest_from == report.canary.accepted_at + timedelta(minutes=10)


def test_somebody_waits_with_it(canary: House) -> None:
    """`send now`: told once until when, it goes on by itself when the time has come."""
    with patient(canary, canary.start()) as waits:
        assert canary.report().accepted == 2
        canary.clock.move(minutes=10)
    assert waits == [at(4, 4, 10)]
    assert canary.report().state == "sent"


def test_stopped_in_the_wait(canary: House) -> None:
    """SIGTERM ends it at once; the next one goes on where it was."""
    stop = threading.Event()
    with patient(canary, canary.start(), stop):
        stop.set()
    assert (canary.report().state, canary.report().accepted) == ("sending", 2)
    assert go_on(canary, minutes=4).accepted == 2
    assert go_on(canary, minutes=6).state == "sent"


@pytest.mark.parametrize("change", ["pause", "cancel"])
def test_paused_or_cancelled_in_the_wait(canary: House, change: str) -> None:
    """Whoever waits with it ends; nobody of the rest gets it, and a cancelled one is counted."""
    with patient(canary, canary.start()):
        if change == "pause":
            sending.pause(canary.context, DAILY, reason="by hand")
        else:
            assert sending.cancel(canary.context, DAILY, by="ann") == 5
    canary.clock.move(minutes=20)
    report = canary.report()
    assert report.accepted == 2
    assert (report.state, report.pending) == (("paused", 5) if change == "pause" else ("cancelled", 0))


def test_a_persons_word_ends_the_wait(canary: House) -> None:
    """`send resume` goes on with the rest at once, while another process still waits."""
    with patient(canary, canary.start()):
        report = sending.run(canary.context, sending.resume(canary.context, DAILY))
        assert (report.state, report.accepted) == ("sent", 7)
    assert sorted(canary.fake.live) == sorted({*canary.fake.live})


def test_a_persons_word_comes_after_the_canary(canary: House) -> None:
    """Of a canary that has yet to go out nothing is known: it goes first all the same."""
    canary.fake.script = [Refused("the key", status=401)]
    assert canary.send().state == "paused"
    report = sending.run(canary.context, sending.resume(canary.context, DAILY))
    assert (report.state, report.accepted) == ("sending", 2)


def test_whoever_claims_is_held_back(canary: House) -> None:
    """Many loops at once, in whatever process: the rule is the claim's."""
    send_id = canary.start()
    threads = [threading.Thread(target=sending.run, args=(canary.context, send_id)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(canary.fake.live) == AHEAD


# --- the clock --------------------------------------------------------------------------------------------------------


def test_a_morning_with_a_canary(canary: House) -> None:
    """06:30 the canary, 06:40 the rest; meanwhile the tick does what else is due, and a restart changes nothing."""
    for moment in (at(4, 6, 15), at(4, 6, 30), at(4, 6, 31), at(4, 6, 39)):
        canary.tick(moment)
        assert canary.report().accepted == (0 if moment == at(4, 6, 15) else 2)
    assert canary.tick(at(4, 6, 40)) == [("resume", "")]
    assert (canary.state()[0], canary.report().accepted) == (EditionState.SENT, 7)
    assert canary.tick(at(4, 6, 41)) == []


def test_two_schedulers_after_the_wait(canary: House) -> None:
    """Both find the wait over at once: each reader once."""
    canary.tick(at(4, 6, 15))
    canary.tick(at(4, 6, 30))
    canary.clock.at = at(4, 6, 40)
    threads = [threading.Thread(target=tick_of.tick, args=(canary.context,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    canary.tick(at(4, 6, 41))
    assert len(canary.fake.live) == len(set(canary.fake.live)) == 7


def test_a_planned_wait_is_not_staleness(canary: House) -> None:
    """Begun late, the rest waits until after `late_until` (09:00), and goes then; hours later a person decides."""
    canary.clock.at = at(4, 8, 55)
    canary.tick()
    assert (canary.report().accepted, canary.tick(at(4, 9, 4))) == (2, [])
    assert canary.tick(at(4, 9, 5)) == [("resume", "")]
    assert canary.state()[0] is EditionState.SENT


def test_a_wait_that_nobody_ended(sqlite_canary: House) -> None:
    """The machine was off until long after: paused as stale, as any interrupted send."""
    house = sqlite_canary
    house.tick(at(4, 6, 15))
    house.tick(at(4, 6, 30))
    assert house.tick(at(4, 9, 30)) == [("pause stale", "")]
    assert house.report().accepted == 2
    assert sending.run(house.context, sending.resume(house.context, DAILY)).state == "sent"


def test_the_clock_undoes_no_pause(sqlite_canary: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused by a person while the tick was at another edition: they have the last word."""
    house = sqlite_canary
    house.tick(at(4, 6, 15))
    house.tick(at(4, 6, 30))
    due = tick_of.due

    def paused_meanwhile(*given: object) -> object:
        found = due(*given)  # type: ignore[arg-type]
        sending.pause(house.context, DAILY, reason="by hand")
        return found

    monkeypatch.setattr(tick_of, "due", paused_meanwhile)
    assert house.tick(at(4, 6, 40)) == [("resume", f"{DAILY} was paused: by hand")]
    assert (house.report().state, house.report().accepted) == ("paused", 2)
    with pytest.raises(UsageError, match="is paused: by hand"):
        sending.resume_interrupted(house.context, DAILY)


def test_a_crash_of_the_canary(canary: House) -> None:
    """Its process died: in doubt for the time of the wait, and paused when no event has come."""
    canary.tick(at(4, 6, 15))
    canary.fake.script = [InDoubt("reset")]
    canary.tick(at(4, 6, 30))
    assert canary.tick(at(4, 6, 39)) == []
    canary.tick(at(4, 6, 40))
    assert "the canary is in doubt" in live_of(canary).reason
    assert f"{DAILY} is paused" in canary.fake.subjects
    report = sending.run(canary.context, sending.resume(canary.context, DAILY))
    assert (report.accepted, report.in_doubt) == (5, 2), "a person let the rest go; the doubt stays to be settled"


def test_an_event_settles_a_canary_in_doubt(canary: House) -> None:
    """It was accepted after all, and the wait counts from then."""
    inner, lost = canary.fake.submit, [True]

    def submit(outgoing: object) -> object:
        receipt = inner(outgoing)  # type: ignore[arg-type]
        if lost and lost.pop():
            raise InDoubt("reset after it was taken")
        return receipt

    canary.fake.submit = submit  # type: ignore[method-assign, assignment]
    assert canary.send().in_doubt == 2
    canary.clock.move(minutes=4)
    told(canary, AHEAD[0], "delivered")
    assert go_on(canary, minutes=9).accepted == 2
    assert go_on(canary, minutes=1).state == "sent"


# --- what the canary tells --------------------------------------------------------------------------------------------


BAD = [
    ([("bounce", AHEAD[0]), ("bounce", AHEAD[1])], "bounced, was blocked, dropped or refused (2 of 2 readers)"),
    ([("spamreport", AHEAD[0])], "was called spam (1 of 2 readers)"),
    ([("deferred", AHEAD[0])], "refused for the sender's configuration"),
]


@pytest.mark.parametrize(("events", "why"), BAD)
def test_the_canary_warns(canary: House, events: list[tuple[str, str]], why: str) -> None:
    """The rest does not follow by itself; the reason says what was seen and what to do, and holds no address."""
    canary.send()
    for kind, address in events:
        said = "550 5.7.26 <x@example.org> not authenticated" if kind == "deferred" else "550 no"
        told(canary, address, kind, **({} if kind == "spamreport" else {"reason": said, "response": said}))
    report = go_on(canary, minutes=2)
    assert (report.state, report.accepted, report.pending) == ("paused", 2, 5)
    reason = live_of(canary).reason
    assert why in reason
    assert f"newsletter send resume {DAILY}" in reason
    assert "@" not in reason
    report = sending.run(canary.context, sending.resume(canary.context, DAILY))
    assert report.state == "sent", "whatever the canary said, a person's word counts"


def test_half_of_it_is_no_warning(sqlite_canary: House) -> None:
    """More than half must be lost: a full mailbox of an editor stops no edition."""
    sqlite_canary.send()
    told(sqlite_canary, AHEAD[0], "bounce", reason="550 no such user")
    assert go_on(sqlite_canary, minutes=10).state == "sent"


def test_a_refused_canary(canary: House) -> None:
    """SendGrid refuses both addresses: nothing else goes by itself."""
    canary.fake.script = [Refused("bad", status=400, positions={0: "refused: no", 1: "refused: no"})]
    report = canary.send()
    assert (report.state, report.pending) == ("paused", 5)
    assert "SendGrid refused the canary (2 of 2 readers)" in live_of(canary).reason
    assert sending.run(canary.context, sending.resume(canary.context, DAILY)).accepted == 5


def test_a_canary_that_left(canary: House) -> None:
    """They left the list after the freeze: nobody is there to be waited for."""
    send_id = canary.start()
    for address in AHEAD:
        leaving.unsubscribe(canary.context, address, "daily")
    report = sending.run(canary.context, send_id)
    assert (report.state, report.accepted, report.excluded) == ("sent", 5, {"unsubscribed": 2})


def test_a_canary_sent_again(canary: House) -> None:
    """In doubt, resent by a person: the wait begins anew."""
    canary.fake.script = [InDoubt("reset")]
    canary.send()
    assert doubts.resolve(canary.context, DAILY, accept=False, by="ann").resent == (1,)
    report = sending.run(canary.context, live_of(canary).id)
    assert (report.state, report.accepted) == ("sending", 2)
    assert go_on(canary, minutes=10).state == "sent"


def test_no_address_is_logged(sqlite_canary: House, caplog: pytest.LogCaptureFixture) -> None:
    """Editors' and seeds' addresses stand in no line of the log, whatever becomes of the canary."""
    caplog.set_level("DEBUG")
    sqlite_canary.send()
    told(sqlite_canary, AHEAD[0], "spamreport")
    assert go_on(sqlite_canary, minutes=2).state == "paused"
    sending.resume(sqlite_canary.context, DAILY)
    assert "send paused" in caplog.text
    assert "the canary was called spam" in caplog.text
    assert "@example.org" not in caplog.text
