"""What a database remembers of itself and of the clock: gateway, key, epoch, steps, schedules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_clock import START
from ledger_rows import Rows

from newsletter.errors import ConfigError
from newsletter.model import EditionState, SendState, Step
from newsletter.storage import clock as ledger_clock
from newsletter.storage import editions, guard


@pytest.mark.parametrize(("first", "other", "cure"), [
    ("sandbox", "sendgrid", "set NEWSLETTER_SANDBOX=1"),
    ("sendgrid", "sandbox", "leave NEWSLETTER_SANDBOX unset"),
])  # fmt: skip
def test_sandbox_and_reality_never_mix(rows: Rows, first: str, other: str, cure: str) -> None:
    """The first gateway of live sends decides for good."""
    with rows.store.write() as tx:
        assert guard.gateway(tx) is None
        guard.bind_gateway(tx, first)
        guard.bind_gateway(tx, first)
        with pytest.raises(ConfigError, match=cure):
            guard.bind_gateway(tx, other)
        assert guard.gateway(tx) == first


def test_another_address_key_is_refused(rows: Rows) -> None:
    """With another key nobody who left would be known again."""
    with rows.store.write() as tx:
        assert not guard.knows_address_key(tx, "one")
        guard.bind_address_key(tx, "one")
        assert guard.knows_address_key(tx, "one")
        with pytest.raises(ConfigError, match="NEWSLETTER_ADDRESS_KEY is not the one"):
            guard.bind_address_key(tx, "two")


def test_the_epoch_counts(rows: Rows) -> None:
    """The number of live sends begun, as the restore guard compares it."""
    with rows.store.write() as tx:
        assert guard.epoch(tx) == 0
        guard.set_epoch(tx, 7)
        assert guard.epoch(tx) == 7


def test_a_step_is_taken_once(rows: Rows) -> None:
    """Two schedulers: one of them may carry it out; given back, it may be taken again."""
    with rows.store.write() as tx:
        assert ledger_clock.take_step(tx, "daily/2026-05-04", Step.REMIND, START)
        assert not ledger_clock.take_step(tx, "daily/2026-05-04", Step.REMIND, START)
        ledger_clock.give_back_step(tx, "daily/2026-05-04", Step.REMIND)
        assert ledger_clock.take_step(tx, "daily/2026-05-04", Step.REMIND, START)


def test_the_clock_sees_an_edition(rows: Rows) -> None:
    """State, send and when it last moved; a step that comes before the edition's row is seen too."""
    send_id = rows.begin(2, size=2)
    rows.clock.move(minutes=1)
    (batch,) = rows.claim(send_id)
    rows.clock.move(minutes=1)
    rows.accepted(batch)
    with rows.store.write() as tx:
        ledger_clock.take_step(tx, "daily/2026-05-05", Step.REMIND, rows.clock())
    with rows.store.read() as tx:
        seen = ledger_clock.facts(tx, START - timedelta(days=2))
    facts = seen["daily/2026-05-04"]
    assert (facts.state, facts.send, facts.active_at) == (EditionState.SENDING, SendState.SENDING, rows.clock())
    assert seen["daily/2026-05-05"].steps == {Step.REMIND}
    assert seen["daily/2026-05-05"].state is EditionState.OPEN


def test_an_edition_moves_by_compare_and_set(rows: Rows) -> None:
    """Out of another state it does not move, and each move is in the log with reason and name."""
    rows.subscribe("daily", [])
    rows.freeze()
    with rows.store.write() as tx:
        row = editions.find(tx, "daily/2026-05-04")
        assert row is not None
        since = [EditionState.OPEN]
        assert editions.move(tx, row.id, since, EditionState.HELD, reason="killed", by="ann", now=START)
        assert not editions.move(tx, row.id, since, EditionState.SENDING, reason="", by="clock", now=START)
    with rows.store.read() as tx:
        moved = tx.exec_driver_sql('SELECT from_state, to_state, reason, "by" FROM edition_move').all()
    assert [tuple(row) for row in moved] == [("open", "held", "killed", "ann")]


def test_a_changed_schedule_counts_from_now(rows: Rows) -> None:
    """A newsletter that is new, or whose schedule was changed, misses nothing of the past."""
    with rows.store.write() as tx:
        assert ledger_clock.watch(tx, {"daily": "a"}, START) == {"daily": START}
        later = START + timedelta(days=1)
        assert ledger_clock.watch(tx, {"daily": "a"}, later) == {"daily": START}
        assert ledger_clock.watch(tx, {"daily": "b"}, later) == {"daily": later}


def test_a_standing_is_noted_when_it_is_news(rows: Rows) -> None:
    """The log of a story has each change once."""
    with rows.store.write() as tx:
        assert ledger_clock.note_standings(tx, [("ports", "ready", "sha256:1", "")], START) == 1
        assert ledger_clock.note_standings(tx, [("ports", "ready", "sha256:1", "")], START) == 0
        assert ledger_clock.note_standings(tx, [("ports", "approved", "sha256:1", "ann")], START) == 1
