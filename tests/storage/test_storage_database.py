"""The database as sending trusts in it: durable, exclusive to a writer, strict; its troubles told in words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_clock import MADE_AT, HandClock
from ledger_rows import Rows, addresses
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from newsletter.errors import ConfigError, StoreError
from newsletter.storage import Store, database, schema


def test_commits_are_durable(store: Store) -> None:
    """SQLite runs with synchronous=FULL, PostgreSQL with synchronous_commit on (sending.md, Durability)."""
    with store.write() as tx:
        assert database.durable(tx) is None


def test_a_weaker_sqlite_is_told(sqlite_store: Store) -> None:
    """synchronous=NORMAL may lose the last commits in a power cut."""
    with sqlite_store._engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
        assert "must be FULL" in (database.durable(connection) or "")


@pytest.mark.postgresql
def test_a_weaker_postgresql_is_told(postgres_url: str) -> None:
    """With synchronous_commit=off a crash forgets claims whose mails have gone."""
    store = Store(postgres_url)
    with store.write() as tx:
        tx.execute(text("SET LOCAL synchronous_commit = off"))
        assert "synchronous_commit=off" in (database.durable(tx) or "")
    store.close()


def test_sqlite_is_set_up(sqlite_store: Store) -> None:
    """WAL, foreign keys, FULL, room for the pages of a body of events, on each connection."""
    with sqlite_store.read() as tx:
        found = [
            tx.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "cache_size", "wal_autocheckpoint")
        ]
    assert found == ["wal", 1, 2, -16000, 4000]


def test_a_writer_excludes_writers_from_its_begin(
    new_sqlite: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write is BEGIN IMMEDIATE: a second writer waits at its begin and never fails half-way."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    url = new_sqlite()
    first, second = Store(url), Store(url)
    with first.write(), pytest.raises(StoreError, match="another program held the database"), second.write():
        pytest.fail("two writers at once")
    with second.write():
        pass


def test_readers_go_on_beside_a_writer(store: Store) -> None:
    """A reader neither waits for a writer nor sees what is not committed."""
    with store.write() as tx:
        tx.execute(text("UPDATE ledger SET epoch = 5"))
        with store.read() as other:
            assert other.execute(text("SELECT epoch FROM ledger")).scalar_one() == 0


def test_a_reader_sees_one_moment(store: Store) -> None:
    """Numbers that are counted by several statements belong together, whatever is committed meanwhile."""
    with store.read() as tx:
        before = tx.execute(text("SELECT epoch FROM ledger")).scalar_one()
        with store.write() as other:
            other.execute(text("UPDATE ledger SET epoch = 5"))
        assert tx.execute(text("SELECT epoch FROM ledger")).scalar_one() == before


def test_foreign_keys_hold(store: Store) -> None:
    """A row that points nowhere is refused by the database."""
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.execute(
            text("INSERT INTO variant (edition_id, message_id, language, tracking) VALUES (99, 99, 'en', 'none')")
        )


def test_a_failed_write_leaves_nothing(rows: Rows) -> None:
    """A transaction is whole or not at all."""

    def fail() -> None:
        with rows.store.write() as tx:
            tx.execute(text("UPDATE ledger SET epoch = 5"))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert rows.one("SELECT epoch FROM ledger") == 0


# --- trouble, in words ------------------------------------------------------------------------------------------------


def test_a_full_disk(sqlite_store: Store, clock: HandClock) -> None:
    """A full disk is a StoreError that says so, nothing of the step is kept, and with room again it works."""
    rows = Rows(sqlite_store, clock)
    rows.subscribe("daily", addresses(3))

    def overflow() -> None:
        with sqlite_store.write() as tx:
            pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
            tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            tx.exec_driver_sql(
                "INSERT INTO foreign_event (body_hash, raw, received_at) VALUES ('x', zeroblob(5000000), '2026-05-04')"
            )

    with pytest.raises(StoreError, match="the disk is full: nothing of this step was kept"):
        overflow()
    with sqlite_store.write() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count=1073741823")
    assert rows.one("SELECT count(*) FROM foreign_event") == 0
    rows.subscribe("daily", addresses(3, "later"))
    assert rows.one("SELECT count(*) FROM subscriber") == 6


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds addresses: whatever the folder allows, other people of the machine may read none of its files."""
    store = Store(f"sqlite:///{tmp_path / 'ledger.db'}")
    schema.upgrade(store, MADE_AT)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    store.close()
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), "0o600")


def test_a_file_that_may_not_be_written(tmp_path: Path, sqlite_url: str) -> None:
    """A read-only database says what to look at. (As root, rights do not bind: the mode of opening stands in.)"""
    path = sqlite_url.removeprefix("sqlite:///")
    with (
        pytest.raises(StoreError, match="may not be written"),
        Store(f"sqlite:///file:{path}?mode=ro&uri=true").write() as tx,
    ):
        tx.exec_driver_sql("UPDATE ledger SET epoch = 5")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path through a file cannot be a folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        Store(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder in the database's place."""
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"), Store(f"sqlite:///{tmp_path}/ledger.db").read():
        pass


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A text file is told, not shown as a traceback."""
    (tmp_path / "ledger.db").write_text("Dear editors, " * 200)
    with pytest.raises(StoreError, match="the file is not a database"), Store(f"sqlite:///{tmp_path}/ledger.db").read():
        pass


def test_a_damaged_file(sqlite_url: str) -> None:
    """Damage found while reading is told with the cure."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="is damaged: stop sending"), Store(sqlite_url).read() as tx:
        tx.exec_driver_sql("SELECT * FROM ledger, edition").all()


def test_a_database_without_tables(tmp_path: Path) -> None:
    """What lacks its tables asks for the upgrade."""
    with pytest.raises(StoreError, match="newsletter db upgrade"), Store(f"sqlite:///{tmp_path}/l.db").read() as tx:
        tx.exec_driver_sql("SELECT * FROM ledger")


@pytest.mark.postgresql
def test_a_postgresql_without_tables(databases: object, postgres_url: str) -> None:
    """The same words on PostgreSQL."""
    store = Store(postgres_url)
    with pytest.raises(StoreError, match="newsletter db upgrade"), store.read() as tx:
        tx.exec_driver_sql("SELECT * FROM no_such_table")
    store.close()


@pytest.mark.postgresql
def test_a_read_only_postgresql(postgres_url: str) -> None:
    """A standby, or a transaction that may only read."""
    store = Store(postgres_url)
    with pytest.raises(StoreError, match="may not be written"), store.read() as tx:
        tx.execute(text("SET TRANSACTION READ ONLY; UPDATE ledger SET epoch = 5"))
    store.close()


@pytest.mark.postgresql
def test_an_older_postgresql(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused at the first connection, with the version that is asked for and the one that is there."""
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 99)
    store = Store(postgres_url)
    with pytest.raises(StoreError, match=r"PostgreSQL 99 or newer is needed, and .* leads to \d+\.\d+"), store.read():
        pass
    store.close()


@pytest.mark.postgresql
def test_a_lock_that_postgresql_waits_for(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits as long as on SQLite, by default 30 s, and not for ever."""
    assert database.BUSY_TIMEOUT_S == 30
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    first, second = Store(postgres_url), Store(postgres_url)
    with first.write() as tx:
        tx.execute(text("UPDATE ledger SET epoch = 5"))
        with pytest.raises(StoreError, match="another program held a lock"), second.write() as other:
            other.execute(text("UPDATE ledger SET epoch = 6"))
    with second.write() as tx:
        tx.execute(text("UPDATE ledger SET epoch = epoch + 1"))
    with first.read() as tx:
        assert tx.execute(text("SELECT epoch FROM ledger")).scalar_one() == 6
    first.close()
    second.close()


@pytest.mark.postgresql
def test_a_postgresql_that_is_not_there(tmp_path: Path) -> None:
    """Nobody listens: told without the password."""
    url = f"postgresql+psycopg://newsletter:secret@/news?host={tmp_path}"
    with pytest.raises(StoreError, match="the database cannot be used") as caught, Store(url).read():
        pass
    assert "secret" not in str(caught.value)


def test_another_kind_of_database() -> None:
    """Only two are supported."""
    with pytest.raises(ConfigError, match="mysql is not supported"):
        Store("mysql://localhost/news")


def test_many_threads_take_turns(store: Store) -> None:
    """Writers wait for each other; none is refused as locked and none is lost."""

    def count() -> None:
        for _ in range(10):
            with store.write() as tx:
                tx.execute(text("UPDATE ledger SET epoch = epoch + 1"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert tx.execute(text("SELECT epoch FROM ledger")).scalar_one() == 40


def test_sqlite_itself_is_new_enough() -> None:
    """RETURNING and the upserts here need SQLite 3.35."""
    assert sqlite3.sqlite_version_info >= (3, 35)
