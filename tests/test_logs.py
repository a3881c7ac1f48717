"""What is logged: a line for each change of state, with ids; no address, no key and no token, whoever logs it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_clock import HandClock
from ledger_house import ADDRESS_KEY, SECRET, House
from ledger_receivers import mail_server, webhook
from structlog.testing import capture_logs

from newsletter.audience import tokens
from newsletter.model import AlertKind
from newsletter.pipeline import alerts, doubts, leaving, listening, readers, sending, watching
from newsletter.sandbox import Sandbox
from newsletter.storage import Store, events

ROOT = Path(__file__).parents[1]
MONDAY = "daily/2026-05-04"
PEOPLE = [f"private-{number}@example.org" for number in range(6)]


def bodies(house: House) -> list[bytes]:
    """Events of each reader as SendGrid tells them: a bounce whose reason quotes the address, a complaint, a block."""
    told = []
    kinds = [
        {"event": "bounce", "type": "bounce", "status": "5.1.1"}, {"event": "spamreport"}, {"event": "delivered"},
        {"event": "bounce", "type": "blocked", "status": "5.7.26"}, {"event": "open"}, {"event": "dropped"},
    ]  # fmt: skip
    for number, (address, kind) in enumerate(zip(PEOPLE, kinds, strict=True)):
        key = readers.identify(house.context, address).key
        with house.store.read() as tx:
            copies = events.copies(tx, key)
        told.append(
            {
                "email": address, "timestamp": int(house.clock().timestamp()), "sg_event_id": f"e{number}",
                "reason": f"550 no such user {address}", "delivery_id": copies[0].delivery if copies else "x-1",
                "edition": MONDAY, "batch": "1", "attempt": "1", **kind,
            }
        )  # fmt: skip
    return [json.dumps(told).encode(), b'{"email": "private-0@example.org"', b'["private-1@example.org"]']


def walk(house: House) -> None:
    """A whole life: import, freeze, a send with every kind of answer, events, doubts, leaving, alerts."""
    house.subscribe(PEOPLE)
    readers.add(house.context, "private-added@example.org", "Ann Private", "daily", source="t", basis="t")
    house.story()
    leaving.suppress(house.context, ["private-gone@example.org"], reason="manual", source="operator")
    with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=None) as esp:
        house.through(esp.url)
        house.reload(SENDGRID_API_KEY="SG.private-key", SEND_CONCURRENCY=1, BATCH_SIZE=2)
        esp.fault("accept-then-5xx", times=1)
        esp.fault("400", times=1, positions=[0])
        assert house.send().in_doubt == 2
        doubts.resolve(house.context, MONDAY, accept=True, by="ann")
        for body in bodies(house):
            listening.take_in(house.context, body)
        esp.fault("401", times=1)
        house.story("2026-05-05-rails")
        house.freeze("daily/2026-05-05", confirmed=5)
        started = sending.start(house.context, "daily/2026-05-05", by="ann")
        assert sending.run(house.context, started).state == "paused"
        sending.resume(house.context, "daily/2026-05-05")
    number = house.subscriber_id(PEOPLE[2])
    token = tokens.sign(tokens.Token("reader", number, 1, 1), SECRET)
    leaving.leave(house.context, token)
    leaving.unsubscribe(house.context, PEOPLE[3], None)
    with mail_server() as box, webhook() as posts:
        house.reload(ALERT_TO="ops-private@example.org", ALERT_SMTP_URL=box.url, ALERT_WEBHOOK=posts.url)
        box.answers = ["550 ops-private@example.org is unknown"]
        posts.status = "500 Broken"
        alerts.alert(house.context, AlertKind.DISK_LOW, about="mill", text="no room")
        watching.Watch(house.context).look()


def test_no_line_holds_an_address_a_key_or_a_token(
    new_sqlite: Callable[[], str], clock: HandClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, over all loggers of the process: ours, SendGrid's client, SQLAlchemy's, the standard library's."""
    caplog.set_level(logging.DEBUG)
    store = Store(new_sqlite())
    house = House(tmp_path / "house", store, clock)
    walk(house)
    store.close()
    said = caplog.text
    assert "send started" in said
    for secret in (SECRET, ADDRESS_KEY, "SG.private-key", "t0ken", "Bearer"):
        assert secret not in said
    assert re.findall(r"[\w.+-]*private[\w.+-]*@[\w.]+|Ann Private", said) == []
    assert re.findall(r"/u/\w+", said) == []


CHANGES = (
    "readers imported", "reader added", "story approved", "addresses suppressed", "edition frozen", "send started",
    "batch in doubt", "readers refused", "batch accepted", "send finished", "events", "doubts resolved", "send paused",
    "send resumed", "reader left", "alert",
)  # fmt: skip


def test_each_change_of_state_has_its_line(sqlite_house: House) -> None:
    """With the ids of what it is about."""
    with capture_logs() as lines:
        walk(sqlite_house)
    said = {line["event"] for line in lines}
    assert [change for change in CHANGES if change not in said] == []
    started = next(line for line in lines if line["event"] == "send started")
    assert (started["edition"], started["send"], started["by"]) == (MONDAY, 1, "ann")


SCRIPT = """
import logging
from pathlib import Path
import structlog
from newsletter.cli.common import set_up_log
from newsletter.settings import load_settings
set_up_log(load_settings({"NEWSLETTER_LOG": "LEVEL"}, Path("none")), quiet=False)
logging.getLogger("uvicorn.error").info("Application %s", "startup")
logging.getLogger("uvicorn.error").error("Invalid %s", "request")
logging.getLogger("sqlalchemy.engine.Engine").info("SELECT address")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("unforeseen error", route="/u/{token}")
structlog.get_logger().info("ours", edition="daily/2026-05-04")
"""


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 3), ("error", 2)])
def test_every_logger_speaks_in_one_form(level: str, lines: int) -> None:
    """`name=value`, a line for each; libraries never below a warning; an unforeseen error with its traceback."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("LEVEL", level)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    said = done.stderr.splitlines()
    assert len(said) == lines, done.stderr
    assert re.match(r'timestamp=\S+Z level=error event="Invalid request" logger=uvicorn.error$', said[0]), said[0]
    assert "ZeroDivisionError: division by zero" in said[1]
    assert all(line.startswith("timestamp=") for line in said)
    assert done.stdout == ""
