"""The wall clock is put back or forward, before, in and after a send: nothing goes twice, and no time counts as silence
that was not lived through.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime

import pytest
from ledger_house import House, at
from structlog.testing import capture_logs
from troubles_events import delivered, each_once, posted

from newsletter.errors import InDoubt, NotSent
from newsletter.model import EditionState, Receipt
from newsletter.pipeline import doubts, sending, testing
from newsletter.sending.gateway import Outgoing

DAILY = "daily/2026-05-04"


@pytest.fixture
def morning(house: House) -> House:
    """Monday, 04:00: a scheduler that has run since Friday, six readers, one story."""
    house.newsletter(keys='in_doubt = "resend"')
    house.reload()
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.story()
    return house


def ticks(house: House, first: datetime, last_hour: int, last_minute: int) -> None:
    """A tick every five minutes."""
    house.clock.at = first
    while house.clock.at <= at(4, last_hour, last_minute):
        house.tick()
        house.clock.move(minutes=5)


@pytest.mark.parametrize("hour", [5, 6, 7])
def test_an_hour_twice(morning: House, hour: int) -> None:
    """Put back by an hour after the reminder, after the freeze, after the send: each step was taken, and is not taken
    again.
    """
    house = morning
    wanted = house.readers(6)
    ticks(house, at(4, 4, 30), hour, 20)
    house.clock.jump(hours=-1)
    ticks(house, house.clock(), 8, 30)
    each_once(house, wanted)
    told = Counter(subject.partition(" ")[0] for subject in house.fake.subjects if "[" in subject)
    assert set(told.values()) == {1}, "each test to the editors once"
    assert sum("is ready" in subject for subject in house.fake.subjects) == 1


def test_what_was_missed_stays_missed(morning: House) -> None:
    """09:01, then 06:30 again: the edition was written down as missed, and does not go by itself."""
    house = morning
    house.readers(2)
    house.tick(at(4, 9, 1))
    house.clock.jump(hours=-2, minutes=-31)
    ticks(house, house.clock(), 8, 55)
    assert (house.state()[0], house.fake.live) == (EditionState.MISSED, [])


def test_back_in_the_middle_of_a_send(house: House) -> None:
    """Batches that go on go on; one that waits for its time waits an hour longer, and goes then. Nobody is lost."""
    wanted = house.readers(8)
    house.story()
    send_id = house.start()
    house.fake.script = [NotSent("slow down", status=429)]
    stop = threading.Event()

    def progress(done: int, _whole: int) -> None:
        if done == 2:
            house.clock.jump(hours=-1)
        if done == 6:
            stop.set()

    sending.run(house.context, send_id, stop=stop, progress=progress)
    assert (house.report().accepted, house.report().pending) == (6, 2)
    house.clock.move(hours=1, seconds=3)
    sending.run(house.context, sending.resume(house.context, DAILY))
    each_once(house, wanted)


def test_forward_in_the_middle_of_a_send(house: House) -> None:
    """The lease of a living process is over before its time: its batches are in doubt for others, until its answers
    come a moment later.
    """
    wanted = house.readers(8)
    house.story()
    send_id = house.start()
    inner = house.fake.submit
    seen: list[int] = []

    def submit(outgoing: Outgoing) -> Receipt:
        if len(house.fake.asked) == 2:
            house.clock.jump(hours=1)
            seen.append(len(doubts.listed(house.context, DAILY)))
        return inner(outgoing)

    house.fake.submit = submit  # type: ignore[method-assign]
    sending.run(house.context, send_id)
    assert seen[0] > 0
    each_once(house, wanted)


def in_doubt(house: House) -> list[str]:
    """Monday's edition went at 06:30, one batch of three is in doubt, and the webhook is heard a minute later."""
    wanted = house.readers(6)
    house.tick(at(4, 6, 15))
    house.fake.script = [InDoubt("reset")]
    house.tick(at(4, 6, 30))
    assert house.report().in_doubt == 2
    return wanted


def heard(house: House) -> None:
    """An event of a test to the editors comes in."""
    testing.send_test(house.context, house.target(DAILY))
    assert posted(house, delivered(house.fake.accepted[-1:])) == 204


def test_a_jump_is_no_silence(morning: House) -> None:
    """06:31 became 07:31: the batch was claimed a minute ago, and is not sent again before its half hour has been lived
    through.
    """
    house = morning
    wanted = in_doubt(house)
    house.clock.move(minutes=1)
    house.clock.jump(hours=1)
    heard(house)
    house.tick()
    (item,) = doubts.listed(house.context, DAILY)
    assert doubts.verdict(item, house.clock()).startswith("no event yet after 1 minutes")
    assert house.report().in_doubt == 2
    house.clock.move(minutes=28)
    heard(house)
    house.tick()
    assert house.report().in_doubt == 2
    house.clock.move(minutes=1)
    house.tick()
    each_once(house, wanted)


def test_after_a_boot_the_wall_clock_counts(morning: House) -> None:
    """The uptime of another boot says nothing."""
    house = morning
    wanted = in_doubt(house)
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE attempt SET boot = 'the one before'")
    house.clock.move(minutes=1)
    house.clock.jump(hours=1)
    heard(house)
    house.tick()
    each_once(house, wanted)


def test_a_clock_put_back_only_waits_longer(morning: House) -> None:
    """Never more than the wall clock says: 07:31 became 06:31, and the policy waits until it is past seven again."""
    house = morning
    in_doubt(house)
    house.clock.move(minutes=61)
    house.clock.jump(hours=-1)
    heard(house)
    house.tick()
    (item,) = doubts.listed(house.context, DAILY)
    assert "no event yet after 1 minutes" in doubts.verdict(item, house.clock())
    house.clock.jump(minutes=-5)
    assert "after 0 minutes" in doubts.verdict(item, house.clock())


def told(house: House) -> list[str]:
    """What a tick logs of the clock."""
    with capture_logs() as lines:
        house.tick()
    return [line["reason"] for line in lines if line["event"] == "clock jumped"]


@pytest.mark.parametrize(("hours", "words"), [
    (-1, "it was put back by 60 minutes since the last look"),
    (2, "it was put forward by 120 minutes since the last look, or the machine slept"),
])  # fmt: skip
def test_a_jump_is_told_once(morning: House, hours: int, words: str) -> None:
    """At the first tick after it, as an error of the log; then the clock is taken as it is."""
    house = morning
    assert told(house) == []
    house.clock.jump(hours=hours)
    assert told(house) == [words]
    house.clock.move(seconds=20)
    assert told(house) == []


def test_a_clock_that_is_wrong_at_the_start(morning: House) -> None:
    """A machine that comes up with the time of the day before is behind the last sign of life."""
    house = morning
    house.tick()
    house.reload()  # another process
    house.clock.at = at(3, 4)
    assert told(house) == ["it is 1440 minutes behind the last sign of life: it was put back, or it is wrong"]
    house.clock.move(seconds=20)
    assert told(house) == []
