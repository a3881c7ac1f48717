"""Feeds bodies to whoever takes events in, and notes how long each took; the bare loop that does the least."""

from __future__ import annotations

import http.client
import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from newsletter.pipeline import listening
from newsletter.pipeline.context import Context
from newsletter.web.hooks import SIGNATURE, TIMESTAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A body with its two headers."""

    data: bytes
    size: int
    signature: str
    timestamp: str


Post = Callable[[Signed], None]


def feed(bodies: Sequence[Signed], post: Post, *, at_once: int, pace: int, stop: Path) -> dict[str, Any]:
    """Post the bodies in their order, `at_once` at a time and not over `pace` events a second (0: as fast as it goes),
    until they or the time are over (`stop` is there). Gives the counts, the seconds, and how long each post took.
    """
    places, took, done = itertools.count(), [0.0] * len(bodies), [0] * len(bodies)
    starts = list(itertools.accumulate((body.size for body in bodies), initial=0))
    lock, began = threading.Lock(), time.perf_counter()

    def work() -> None:
        while not stop.exists():
            with lock:
                place = next(places)
            if place >= len(bodies):
                return
            if pace:
                time.sleep(max(0.0, began + starts[place] / pace - time.perf_counter()))
            since = time.perf_counter()
            post(bodies[place])
            took[place] = time.perf_counter() - since
            done[place] = bodies[place].size

    with ThreadPoolExecutor(at_once) as pool:
        for each in [pool.submit(work) for _ in range(at_once)]:
            each.result()
    seconds = time.perf_counter() - began
    count = sum(1 for size in done if size)
    return {"bodies": count, "events": sum(done), "seconds": seconds, "took": took[:count]}


def by_call(context: Context) -> Post:
    """`listening.hear`, without a web server."""

    def post(body: Signed) -> None:
        listening.hear(context, signature=body.signature, timestamp=body.timestamp, body=body.data)

    return post


def by_http(port: int) -> Post:
    """POST /hooks/sendgrid, over one connection for each thread."""
    of_thread = threading.local()

    def post(body: Signed) -> None:
        if not hasattr(of_thread, "connection"):
            of_thread.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection = of_thread.connection
        headers = {SIGNATURE: body.signature, TIMESTAMP: body.timestamp, "Content-Type": "application/json"}
        connection.request("POST", "/hooks/sendgrid", body.data, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 204:
            raise SystemExit(f"/hooks/sendgrid answered {answer.status}: the run measures nothing")

    return post


COLUMNS = (
    "vendor_id TEXT, delivery_id BIGINT, kind TEXT, occurred_at {instant}, url TEXT, attempt INTEGER, reason TEXT, "
    "machine BOOLEAN, raw TEXT, received_at {instant}"
)


def bare(url: str, bodies: Sequence[Signed]) -> dict[str, Any]:
    """The least that anybody does: json.loads, and one executemany a body into a table without any constraint."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA synchronous=FULL")
        mark, instant = "?", "TIMESTAMP"
    else:
        connection = psycopg.connect(url.replace("+psycopg", ""))
        mark, instant = "%s", "TIMESTAMPTZ"
    connection.execute("DROP TABLE IF EXISTS bare_event")
    connection.execute(f"CREATE TABLE bare_event (id INTEGER PRIMARY KEY, {COLUMNS})".format(instant=instant).replace(
        "id INTEGER", "id INTEGER" if mark == "?" else "id BIGINT GENERATED ALWAYS AS IDENTITY"
    ))  # fmt: skip
    connection.commit()
    statement = (
        "INSERT INTO bare_event (vendor_id, delivery_id, kind, occurred_at, url, attempt, reason, machine, raw, "
        f"received_at) VALUES ({', '.join([mark] * 10)})"
    )
    began, cpu = time.perf_counter(), time.process_time()
    for body in bodies:
        now = datetime.now(UTC).replace(tzinfo=None)
        connection.cursor().executemany(statement, [_row(entry, now) for entry in json.loads(body.data)])
        connection.commit()
    result = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    connection.execute("DROP TABLE bare_event")
    connection.commit()
    connection.close()
    return result | {"events": sum(body.size for body in bodies)}


def _row(entry: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    return (
        entry["sg_event_id"], int(entry["delivery_id"].partition("-")[2]), entry["event"],
        str(datetime.fromtimestamp(entry["timestamp"], UTC)), entry.get("url", ""), int(entry["attempt"]),
        entry.get("reason") or entry.get("response", ""), bool(entry.get("sg_machine_open")), json.dumps(entry),
        str(now),
    )  # fmt: skip
