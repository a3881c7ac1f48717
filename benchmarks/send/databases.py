"""The databases of a measurement, each with a way back to the state before the send."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg


class Database(Protocol):
    """`keep` once the state is made, `restore` before each round."""

    url: str

    def keep(self) -> None: ...
    def restore(self) -> None: ...


class Sqlite:
    """A file, and a copy of it."""

    def __init__(self, folder: Path) -> None:
        self._file, self._kept = folder / "bench.db", folder / "bench.db.kept"
        self.url = f"sqlite:///{self._file}"

    def keep(self) -> None:
        shutil.copy(self._file, self._kept)

    def restore(self) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
        shutil.copy(self._kept, self._file)
        with self._file.open("rb") as written:
            os.fsync(written.fileno())  # or the round pays for the copy


class Postgresql:
    """A database of a server, and another one made from it as a template."""

    def __init__(self, folder: Path) -> None:
        self._admin = f"postgresql://newsletter@/postgres?host={folder}"
        self.url = f"postgresql+psycopg://newsletter@/bench?host={folder}"
        self._do("CREATE DATABASE bench")

    def keep(self) -> None:
        self._do("CREATE DATABASE kept TEMPLATE bench")

    def restore(self) -> None:
        self._do("DROP DATABASE bench WITH (FORCE)")
        self._do("CREATE DATABASE bench TEMPLATE kept")
        self._do("CHECKPOINT")

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def database(kind: str, folder: Path) -> Iterator[Database]:
    """One of `sqlite` and `postgresql`, empty; for the second a server is started, as durable as it is by default."""
    if kind == "sqlite":
        yield Sqlite(folder)
        return
    with _server() as socket_folder:
        yield Postgresql(socket_folder)


@contextmanager
def _server() -> Iterator[Path]:
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]), default=None)
    if binaries is None:
        raise SystemExit("PostgreSQL: not found; install it (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path: the name of a socket has about 100 characters
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": folder, **_ordinary_user(folder)}
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "newsletter", "-A", "trust", "-E", "UTF8", "--locale=C"]
    with (folder / "log").open("wb") as log:
        subprocess.run(initdb, check=True, stderr=log, **run)
        command = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
        process = subprocess.Popen(command, stderr=log, **run)
    try:
        _wait(folder, process)
        yield folder
    finally:
        process.send_signal(signal.SIGINT)  # asks clients to go; SIGTERM waits for them
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """Arguments for a subprocess: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    who = next((entry for entry in pwd.getpwall() if entry.pw_name == "postgres"), None) or pwd.getpwnam("nobody")
    os.chown(folder, who.pw_uid, who.pw_gid)
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            psycopg.connect(f"postgresql://newsletter@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
