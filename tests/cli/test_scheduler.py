"""`scheduler.py` as a real process, and `newsletter tick`: what is due is done once, whatever happens to whom."""

from __future__ import annotations

import http.server
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cli_house import READERS, ROOT, SCHEDULER, House, free_port, until
from ledger_receivers import mail_server, webhook

from newsletter.sandbox import Sandbox

EDITORS = {"ann@amg.example.org", "b.low@amg.example.org"}
_TICKS_QUICKLY = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import scheduler
scheduler.TICK_S = 0.3
sys.exit(scheduler.main())
"""
QUICK = (sys.executable, "-c", _TICKS_QUICKLY)
"""The scheduler with its alarm at 0.3 s in place of 20."""


@pytest.fixture
def due(house: House) -> House:
    """An installation in which today's daily was due a minute ago, in a zone where it is noon; nothing else is."""
    now = datetime.now(UTC)
    behind = now.hour - 12
    local = now - timedelta(hours=behind, minutes=1)
    zone = "Etc/GMT" + (f"{behind:+d}" if behind else "")  # POSIX signs: Etc/GMT+5 is behind UTC
    schedule = f'[schedule]\ndays = "mon-sun"\ntime = "{local:%H:%M}"\nlate_until = "23:30"\nholidays = "send"'
    for slug, instead in (("daily", schedule), ("friday", None)):

        def edit(text: str, instead: str | None = instead) -> str:
            parts = [part if not part.startswith("[schedule]") else instead for part in text.split("\n\n")]
            return "\n\n".join(part for part in parts if part).replace("America/New_York", zone)

        house.newsletter_file(edit, slug)
    assert house.run("tick").code == 0  # from now on the schedule counts
    before = (now - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    house.sql(f"UPDATE ledger SET created_at = '{before}'")
    house.sql(f"UPDATE watch SET since = '{before}'")
    house.sql("DELETE FROM heartbeat")
    (house.var / "heartbeat").unlink()
    house.edition = f"daily/{local:%Y-%m-%d}"
    return house


def copies(esp: Sandbox) -> Counter[str]:
    """How often each reader got the edition; what went to editors apart."""
    return Counter(copy.address for copy in esp.accepted() if copy.address not in EDITORS)


def state(house: House) -> str:
    rows = house.sql(f"SELECT state FROM edition WHERE name = '{house.edition}'")
    return str(rows[0][0]) if rows else ""


def claimed(house: House, number: int) -> bool:
    return bool(
        house.sql(
            "SELECT 1 FROM batch JOIN send ON send.id = batch.send_id "
            f"WHERE send.kind = 'live' AND batch.number = {number} AND batch.state = 'claimed'"
        )
    )


# --- tick -----------------------------------------------------------------------------------------------------------


def test_one_tick_does_what_is_due(due: House, esp: Sandbox) -> None:
    """Freeze, test, send: told in order, 0; the next tick finds nothing."""
    done = due.json("tick")
    assert [item["action"] for item in done] == ["freeze", "frozen test", "send"]
    assert all(item["problem"] == "" for item in done)
    assert copies(esp) == Counter(READERS)
    assert due.run("tick").out == "nothing is due\n"


def test_a_tick_that_cannot_do_it(due: House, esp: Sandbox) -> None:
    """4, with the reason; the edition is held, nothing goes."""
    for story in (due.content / "stories").glob("*.md"):
        story.unlink()
    said = due.run("tick", "--json")
    assert said.code == 4
    assert said.json()[0]["problem"]
    assert state(due) == "held"
    assert copies(esp) == Counter()


# --- the process ----------------------------------------------------------------------------------------------------


class _Monitor(http.server.BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def monitor() -> Iterator[tuple[str, list[str]]]:
    """A monitor that is to be pinged: its address, and the paths that were asked."""
    seen: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Monitor", (_Monitor,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/ping/s3cret", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_ticks_at_once_and_ends_on_sigterm(due: House, esp: Sandbox, monitor: tuple[str, list[str]]) -> None:
    """What was due goes at the start; a file, a row and a ping are signs of life; 0 at the end; no secret is logged."""
    url, pings = monitor
    due.set(HEARTBEAT_URL=url)
    with due.running(*SCHEDULER) as clock:
        until(lambda: state(due) == "sent")
        assert due.sql("SELECT pid FROM heartbeat") == [(clock.process.pid,)]
        assert clock.terminate() == 0
        said = clock.said
    assert "clock started" in said
    assert "clock stopped" in said
    assert "Traceback" not in said
    assert "s3cret" not in said
    assert not any(reader in said for reader in READERS)
    assert copies(esp) == Counter(READERS)
    assert pings == ["/ping/s3cret"]
    assert datetime.fromisoformat((due.var / "heartbeat").read_text().strip()) > datetime.now(UTC) - timedelta(
        minutes=5
    )
    assert due.sql("SELECT pid FROM heartbeat") == [(0,)], "it said goodbye: its silence is no alarm"


def test_it_brings_the_sandbox_where_none_runs(due: House) -> None:
    """One process is enough for a newcomer: the events come back too, before it ends."""
    with due.running(*SCHEDULER) as clock:
        until(lambda: due.sql("SELECT 1 FROM edition WHERE state = 'sent'"))
        until(lambda: due.lives_of(due.edition)["facts"].get("delivered") == len(READERS))
        assert clock.terminate() == 0


def test_a_start_resumes_what_a_killed_one_left(due: House, esp: Sandbox) -> None:
    """SIGKILL with the second of three batches in flight: the next start sends the third, and asks about the second."""
    due.set(BATCH_SIZE="4", SEND_CONCURRENCY="1")
    esp.fault("slow", seconds=3, where={"batch": "2", "edition": due.edition})
    with due.running(*SCHEDULER) as first:
        until(lambda: claimed(due, 2))
        until(lambda: sum(copies(esp).values()) == 8)  # accepted, and its answer is still to come
        first.process.kill()
        first.process.wait()
    with due.running(*SCHEDULER) as second:
        until(lambda: state(due) == "partial")
        assert second.terminate() == 0
        assert "its process is gone" in second.said
    send = due.lives_of(due.edition)
    assert (send["accepted"], send["in_doubt"], send["pending"]) == (8, 4, 0)
    assert copies(esp) == Counter(READERS), "each got it once, whatever the ledger knows of it"


def test_sigterm_finishes_the_batch_in_hand(due: House, esp: Sandbox) -> None:
    """0, nothing in doubt, the rest pending; the next start sends it."""
    due.set(BATCH_SIZE="4", SEND_CONCURRENCY="1")
    esp.fault("slow", seconds=1, where={"batch": "2", "edition": due.edition})
    with due.running(*SCHEDULER) as first:
        until(lambda: claimed(due, 2))
        assert first.terminate() == 0
    send = due.lives_of(due.edition)
    assert (send["accepted"], send["in_doubt"], send["pending"]) == (8, 0, 4)
    with due.running(*SCHEDULER) as second:
        until(lambda: state(due) == "sent")
        assert second.terminate() == 0
    assert copies(esp) == Counter(READERS)


def test_two_at_once_send_once(due: House, esp: Sandbox) -> None:
    """Each reader gets one copy; editors get one test; both schedulers live on."""
    due.set(BATCH_SIZE="1", SEND_CONCURRENCY="2")
    with due.running(*QUICK) as one, due.running(*QUICK) as other:
        until(lambda: state(due) == "sent")
        assert one.terminate() == 0
        assert other.terminate() == 0
        assert "Traceback" not in one.said + other.said
    assert copies(esp) == Counter(READERS)
    tests = [copy for copy in esp.accepted() if copy.custom_args.get("kind") == "test"]
    assert Counter(copy.address for copy in tests) == Counter(EDITORS)


def test_a_tick_that_fails_is_not_the_last(due: House, esp: Sandbox) -> None:
    """The database is in trouble for a while: told, and the edition goes when it is well again."""
    due.sql("ALTER TABLE heartbeat RENAME TO away")
    with due.running(*QUICK) as clock:
        clock.wait_for("tick failed")
        assert copies(esp) == Counter()
        due.sql("ALTER TABLE away RENAME TO heartbeat")
        until(lambda: state(due) == "sent")
        assert clock.terminate() == 0
        assert "Traceback" not in clock.said
    assert copies(esp) == Counter(READERS)


def test_ticks_that_fail_are_told(due: House, esp: Sandbox) -> None:
    """Three in a row, though the ledger cannot keep the alert; once, until a tick succeeds."""
    with mail_server() as box, webhook() as posts:
        due.set(ALERT_TO="ops@example.org", ALERT_SMTP_URL=box.url, ALERT_WEBHOOK=posts.url)
        due.sql("ALTER TABLE watch RENAME TO away")
        with due.running(*QUICK) as clock:
            until(lambda: box.subjects)
            until(lambda: clock.said.count("tick failed") > 6)
            due.sql("ALTER TABLE away RENAME TO watch")
            until(lambda: state(due) == "sent")
            assert clock.terminate() == 0
    assert [subject.partition(": ")[2] for subject in box.subjects] == ["tick failed"]
    assert [post["kind"] for post in posts.documents] == ["tick failed"]


def test_a_dead_clock_is_told_by_the_web_app(due: House) -> None:
    """Nobody else is left to notice. Killed, it said no goodbye."""
    beat = f"{datetime.now(UTC) - timedelta(minutes=6):%Y-%m-%d %H:%M:%S.%f}"
    due.sql(f"INSERT INTO heartbeat (host, pid, at) VALUES ('mill', 7, '{beat}')")
    looks_quickly = (
        "import sys; from newsletter.pipeline import watching; watching.LOOK_EVERY_S = 0.2; "
        f"sys.argv = ['newsletter', 'serve', '--port', '{free_port()}']; from newsletter.cli import main; main()"
    )
    with mail_server() as box:
        due.set(ALERT_TO="ops@example.org", ALERT_SMTP_URL=box.url)
        with due.running(sys.executable, "-c", looks_quickly) as web:
            until(lambda: box.mails)
            assert web.terminate() == 0
        assert box.subjects == ["mill: process silent"]


def test_a_monitor_that_is_down_stops_nothing(due: House, esp: Sandbox) -> None:
    """It is logged, without the address, which may hold a token."""
    due.set(HEARTBEAT_URL="http://127.0.0.1:9/ping/s3cret")
    with due.running(*SCHEDULER) as clock:
        until(lambda: state(due) == "sent")
        assert clock.terminate() == 0
        assert "heartbeat not heard" in clock.said
        assert "s3cret" not in clock.said


@pytest.mark.parametrize("trouble", ["setting", "content", "template", "newer"])
def test_it_cannot_start(house: House, trouble: str) -> None:
    """1, with words for an operator, no traceback."""
    if trouble == "setting":
        house.set(BATCH_SIZE="many")
    elif trouble == "content":
        house.newsletter_file(lambda text: text.replace('"06:30"', '"26:30"'))
    elif trouble == "template":
        house.set(TEMPLATES="nowhere")  # its sandbox brings the web app, whose pages are looked at first
    else:
        house.sql("UPDATE alembic_version SET version_num = '9999'")
    with house.running(*SCHEDULER) as clock:
        assert clock.process.wait(20) == 1
        assert "cannot start" in clock.said
        assert "Traceback" not in clock.said
