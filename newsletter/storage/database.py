"""The engine, its transactions, and every place where SQLite and PostgreSQL differ."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from newsletter.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Tx = Connection

BUSY_TIMEOUT_S = 30
"""How long a writer waits for the one before it (sending.md, Durability: 30 s or more)."""


class Store:
    """The database of one installation. Opens nothing until a transaction is asked for.

    `read()` and `write()` give transactions; a write is `BEGIN IMMEDIATE` on SQLite, since a deferred one that
    upgrades fails at once as "locked", whatever the timeout.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)
        self._writer = self._engine.execution_options(writes=True)
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
        with translated(self.url), self._writer.connect() as connection, connection.begin():
            yield connection

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
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
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


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin, below, is the only one
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn what the driver raises into a StoreError that tells an operator what to do."""
    try:
        yield
    except DBAPIError as error:
        cause = str(error.orig)
        if isinstance(error, OperationalError) or error.connection_invalidated or _known(cause):
            raise StoreError(_advice(cause, url)) from error
        raise
    except PoolTimeout as error:
        raise StoreError("all connections to the database are in use: try again in a moment") from error
    except sqlite3.Error as error:  # while a connection is set up, before SQLAlchemy wraps what is raised
        raise StoreError(_advice(str(error), url)) from error


_ADVICE: tuple[tuple[str, str], ...] = (
    ("disk is full", "the disk is full: nothing of this step was kept; make room and run the command again"),
    ("no space left", "the disk is full: nothing of this step was kept; make room and run the command again"),
    ("database is locked", f"another program held the database for over {BUSY_TIMEOUT_S} s: find it and try again"),
    ("readonly database", "the database may not be written: check the owner and the rights of its file and folder"),
    ("read-only", "the database may not be written: check that it is not a standby or mounted read-only"),
    ("unable to open", "the database file cannot be opened: check that its folder exists and may be written"),
    (
        "not a database",
        "the file is not a database: NEWSLETTER_DATABASE_URL points at something else, or it is damaged",
    ),
    ("malformed", "the database file is damaged: stop sending, and restore it from a backup"),
    ("no such table", "the database has no tables yet or is from another version: run `newsletter db upgrade`"),
    (
        '" does not exist\nline 1',
        "the database has no tables yet or is from another version: run `newsletter db upgrade`",
    ),
    ("disk i/o", "the disk gave an error: nothing of this step was kept; check the disk and run the command again"),
)


def _known(cause: str) -> str | None:
    """What to do about a trouble that the table knows."""
    lower = cause.lower()
    return next((advice for sign, advice in _ADVICE if sign in lower), None)


def _advice(cause: str, url: str) -> str:
    shown = make_url(url).render_as_string(hide_password=True)
    advice = _known(cause)
    if advice is not None:
        return f"{shown}: {advice}"
    return f"{shown}: the database cannot be used ({cause.strip().splitlines()[0]})"


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


def insert_earliest(tx: Tx, table: Table, rows: Sequence[dict[str, Any]], *, key: Sequence[str], at: str) -> None:
    """Insert rows; where the key is known already, keep the earlier instant: facts are monotone in any order."""
    if not rows:
        return
    statement = _dialect_insert(tx, table)
    upsert = statement.on_conflict_do_update(
        index_elements=list(key),
        set_={at: statement.excluded[at]},
        where=table.c[at] > statement.excluded[at],
    )
    tx.execute(upsert, list(rows))


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
