"""An installation of its own in a folder, and ways to type commands in it: in this process, or as a real one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import structlog

from newsletter.cli import main as command_line

ROOT = Path(__file__).parents[2]
NEWSLETTER = (sys.executable, "-m", "newsletter.cli")
SCHEDULER = (sys.executable, str(ROOT / "scheduler.py"))
READERS = tuple(f"reader{number}@example.org" for number in range(1, 13))
"""Who is on the list `daily` of a new house; the first three are on `friday` too."""

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on stdout; anything beside it is a fault."""
        return json.loads(self.out)


class Typing(io.StringIO):
    """A stdin at which a person sits and has typed something."""

    def isatty(self) -> bool:
        return True


class House:
    """A folder with content/ and var/; every relative path in it is seen from there, as a person would type it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.edition = "daily/2026-05-04"
        """The edition that the house is about."""

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def database(self) -> Path:
        return self.var / "newsletter.db"

    def set(self, **settings: str) -> None:
        """Settings without their prefix; an empty one is not set."""
        for name, value in settings.items():
            os.environ["NEWSLETTER_" + name] = value

    def run(self, *words: str, typed: str | None = None) -> Said:
        """A command in this process; `typed` is what a person at a terminal answers."""
        out, err = io.StringIO(), io.StringIO()
        logging_as = structlog.get_config()
        argv, stdin = sys.argv, sys.stdin
        sys.argv, sys.stdin = ["newsletter", *words], io.StringIO() if typed is None else Typing(typed)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = _exit_code(command_line)
        finally:
            sys.argv, sys.stdin = argv, stdin
            structlog.configure(**logging_as)
        said = Said(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in said.out + said.err, said
        assert "fault of the program" not in said.err, said
        return said

    def json(self, *words: str) -> Any:
        """The answer of a command that works."""
        said = self.run(*words, "--json")
        assert said.code == 0, said
        return said.json()

    def process(self, *words: str, timeout_s: float = 60, before: Sequence[str] = (), **options: Any) -> Said:
        """A command as a real process, without a terminal."""
        done = subprocess.run(
            [*before, *NEWSLETTER, *words],
            cwd=self.folder, env=os.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s,
            check=False, **options,
        )  # fmt: skip
        said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in said.out + said.err, said
        assert "fault of the program" not in said.err, said
        return said

    @contextlib.contextmanager
    def running(self, *command: str) -> Iterator[Running]:
        """A real process for the time of the block, killed at its end if it still lives; what it says is in `log`."""
        log = self.folder / f"log-{time.monotonic_ns()}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, env=os.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        try:
            yield Running(process, log)
        finally:
            process.kill()
            process.wait()

    def sql(self, statement: str) -> list[Any]:
        """Rows of the database, seen beside the program; a change is committed."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement).fetchall()

    def print_of_all(self) -> str:
        """A hash over all rows of the database and all bytes of the content: what must not change, does not."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            parts = ["\n".join(connection.iterdump())]
        parts += [f"{path}:{path.read_bytes()!r}" for path in sorted(self.content.rglob("*")) if path.is_file()]
        return sha256("\n".join(parts).encode()).hexdigest()

    def story(self, name: str, headline: str = "Mills Add a Third Shift", **front: str) -> Path:
        """A story file in the desk's folder: ready, in the section operations, unless said otherwise."""
        path = self.content / "stories" / f"{name}.md"
        lines = {"headline": headline, "section": "operations", "status": "ready", "author": "b.low", **front}
        text = "\n".join(f"{key}: {value}" for key, value in lines.items())
        path.write_text(f"---\n{text}\n---\nTwo mills in Dell County run at night again, their owners said.\n")
        return path

    def newsletter_file(self, edit: Callable[[str], str], slug: str = "daily") -> Path:
        """Change a newsletter's file."""
        path = self.content / "newsletters" / f"{slug}.toml"
        before = path.read_text()
        after = edit(before)
        assert before != after
        path.write_text(after)
        return path

    def lives_of(self, edition: str) -> dict[str, Any]:
        """The live send of an edition, as `send status --json` has it."""
        found: dict[str, Any] = next(
            send for send in self.json("send", "status", edition)["sends"] if send["kind"] == "live"
        )
        return found


_MAY_BE_SET = (
    "BATCH_SIZE", "CONTENT", "DATABASE_URL", "HEARTBEAT_URL", "LOG", "SENDGRID_API_KEY", "SENDGRID_TIMEOUT_S",
    "SEND_CONCURRENCY", "SECRET_KEYS", "ADDRESS_KEY", "EPOCH_FILE", "VAR", "SENDGRID_WEBHOOK_KEY", "ALERT_TO",
    "ALERT_SMTP_URL", "ALERT_WEBHOOK", "METRICS_TOKEN", "QUEUE",
)  # fmt: skip


def bare_house(folder: Path, patch: pytest.MonkeyPatch) -> House:
    """A house with content/ alone, and an environment without anybody's settings; the sandbox is asked for.

    While `patch` holds, the house's folder is the present one.
    """
    for name in list(os.environ):
        if name.startswith("NEWSLETTER_") or name == "XDG_STATE_HOME":
            patch.delenv(name)
    home = folder / "house"
    shutil.copytree(ROOT / "content", home / "content")
    (home / "home").mkdir()
    patch.chdir(home)
    settings = {
        **dict.fromkeys(_MAY_BE_SET, ""),  # so that what a test sets is taken back
        "TEMPLATES": str(ROOT / "templates"), "SANDBOX": "1",
        "SENDGRID_URL": f"http://127.0.0.1:{free_port()}", "BASE_URL": f"http://127.0.0.1:{free_port()}",
    }  # fmt: skip
    patch.setenv("HOME", str(home / "home"))
    for name, value in settings.items():
        patch.setenv("NEWSLETTER_" + name, value)
    return House(home)


@dataclass
class Running:
    """A process that runs beside the test."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_for(self, words: str) -> None:
        """Until it has said something."""
        until(lambda: words in self.said or self._ended(words))

    def _ended(self, words: str) -> bool:
        assert self.process.poll() is None, f"ended without {words!r}: {self.said}"
        return False

    def terminate(self) -> int:
        """SIGTERM; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def until(true: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Wait for something; fails when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def child_seconds() -> float:
    """How long the processes that this one started and saw end have worked: a busy machine does not change it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _exit_code(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
