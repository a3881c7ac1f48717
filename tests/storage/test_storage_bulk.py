"""Many rows in one statement: each value arrives as it was, whatever stands in it, and only news is given back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_clock import START
from ledger_rows import Rows, event
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from newsletter.model import EventKind
from newsletter.storage import bulk
from newsletter.storage import tables as t

ODD = ["", "a\x1fb", "\x1f", "tab\tline\n", 'quote"', "back\\slash", "{a,b}", "NULL", "%s ?", "é😀", " spaces "]


def columns(number: int, words: list[str], start: int = 0) -> dict[str, list[Any]]:
    places = range(start, start + len(words))
    return {
        "vendor_id": [f"e{place}" for place in places],
        "delivery_id": [number for _ in words],
        "kind": ["clicked" for _ in words],
        "occurred_at": [START + timedelta(microseconds=place) for place in places],
        "url": list(words),
        "attempt": [place % 3 for place in places],
        "reason": list(words),
        "machine": [place % 2 == 0 for place in places],
        "raw": list(words),
        "received_at": [START for _ in words],
    }


@pytest.fixture
def number(rows: Rows) -> int:
    (batch,) = rows.claim(rows.begin(2, size=2))
    return int(batch.recipients[0].delivery_id.rpartition("-")[2])


def insert(rows: Rows, values: dict[str, list[Any]]) -> set[tuple[Any, ...]]:
    with rows.store.write() as tx:
        return bulk.insert_new(tx, t.event, values, returning=("delivery_id", "vendor_id"))


def stored(rows: Rows) -> dict[str, list[Any]]:
    with rows.store.read() as tx:
        found = tx.execute(select(t.event).order_by(t.event.c.occurred_at)).mappings().all()
    return {name: [row[name] for row in found] for name in columns(0, [])}


def test_each_value_arrives(rows: Rows, number: int) -> None:
    """Separators, quotes, marks of parameters, an empty text: nothing is special."""
    values = columns(number, ODD)
    assert insert(rows, values) == {(number, f"e{place}") for place in range(len(ODD))}
    assert stored(rows) == values


@pytest.mark.parametrize("word", ODD)
def test_a_single_row(rows: Rows, number: int, word: str) -> None:
    """An empty text in a single row is one too, where an array of nothing looks the same."""
    values = columns(number, [word])
    insert(rows, values)
    assert stored(rows) == values


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_whatever_the_text(rows: Rows, number: int, words: list[str]) -> None:
    """Of all that `parse_events` lets through, nothing is changed on the way."""
    with rows.store.write() as tx:
        bulk.insert_new(tx, t.event, columns(number, words), returning=("vendor_id",))
        kept = tx.execute(select(t.event.c.raw).order_by(t.event.c.occurred_at)).scalars().all()
        tx.rollback()
    assert kept == words


def test_only_news_is_given_back(rows: Rows, number: int) -> None:
    """What was there, and what comes a second time in the same statement, is none."""
    insert(rows, columns(number, ["a", "b"]))
    again = columns(number, ["b", "c"], start=1)
    twice = {name: [*values, values[-1]] for name, values in again.items()}
    assert insert(rows, twice) == {(number, "e2")}
    assert insert(rows, twice) == set()
    assert insert(rows, columns(number, [])) == set()


@pytest.mark.parametrize("value", [datetime(2026, 5, 4), START.astimezone()])  # noqa: DTZ001  that is the point
def test_an_instant_has_a_zone(rows: Rows, number: int, value: datetime) -> None:
    """As everywhere in the ledger: a naive one is refused, any other is kept in UTC."""
    values = columns(number, ["a"]) | {"occurred_at": [value]}
    if value.tzinfo is None:
        with pytest.raises(ValueError, match="without a zone"):
            insert(rows, values)
    else:
        insert(rows, values)
        assert stored(rows)["occurred_at"] == [START.astimezone(UTC)]


@pytest.mark.postgresql
def test_a_text_that_is_too_long_is_not_cut(rows: Rows, number: int) -> None:
    """A cast would cut it silently, and another event could have the same beginning. SQLite keeps any length."""
    values = columns(number, ["a"]) | {"vendor_id": ["x" * 121]}
    if rows.store.is_sqlite:
        insert(rows, values)
        assert stored(rows)["vendor_id"] == ["x" * 121]
        return
    with pytest.raises(DBAPIError, match="too long"):
        insert(rows, values)


def test_rows_by_their_id(rows: Rows, number: int) -> None:
    """Those that there are, of those that are asked for."""
    with rows.store.read() as tx:
        found = bulk.by_id(tx, t.delivery, ("send_id", "batch_number", "address_key"), {number, 10**15})
        assert bulk.by_id(tx, t.delivery, ("send_id",), set()) == {}
        row = tx.execute(select(t.delivery).where(t.delivery.c.id == number)).one()
    assert found == {number: (row.send_id, 1, row.address_key)}


def test_an_id_counts_within_its_delivery(rows: Rows) -> None:
    """The same id of two deliveries is two events, and the same again is none."""
    (batch,) = rows.claim(rows.begin(2, size=2))
    one, two = (event(person.delivery_id, "e1", kind=EventKind.OPENED, at=START) for person in batch.recipients)
    kept = rows.keep(one, one, two)
    assert [len(of) for of in kept.ours.values()] == [1, 1]
    assert kept.batches == {(1, 1)}
    assert rows.keep(two, one).known_count == 2
