"""A throw-away PostgreSQL server for the tests: made by `initdb`, reached by a socket, gone with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

HOW = (
    "PostgreSQL: not found; install it (Debian: apt-get install postgresql; macOS: brew install postgresql) or set "
    "NEWSLETTER_TEST_POSTGRES_URL=postgresql+psycopg://user:password@host/database"
)

# No power cut is tested here, so fsync may go; synchronous_commit stays, since sending asks for it.
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=on", "listen_addresses=", "max_connections=80")


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version first; None where there is no server here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -int(path.parts[-3]))
    on_path = shutil.which("initdb")
    candidates = [*found, *([Path(on_path).resolve()] if on_path else [])]
    return next((path.parent for path in candidates if (path.parent / "postgres").exists()), None)


def _ordinary_user() -> dict[str, Any]:
    """Arguments for a subprocess: the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


@contextmanager
def server(bin_folder: Path, place: Path = Path("/tmp")) -> Iterator[str]:
    """A running server in a new folder of `place`; gives the URL of its first database."""
    # A short path: the name of a socket has about 100 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
    as_user = _ordinary_user()
    if as_user:
        os.chown(folder, as_user["user"], as_user["group"])
    data = folder / "data"
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": folder, **as_user}
    initdb = [bin_folder / "initdb", "-D", data, "-U", "newsletter", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    with (folder / "log").open("wb") as log:
        subprocess.run(initdb, check=True, stderr=log, **run)
        options = [word for setting in FAST for word in ("-c", setting)]
        process = subprocess.Popen([bin_folder / "postgres", "-D", data, "-k", folder, *options], stderr=log, **run)
    try:
        url = f"postgresql+psycopg://newsletter@/postgres?host={folder}"
        _wait(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")


def connect(url: str) -> psycopg.Connection[Any]:
    """A plain connection, outside the code that is tested."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


class Databases:
    """Databases of one server, each a copy of a template made once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._prefix = f"newsletter_test_{os.getpid()}"
        self._count = 0

    @property
    def template(self) -> str:
        return self._named(f"{self._prefix}_template")

    def _named(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def make_template(self) -> str:
        self._do(f'CREATE DATABASE "{self._prefix}_template"')
        return self.template

    def copy(self) -> str:
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{self._prefix}_template"')
        return self._named(name)

    def empty(self) -> str:
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._do(f'CREATE DATABASE "{name}"')
        return self._named(name)

    def drop(self, url: str) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with connect(self._url) as connection:
            connection.execute(statement.encode())
