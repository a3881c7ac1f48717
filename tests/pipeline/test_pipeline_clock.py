"""The tick over simulated days: steps in their order, once each, whatever is late, missed, odd or done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from ledger_house import SCHEDULE, House, at
from sqlalchemy import text, update

from newsletter.errors import InDoubt, NotSent, Refused
from newsletter.model import EditionState, SendState
from newsletter.pipeline import clock as tick_of
from newsletter.pipeline import desk, freezing, leaving, sending
from newsletter.storage import clock as ledger_clock
from newsletter.storage import tables as t

MONDAY = "daily/2026-05-04"
TUESDAY = "daily/2026-05-05"


@pytest.fixture
def running(sqlite_house: House) -> House:
    """A scheduler that has run since Friday, three readers, one story."""
    sqlite_house.tick(at(1, 12))
    sqlite_house.clock.at = at(4, 4)
    sqlite_house.readers(3)
    sqlite_house.story()
    return sqlite_house


def test_a_monday(running: House) -> None:
    """05:00 reminder, 05:30 draft test, 06:15 freeze and test, 06:30 send, next day 06:00 report; each once."""
    house = running
    done: list[tuple[str, str]] = []
    moment = at(4, 4, 30)
    while moment <= at(5, 6, 5):
        for kind, problem in house.tick(moment):
            done.append((f"{moment - timedelta(hours=4):%a %H:%M} {kind}", problem))
        moment += timedelta(minutes=5)
    assert [(what, problem) for what, problem in done if "Tue 05" not in what] == [
        ("Mon 05:00 remind", ""),
        ("Mon 05:30 draft test", ""),
        ("Mon 06:15 freeze", ""),
        ("Mon 06:15 frozen test", ""),
        ("Mon 06:30 send", ""),
        ("Tue 06:00 report", ""),
    ]
    assert sorted(house.fake.live) == [f"reader{n}@example.org" for n in range(3)]
    assert any(subject.startswith("[DRAFT ") for subject in house.fake.subjects)
    assert "The Morning Run of May 4, 2026: the report" in house.fake.subjects


def test_a_draft_that_is_what_is_frozen_is_not_tested_twice(running: House) -> None:
    """The fingerprint is the last test's: the editors have seen these bytes."""
    running.tick(at(4, 5, 30))
    tests = len(running.fake.accepted)
    running.tick(at(4, 6, 15))
    assert running.state()[0] is EditionState.FROZEN
    assert len(running.fake.accepted) == tests


def test_a_weekend_has_no_edition(running: House) -> None:
    """Nothing is due on Saturday and Sunday, and nothing of them is missed."""
    running.tick(at(4, 6, 30))
    for day in (9, 10):
        for hour in range(24):
            assert all("2026-05-0" in problem or not problem for _, problem in running.tick(at(day, hour)))
    with running.store.read() as tx:
        named = tx.execute(text("SELECT name FROM edition WHERE name LIKE '%-09' OR name LIKE '%-10'")).all()
    assert named == []


def test_an_evening_in_america(sqlite_house: House) -> None:
    """In UTC it is tomorrow already: what went tonight is known to the clock of an installation made tonight."""
    house = sqlite_house
    house.newsletter("daily", schedule=SCHEDULE.replace("06:30", "22:30").replace("09:00", "23:30"))
    house.reload()
    with house.store.write() as tx:
        tx.execute(update(t.ledger).values(created_at=at(4, 22)))
    house.clock.at = at(4, 22)
    house.readers(3)
    house.story()
    house.tick(at(4, 22))
    assert ("send", "") in house.tick(at(4, 22, 30))
    assert house.tick(at(4, 22, 40)) == []


def test_a_holiday_is_skipped_with_its_name(running: House) -> None:
    """One row with a reason for each scheduled date."""
    running.tick(at(25, 5, 0))
    assert running.state("daily/2026-05-25") == (EditionState.SKIPPED, "Memorial Day")


def test_late_but_in_time(running: House) -> None:
    """The scheduler was down until 07:00: all is made up, the edition goes, marked late, with a notice."""
    running.clock.at = at(4, 7, 0)
    assert [kind for kind, _ in running.tick()] == ["freeze", "frozen test", "send"]
    assert running.state() == (EditionState.SENT, "")
    assert f"{MONDAY} goes late" in running.fake.subjects
    with running.store.read() as tx:
        assert tx.execute(text("SELECT reason FROM edition_move WHERE to_state = 'sending'")).scalar_one() == "late"


def test_too_late(running: House) -> None:
    """After `late_until` it is missed: nothing goes by itself, today or two days later, and somebody is told once."""
    for moment in (at(4, 9, 1), at(4, 9, 2), at(6, 4)):
        running.tick(moment)
    assert running.fake.live == []
    assert running.state()[0] is EditionState.MISSED
    assert running.fake.subjects.count(f"{MONDAY} is missed") == 1
    assert running.send().state == "sent", "a person may still send it by hand"


def test_a_person_sends_a_missed_edition(running: House) -> None:
    """And the clock leaves it alone afterwards."""
    running.tick(at(4, 9, 1))
    running.send()
    running.tick(at(4, 10))
    assert running.state()[0] is EditionState.SENT
    assert len(running.fake.live) == 3


# --- what is in the way -----------------------------------------------------------------------------------------------


def few(house: House, policy: str) -> None:
    house.newsletter(keys=f'minimum = 2\ntoo_few = "{policy}"')
    house.reload()


@pytest.mark.parametrize(
    ("policy", "state", "told"),
    [
        ("hold", EditionState.HELD, "is held"),
        ("skip", EditionState.SKIPPED, "is skipped"),
        ("send_notice", EditionState.SENT, "goes with few stories"),
    ],
)
def test_too_few_stories(running: House, policy: str, state: EditionState, told: str) -> None:
    """1 of 2: held, skipped, or sent with a notice, as the newsletter says; told once, never in silence."""
    few(running, policy)
    for minute in (15, 16, 30, 31):
        running.tick(at(4, 6, minute))
    assert running.state()[0] is state
    assert running.fake.subjects.count(f"{MONDAY} {told}") == 1
    assert len(running.fake.live) == (3 if state is EditionState.SENT else 0)


@pytest.mark.parametrize("policy", ["hold", "send_notice"])
def test_no_story_at_all(sqlite_house: House, policy: str) -> None:
    """Never an empty edition."""
    house = sqlite_house
    house.tick(at(1, 12))
    house.readers(3)
    few(house, policy)
    for minute in (15, 30):
        house.tick(at(4, 6, minute))
    assert house.state()[0] is EditionState.HELD
    assert house.fake.live == []


def test_a_held_edition_is_released(running: House) -> None:
    """A person freezes it by hand, with what there is by then, and it goes at the next tick."""
    few(running, "hold")
    running.tick(at(4, 6, 15))
    running.story("2026-05-04-rails")
    running.clock.at = at(4, 6, 40)
    running.freeze()
    running.tick(at(4, 6, 41))
    assert running.state()[0] is EditionState.SENT


def test_without_sign_off_it_is_held(running: House) -> None:
    """At T unsigned: held. Signed before `late_until`: it goes at the next tick."""
    running.newsletter(keys='sign_off = "one"')
    running.reload()
    running.tick(at(4, 6, 15))
    running.tick(at(4, 6, 30))
    state, reason = running.state()
    assert state is EditionState.HELD
    assert "not signed off (0 of 1" in reason
    with running.store.read() as tx:
        mark = tx.execute(text("SELECT fingerprint FROM edition")).scalar_one()
    freezing.sign_off(running.context, running.target(), fingerprint=mark, by="ann")
    running.tick(at(4, 8, 59))
    assert running.state()[0] is EditionState.SENT


@pytest.mark.parametrize("how", [desk.kill, desk.revoke])
def test_a_story_killed_after_the_freeze(running: House, how: object) -> None:
    """Held before the first claim, naming the story; frozen anew without it, the edition goes."""
    running.story("2026-05-04-rails")
    running.tick(at(4, 6, 15))
    how(running.context, "2026-05-04-rails", by="ann")  # type: ignore[operator]
    running.tick(at(4, 6, 30))
    state, reason = running.state()
    assert state is EditionState.HELD
    assert reason.startswith("2026-05-04-rails is ")
    assert running.fake.live == []
    running.freeze()
    running.tick(at(4, 6, 45))
    assert (running.state()[0], len(running.fake.live)) == (EditionState.SENT, 3)


def test_an_odd_audience_is_held(running: House) -> None:
    """The audience guard, asked by the clock: a person confirms the number."""
    running.tick(at(4, 6, 30))
    running.story("2026-05-05-rails")
    running.readers(9, prefix="more")
    running.tick(at(5, 6, 15))
    state, reason = running.state(TUESDAY)
    assert state is EditionState.HELD
    assert "--confirm-count 12" in reason
    running.clock.at = at(5, 6, 20)
    freezing.freeze(running.context, running.target(TUESDAY), by="ann", confirmed=12)
    running.tick(at(5, 6, 30))
    assert running.state(TUESDAY)[0] is EditionState.SENT


def test_a_fault_that_is_mended_in_time(running: House) -> None:
    """A freeze that fails is told once, tried at each tick, and works after the cure."""
    good = (running.folder / "content/stories/2026-05-04-ports.md").read_text()
    running.write("content/stories/2026-05-04-ports.md", good.replace("section: trade", "section: [trade"))
    for minute in (15, 16, 17):
        ((kind, problem), *_) = running.tick(at(4, 6, minute))
        assert kind == "freeze"
        assert "2026-05-04-ports.md" in problem
    assert running.fake.subjects.count(f"{MONDAY} freeze failed") == 1
    running.write("content/stories/2026-05-04-ports.md", good)
    running.tick(at(4, 6, 30))
    assert running.state()[0] is EditionState.SENT


# --- a send that stops ------------------------------------------------------------------------------------------------


def test_a_paused_send_waits_for_a_person(running: House) -> None:
    """Told once; no tick resumes it, until somebody does."""
    running.tick(at(4, 6, 15))
    running.fake.script = [Refused("the key", status=401), Refused("the key", status=401)]
    for minute in (30, 31, 32):
        running.tick(at(4, 6, minute))
    assert running.report().state == "paused"
    assert running.fake.subjects.count(f"{MONDAY} is paused") == 1
    sending.resume(running.context, MONDAY)
    running.tick(at(4, 6, 40))
    assert (running.report().state, len(running.fake.live)) == ("sent", 3)


def test_sigterm_between_batches(running: House) -> None:
    """What is in hand is finished; the next start resumes what was sending."""
    running.readers(20, prefix="more")
    running.tick(at(4, 6, 15))
    running.clock.at = at(4, 6, 30)
    stop = threading.Event()
    inner = running.fake.submit
    running.fake.submit = lambda outgoing: (stop.set(), inner(outgoing))[1]  # type: ignore[method-assign]
    tick_of.tick(running.context, stop=stop)
    report = running.report()
    assert (report.state, report.in_doubt) == ("sending", 0)
    assert 0 < report.accepted < 23
    running.tick(at(4, 6, 31))
    assert (running.report().state, len(running.fake.live)) == ("sent", 23)


def test_an_interrupted_send_pauses_as_stale(running: House) -> None:
    """Interrupted past `late_until`: it does not go on by itself, and somebody is told."""
    running.tick(at(4, 6, 15))
    running.clock.at = at(4, 6, 30)
    sending.start(running.context, MONDAY, by="clock")
    running.tick(at(4, 9, 30))
    report = running.report()
    assert (report.state, report.pending) == ("paused", 3)
    assert f"{MONDAY} is paused as stale" in running.fake.subjects
    running.tick(at(6, 6, 30))
    assert running.fake.live == []


def test_a_doubt_is_told(running: House) -> None:
    """Partial, with the command to look at it; the other readers have theirs."""
    running.tick(at(4, 6, 15))
    running.fake.script = [InDoubt("reset")]
    running.tick(at(4, 6, 30))
    report = running.report()
    assert report.state == SendState.PARTIAL
    assert report.in_doubt + report.accepted == 3
    assert f"{MONDAY} is in doubt in part" in running.fake.subjects


def test_a_test_that_fails_does_not_stop_the_edition(running: House) -> None:
    """An editor's mailbox in trouble: the readers get theirs."""
    running.story("2026-05-04-rails")
    running.fake.script = [Refused("bad", status=401)]
    running.tick(at(4, 6, 15))
    running.tick(at(4, 6, 30))
    assert running.state()[0] is EditionState.SENT


# --- two schedulers ---------------------------------------------------------------------------------------------------


def test_two_schedulers_at_once(house: House) -> None:
    """Whatever they interleave: each step once, each reader once, and nobody is told that something failed."""
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    wanted = house.readers(12)
    house.story()
    for moment in (at(4, 5), at(4, 5, 30), at(4, 6, 15), at(4, 6, 30), at(5, 6)):
        house.clock.at = moment
        start = threading.Barrier(2)
        errors: list[Exception] = []

        def run(start: threading.Barrier = start, errors: list[Exception] = errors) -> None:
            start.wait()
            try:
                tick_of.tick(house.context)
            except Exception as error:  # noqa: BLE001  whatever it is, the test must see it
                errors.append(error)

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
    house.tick()
    assert sorted(house.fake.live) == sorted(wanted)
    assert house.state()[0] is EditionState.SENT
    subjects = house.fake.subjects
    assert len(subjects) == len(set(subjects)), subjects
    # Tuesday's draft has no story yet, and that is told.
    assert [subject for subject in subjects if "failed" in subject] == [f"{TUESDAY} draft test failed"]


def test_the_second_scheduler_says_so(running: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was due when it looked has been done by another: busy, not failed."""
    running.clock.at = at(4, 6, 15)
    late = tick_of.due(running.context, running.clock())
    running.tick()
    monkeypatch.setattr(tick_of, "due", lambda *_: late)
    (freeze, *_) = running.tick()
    assert freeze == ("freeze", f"{MONDAY} is frozen: another scheduler was faster")
    assert f"{MONDAY} freeze failed" not in running.fake.subjects


# --- signs of life, and looking without touching ----------------------------------------------------------------------


def test_the_heartbeat(running: House) -> None:
    """A row and a file, at each tick."""
    running.tick(at(4, 4, 30))
    assert (running.folder / "var/heartbeat").read_text().startswith("2026-05-04T08:30")
    with running.store.read() as tx:
        assert list(ledger_clock.beats(tx).values()) == [at(4, 4, 30)]


def test_a_monitor_that_does_not_answer(running: House) -> None:
    """Stops nothing."""
    running.reload(HEARTBEAT_URL="http://127.0.0.1:1/ping")
    running.tick(at(4, 6, 30))
    assert running.state()[0] is EditionState.SENT


def test_what_is_due_is_told_without_doing_it(running: House) -> None:
    """`tick --now` rehearses another moment and changes nothing."""
    due = tick_of.due(running.context, at(4, 6, 30))
    assert [action.kind.value for action in due] == ["freeze", "frozen test", "send"]
    assert running.state() == (EditionState.OPEN, "")
    assert running.fake.asked == []


def test_a_new_newsletter_has_missed_nothing(sqlite_house: House) -> None:
    """Its schedule counts from the first tick that sees it."""
    house = sqlite_house
    house.tick(at(4, 20))
    assert house.state(MONDAY) == (EditionState.OPEN, "")
    house.tick(at(5, 20))
    assert house.state(TUESDAY)[0] is EditionState.MISSED


def test_readers_who_leave_while_it_goes(running: House) -> None:
    """An unsubscribe between freeze and claim wins: 3 candidates = 2 accepted + 1 unsubscribed."""
    running.tick(at(4, 6, 15))
    leaving.unsubscribe(running.context, "reader1@example.org", None)
    running.tick(at(4, 6, 30))
    report = running.report()
    assert (report.accepted, report.excluded) == (2, {"unsubscribed": 1})


def test_a_way_that_is_broken_for_a_while(running: House) -> None:
    """The connection is refused three times: it is tried again, and goes."""
    running.clock.step = timedelta(seconds=1)
    running.tick(at(4, 6, 15))
    running.fake.script = [NotSent("cannot be reached")] * 3
    running.tick(at(4, 6, 30))
    assert (running.report().state, len(running.fake.live)) == ("sent", 3)
