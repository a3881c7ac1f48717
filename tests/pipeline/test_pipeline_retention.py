"""Labels, soft bounces and sums as the clock makes them: what is kept for how long, and what stays true afterwards."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from ledger_house import House, at
from sqlalchemy import text

from newsletter.errors import UsageError
from newsletter.model import EventKind, SendReport
from newsletter.pipeline import judging, listening, readers, sending
from newsletter.storage import consent, sends, tallies

DAILY = "daily/2026-05-04"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
FULL = {"event": "bounce", "type": "bounce", "status": "5.2.2", "reason": "552 mailbox full"}
DAY = timedelta(days=1)


def copies(house: House, edition: str = DAILY) -> dict[str, str]:
    """The delivery id of each reader's copy."""
    with house.store.read() as tx:
        uid = tx.execute(text("SELECT uid FROM ledger")).scalar_one()
        rows = tx.execute(
            text(
                "SELECT s.address, d.id FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id JOIN send "
                "ON send.id = d.send_id JOIN edition e ON e.id = send.edition_id WHERE e.name = :name"
            ),
            {"name": edition},
        )
        return {row.address.partition("@")[0]: f"{uid}-{row.id}" for row in rows}


def tell(house: House, *entries: dict[str, Any]) -> listening.Heard:
    """Hand over a body as SendGrid posts it; `at` is an instant, ids are made of the contents."""
    body = [
        {
            "sg_event_id": f"{entry['delivery_id']}-{entry['event']}-{entry['at']:%d%H%M%S}-{entry.get('url')}",
            "timestamp": int(entry["at"].timestamp()),
            **{key: value for key, value in entry.items() if key != "at"},
        }
        for entry in entries
    ]
    return listening.take_in(house.context, json.dumps(body).encode())


def told(house: House) -> dict[tuple[EventKind, bool | None], tuple[int, int]]:
    with house.store.read() as tx:
        live = sends.live(tx, DAILY)
        assert live is not None
        return {(row.kind, row.machine): (row.events, row.deliveries) for row in tallies.tallies(tx, live.id)}


def opened(house: House) -> dict[str, str]:
    """An edition to three readers: all delivered, a human who opens and clicks, a scanner, and one who does nothing."""
    house.readers(3)
    house.story()
    house.send()
    mine = copies(house)
    base: dict[str, Any] = {"event": "delivered", "at": house.clock()}
    tell(house, *(base | {"delivery_id": name} for name in mine.values()))
    human, scanner = mine["reader0"], mine["reader1"]
    later = house.clock() + timedelta(hours=2)
    seen = [{"delivery_id": human, "event": "open", "at": later, "useragent": PHONE}] + [
        {
            "delivery_id": name, "event": "click", "at": later + timedelta(seconds=number), "useragent": PHONE,
            "url": f"https://a.example.org/{number}",
        }
        for name, count in ((human, 1), (scanner, 4))
        for number in range(count)
    ]  # fmt: skip
    tell(house, *seen)
    return mine


def test_the_tick_labels_what_came(house: House) -> None:
    """Raw and human figures side by side; a second tick has nothing to do, and what comes later is labelled too."""
    mine = opened(house)
    assert told(house)[EventKind.CLICKED, None] == (5, 2)
    house.tick()
    wanted = {
        (EventKind.DELIVERED, None): (3, 3),
        (EventKind.OPENED, False): (1, 1),
        (EventKind.CLICKED, False): (1, 1),
        (EventKind.CLICKED, True): (4, 1),
    }
    assert told(house) == wanted
    house.tick()
    assert told(house) == wanted
    late = {
        "delivery_id": mine["reader2"],
        "event": "click",
        "at": house.clock() + DAY,
        "url": "https://a.example.org/1",
    }
    tell(house, late)
    house.tick()
    assert told(house)[EventKind.CLICKED, True] == (5, 2), "without a user agent"


def test_a_delivery_that_is_told_late(sqlite_house: House) -> None:
    """A click that was labelled before it was known when the mail arrived gets another label."""
    sqlite_house.readers(1)
    sqlite_house.story()
    sqlite_house.send()
    (name,) = copies(sqlite_house).values()
    now = sqlite_house.clock()
    base: dict[str, Any] = {"delivery_id": name, "at": now, "useragent": PHONE}
    tell(sqlite_house, base | {"event": "click", "url": "https://a.example.org/1"})
    sqlite_house.tick()
    assert told(sqlite_house) == {(EventKind.CLICKED, False): (1, 1)}
    tell(sqlite_house, base | {"event": "delivered", "at": now - timedelta(seconds=2)})
    sqlite_house.tick()
    assert told(sqlite_house)[EventKind.CLICKED, True] == (1, 1)


def test_labels_of_other_rules(sqlite_house: House) -> None:
    """The tick makes them anew once, and the command says how many are otherwise."""
    opened(sqlite_house)
    sqlite_house.tick()
    wanted = told(sqlite_house)
    with sqlite_house.store.write() as tx:
        tx.execute(text("UPDATE judgement SET rules = 0, machine = 1, why = 'old' WHERE machine = 0"))
        tx.execute(text("UPDATE ledger SET judged_by = 0"))
    sqlite_house.tick()
    assert told(sqlite_house) == wanted
    with sqlite_house.store.write() as tx:
        tx.execute(text("UPDATE judgement SET machine = 1, why = 'wrong' WHERE machine = 0"))
    assert judging.judge_edition(sqlite_house.context, DAILY) == judging.Judged(events=6, new=0, changed=2)
    assert [(name, judged.changed) for name, judged in judging.judge_all(sqlite_house.context)] == [(DAILY, 0)]


def test_a_million_rows_take_many_ticks(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each does so much and no more; what is left is done by the next."""
    monkeypatch.setattr(judging, "STRETCH", 2)
    monkeypatch.setattr(judging, "AT_MOST_S", 0)
    opened(sqlite_house)
    left = []
    for _ in range(4):
        sqlite_house.tick()
        left.append(sum(events for (_, machine), (events, _) in told(sqlite_house).items() if machine is None))
    assert left == [9, 7, 3, 3], "of nine, none; one reader's open and click; the scanner's; deliveries have no label"


def everything(house: House) -> tuple[SendReport, Any]:
    return house.report(), told(house)


@pytest.fixture
def unscheduled(house: House) -> House:
    """Two newsletters that go by hand: ticks of a year later have no missed date to tell of."""
    for slug in ("daily", "weekly"):
        house.newsletter(slug, schedule="")
    house.reload()
    return house


def other_send(house: House) -> None:
    """The newest delivery of all, which stays."""
    house.readers(1, "weekly", prefix="other")
    day = f"{house.clock():%Y-%m-%d}"
    house.story(f"{day}-rails")
    house.send(f"weekly/{day}")


def test_events_and_then_deliveries_become_sums(unscheduled: House) -> None:
    """90 days after they came, and 400 days after the send: reports say the same, and nobody can get it again."""
    house = unscheduled
    opened(house)
    house.tick()
    wanted = everything(house)
    house.clock.move(days=89)
    house.tick()
    assert rows(house, "event_sum") == 0
    house.clock.move(days=2)
    house.tick()
    assert (rows(house, "event"), rows(house, "judgement")) == (0, 0)
    assert everything(house) == wanted
    (copy,) = readers.explain(house.context, "reader0@example.org", DAILY).copies
    assert (copy.events, copy.outcome, copy.summed_at) == ((), "", house.clock())
    house.clock.move(days=310)
    other_send(house)
    house.tick()
    assert rows(house, "delivery") == 1, "of the weekly alone"
    assert everything(house) == wanted
    explained = readers.explain(house.context, "reader0@example.org", DAILY)
    assert explained.copies == ()
    assert explained.gone_until == wanted[0].finished_at
    with pytest.raises(UsageError, match="is sent"):
        house.freeze()
    with pytest.raises(UsageError, match="is sent"):
        sending.start(house.context, DAILY, by="ann")
    house.story("2027-06-09-roads", corrects="2026-05-04-ports")
    with pytest.raises(UsageError, match="who got it is not kept any more"):
        house.correct("2027-06-09-roads")


def rows(house: House, table: str) -> int:
    with house.store.read() as tx:
        count: int = tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return count


def test_an_event_of_a_copy_that_is_summed(unscheduled: House) -> None:
    """It is foreign, but what it says of the address holds: who complains after two years is not mailed again."""
    house = unscheduled
    mine = opened(house)
    house.clock.move(days=401)
    other_send(house)
    house.tick()
    late = {"delivery_id": mine["reader0"], "event": "spamreport", "at": house.clock(), "email": "reader0@example.org"}
    assert tell(house, late) == listening.Heard(new=0, known=0, foreign=1, suppressed=1)


def test_a_mailbox_that_stays_full(house: House) -> None:
    """Three copies in a row over two weeks: suppressed, in words of its own; a delivery in between begins anew."""
    house.subscribe([f"{name}@example.org" for name in ("full", "again", "fine")])
    found = []
    for day, name in ((4, "ports"), (11, "rails"), (18, "roads")):
        house.clock.at = at(day, 5)
        house.story(f"2026-05-{day:02}-{name}")
        house.send(f"daily/2026-05-{day:02}")
        mine = copies(house, f"daily/2026-05-{day:02}")
        again = FULL if day != 11 else {"event": "delivered"}
        entries = [FULL | {"delivery_id": mine["full"]}, again | {"delivery_id": mine["again"]}]
        found.append(tell(house, *(entry | {"at": house.clock()} for entry in entries)).suppressed)
    assert found == [0, 0, 1]
    told_of = readers.explain(house.context, "full@example.org")
    assert [(scope, reason, source) for scope, reason, source, _ in told_of.suppressions] == [
        ("all", "soft-bounce", "event")
    ]
    assert readers.explain(house.context, "again@example.org").suppressions == ()


def test_what_a_reader_says_by_the_mail_service(house: House) -> None:
    """A complaint and an unsubscribe are taken back consent: the log has each once, however often it is told."""
    mine = opened(house)
    entries: list[dict[str, Any]] = [
        {"event": "unsubscribe", "delivery_id": mine["reader0"]},
        {"event": "group_unsubscribe", "delivery_id": mine["reader0"]},
        {"event": "spamreport", "delivery_id": mine["reader1"]},
        {"event": "bounce", "type": "bounce", "status": "5.1.1", "delivery_id": mine["reader2"]},
        {"event": "group_resubscribe", "delivery_id": mine["reader0"]},
    ]
    for second in (0, 1):
        moment = house.clock() + timedelta(seconds=second)
        tell(house, *(entry | {"at": moment} for entry in entries))
    found = Counter()
    for name in mine:
        key = readers.identify(house.context, f"{name}@example.org").key
        with house.store.read() as tx:
            found.update(
                (name, e.event.value, e.source, e.detail, e.list) for e in consent.of(tx, key) if e.source == "event"
            )
    assert found == Counter([
        ("reader0", "withdrawn", "event", "unsubscribed with the mail service", "all"),
        ("reader1", "withdrawn", "event", "marked a mail as spam", "all"),
    ])  # fmt: skip
    kept = readers.explain(house.context, "reader0@example.org").suppressions
    assert [reason for _, reason, _, _ in kept] == ["unsubscribe"], "a resubscribe lifts nothing"
