"""kill -9 at any moment: nobody gets it twice, nobody is lost, and the numbers balance (sending.md, Promises).

A real process sends through the sandbox and is killed at seeded moments, again and again; what it leaves in doubt is
settled by the sandbox's signed events, and resent where there are none. Then the sandbox's own record is
counted. This is the quick set; the moments are drawn, so each run of a seed kills somewhere else in the program.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import ledger_crash
import pytest
from ledger_clock import HandClock
from ledger_house import House

from newsletter.model import EditionState
from newsletter.pipeline import doubts, listening
from newsletter.sandbox import Sandbox
from newsletter.storage import Store

DAILY = "daily/2026-05-04"
READERS = 400
KILLS = 24
LONGEST_LIFE_S = 0.2
PRELOADED = ["pytest", "newsletter.services", "newsletter.sending.sendgrid", "newsletter.pipeline.freezing", "psycopg"]
"""A process that is forked from these begins to work at once; one that imports them would be killed before it does."""


class LiveClock(HandClock):
    """The real time, which the sending processes go by too."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    return House(tmp_path / "house", store, LiveClock(), SEND_CONCURRENCY=4)


@pytest.fixture
def gate() -> Event:
    """Events wait in front of it: without evidence, what a kill leaves stays in doubt."""
    return Event()


@pytest.fixture
def sandbox(house: House, gate: Event) -> Iterator[Sandbox]:
    """A sandbox whose events come back to the house; each answer takes a moment, so that kills fall before it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            gate.wait(9)
            listening.hear(
                house.context,
                signature=self.headers["X-Twilio-Email-Event-Webhook-Signature"],
                timestamp=self.headers["X-Twilio-Email-Event-Webhook-Timestamp"],
                body=self.rfile.read(int(self.headers["Content-Length"])),
            )
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/hooks/sendgrid"
        with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=url) as started:
            started.fault("slow", times=None, seconds=0.03)
            house.through(started.url)
            yield started
        server.shutdown()
        thread.join()


def live(house: House, moment_s: float | None) -> None:
    """One life of the sending process: killed after a moment, or left to end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=ledger_crash.send, args=(house.environment(), DAILY))
    process.start()
    process.join(60 if moment_s is None else moment_s)
    if moment_s is None:
        assert process.exitcode == 0
    elif process.is_alive():
        process.kill()
        process.join()


def settle(house: House, sandbox: Sandbox, gate: Event) -> None:
    """What is in doubt is settled by events; what has none, once all have come, goes again."""
    time.sleep(0.2)  # a request that was on its way when its sender died may still be taken
    gate.set()
    assert sandbox.drain(20)
    gate.clear()
    doubts.resolve(house.context, DAILY, accept=False, by="ann")


@pytest.mark.parametrize("seed", [1])
def test_kill_9(house: House, sandbox: Sandbox, gate: Event, seed: int) -> None:
    """Each reader once, nobody missing, after two dozen kills; a resend only where nothing was accepted."""
    wanted = house.readers(READERS)
    house.story()
    house.freeze()
    chance = random.Random(seed)
    kills = in_doubt = 0
    for _ in range(2 * KILLS):
        if house.state()[0] is EditionState.SENT:
            break
        if kills < KILLS:
            live(house, chance.uniform(0, LONGEST_LIFE_S))
            kills += 1
        else:
            gate.set()
            live(house, None)
        in_doubt += len(doubts.listed(house.context, DAILY))
        if house.state()[0] is EditionState.PARTIAL or (kills % 6 == 0):
            settle(house, sandbox, gate)
        assert sum(house.report().batches.values()) == READERS / 2
    gate.set()
    assert sandbox.drain(20)

    copies = Counter(each.address for each in sandbox.accepted())
    assert [address for address, count in copies.items() if count > 1] == []
    assert set(copies) == set(wanted)
    report = house.report()
    assert (report.state, report.candidates, report.accepted, report.sent_twice) == ("sent", READERS, READERS, 0)
    assert report.facts == {"delivered": READERS, "processed": READERS}
    assert kills >= KILLS / 2, "the send was over before it was killed often enough: more readers are needed"
    assert in_doubt > 0, "no kill fell between a request and its answer"
