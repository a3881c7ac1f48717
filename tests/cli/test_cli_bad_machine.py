"""Keys, settings, disks and databases in trouble: what is wrong, where, and what to do; nothing half done."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_house import NEWSLETTER, READERS, House, until

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"
SEND = ("send", "now", MONDAY, "--yes")


# --- keys and settings ----------------------------------------------------------------------------------------------


def test_no_key_and_no_sandbox(house: House) -> None:
    """A live send is refused with both ways out, and nothing is frozen or bound; a plan needs no key."""
    house.set(SANDBOX="", SENDGRID_URL="", BASE_URL="https://news.example.com", SECRET_KEYS="s" * 40)
    house.set(ADDRESS_KEY=(house.var / "address-key").read_text().strip())
    assert house.run("edition", "plan", MONDAY).code == 0
    before = house.print_of_all()
    for words in (SEND, ("send", "test", MONDAY, "--to", "ann@example.com")):
        said = house.run(*words)
        assert said.code == 1, said
        assert "NEWSLETTER_SENDGRID_API_KEY is not set" in said.err
        assert "NEWSLETTER_SANDBOX=1" in said.err
        assert house.print_of_all() == before


def test_a_send_to_sendgrid_wants_a_public_address(house: House) -> None:
    """Readers could not unsubscribe: refused before anything is frozen."""
    house.set(SANDBOX="", SENDGRID_URL="", SENDGRID_API_KEY="SG.real")
    house.sql("UPDATE subscriber SET reserved = 0")  # real readers, as far as the ledger knows
    house.run("lists")
    before = house.print_of_all()
    said = house.run(*SEND)
    assert said.code == 1
    assert "NEWSLETTER_BASE_URL" in said.err
    assert house.print_of_all() == before


def test_sandbox_and_reality_never_mix(house: House, esp: Sandbox) -> None:
    """A database that sent to the sandbox is refused to SendGrid, before any request."""
    house.run(*SEND)
    house.set(SANDBOX="", SENDGRID_URL="", SENDGRID_API_KEY="SG.real", BASE_URL="https://news.example.com")
    house.set(SECRET_KEYS="s" * 40, ADDRESS_KEY=(house.var / "address-key").read_text().strip())
    house.sql("UPDATE subscriber SET reserved = 0")
    house.story("2026-05-05-mills")
    house.run("story", "approve", "mills", "--by", "ann")
    said = house.run("send", "now", "daily/2026-05-05-alert", "--yes")
    assert said.code == 1
    assert "belongs to sandbox" in said.err


def test_a_key_that_the_esp_does_not_take(house: House) -> None:
    """401: paused, with the setting to look at."""
    with Sandbox(house.var / "sandbox", port=0, webhook_url=None, api_key="SG.right") as strict:
        house.set(SENDGRID_URL=strict.url, SENDGRID_API_KEY="SG.wrong")
        said = house.run(*SEND, "--json")
        assert said.code == 1
        assert said.json()["sends"][0]["state"] == "paused"
        assert "NEWSLETTER_SENDGRID_API_KEY" in house.run("send", "now", MONDAY).err
        house.set(SENDGRID_API_KEY="SG.right")
        assert house.run("send", "resume", MONDAY).code == 0


def test_another_address_key(house: House) -> None:
    """Nobody who left would be known again: refused."""
    house.set(ADDRESS_KEY="x" * 40)
    said = house.run("lists")
    assert said.code == 1
    assert "NEWSLETTER_ADDRESS_KEY" in said.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SANDBX", "1", "did you mean NEWSLETTER_SANDBOX"),
        ("BATCH_SIZE", "5000", "NEWSLETTER_BATCH_SIZE"),
        ("SENDGRID_TIMEOUT_S", "soon", "NEWSLETTER_SENDGRID_TIMEOUT_S"),
        ("LOG", "loud", "NEWSLETTER_LOG"),
        ("SECRET_KEYS", "short", "NEWSLETTER_SECRET_KEYS"),
        ("SENDGRID_URL", "http://api.example.org", "NEWSLETTER_SENDGRID_URL"),
        ("DATABASE_URL", "mysql://localhost/x", "NEWSLETTER_DATABASE_URL"),
        ("DATABASE_URL", "newsletter.db", "NEWSLETTER_DATABASE_URL"),
        ("HEARTBEAT_URL", "ping", "NEWSLETTER_HEARTBEAT_URL"),
    ],
)
def test_a_setting_that_is_wrong(
    bare: House, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """Its name and the fix; nothing is made. Secrets are not shown."""
    monkeypatch.setenv("NEWSLETTER_" + name, value)
    said = bare.run("lists")
    assert said.code == 1
    assert words in said.err
    assert not bare.var.exists()


def test_a_dotenv_with_a_fault(bare: House) -> None:
    """File and line, without its words: they may hold a secret."""
    (bare.folder / ".env").write_text("NEWSLETTER_LOG=info\nsecret words here\n")
    said = bare.run("lists")
    assert said.code == 1
    assert ".env:2: " in said.err
    assert "secret words" not in said.err


# --- databases ------------------------------------------------------------------------------------------------------


def test_a_database_from_a_newer_version(house: House) -> None:
    """Told by every command, `db upgrade` too; it is left as it is."""
    house.sql("UPDATE alembic_version SET version_num = '9999'")
    before = house.print_of_all()
    for words in (("lists",), SEND, ("db", "upgrade"), ("tick",)):
        said = house.run(*words)
        assert said.code == 1, words
        assert "newer version" in said.err
        assert "9999" in said.err
    assert house.print_of_all() == before


@pytest.mark.parametrize("raw", [b"This is no database. " * 500, b"\0" * 9000])
def test_what_is_not_a_database(house: House, raw: bytes) -> None:
    """The file and what may be the cause; it is not overwritten."""
    for file in house.var.glob("newsletter.db*"):
        file.unlink()
    house.database.write_bytes(raw)
    said = house.run("lists")
    assert said.code == 1
    assert "newsletter.db: " in said.err
    assert "not a database" in said.err
    assert house.database.read_bytes() == raw


def test_a_damaged_database(house: House) -> None:
    """Pages of nonsense in the middle of the file: told, and what to do."""
    raw = bytearray(house.database.read_bytes())
    for page in range(2, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 200] = b"\xa5" * 200
    house.database.write_bytes(bytes(raw))
    said = house.run("lists")
    assert said.code == 1
    assert "damaged" in said.err or "not a database" in said.err


def test_a_database_that_is_a_folder(bare: House) -> None:
    """Cannot be opened: which."""
    bare.database.mkdir(parents=True)
    said = bare.run("lists")
    assert said.code == 1
    assert "newsletter.db: " in said.err


def test_a_writer_waits_for_the_one_before_it(house: House) -> None:
    """A lock that is given back in time costs nothing but the wait."""
    house.run("lists")
    with contextlib.closing(sqlite3.connect(house.database, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(1.0, other.rollback)
        release.start()
        said = house.run("subscribers", "add", "new@example.org", "--list", "daily")
        release.join()
    assert (said.code, said.out) == (0, "on daily now\n")


def test_a_database_that_stays_locked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the busy timeout (here a tenth of a second, in place of 30): told, and nothing is done."""
    house.run("lists")
    monkeypatch.setattr("newsletter.storage.database.BUSY_TIMEOUT_S", 0.1)
    before = house.print_of_all()
    with contextlib.closing(sqlite3.connect(house.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = house.run("subscribers", "add", "new@example.org", "--list", "daily")
        other.rollback()
    assert said.code == 1
    assert "another program held the database" in said.err
    assert house.print_of_all() == before


# --- disks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(house: House) -> Iterator[Path]:
    """A file system of half a megabyte for var/, where this machine lets us mount one."""
    disk = house.folder / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("a small disk needs the right to mount one (run as root)")
    try:
        shutil.copytree(house.var, disk / "var")
        house.set(VAR="disk/var", ADDRESS_KEY="", EPOCH_FILE=str(house.folder / "home/epoch"))
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True, capture_output=True)


def fill(disk: Path) -> Path:
    """Take all room that is left."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
        while True:
            out.write(b"x" * 512)
    return filler


@pytest.mark.parametrize(
    "words", [("subscribers", "import", "many.csv", "--list", "daily"), ("edition", "freeze", MONDAY, "--yes")]
)
def test_a_full_disk(house: House, small_disk: Path, words: tuple[str, ...]) -> None:
    """Told; the step is not half done; with room again the same command works."""
    people = "email\n" + "\n".join(f"new{n}@example.org" for n in range(300)) + "\n"
    (house.folder / "many.csv").write_text(people)
    house.set(VAR="disk/var")
    house.run("lists")
    filler = fill(small_disk)
    said = house.run(*words)
    assert said.code == 1, said
    assert "full" in said.err or "No space left" in said.err or "disk gave an error" in said.err
    filler.unlink()
    assert {row["list"]: row["active"] for row in house.json("lists")} == {"daily": 12, "friday": 3}
    assert house.json("send", "status", "--all") == {"editions": []}


def test_a_file_that_may_not_grow(house: House) -> None:
    """The same without the right to mount: a limit on the size of files, as a quota is."""
    people = "email\n" + "\n".join(f"new{n}@example.org" for n in range(20_000)) + "\n"
    (house.folder / "many.csv").write_text(people)
    limit = house.database.stat().st_size + 200_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    said = house.process("subscribers", "import", "many.csv", "--list", "daily", preexec_fn=limited)
    assert said.code == 1, said
    assert "newsletter.db: " in said.err
    assert house.json("lists")[0]["active"] == 12


def test_a_database_that_may_not_grow(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own "database or disk is full", in the middle of a freeze: nothing is frozen."""
    from newsletter.storage import database

    pages = house.sql("PRAGMA page_count")[0][0]
    before = database._set_up_sqlite

    def full(connection: sqlite3.Connection, record: object) -> None:
        before(connection, record)
        connection.execute(f"PRAGMA max_page_count={pages + 2}").close()

    monkeypatch.setattr(database, "_set_up_sqlite", full)
    said = house.run(*SEND)
    assert said.code == 1
    assert "the disk is full: nothing of this step was kept" in said.err
    monkeypatch.undo()
    assert house.sql("SELECT count(*) FROM send") == [(0,)]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("lists",), "newsletter.db: "),
        (SEND, "newsletter.db: "),
        (("subscribers", "add", "new@example.org", "--list", "daily"), "newsletter.db: "),
        (("story", "new", "Headline", "--section", "trade"), ""),
        (("edition", "preview", MONDAY, "--files"), ""),
    ],
)
def test_folders_that_may_not_be_written(house: House, words: tuple[str, ...], where: str) -> None:
    """Words with the path, no traceback; every file is as it was."""
    before = house.print_of_all()
    everything = [house.folder, *house.folder.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        said = house.process(*words, before=_WITHOUT_ROOTS_RIGHTS if os.geteuid() == 0 else ())
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert said.code == 1
    assert where in said.err
    assert "may not be written" in said.err or "Permission denied" in said.err or "cannot be opened" in said.err
    assert house.print_of_all() == before


_WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def test_a_var_that_is_a_file(bare: House) -> None:
    """Which, and what to do."""
    bare.var.write_text("")
    said = bare.run("lists")
    assert said.code == 1
    assert "var" in said.err


def test_an_epoch_file_that_cannot_be_written(house: House, esp: Sandbox) -> None:
    """The restore guard is no ornament: told before a mail goes, and after the cure each reader gets one."""
    house.set(EPOCH_FILE=str(house.folder / "content/organisation.toml/epoch"))
    said = house.run(*SEND)
    assert said.code == 1
    assert "NEWSLETTER_EPOCH_FILE" in said.err
    assert esp.accepted() == []
    house.set(EPOCH_FILE="")
    assert house.run(*SEND).code == 0
    assert Counter(copy.address for copy in esp.accepted()) == Counter(READERS)


# --- the way to the ESP ---------------------------------------------------------------------------------------------


def test_nobody_answers_at_the_gateway(house: House) -> None:
    """A stand-in that is down: certainly not sent, so it waits and tries again, and SIGTERM ends the wait."""
    house.set(SANDBOX="")
    with house.running(*NEWSLETTER, *SEND) as sending:
        until(lambda: house.sql("SELECT 1 FROM batch WHERE not_before IS NOT NULL"))
        code = sending.terminate()
        assert "Traceback" not in sending.said
    assert code == 1
    send = house.lives_of(MONDAY)
    assert (send["accepted"], send["in_doubt"], send["pending"]) == (0, 0, 12)


def test_the_sandbox_port_belongs_to_another_program(house: House) -> None:
    """What answers there is no SendGrid: nothing counts as sent."""
    import http.server

    class Other(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        house.set(SENDGRID_URL=f"http://127.0.0.1:{server.server_address[1]}")
        said = house.run(*SEND, "--json")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert said.code == 4
    (send,) = said.json()["sends"]
    assert (send["accepted"], send["in_doubt"]) == (0, 12)
