"""Migrations with data in them: what is in the tables of a version is there, as it was, after each step up and down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledger_clock import MADE_AT
from ledger_postgres import Databases
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from newsletter.storage import Store, Tx, schema

VERSIONS = schema.known_versions()
ROWS = 3
SAID = {
    ("subscription", "state"): "active",
    ("send", "kind"): "live",
    ("batch", "state"): "in_doubt",
    ("ledger", "id"): 1,
    ("consent", "event"): "confirmed",
    ("letter", "kind"): "confirm",
    ("letter", "state"): "waiting",
}
"""What a CHECK wants to have."""

TAKEN = 15
"""Tables that the first version did not have."""

Content = Mapping[str, list[Mapping[str, Any]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path}/empty.db")
        yield store
        store.close()
        return
    databases: Databases = request.getfixturevalue("databases")
    url = databases.empty()
    store = Store(url)
    yield store
    store.close()
    databases.drop(url)


def tables(tx: Tx) -> list[Table]:
    """Those of the version that the database is at, each behind those that it points to."""
    found = MetaData()
    found.reflect(tx)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(tx: Tx) -> None:
    """Rows in every table, a value in every column."""
    for table in tables(tx):
        rows = [{column.name: value(column, number) for column in table.columns} for number in range(1, ROWS + 1)]
        if table.name == "ledger":
            tx.execute(update(table).values(rows[0]))
        else:
            tx.execute(insert(table), rows)


BY_TYPE: Mapping[type, Callable[[int], object]] = {
    Date: lambda number: date(2026, 5, number),
    Boolean: lambda number: number % 2 == 0,
    Float: lambda number: number + 0.5,
    Integer: lambda number: number,
    LargeBinary: lambda number: bytes([number, 0, 255]),
}


def value(column: Column[Any], number: int) -> object:
    for key in column.foreign_keys:
        column = key.column  # each table has rows of these numbers, and of these words
    said, kind = SAID.get((column.table.name, column.name)), column.type
    if said is not None:
        return said
    if isinstance(kind, DateTime):
        moment = datetime(2026, 5, number, 12, 30, 15, 123456, tzinfo=UTC)
        return moment if kind.timezone else moment.replace(tzinfo=None)
    for known, make in BY_TYPE.items():
        if isinstance(kind, known):
            return make(number)
    return f"{number} {column.name} ü"[: getattr(kind, "length", None) or 100]


def content(tx: Tx) -> Content:
    """All rows, in an order of their own."""
    return {
        table.name: sorted((dict(row) for row in tx.execute(select(table)).mappings()), key=repr)
        for table in tables(tx)
    }


def as_far_as(of: Content, other: Content) -> Content:
    """The tables and columns of a content that the other has too."""
    return {
        name: sorted(({key: row[key] for key in row if key in other[name][0]} for row in rows), key=repr)
        for name, rows in of.items()
        if other.get(name)
    }


def step(store: Store, version: str, *, down: bool) -> Content:
    if down:
        schema.downgrade(store, version)
    else:
        schema.upgrade(store, MADE_AT + timedelta(days=1), version)
    with store.read() as tx:
        assert schema.version(tx) == version
        return content(tx)


@pytest.mark.parametrize("start", VERSIONS)
def test_data_outlives_every_step(empty: Store, start: str) -> None:
    """Filled at one version, then up to the newest, down to the oldest and up again, a step at a time: each row is as
    it was, as far as a version has a place for it.
    """
    schema.upgrade(empty, MADE_AT, start)
    with empty.write() as tx:
        fill(tx)
        before = content(tx)
    assert all(before.values()), "every table has rows"
    at = VERSIONS.index(start)
    way = [
        *((version, False) for version in VERSIONS[at + 1 :]),
        *((version, True) for version in reversed(VERSIONS[:-1])),
        *((version, False) for version in VERSIONS[1:]),
    ]
    left = before
    for version, down in way:
        now = step(empty, version, down=down)
        left = as_far_as(left, now)  # what a downgrade takes is gone for good
        assert as_far_as(now, left) == left, f"{'down' if down else 'up'} to {version}"
    assert len(left) >= len(before) - TAKEN, "all but the tables that a downgrade takes"


def test_what_an_upgrade_adds_begins_with_nothing(empty: Store) -> None:
    """Sends and attempts of the time before have no canary and no uptime, stories correct nothing, the ledger is its
    own origin.
    """
    schema.upgrade(empty, MADE_AT, "0001")
    with empty.write() as tx:
        fill(tx)
    schema.upgrade(empty, MADE_AT)
    with empty.read() as tx:
        assert set(tx.exec_driver_sql("SELECT canary_count FROM send").scalars()) == {0}
        assert set(tx.exec_driver_sql("SELECT corrects FROM edition_story").scalars()) == {None}
        assert set(tx.exec_driver_sql("SELECT claimed_uptime_s FROM attempt").scalars()) == {None}
        assert tx.exec_driver_sql("SELECT origin FROM ledger").scalar_one() is None


def test_an_edition_goes_to_a_list_once_at_each_version(empty: Store) -> None:
    """The index that holds it is there after each step, for mails of corrections too from their version on."""
    once = (
        "INSERT INTO send (edition_id, list_id, kind, state, candidates, created_at) "
        "VALUES (1, 1, '{}', 'sent', 0, '{}')"
    )
    schema.upgrade(empty, MADE_AT)
    with empty.write() as tx:
        for table in ("list", "edition"):
            found = next(each for each in tables(tx) if each.name == table)
            tx.execute(insert(found), {column.name: value(column, 1) for column in found.columns})
    for version, kinds in (
        (VERSIONS[-1], ("live", "correction")),
        ("0002", ("live",)),
        (VERSIONS[-1], ("live", "correction")),
    ):
        step(empty, version, down=version == "0002")
        for kind in kinds:
            with empty.write() as tx:
                tx.exec_driver_sql("DELETE FROM send")
                tx.exec_driver_sql(once.format(kind, MADE_AT.isoformat()))
            with pytest.raises(IntegrityError), empty.write() as tx:
                tx.exec_driver_sql(once.format(kind, MADE_AT.isoformat()))
