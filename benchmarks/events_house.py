"""What the benchmark of events stands on: a database of its own, readers, editions that were sent to a cheap sink."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from newsletter.audience import identity
from newsletter.pipeline import freezing, sending
from newsletter.pipeline.context import Context, Target
from newsletter.storage import roster

ROOT = Path(__file__).parents[1]
NEWSLETTER = "daily"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database, as durable as one in earnest: SQLite in a file, or a PostgreSQL started for this."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ledger.db"
        return
    place = folder / "pg"  # also that of the socket, whose name has about 100 characters at most
    place.mkdir()
    as_user = _ordinary_user()
    for each in (folder, place) if as_user else ():
        os.chown(each, as_user["user"], as_user["group"])
    run: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place, **as_user}
    initdb = [_binary("initdb"), "-D", place / "data", "-U", "newsletter", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, **run)
    command = [_binary("postgres"), "-D", place / "data", "-k", place, "-c", "listen_addresses="]
    process = subprocess.Popen(command, **run)
    try:
        wait_for(lambda: psycopg.connect(f"postgresql://newsletter@/postgres?host={place}").close())
        yield f"postgresql+psycopg://newsletter@/postgres?host={place}"
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown, which waits for nobody
        process.wait(60)


def _binary(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: -int(path.parts[-3]))
    where = found[0] if found else shutil.which(name)
    if where is None:
        raise SystemExit(f"{name} was not found: install PostgreSQL 15 or newer (Debian: apt-get install postgresql)")
    return Path(where)


def _ordinary_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    who = names.get("postgres") or names["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def wait_for(attempt: Any, seconds: float = 20) -> None:
    """Until `attempt` does not raise any more."""
    until = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except (OSError, psycopg.OperationalError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def wait_for_port(port: int) -> None:
    wait_for(lambda: socket.create_connection(("127.0.0.1", port)).close())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(folder: Path, url: str, port: int) -> dict[str, str]:
    return {
        "NEWSLETTER_DATABASE_URL": url,
        "NEWSLETTER_VAR": str(folder / "var"),
        "NEWSLETTER_CONTENT": str(ROOT / "content"),
        "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
        "NEWSLETTER_SECRET_KEYS": "s" * 40,
        "NEWSLETTER_ADDRESS_KEY": "k" * 40,
        "NEWSLETTER_SANDBOX": "1",
        "NEWSLETTER_SENDGRID_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
        "NEWSLETTER_LOG": "error",
    }


@contextmanager
def sink() -> Iterator[int]:
    """A process that takes every request and answers 202: the cheapest mail service there can be. Gives its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, Path(__file__).with_name("events_sink.py"), str(port)])
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def subscribe(context: Context, readers: int) -> None:
    key = (context.settings.address_key or "").encode()
    addresses = [f"reader.{number}@example.org" for number in range(readers)]
    people = [
        roster.NewSubscriber(address=address, address_key=identity.address_key(address, key), reserved=True, name="")
        for address in addresses
    ]
    now = context.clock()
    with context.store.write() as tx:
        list_id = roster.ensure_list(tx, context.newsletters[NEWSLETTER].list, "Bench", now)
        for start in range(0, readers, 20_000):
            part = people[start : start + 20_000]
            roster.add_subscribers(tx, list_id, part, source="bench", basis="express", now=now)


def frozen(context: Context, name: str) -> str:
    """An edition frozen for all readers; gives its id. It has the same stories as the one before."""
    with context.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM edition_story")  # or they would have been sent already
        tx.exec_driver_sql("UPDATE edition SET planned_at = '2001-01-01 00:00:00.000000'")  # or be too old by now
    edition = Target(newsletter=context.newsletters[NEWSLETTER], date=datetime.now(UTC).date(), suffix=name)
    freezing.freeze(context, edition, by="bench", at=context.clock())
    return edition.id


def send(context: Context, edition: str) -> float:
    """Send a frozen edition; gives the recipients a second."""
    began = time.perf_counter()
    report = sending.run(context, sending.start(context, edition, by="bench"))
    seconds = time.perf_counter() - began
    if not report.accepted or report.accepted != report.candidates - sum(report.excluded.values()):
        raise SystemExit(f"{report.accepted} of {report.candidates} accepted: the run measures nothing")
    return report.accepted / seconds


def deliveries(context: Context, edition: str) -> list[tuple[str, str]]:
    """Id and address of each mail of an edition, in the order of its batches."""
    statement = (
        "SELECT ledger.uid, delivery.id, subscriber.address FROM delivery JOIN send ON send.id = delivery.send_id "
        "JOIN edition ON edition.id = send.edition_id JOIN subscriber ON subscriber.id = delivery.subscriber_id "
        f"CROSS JOIN ledger WHERE edition.name = '{edition}' AND delivery.batch_number IS NOT NULL "
        "ORDER BY delivery.batch_number, delivery.id"
    )
    with context.store.read() as tx:
        return [(f"{uid}-{number}", address) for uid, number, address in tx.exec_driver_sql(statement)]
