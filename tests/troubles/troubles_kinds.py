"""Real troubles of real databases, each with a beginning and an end."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from ledger_house import House
from ledger_postgres import connect
from sqlalchemy import Connection, Engine, event, make_url


class Trouble(ABC):
    """`words` are what a StoreError says of it."""

    words: str

    @abstractmethod
    def begin(self) -> None: ...

    @abstractmethod
    def end(self) -> None:
        """The cure; harmless where it has ended already."""


@dataclass(frozen=True)
class Troubled:
    """A house, and the trouble that it is going to have."""

    house: House
    trouble: Trouble


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


# --- disks ----------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, size: str = "6m") -> Iterator[bool]:
    """A disk of its own at `place`; gives False where this user may not mount one."""
    place.mkdir()
    mounted = False
    if sys.platform == "linux" and os.geteuid() == 0:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


class FullDisk(Trouble):
    """Every byte of a disk is taken."""

    words = "the disk is full: nothing of this step was kept"

    def __init__(self, place: Path, url: str = "") -> None:
        self._filler, self._url = place / "filler", url

    def begin(self) -> None:
        if self._url:
            empty_log(self._url)
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            for size in (1 << 16, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size) == size:
                        pass

    def end(self) -> None:
        self._filler.unlink(missing_ok=True)


class NoMoreBytes(Trouble):
    """Where no disk may be mounted: the system refuses this process every write beyond the first bytes of a file."""

    words = "the disk gave an error: nothing of this step was kept"

    def __init__(self, url: str) -> None:
        self._url = url
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def begin(self) -> None:
        empty_log(self._url)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, self._before[1]))

    def end(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


def empty_log(url: str) -> None:
    """SQLite's log takes no new room on the disk while it has some of its own."""
    with contextlib.closing(sqlite3.connect(file_of(url), timeout=20)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


# --- SQLite ---------------------------------------------------------------------------------------------------------


class ReadOnlySqlite(Trouble):
    """Every connection may only read, as on a disk that the system has remounted after an error."""

    words = "the database may not be written"

    def begin(self) -> None:
        event.listen(Engine, "begin", self._only_read)

    def end(self) -> None:
        if event.contains(Engine, "begin", self._only_read):
            event.remove(Engine, "begin", self._only_read)
            event.listen(Engine, "begin", self._write_again)

    @staticmethod
    def _only_read(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = 1")

    @staticmethod
    def _write_again(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = 0")

    def forget(self) -> None:
        for listener in (self._only_read, self._write_again):
            if event.contains(Engine, "begin", listener):
                event.remove(Engine, "begin", listener)


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


class LockedSqlite(Trouble):
    """Another process writes, and does not come to an end: a backup tool, somebody's browser of databases."""

    words = "another program held the database"

    def __init__(self, url: str) -> None:
        self._file = file_of(url)
        self._holder: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        self._holder = subprocess.Popen(
            [sys.executable, "-c", _HOLD, self._file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "held\n"

    def end(self) -> None:
        if self._holder is not None:
            self._holder.communicate()
            self._holder = None


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def break_connections(url: str) -> None:
    """End every connection of ours to the database, whatever it is doing."""
    name = make_url(url).database
    with connect(make_url(url).set(database="postgres").render_as_string(hide_password=False)) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )


class _Altered(Trouble):
    """A property of the database, which new connections see."""

    begun: str
    ended: str

    def __init__(self, url: str) -> None:
        self._url = url

    def begin(self) -> None:
        self._alter(self.begun)
        break_connections(self._url)

    def end(self) -> None:
        self._alter(self.ended)
        break_connections(self._url)

    def _alter(self, words: str) -> None:
        with connect(make_url(self._url).set(database="postgres").render_as_string(hide_password=False)) as admin:
            admin.execute(f'ALTER DATABASE "{make_url(self._url).database}" {words}'.encode())


class ReadOnlyPostgres(_Altered):
    """A standby, or a server that was put to read only."""

    words = "the database may not be written"
    begun, ended = "SET default_transaction_read_only = on", "RESET default_transaction_read_only"


class UnreachablePostgres(_Altered):
    """Every connection breaks, and no new one is made."""

    words = "the database cannot be used"
    begun, ended = "ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"


class LockedPostgres(Trouble):
    """Another connection holds the tables: a migration by hand, a VACUUM FULL."""

    words = "another program held a lock"

    def __init__(self, url: str) -> None:
        self._url = url
        self._holder: psycopg.Connection[Any] | None = None

    def begin(self) -> None:
        self._holder = connect(self._url)
        self._holder.execute("BEGIN")
        self._holder.execute("LOCK TABLE send, batch, delivery, event, edition, heartbeat, message")

    def end(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None
