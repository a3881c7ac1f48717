"""Two schedulers, four workers and a web app as the real commands, on one send; some are killed, and one hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_run import AheadClock
from ledger_gateway import until
from ledger_house import House

from newsletter.model import EditionState, SendState
from newsletter.pipeline import doubts, queueing, sending
from newsletter.sandbox import Sandbox
from newsletter.sending import queue
from newsletter.storage import Store
from newsletter.storage.database import driver

ROOT = Path(__file__).parents[2]
READERS = 160
WORKER = (sys.executable, "-m", "newsletter.cli", "worker")
SERVE = (sys.executable, "-m", "newsletter.cli", "serve", "--port")
SCHEDULER = (
    sys.executable,
    "-c",
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); import scheduler; scheduler.TICK_S = 0.3; scheduler.main()",
)

pytestmark = pytest.mark.postgresql


@pytest.fixture
def house(postgres_url: str, tmp_path: Path) -> Iterator[House]:
    store = Store(postgres_url)
    made = House(
        tmp_path / "house", store, AheadClock(), QUEUE="workers", SEND_CONCURRENCY=2, SENDGRID_TIMEOUT_S=1, LOG="debug"
    )
    made.newsletter(schedule="")
    made.reload()
    queueing.make(store)
    yield made
    store.close()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def sandbox(house: House, port: int) -> Iterator[Sandbox]:
    hook = f"http://127.0.0.1:{port}/hooks/sendgrid"
    with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=hook) as started:
        started.fault("slow", times=None, seconds=0.3)
        house.through(started.url)
        house.reload(SENDGRID_TIMEOUT_S=1)
        yield started


@pytest.fixture
def processes(house: House) -> Iterator[list[subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
    for process in running:
        process.wait(30)


def start(house: House, *command: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **house.environment()}
    with (house.folder / "processes.log").open("ab") as log:
        return subprocess.Popen(command, cwd=house.folder, env=environment, stderr=log, stdout=log)


def accepted(house: House, edition: str) -> int:
    return house.report(edition).accepted


def test_two_schedulers_and_four_workers(
    house: House, sandbox: Sandbox, port: int, processes: list[subprocess.Popen[bytes]]
) -> None:
    """Each reader once, nobody missing; one scheduler and two workers die, one worker sleeps past its lease, and each
    batch has two jobs.
    """
    wanted = house.readers(READERS)
    house.story()
    edition = f"daily/{house.clock():%Y-%m-%d}-machines"
    house.freeze(edition)
    sending.start(house.context, edition, by="ann")
    with house.store.write() as tx:
        queue.put(driver(tx), [queue.Job(batch_ids=(batch_id,)) for batch_id in queue.alive(driver(tx))])
    processes += [start(house, *SERVE, str(port)), *(start(house, *SCHEDULER) for _ in range(2))]
    workers = [start(house, *WORKER) for _ in range(4)]
    processes += workers

    assert until(lambda: accepted(house, edition) >= 10, 30), (house.folder / "processes.log").read_text()[-3000:]
    workers[0].kill()
    processes[1].kill()
    workers[1].send_signal(signal.SIGSTOP)
    assert until(lambda: accepted(house, edition) >= 60, 30)
    workers[2].kill()
    processes += [start(house, *WORKER), start(house, *SCHEDULER)]

    assert until(lambda: house.state(edition)[0] in (EditionState.SENT, EditionState.PARTIAL), 60), house.report(
        edition
    )
    workers[1].send_signal(signal.SIGCONT)
    time.sleep(0.5)  # its answers are late, and change nothing that is settled
    assert sandbox.drain(20)
    again = doubts.resolve(house.context, edition, accept=False, by="ann").resent
    assert until(lambda: house.state(edition)[0] is EditionState.SENT, 30), (again, house.report(edition))
    assert sandbox.drain(20)

    copies = Counter(each.address for each in sandbox.accepted() if "kind" not in each.custom_args)
    assert [address for address, count in copies.items() if count > 1] == []
    assert set(copies) == set(wanted)
    report = house.report(edition)
    assert (report.state, report.accepted, report.sent_twice) == (SendState.SENT, READERS, 0)
    assert report.facts == {"delivered": READERS, "processed": READERS}
