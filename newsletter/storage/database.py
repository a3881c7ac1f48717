"""The engine, its transactions, and every place where SQLite and PostgreSQL differ."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    Text,
    cast,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
    true,
)

from newsletter.errors import ConfigError, StoreError
from newsletter.storage import waiting
from newsletter.storage.advice import translated

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.dialects import postgresql, sqlite

Tx = Connection

BUSY_TIMEOUT_S = 30
"""How long a writer waits for the one before it (sending.md, Durability: 30 s or more)."""

IDLE_TIMEOUT_S = 10
"""After so long without a word in the middle of a transaction PostgreSQL ends it, and frees what it holds: its process
was stopped or has lost the network. Between two statements of ours lie milliseconds.
"""
OLDEST_POSTGRESQL = 15


class Store:
    """The database of one installation. Opens nothing until a transaction is asked for.

    `read()` and `write()` give transactions; a write is `BEGIN IMMEDIATE` on SQLite, since a deferred one that
    upgrades fails at once as "locked", whatever the timeout.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)
        self._writer = self._engine.execution_options(writes=True)
        self._wrote_at = 0.0
        # PostgreSQL's default shows each statement another moment, and numbers counted by several would not balance.
        self._reader = (
            self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one moment of the database. Raises StoreError where the database cannot answer."""
        with translated(self.url), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that is wholly committed at its end, or not at all. Raises StoreError."""
        if self.is_sqlite:
            waiting.breathe(self._wrote_at)
        with translated(self.url), self._writer.connect() as connection, connection.begin():
            yield connection
        self._wrote_at = time.monotonic()

    @contextmanager
    def staged(self, fill: Callable[[Tx], None]) -> Iterator[Tx]:
        """As `write()`, after `fill` was run on the same connection in a transaction of its own. What it puts into
        temporary tables is there, and gone at the end; meanwhile others write. Raises StoreError.
        """
        with translated(self.url), self._writer.connect() as connection:
            try:
                connection.execution_options(writes=False)
                with connection.begin():
                    fill(connection)
                connection.execution_options(writes=True)
                with connection.begin():
                    yield connection
            finally:
                connection.invalidate()  # ends the session, and with it its tables
        self._wrote_at = time.monotonic()

    @property
    def libpq_address(self) -> str:
        """The address of a PostgreSQL as libpq takes it, with its password."""
        return make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)

    def close(self) -> None:
        self._engine.dispose()


def _engine(url: str) -> Engine:
    """`hide_parameters` keeps addresses out of what SQLAlchemy raises, and so out of logs."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and not parsed.database.startswith((":memory:", "file:")):
            _make_place(Path(parsed.database))
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "connect", _set_up_postgresql)
        return engine
    raise ConfigError(
        f"NEWSLETTER_DATABASE_URL: {parsed.get_backend_name()} is not supported; "
        "use sqlite:///var/newsletter.db or postgresql+psycopg://…"
    )


def _make_place(file: Path) -> None:
    """The folder, and an empty file that only its owner may read: it will hold addresses. SQLite makes the files beside
    it (-wal, -shm) with the rights of the database.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"cannot make the folder {file.parent} for the database: {error.strerror}") from error
    with suppress(OSError):  # there already, or SQLite will say what is wrong
        # Never one that is there: closing it would drop the locks that SQLite has on it in this process.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-16000",  # 16 MB: with the 2 MB that are usual, a body of events writes its pages twice
    "wal_autocheckpoint=4000",  # pages (16 MB): with the 1,000 that are usual, each body of events would wait for one
)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin, below, is the only one
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _set_up_postgresql(connection: psycopg.Connection[Any], _record: object) -> None:
    """The oldest server that is supported, and the same patience with others as on SQLite: by default a writer waits
    for a lock for ever, and a process that hangs in a transaction holds up all others.
    """
    if connection.info.server_version < OLDEST_POSTGRESQL * 10_000:
        found = connection.info.parameter_status("server_version")
        raise StoreError(
            f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed, and NEWSLETTER_DATABASE_URL leads to {found}: "
            "upgrade the server, or use another"
        )
    connection.execute(f"SET lock_timeout = {int(BUSY_TIMEOUT_S * 1000)}".encode())
    connection.execute(f"SET idle_in_transaction_session_timeout = {int(IDLE_TIMEOUT_S * 1000)}".encode())
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        waiting.begin_writing(driver(connection), BUSY_TIMEOUT_S)
    else:
        connection.exec_driver_sql("BEGIN")


def _dialect_insert(tx: Tx, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of the database at hand, which alone has ON CONFLICT; the other dialect is not loaded (40 ms)."""
    made: sqlite.Insert | postgresql.Insert = import_module(f"sqlalchemy.dialects.{tx.dialect.name}").insert(table)
    return made


def insert_new(tx: Tx, table: Table, rows: Sequence[dict[str, Any]], *, returning: str | None = None) -> list[Any]:
    """Insert rows, leaving out silently those that some UNIQUE constraint already knows: a fact is recorded once.

    With `returning`, gives that column of the rows that were new (one statement for all rows).
    """
    if not rows:
        return []
    statement = _dialect_insert(tx, table).on_conflict_do_nothing()
    if returning is None:
        tx.execute(statement, list(rows))
        return []
    return list(tx.execute(statement.returning(table.c[returning]), list(rows)).scalars())


def insert_selected(tx: Tx, table: Table, columns: Sequence[str], rows: Select[*tuple[Any, ...]]) -> int:
    """Insert what a SELECT gives, in its order, leaving out likewise; gives how many rows were new."""
    return tx.execute(_dialect_insert(tx, table).from_select(columns, rows).on_conflict_do_nothing()).rowcount


def take_turns(tx: Tx) -> None:
    """On PostgreSQL, those who change tables take turns; on SQLite the immediate transaction has seen to it."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(7305808)"))


def driver(tx: Tx) -> Any:
    """The driver's own connection under a transaction, for what must be committed together with it."""
    return tx.connection.dbapi_connection


def gathered(tx: Tx, rows: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """One row for each value of the first column: that, and each other column of its rows as a JSON list. All lists
    have the rows in one order, whichever it is.

    The database packs them while Python's threads do other work. Row by row, a driver asks for the interpreter a
    thousand times for a batch, and waits for it each time.
    """
    pack = func.json_group_array if tx.dialect.name == "sqlite" else func.json_agg
    key, *values = rows.selected_columns
    packed = (cast(pack(value), Text) for value in values)
    return rows.with_only_columns(key, *packed, maintain_column_froms=True).group_by(key).order_by(None).order_by(key)


@contextmanager
def roomy(tx: Tx) -> Iterator[None]:
    """For a statement that writes a million rows: SQLite keeps 16 MB of pages in memory in place of 2.

    Keys of addresses come in no order, so that each row changes another page of their index: with 2 MB most are read
    and written again for each row.
    """
    if tx.dialect.name != "sqlite":
        yield
        return
    before = tx.exec_driver_sql("PRAGMA cache_size").scalar_one()
    tx.exec_driver_sql("PRAGMA cache_size=-16000")  # negative: in KiB
    try:
        yield
    finally:
        tx.exec_driver_sql(f"PRAGMA cache_size={before}")


@contextmanager
def overwriting(tx: Tx) -> Iterator[None]:
    """For what is deleted so that nobody can read it again: SQLite leaves the bytes in its file until they are needed,
    unless it is told to overwrite them. PostgreSQL does so when it vacuums.
    """
    if tx.dialect.name != "sqlite":
        yield
        return
    before = ("OFF", "ON", "FAST")[tx.exec_driver_sql("PRAGMA secure_delete").scalar_one()]
    tx.exec_driver_sql("PRAGMA secure_delete=ON").close()
    try:
        yield
    finally:
        tx.exec_driver_sql(f"PRAGMA secure_delete={before}").close()


_BY_INDEX = {"enable_hashjoin": "off", "enable_mergejoin": "off", "max_parallel_workers_per_gather": "0"}


def by_index(tx: Tx) -> None:
    """From here to its end a transaction joins by looking up each row: right where a few thousand rows are wanted.
    PostgreSQL's planner would read tables of a million for them, in helpers that it starts anew for each claim.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(select(*(func.set_config(name, value, true()) for name, value in _BY_INDEX.items())))


def durable(tx: Tx) -> str | None:
    """None where a commit survives a power cut; otherwise what to change (sending.md, Durability)."""
    if tx.dialect.name == "sqlite":
        level = tx.execute(text("PRAGMA synchronous")).scalar_one()
        return None if level == 2 else f"SQLite runs with synchronous={level}; it must be FULL (2)"
    setting = tx.execute(text("SHOW synchronous_commit")).scalar_one()
    return None if setting != "off" else "PostgreSQL runs with synchronous_commit=off; set it to on to send"


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for a PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk of `folder`."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize
