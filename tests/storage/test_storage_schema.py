"""The tables: made on first use, by the newest migration, refused when they are another program's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_clock import MADE_AT, HandClock
from ledger_postgres import Databases
from sqlalchemy import inspect, text

from newsletter.errors import StoreError
from newsletter.storage import Store, schema, tables


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables."""
    if request.param == "sqlite":
        yield Store(f"sqlite:///{tmp_path}/new/empty.db")
        return
    databases: Databases = request.getfixturevalue("databases")
    url = databases.empty()
    store = Store(url)
    yield store
    store.close()
    databases.drop(url)


def test_the_head_is_the_newest_file() -> None:
    """HEAD is written down by hand, since loading Alembic takes long at each start; the folder proves it."""
    assert schema.known_versions()[-1] == schema.HEAD


def test_the_migrations_make_the_tables(empty: Store) -> None:
    """What the migrations make and what the code declares are one schema, on each database."""
    schema.ensure(empty, MADE_AT)
    with empty.read() as tx:
        # SQLite gives defaults back in other words than they were given in; PostgreSQL compares them itself.
        options = {"compare_type": True, "compare_server_default": not empty.is_sqlite}
        found = compare_metadata(MigrationContext.configure(tx, opts=options), tables.metadata)
    assert found == []


def test_ensure_twice_is_once(empty: Store) -> None:
    """The second start changes nothing: the ledger keeps its id."""
    schema.ensure(empty, MADE_AT)
    with empty.read() as tx:
        uid = tx.execute(text("SELECT uid FROM ledger")).scalar_one()
    schema.ensure(empty, HandClock()())
    with empty.read() as tx:
        assert tx.execute(text("SELECT uid FROM ledger")).scalar_one() == uid


def test_downgrade_to_nothing_and_back(empty: Store) -> None:
    """A downgrade takes all tables away, and the next upgrade makes them again."""
    schema.upgrade(empty, MADE_AT)
    schema.downgrade(empty, "base")
    with empty.read() as tx:
        assert set(inspect(tx).get_table_names()) <= {"alembic_version"}
    schema.upgrade(empty, MADE_AT)
    with empty.read() as tx:
        assert set(tables.metadata.tables) <= set(inspect(tx).get_table_names())


def test_a_newer_version_is_refused(store: Store) -> None:
    """A database that a newer program made is not touched; the text says what to do."""
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer version of this program \(schema 9999.*run the newer program"):
        schema.ensure(store, MADE_AT)


def test_an_older_version_asks_for_the_upgrade(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older database is upgraded by command only."""
    monkeypatch.setattr(schema, "HEAD", "0099")
    with pytest.raises(StoreError, match="newsletter db upgrade"):
        schema.ensure(store, MADE_AT)


def test_a_failed_upgrade_leaves_nothing(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade is one transaction: what fails half-way has made no table."""

    def fail(_: int) -> str:
        raise RuntimeError("power cut")

    monkeypatch.setattr(schema.secrets, "token_hex", fail)
    with pytest.raises(RuntimeError):
        schema.upgrade(empty, MADE_AT)
    with empty.read() as tx:
        assert inspect(tx).get_table_names() == []
