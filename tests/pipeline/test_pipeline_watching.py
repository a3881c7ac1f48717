"""The look-out: silent processes, a silent webhook, the disk, and alerts whose cause is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from ledger_house import House, at
from ledger_receivers import MailBox, mail_server
from ledger_rows import event

from newsletter.errors import StoreError
from newsletter.model import AlertKind, EditionState, SendState
from newsletter.pipeline import alerts, watching
from newsletter.storage import alerts as kept
from newsletter.storage import clock, events
from newsletter.storage.claims import ledger_uid

MONDAY = "daily/2026-05-04"


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def watched(house: House, box: MailBox) -> House:
    """A house on each database whose operators have a mail server."""
    house.reload(ALERT_TO="ops@example.org", ALERT_SMTP_URL=box.url)
    return house


class Looks:
    """A look-out that looks every 20 seconds."""

    def __init__(self, house: House) -> None:
        self.house, self.watch = house, watching.Watch(house.context)

    def on(self, **by: float) -> None:
        """Let the time pass, with a look at each tick."""
        end = self.house.clock() + timedelta(**by)
        while self.house.clock() < end:
            self.house.clock.move(seconds=20)
            self.watch.look()


def beat(house: House, host: str) -> None:
    with house.store.write() as tx:
        clock.beat(tx, host, 7, house.clock())


def test_a_dead_process(watched: House, box: MailBox) -> None:
    """Five minutes without a sign of life: told once, over when it beats again, and then told anew."""
    looks = Looks(watched)
    for _ in range(2):
        beat(watched, "mill worker")
        looks.on(minutes=4)
        before = len(box.mails)
        looks.on(minutes=3)
        assert len(box.mails) == before + 1
    assert box.subjects == ["mill worker: process silent"] * 2


def test_the_only_clock_is_dead(watched: House, box: MailBox) -> None:
    """One alert, however long it lasts: that nobody is the clock follows from it."""
    beat(watched, "mill")
    Looks(watched).on(minutes=30)
    assert box.subjects == ["mill: process silent"]


def test_a_worker_that_ended_in_order(watched: House, box: MailBox) -> None:
    """Its silence is meant."""
    beat(watched, "mill worker")
    with watched.store.write() as tx:
        clock.end_beat(tx, "mill worker", watched.clock())
    Looks(watched).on(minutes=30)
    assert box.subjects == []


def test_a_clock_that_nobody_started_again(watched: House, box: MailBox) -> None:
    """After fifteen minutes: an upgrade is over by then. A second host's scheduler is enough."""
    for host in ("mill", "barn"):
        beat(watched, host)
        with watched.store.write() as tx:
            clock.end_beat(tx, host, watched.clock())
    looks = Looks(watched)
    looks.on(minutes=14)
    assert box.subjects == []
    beat(watched, "barn")
    looks.on(minutes=4)
    assert box.subjects == []
    with watched.store.write() as tx:
        clock.end_beat(tx, "barn", watched.clock())
    looks.on(minutes=16)
    assert box.subjects == ["clock: process silent"]


def test_a_machine_that_slept(watched: House, box: MailBox) -> None:
    """When it wakes, everybody was silent for hours; they get time to say something."""
    beat(watched, "mill")
    looks = Looks(watched)
    looks.on(minutes=1)
    watched.clock.move(hours=8)
    looks.watch.look()
    beat(watched, "mill")
    looks.on(minutes=2)
    assert box.subjects == []


def sent(house: House) -> None:
    house.readers(2)
    house.story()
    house.clock.at = at(4, 6, 30)
    assert house.send().state == "sent"


def test_a_silent_webhook(watched: House, box: MailBox) -> None:
    """Half an hour after a send without any event: told; an event ends it."""
    sent(watched)
    looks = Looks(watched)
    looks.on(minutes=29)
    assert box.subjects == []
    looks.on(minutes=2)
    assert box.subjects == [f"{MONDAY}: no events"]
    with watched.store.write() as tx:
        events.keep(tx, [event(f"{ledger_uid(tx)}-1", at=watched.clock())], watched.clock())
    looks.on(minutes=1)
    with watched.store.read() as tx:
        assert kept.about(tx, AlertKind.NO_EVENTS) == frozenset()


def test_events_that_come(watched: House, box: MailBox) -> None:
    """One is enough."""
    sent(watched)
    with watched.store.write() as tx:
        events.keep(tx, [event(f"{ledger_uid(tx)}-1", at=watched.clock())], watched.clock())
    Looks(watched).on(hours=1)
    assert box.subjects == []


def test_a_full_disk(watched: House, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before nothing can be written any more; over when there is room."""
    free = [10**12, 10**8, 10**8, 10**12, 10**8]
    monkeypatch.setattr(watching.database, "free_bytes", lambda _: free[0])
    looks = Looks(watched)
    while len(free) > 1:
        looks.on(seconds=20)
        free.pop(0)
    looks.on(seconds=20)
    assert [subject.partition(": ")[2] for subject in box.subjects] == ["disk low"] * 2


@pytest.mark.parametrize(("kind", "edition", "send", "over"), [
    (AlertKind.SEND_PAUSED, EditionState.SENDING, SendState.PAUSED, False),
    (AlertKind.SEND_PAUSED, EditionState.SENDING, SendState.SENDING, True),
    (AlertKind.SEND_STALE, EditionState.CANCELLED, SendState.CANCELLED, True),
    (AlertKind.HELD, EditionState.HELD, None, False), (AlertKind.HELD, EditionState.FROZEN, None, True),
    (AlertKind.MISSED, EditionState.MISSED, None, False), (AlertKind.MISSED, EditionState.SENT, SendState.SENT, True),
    (AlertKind.IN_DOUBT, EditionState.PARTIAL, SendState.PARTIAL, False),
    (AlertKind.NOT_ACCEPTED, EditionState.SENT, SendState.SENT, True),
    (AlertKind.NOT_DONE, EditionState.OPEN, None, False), (AlertKind.NOT_DONE, EditionState.SENT, None, True),
    (AlertKind.LATE, EditionState.SENT, SendState.SENT, False),
    (AlertKind.SENT_TWICE, EditionState.SENT, SendState.SENT, False),
])  # fmt: skip
def test_when_an_alert_is_over(kind: AlertKind, edition: EditionState, send: SendState | None, over: bool) -> None:
    """When its cause is gone; what has happened for good stays until it is old."""
    assert watching.over(kind, edition, send) is over


def test_what_is_old_is_forgotten(watched: House) -> None:
    """After a month nobody acts on an alert any more, and a host has gone."""
    alerts.alert(watched.context, AlertKind.LATE, about=MONDAY, text="late")
    beat(watched, "mill")
    looks = Looks(watched)
    watched.clock.move(days=29)
    looks.watch.look()
    with watched.store.read() as tx:
        assert (kept.counts(tx, at(1, 0)), len(clock.beats(tx))) == ({"edition late": 1}, 1)
    watched.clock.move(days=2)
    looks.watch.look()
    with watched.store.read() as tx:
        assert (kept.counts(tx, at(1, 0)), len(clock.beats(tx))) == ({}, 0)


def test_a_ledger_that_cannot_be_read(sqlite_house: House) -> None:
    """The look-out lives on."""
    with sqlite_house.store.write() as tx:
        tx.exec_driver_sql("DROP TABLE heartbeat")
    watching.Watch(sqlite_house.context).look()


def test_ticks_that_fail(sqlite_house: House, box: MailBox) -> None:
    """Three in a row are told, once until one succeeds; where nobody could be told, at the next one."""
    house = sqlite_house
    house.reload(ALERT_TO="ops@example.org", ALERT_SMTP_URL=box.url)
    ticks, error = watching.Ticks(house.context), StoreError("the disk is full")
    box.answers = ["451 later"]
    for _ in range(8):
        ticks.failed(error)
    assert len(box.mails) == 1
    assert "the disk is full" in box.mails[0].get_content()
    ticks.done()
    for _ in range(2):
        ticks.failed(error)
    assert len(box.mails) == 1
