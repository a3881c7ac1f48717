"""`newsletter doctor`: each thing that can be wrong is found, told with what to do, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_house import House, bare_house
from ledger_receivers import mail_server
from sqlalchemy import create_engine, text

from newsletter.pipeline.doctor import outside
from newsletter.sandbox import Sandbox
from newsletter.storage import schema


def checks(house: House, code: int | None = None) -> dict[str, dict[str, Any]]:
    said = house.run("doctor", "--json")
    if code is not None:
        assert said.code == code, said
    return {check["check"]: check for check in said.json()}


def sql_time(**before: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**before):%Y-%m-%d %H:%M:%S.%f}"


def test_a_house_that_is_well(house: House, esp: Sandbox) -> None:
    """0; what is not set up yet is a warning; the text says the same in lines."""
    house.sql(f"INSERT INTO heartbeat (host, pid, at) VALUES ('mill', 7, '{sql_time(seconds=5)}')")
    found = checks(house, 0)
    assert {name for name, check in found.items() if check["health"] != "ok"} == {"base URL", "alerts"}
    assert found["SendGrid's key"]["found"] == "it may send mail"
    assert found["time"]["health"] == "ok"
    assert f"ok               database: it answers, with schema {schema.HEAD}" in house.run("doctor").out


def test_it_changes_nothing(bare: House) -> None:
    """Not on a machine where there is nothing yet: no key, no database, no folder."""
    found = checks(bare, 0)
    assert (found["database"]["health"], found["keys"]["health"]) == ("warn", "ok")
    assert not bare.var.exists()


def test_it_changes_nothing_of_a_ledger(house: House) -> None:
    before = house.print_of_all()
    checks(house)
    assert house.print_of_all() == before


TROUBLES: dict[str, tuple[str, str, str, Callable[[House], object]]] = {
    "a setting": ("settings", "fail", "BATCH_SIZE", lambda house: house.set(BATCH_SIZE="many")),
    "a file of content": (
        "content", "fail", "26:30",
        lambda house: house.newsletter_file(lambda text: text.replace('"06:30"', '"26:30"')),
    ),
    "the templates": ("content", "fail", "nowhere", lambda house: house.set(TEMPLATES="nowhere")),
    "a key that others may read": (
        "keys", "fail", "address-key", lambda house: (house.var / "address-key").chmod(0o644)
    ),
    "keys that must be set": (
        "keys", "fail", "must be set", lambda house: house.set(BASE_URL="https://127.0.0.1.nip.example.com:1")
    ),
    "another address key": ("address key", "fail", "not the one", lambda house: house.set(ADDRESS_KEY="x" * 40)),
    "an older schema": (
        "database", "fail", "0001", lambda house: house.sql("UPDATE alembic_version SET version_num = '0001'")
    ),
    "no database at all": ("database", "fail", "not a database", lambda house: house.database.write_bytes(b"x" * 999)),
    "the other gateway": (
        "whose database", "fail", "sendgrid", lambda house: house.sql("UPDATE ledger SET gateway = 'sendgrid'")
    ),
    "a dead clock": (
        "clock", "fail", "last sign of life",
        lambda house: house.sql(f"INSERT INTO heartbeat (host, pid, at) VALUES ('mill', 7, '{sql_time(minutes=9)}')"),
    ),
    "a clock that was stopped": (
        "clock", "warn", "stopped in order",
        lambda house: house.sql(f"INSERT INTO heartbeat (host, pid, at) VALUES ('mill', 0, '{sql_time(minutes=9)}')"),
    ),
    "a clock of the future": (
        "time in the ledger", "fail", "ahead",
        lambda house: house.sql(f"INSERT INTO heartbeat (host, pid, at) VALUES ('mill', 7, '{sql_time(hours=-1)}')"),
    ),
    "an alert": (
        "open alerts", "warn", "late (1)",
        lambda house: house.sql(f"INSERT INTO alert (about, kind, at) VALUES ('a', 'late', '{sql_time(hours=1)}')"),
    ),
    "a mail server that is down": (
        "alerts", "fail", "127.0.0.1",
        lambda house: house.set(ALERT_TO="ops@example.org", ALERT_SMTP_URL="smtp://127.0.0.1:1"),
    ),
    "alerts by SendGrid alone": (
        "alerts", "warn", "SendGrid alone", lambda house: house.set(ALERT_TO="ops@example.org")
    ),
    "a key that may not send": (
        "SendGrid's key", "fail", "may not send", lambda house: house.set(SENDGRID_API_KEY="SG.forbidden")
    ),
    "a webhook's key that is none": (
        "webhook's key", "fail", "curve", lambda house: house.set(SENDGRID_WEBHOOK_KEY=_OFF_THE_CURVE)
    ),
}  # fmt: skip

_OFF_THE_CURVE = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 86 + "=="


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_wrong_is_found(house: House, esp: Sandbox, trouble: str) -> None:
    """By its check, with words that name it and what to do; 1 where it fails, 0 where it is a warning."""
    name, health, word, make = TROUBLES[trouble]
    make(house)
    found = checks(house, 1 if health == "fail" else 0)[name]
    assert found["health"] == health
    assert word in found["found"]
    assert found["cure"]


def test_a_wrong_key(house: House) -> None:
    """SendGrid says 401: told with what to do."""
    with Sandbox(house.var / "sandbox", port=0, webhook_url=None, api_key="SG.right") as sandbox:
        house.set(SENDGRID_URL=sandbox.url, SENDGRID_API_KEY="SG.wrong")
        found = checks(house, 1)["SendGrid's key"]
    assert (found["health"], "401" in found["found"]) == ("fail", True)


def test_a_restored_backup(house: House) -> None:
    """The file outside knows more than the database."""
    (house.folder / "epoch").write_text(f"{house.sql('SELECT uid FROM ledger')[0][0]} 9\n")
    house.set(EPOCH_FILE=str(house.folder / "epoch"))
    found = checks(house, 1)
    assert "restored from a backup" in found["restore guard"]["found"]


def test_an_empty_database_where_others_sent(house: House) -> None:
    """It may stand in the place of one that was lost, with all who left: warned of, until it has sent itself."""
    (house.folder / "epoch").write_text("0ther1d0 9\n")
    house.set(EPOCH_FILE=str(house.folder / "epoch"))
    found = checks(house, 0)["restore guard"]
    assert (found["health"], "other databases" in found["found"]) == ("warn", True)
    house.sql("UPDATE ledger SET epoch = 1")
    assert checks(house, 0)["restore guard"]["health"] == "ok"


@pytest.mark.postgresql
def test_no_worker_where_batches_are_left_to_them(house: House, postgres_url: str) -> None:
    """With the queue, a send waits for workers: a failure without one, and one that went in order is none."""
    house.set(DATABASE_URL=postgres_url, QUEUE="workers", SECRET_KEYS="s" * 40, ADDRESS_KEY="k" * 40)
    assert house.run("lists").code == 0
    assert checks(house, 1)["workers"]["health"] == "fail"
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO heartbeat (host, pid, at) VALUES ('mill worker', 7, now())"))
    found = checks(house)["workers"]
    assert (found["health"], found["found"]) == ("ok", "there are some on mill")
    with engine.begin() as connection:
        connection.execute(text("UPDATE heartbeat SET at = now() - interval '1 hour'"))
    engine.dispose()
    assert checks(house, 1)["workers"]["health"] == "fail"


def test_a_guard_that_cannot_be_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root everything can be written, so the system's answer is given here."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "state" not in str(path) and real(path, mode))
    folder = house.folder / "state"
    folder.mkdir()
    house.set(EPOCH_FILE=str(folder / "epoch"))
    assert checks(house, 1)["restore guard's file"]["health"] == "fail"


def test_offline(house: House) -> None:
    """What needs a network is said not to have been looked at, which is no failure."""
    found = checks(house, 0)
    assert found["SendGrid's key"]["health"] == "could not check"
    assert "time" not in found


def test_no_events_after_a_send(house: House) -> None:
    """Half an hour after a live send began."""
    house.sql(
        "INSERT INTO edition (id, name, newsletter, date, planned_at, state, created_at) VALUES "
        f"(1, 'daily/2026-05-04', 'daily', '2026-05-04', '{sql_time(hours=1)}', 'sent', '{sql_time(hours=1)}')"
    )
    house.sql(
        "INSERT INTO send (edition_id, kind, state, candidates, created_at, started_at) VALUES "
        f"(1, 'live', 'sent', 1, '{sql_time(hours=1)}', '{sql_time(hours=1)}')"
    )
    house.sql(
        "INSERT INTO message (id, fingerprint, language, created_at) VALUES "
        f"(1, 'sha256:1', 'en', '{sql_time(hours=1)}')"
    )
    house.sql("INSERT INTO variant (id, edition_id, message_id, language, tracking) VALUES (1, 1, 1, 'en', 'none')")
    house.sql("INSERT INTO batch (send_id, variant_id, number, size, state) VALUES (1, 1, 1, 1, 'accepted')")
    assert checks(house, 1)["events"]["health"] == "fail"


def test_a_mail_server_that_takes_alerts(house: House) -> None:
    """It is greeted, and gets no mail."""
    with mail_server() as box:
        house.set(ALERT_TO="ops@example.org", ALERT_SMTP_URL=box.url)
        assert checks(house, 0)["alerts"]["health"] == "ok"
    assert box.mails == []


@pytest.mark.parametrize(("off_s", "health"), [(0, "ok"), (-20, "ok"), (60, "warn"), (-60, "warn"), (400, "fail")])
def test_the_time_beside_sendgrid_s(off_s: int, health: str) -> None:
    """By the Date of its answer, whose unit is the second."""
    now = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
    date = (now + timedelta(seconds=off_s)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert outside._time(date, now).health.value == health
    assert outside._time("", now).health.value == "could not check"


def test_secrets_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong, no key, token or password stands in what is printed."""
    house = bare_house(tmp_path, monkeypatch)
    house.set(
        ALERT_TO="ops@example.org", ALERT_SMTP_URL="smtp://ops:hush@127.0.0.1:1",
        ALERT_WEBHOOK="http://127.0.0.1:1/hush", METRICS_TOKEN="hush" * 9, SENDGRID_API_KEY="SG.hush",
    )  # fmt: skip
    said = house.run("doctor")
    assert "hush" not in said.out + said.err
