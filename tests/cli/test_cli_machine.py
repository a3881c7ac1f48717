"""The command itself, `tick`, `db upgrade`, `serve` and `sandbox`: what runs by itself, and the machine's affairs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from cli_house import NEWSLETTER, READERS, House, child_seconds, free_port, until

from newsletter.cli.main import _newsletter
from newsletter.sandbox import Sandbox


def words_of(command: click.Command, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command there is, with the words that lead to it."""
    found = [before]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += words_of(inner, (*before, name))
    return found


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
        return body


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


# --- help and wrong usage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", words_of(_newsletter), ids=" ".join)
def test_help_of_each_command(bare: House, words: tuple[str, ...]) -> None:
    """Answers on stdout, asks for no installation and makes none."""
    said = bare.run(*words, "--help")
    assert said.code == 0
    assert said.out.startswith("Usage: ")
    assert said.err == ""
    assert not bare.var.exists()


def test_the_first_help_says_what_each_command_says(bare: House) -> None:
    """The list of commands costs no import; so its words stand twice, and must not part."""
    context = click.Context(_newsletter)
    said = " ".join(bare.run("--help").out.split())
    for name in _newsletter.list_commands(context):
        command = _newsletter.get_command(context, name)
        assert command is not None
        assert name in said
        assert command.name == name


def test_help_is_fast(bare: House) -> None:
    """Hardly more work than to start Python with the library of commands: imports are where they are used."""

    def work(*command: str) -> float:
        before = child_seconds()
        subprocess.run(command, cwd=bare.folder, env=os.environ, capture_output=True, check=True)
        return child_seconds() - before

    bare_start = min(work(sys.executable, "-c", "import click") for _ in range(3))
    assert min(work(*NEWSLETTER, "--help") for _ in range(3)) < 3 * bare_start


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",), ("send",), ("edition", "plan"), ("edition", "plan", "daily", "--nothing"), ("edition", "fly"),
        ("edition", "freeze", "daily", "--confirm-count", "many"), ("send", "resolve", "daily", "two"),
        ("subscribers", "import", "x.csv"), ("serve", "--port", "http"), ("story", "approve"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_2(house: House, words: tuple[str, ...]) -> None:
    """With the usage on stderr and nothing on stdout."""
    said = house.run(*words)
    assert said.code == 2
    assert "Usage: " in said.err
    assert said.out == ""


def test_version(bare: House) -> None:
    """The one of the package."""
    assert bare.run("--version").out.strip().endswith("0.1.0")


# --- stdout ---------------------------------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough(house: House) -> None:
    """`… | head -1` ends the command in silence."""
    command = " ".join(NEWSLETTER)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} edition plan daily/2026-05-04 --json | head -1"],
        cwd=house.folder, capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"{\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_stdout_that_is_full(house: House) -> None:
    """Words and 1, no traceback."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*NEWSLETTER, "lists"], cwd=house.folder, stdout=full, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_terminal_without_unicode(house: House) -> None:
    """Curly quotes are escaped where they cannot be said; JSON stays JSON."""
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    for words in (("edition", "plan", "daily/2026-05-04"), ("edition", "plan", "daily/2026-05-04", "--json")):
        done = subprocess.run(
            [*NEWSLETTER, *words], cwd=house.folder, env=environ, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "\u201c" not in done.stdout.decode("latin-1")
    assert json.loads(done.stdout)["preheader"].endswith("…")


# --- tick -----------------------------------------------------------------------------------------------------------


def test_a_rehearsed_tick_tells_and_changes_nothing(house: House) -> None:
    """What would be due at that moment, as a document; no row is other than before."""
    house.sql("UPDATE ledger SET created_at = '2026-05-01 12:00:00'")
    before = house.print_of_all()
    due = house.json("tick", "--now", "2026-05-04T06:31")
    assert [(item["edition"], item["action"]) for item in due] == [
        ("friday/2026-05-01", "miss"), ("daily/2026-05-04", "freeze"),
        ("daily/2026-05-04", "frozen test"), ("daily/2026-05-04", "send"),
    ]  # fmt: skip
    assert set(due[0]) == {"edition", "action", "planned_at", "reason", "late", "problem"}
    assert due[1]["planned_at"] == "2026-05-04T10:30:00+00:00"
    words = house.run("tick", "--now", "2026-05-04T06:31")
    assert words.code == 0
    assert "daily/2026-05-04: send (planned for 06:30)" in words.out
    assert house.print_of_all() == before


def test_a_tick_when_nothing_is_due(house: House, esp: Sandbox) -> None:
    """It says so, and leaves a sign of life."""
    for slug in ("daily", "friday"):
        house.newsletter_file(_without_schedule, slug)
    said = house.run("tick")
    assert (said.code, said.out) == (0, "nothing is due\n")
    assert house.json("tick") == []
    assert (house.var / "heartbeat").is_file()


def _without_schedule(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not part.startswith("[schedule]"))


def test_a_rehearsed_tick_at_no_moment(house: House) -> None:
    """Wrong usage."""
    assert house.run("tick", "--now", "soon").code == 2


# --- db -------------------------------------------------------------------------------------------------------------


def test_db_upgrade(bare: House) -> None:
    """Makes the tables of a new database; twice is once."""
    for _ in range(2):
        said = bare.run("db", "upgrade")
        assert said.code == 0
        assert said.out.startswith("the database has schema ")
    assert bare.sql("SELECT count(*) FROM subscriber") == [(0,)]


# --- serve and sandbox ----------------------------------------------------------------------------------------------


def test_serve_until_sigterm(house: House) -> None:
    """Answers, logs where it listens, and ends with 0."""
    port = free_port()
    with house.running(*NEWSLETTER, "serve", "--port", str(port)) as web:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert web.terminate() == 0
        assert "Traceback" not in web.said
        assert f"port={port}" in web.said


def test_sandbox_until_sigterm(house: House) -> None:
    """Its inbox answers, and the web app beside it; both end with 0."""
    port = free_port()
    with house.running(*NEWSLETTER, "sandbox", "--port", str(port)) as sandbox:
        until(lambda: answers(f"http://127.0.0.1:{port}/"))
        assert answers(f"{os.environ['NEWSLETTER_BASE_URL']}/healthz")
        assert sandbox.terminate() == 0
        assert "Traceback" not in sandbox.said


def test_a_send_through_a_running_sandbox_and_web_app(house: House) -> None:
    """Three processes: the sandbox posts its events to the web app, and the report has them."""
    port, web_port = free_port(), free_port()
    house.set(SENDGRID_URL=f"http://127.0.0.1:{port}", BASE_URL=f"http://127.0.0.1:{web_port}")
    with house.running(*NEWSLETTER, "serve", "--port", str(web_port)):
        until(lambda: answers(f"http://127.0.0.1:{web_port}/healthz"))
        with house.running(*NEWSLETTER, "sandbox", "--alone", "--port", str(port)) as sandbox:
            until(lambda: answers(f"http://127.0.0.1:{port}/"))
            assert house.run("send", "now", "daily/2026-05-04", "--yes").code == 0
            until(lambda: house.lives_of("daily/2026-05-04")["facts"].get("delivered") == len(READERS))
            assert sandbox.terminate() == 0


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_a_port_that_is_taken(house: House, esp: Sandbox, command: str) -> None:
    """Which, and what to do."""
    port = esp.url.rpartition(":")[2]
    said = house.process(command, "--port", port)
    assert said.code == 1
    assert port in said.err
    assert "stop" in said.err
    assert "another" in said.err


@pytest.mark.parametrize("command", ["serve", "sandbox"])
@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_there_is_not(house: House, command: str, port: str) -> None:
    """Words, no traceback."""
    said = house.process(command, "--port", port)
    assert said.code == 2
    assert port in said.err


# --- worker ---------------------------------------------------------------------------------------------------------


def test_a_worker_without_its_setting(house: House) -> None:
    """Nobody would give it anything to do, so it says what is missing instead of waiting for ever."""
    said = house.run("worker")
    assert said.code == 1
    assert "NEWSLETTER_QUEUE is not set to workers" in said.err


@pytest.mark.postgresql
def test_a_worker_until_sigterm(house: House, postgres_url: str) -> None:
    """One command makes the tables of ledger and queue, one runs the batches, and SIGTERM ends it with 0."""
    house.set(DATABASE_URL=postgres_url, QUEUE="workers", SECRET_KEYS="s" * 40, ADDRESS_KEY="k" * 40)
    assert house.run("db", "upgrade").code == 0
    with house.running(*NEWSLETTER, "worker") as worker:
        worker.wait_for("worker started")
        assert worker.terminate() == 0
        assert "worker stopped" in worker.said
        assert "Traceback" not in worker.said
