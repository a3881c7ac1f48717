"""The state that each round starts from, and the rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks import people
from benchmarks.send.databases import Database
from newsletter.cli.common import open_house
from newsletter.model import SendReport
from newsletter.pipeline import freezing, sending
from newsletter.pipeline.context import Context, Target
from newsletter.storage import balance, sends

ROOT = Path(__file__).parents[2]
NEWSLETTER = "daily"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One measurement."""

    readers: int
    rounds: int
    processes: int
    concurrency: int
    latency_ms: float
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One part of one round. Several processes are one part: their CPU is summed, of their peaks the highest told."""

    per_s: float
    cpu_us: float
    peak_mb: float
    in_flight: int


def environment(folder: Path, url: str, port: int, asked: Asked) -> dict[str, str]:
    return {
        "NEWSLETTER_VAR": str(folder / "var"),
        "NEWSLETTER_CONTENT": str(ROOT / "content"),
        "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
        "NEWSLETTER_DATABASE_URL": url,
        "NEWSLETTER_SECRET_KEYS": "s" * 43,
        "NEWSLETTER_ADDRESS_KEY": "k" * 43,
        "NEWSLETTER_SANDBOX": "1",
        "NEWSLETTER_SENDGRID_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
        "NEWSLETTER_SEND_CONCURRENCY": str(asked.concurrency),
        "NEWSLETTER_QUEUE": asked.queue,
        "NEWSLETTER_LOG": "error",
    }


@contextmanager
def sink(latency_ms: float) -> Iterator[int]:
    """A sink process; gives its port."""
    command = [sys.executable, "-m", "benchmarks.sink", "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def prepare(database: Database, readers: int) -> float:
    """Readers, and an edition frozen for them, whose send has begun; gives the seconds of its freeze."""
    context = open_house()
    people.add(context, context.newsletters[NEWSLETTER].list, readers)
    began = time.perf_counter()
    freezing.freeze(context, edition(context), by="bench", at=context.clock())
    seconds = time.perf_counter() - began
    sending.start(context, edition(context).id, by="bench")
    context.store.close()
    database.keep()
    return seconds


def edition(context: Context) -> Target:
    return Target(newsletter=context.newsletters[NEWSLETTER], date=datetime.now(UTC).date(), suffix="bench")


def turn(asked: Asked, database: Database, port: int) -> dict[str, Result]:
    """One round: ours and the bare loop, one after the other, each from the same state and each counted by the sink."""
    results = {}
    for part in ("ours", "bare"):
        database.restore()
        Path(os.environ["NEWSLETTER_EPOCH_FILE"]).unlink(missing_ok=True)  # or the copy looks like a backup
        counted(port)
        told = _run(part, asked.processes)
        counts = counted(port)
        if counts["readers"] != asked.readers:
            raise SystemExit(f"{part}: the sink counted {counts['readers']} readers, not {asked.readers}")
        if part == "ours":
            _require_all_accepted(asked.readers)
        seconds = max(each["ended"] for each in told) - min(each["began"] for each in told)
        results[part] = Result(
            per_s=asked.readers / seconds,
            cpu_us=sum(each["cpu_s"] for each in told) / asked.readers * 1e6,
            peak_mb=max(each["peak_mb"] for each in told),
            in_flight=counts["in_flight"],
        )
    return results


def counted(port: int) -> dict[str, int]:
    """What the sink has counted since it was last asked."""
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/")
        found: dict[str, int] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return found


def _run(part: str, processes: int) -> list[dict[str, Any]]:
    """The measured processes: all get ready, then all are let go."""
    command = [sys.executable, "-m", "benchmarks.send", "--processes", str(processes), "--part", part, "--share"]
    running = [
        subprocess.Popen([*command, str(share)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for share in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise SystemExit(f"{part} did not get ready")
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit(f"{part} failed")
    return [json.loads(each) for each in told]


def _require_all_accepted(readers: int) -> None:
    report = _report()
    if (report.state, report.accepted) != ("sent", readers):
        raise SystemExit(f"the send is {report.state}, {report.accepted} of {readers} accepted: nothing was measured")


def _report() -> SendReport:
    context = open_house()
    with context.store.read() as tx:
        live = sends.live(tx, edition(context).id)
        assert live is not None
        found = balance.report(tx, live.id)
    context.store.close()
    return found
