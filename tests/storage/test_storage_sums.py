"""Sums say what the rows said: before, in the middle and after, whatever was told, and however often it stops."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ledger_clock import START, HandClock
from ledger_rows import Rows, event
from sqlalchemy import insert, select

from newsletter.model import Batch, EventKind, SendState
from newsletter.pipeline.judging import label
from newsletter.storage import Store, clicks, delivery_sums, events, judgements, reports, sends, sums, tallies
from newsletter.storage import tables as t
from newsletter.tracking import RULES, facts, url_index

DAY = timedelta(days=1)
BEFORE = START + 2 * DAY
KINDS = [kind for kind in EventKind if kind is not EventKind.OTHER]
AGENTS = ["Mozilla/5.0 (iPhone) Mail", "Mozilla/5.0", "curl/8"]

told = st.lists(
    st.tuples(
        st.integers(0, 3),  # whose copy
        st.sampled_from(KINDS),
        st.integers(0, 40),  # hours after the start: before and after the day from which events are old
        st.sampled_from(["https://a.example.org/1", "https://a.example.org/2", "https://a.example.org/3"]),
        st.sampled_from(AGENTS),
        st.integers(0, 2),  # our attempt, where it is said
    ),
    max_size=25,
)


def tell(rows: Rows, people: Sequence[str], what: Sequence[tuple[Any, ...]], received_at: datetime) -> None:
    heard = [
        event(
            people[who], f"{number}-{received_at}", kind=kind, at=START + timedelta(hours=hours), attempt=attempt,
            url=url if kind is EventKind.CLICKED else "", agent=agent,
        )
        for number, (who, kind, hours, url, agent, attempt) in enumerate(what)
    ]  # fmt: skip
    with rows.store.write() as tx:
        kept = events.keep(tx, heard, received_at)
        found = facts(each for of in kept.ours.values() for each in of)
        events.keep_facts(tx, {(int(name.rpartition("-")[2]), kind): at for (name, kind), at in found.items()})


def judged(rows: Rows, send_id: int) -> None:
    with rows.store.write() as tx:
        label(tx, judgements.of_send(tx, send_id, RULES))


def shown(rows: Rows, send_id: int) -> tuple[Any, ...]:
    """All that a report says of a send."""
    with rows.store.read() as tx:
        seen = reports.trackings(tx, send_id)
        return (
            rows.report(send_id), tallies.tallies(tx, send_id), clicks.by_link(tx, 1, index=url_index),
            [reports.delivered(tx, send_id, [each]) for each in seen],
            reports.facts_until(tx, send_id, START + 9 * DAY),
        )  # fmt: skip


def sum_events(rows: Rows, before: datetime) -> bool:
    with rows.store.write() as tx:
        portion = sums.next_events(tx, before, rows.clock())
        if portion is None:
            return False
        label(tx, judgements.of_batch(tx, portion.send_id, portion.batch_number, RULES))
        assert sums.sum_events(tx, portion, url_index)
    return True


def sum_deliveries(rows: Rows, before: datetime, limit: int = 2) -> bool:
    with rows.store.write() as tx:
        portion = delivery_sums.next_deliveries(tx, before, limit)
        if portion is None:
            return False
        label(tx, judgements.of_deliveries(tx, portion.deliveries, RULES))
        assert delivery_sums.sum_deliveries(tx, portion, index=url_index, now=rows.clock())
    return True


def sent(rows: Rows, readers: int = 5) -> tuple[int, list[str]]:
    """A send in batches of 2 that is over, one reader suppressed and one refused; and the ids of the claimed copies."""
    rows.subscribe("daily", ["gone@example.org"])
    rows.suppress("gone@example.org")
    send_id = rows.begin(readers)
    claimed: list[Batch] = []
    while found := rows.claim(send_id):
        claimed += found
    rows.refused(claimed[0], [0])
    while found := rows.claim(send_id):
        claimed += found
    for batch in claimed:
        rows.accepted(batch)
    ids = [person.delivery_id for batch in claimed for person in batch.recipients]
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.SENT
        (message,) = tx.execute(select(t.message.c.id)).scalars()
        for number, code in enumerate(["aaaa", "bbbb", "cccc"], 1):
            row = {"message_id": message, "number": number, "role": "story", "url": f"https://a.example.org/{number}"}
            tx.execute(insert(t.link).values(**row, code=code))
    return send_id, ids


def other(rows: Rows) -> None:
    """A send to somebody else: the newest delivery of all stays."""
    rows.begin(1, slug="weekly", edition="weekly/2026-05-05")


def check_the_numbers_stay(rows: Rows, *, old: Sequence[Any], young: Sequence[Any], late: Sequence[Any]) -> None:
    send_id, people = sent(rows)
    other(rows)
    tell(rows, people, old, START + DAY)
    tell(rows, people, young, START + 3 * DAY)
    judged(rows, send_id)
    wanted = shown(rows, send_id)
    rows.clock.at = START + 4 * DAY
    while sum_events(rows, BEFORE):
        assert shown(rows, send_id) == wanted, "in the middle, too"
    tell(rows, people, late, START + 5 * DAY)
    tell(rows, people, late, START + 5 * DAY)
    judged(rows, send_id)
    rows.clock.at = START + 6 * DAY
    wanted = shown(rows, send_id)
    while sum_events(rows, START + 4 * DAY):
        assert shown(rows, send_id) == wanted, "those that waited, too"
    while sum_deliveries(rows, START + 9 * DAY):
        assert shown(rows, send_id) == wanted, "without a delivery, and with its late events, too"
    assert rows.one(f"SELECT count(*) FROM delivery WHERE send_id = {send_id}") == 0
    assert rows.one("SELECT count(*) FROM event") == 0


@settings(max_examples=max(1, settings.default.max_examples // 12), phases=[Phase.explicit, Phase.generate])
@given(old=told, young=told, late=told)
def test_reports_give_the_same_numbers(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, old: list[Any], young: list[Any], late: list[Any]
) -> None:
    """Before, between any two portions, and when all is summed; late events are counted once, then as before."""
    path = tmp_path_factory.mktemp("sums") / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    rows = Rows(Store(f"sqlite:///{path}"), HandClock())
    check_the_numbers_stay(rows, old=old, young=young, late=late)
    rows.store.close()
    path.unlink()


def some(seed: int) -> list[Any]:
    chance = random.Random(seed)
    return [
        (
            chance.randrange(4), chance.choice(KINDS), chance.randrange(40),
            f"https://a.example.org/{chance.randrange(3)}", chance.choice(AGENTS), chance.randrange(3),
        )
        for _ in range(40)
    ]  # fmt: skip


def test_on_both_databases(rows: Rows) -> None:
    """The same for one case of many events."""
    check_the_numbers_stay(rows, old=some(1), young=some(2), late=some(3))


def test_a_portion_that_breaks_off(rows: Rows) -> None:
    """Added up and deleted in one transaction: what stops in between has done neither."""
    send_id, people = sent(rows)
    other(rows)
    tell(rows, people, some(4), START + DAY)
    judged(rows, send_id)
    wanted = shown(rows, send_id)

    def broken() -> None:
        with rows.store.write() as tx:
            portion = sums.next_events(tx, BEFORE, rows.clock())
            assert portion is not None
            assert sums.sum_events(tx, portion, url_index)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        broken()
    assert rows.one("SELECT count(*) FROM event_sum") == 0
    assert shown(rows, send_id) == wanted


def test_clicks_are_summed_by_their_links_too(rows: Rows) -> None:
    """Twice the whole: under no code all of them, under each link's code its own; a reader of two links is one."""
    send_id, people = sent(rows)
    places = [(0, 1, 5), (0, 2, 9), (1, 1, 5), (1, 9, 9)]
    what = [(who, EventKind.CLICKED, hour, f"https://a.example.org/{n}", AGENTS[0], 1) for who, n, hour in places]
    tell(rows, people, what, START + DAY)
    rows.clock.at = START + 4 * DAY
    while sum_events(rows, BEFORE):
        pass
    with rows.store.read() as tx:
        found = {(r.code, r.machine): (r.events, r.deliveries) for r in tx.execute(select(t.event_sum))}
    assert found == {("", False): (4, 2), ("aaaa", False): (2, 2), ("bbbb", False): (1, 1)}
    assert send_id


def test_hits_are_summed_by_code(rows: Rows) -> None:
    """For the send whose mails had the link; a link that no reader got counts nowhere. Younger ones stay."""
    send_id, _ = sent(rows)
    with rows.store.write() as tx:
        for code, machine, days in [("aaaa", 0, 0), ("aaaa", 0, 1), ("aaaa", 1, 1), ("zzzz", 0, 1), ("aaaa", 0, 3)]:
            hit = {"code": code, "at": START + days * DAY, "machine": bool(machine), "rules": 1}
            tx.execute(insert(t.hit).values(**hit))
    done = []
    for _ in range(4):
        with rows.store.write() as tx:
            done.append(sums.sum_hits(tx, BEFORE, 2))
    assert done == [2, 2, 0, 0]
    with rows.store.read() as tx:
        found = {(r.send_id, r.kind, r.code, r.machine): r.events for r in tx.execute(select(t.event_sum))}
    assert found == {(send_id, "hit", "aaaa", False): 2, (send_id, "hit", "aaaa", True): 1}
    assert rows.one("SELECT count(*) FROM hit") == 1


def test_foreign_events_are_forgotten(rows: Rows) -> None:
    """The old ones, so many at once."""
    for day, raw in [(0, "a"), (0, "b"), (1, "c"), (3, "d")]:
        with rows.store.write() as tx:
            events.keep_foreign(tx, [raw], START + day * DAY)
    done = []
    for _ in range(3):
        with rows.store.write() as tx:
            done.append(sums.forget_foreign(tx, BEFORE, 2))
    assert done == [2, 1, 0]
    assert rows.one("SELECT raw FROM foreign_event") == "d"


def test_what_is_in_doubt_keeps_its_readers(rows: Rows) -> None:
    """Whoever settles it must still be able to send it again."""
    send_id = rows.begin(2)
    (batch,) = rows.claim(send_id)
    rows.in_doubt(batch)
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.PARTIAL
    other(rows)
    assert not sum_deliveries(rows, START + 900 * DAY)


def test_the_newest_delivery_stays(rows: Rows) -> None:
    """SQLite gives the number of a last row again: events of an old mail would tell of a new one."""
    send_id, people = sent(rows)
    while sum_deliveries(rows, START + 9 * DAY):
        pass
    assert rows.one(f"SELECT count(*) FROM delivery WHERE send_id = {send_id}") == 1
    assert rows.report(send_id).accepted == 4
    rows.begin(1, slug="weekly", edition="weekly/2026-05-05")
    assert f"{rows.one('SELECT max(id) FROM delivery')}" not in {name.rpartition("-")[2] for name in people}
