"""One measured process: the send itself (`ours`), or the least that any sender does (`bare`).

The bare loop takes its readers from memory and knows no ledger; links, bodies, library, transport and the number of
requests in flight are the same. It is ready before the clock starts: its readers are in memory by then.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import people
from benchmarks.send import rounds
from newsletter.cli.common import open_house
from newsletter.model import Batch, Message, Recipient, SendState
from newsletter.pipeline import exchanging, sending, working
from newsletter.pipeline.context import Context
from newsletter.sending.gateway import Outgoing
from newsletter.storage import editions, messages, sends

Run = Callable[[], object]
Reader = tuple[str, int, str, str]


def measure(part: str, share: int, processes: int) -> None:
    """Get ready, say so, wait for a line, run, and print what it took as JSON."""
    context = open_house()
    edition = rounds.edition(context).id
    run = _ours(context, edition) if part == "ours" else _bare(context, edition, share, processes)
    print("ready", flush=True)
    sys.stdin.readline()
    cpu, began = time.process_time(), time.monotonic()
    run()
    result = {"began": began, "ended": time.monotonic(), "cpu_s": time.process_time() - cpu, "peak_mb": peak_mb()}
    print(json.dumps(result), flush=True)
    context.store.close()


def peak_mb() -> float:
    """This program's own peak. Where there is /proc: getrusage counts what the process was before its exec, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def _live(context: Context, edition: str) -> sends.SendRow:
    with context.store.read() as tx:
        live = sends.live(tx, edition)
    assert live is not None
    return live


def _ours(context: Context, edition: str) -> Run:
    send_id = _live(context, edition).id
    context.gateway()  # loads the library, which the bare loop has loaded by then too
    if context.settings.queue == "here":
        return lambda: sending.run(context, send_id)

    def work() -> None:
        stop = threading.Event()
        threading.Thread(target=_stop_at_the_end, args=(context, send_id, stop), daemon=True).start()
        working.work(context, stop=stop)

    return work


def _stop_at_the_end(context: Context, send_id: int, stop: threading.Event) -> None:
    """A worker does not end by itself: nobody says to it that a send is over."""
    while not stop.wait(0.05):
        with context.store.read() as tx:
            if sends.find(tx, send_id).state is SendState.SENT:
                stop.set()


def _bare(context: Context, edition: str, share: int, processes: int) -> Run:
    live, message = _live(context, edition), _message(context, edition)
    envelope = exchanging.envelope(context, live, message)
    sign, gateway = exchanging.token_signer(context, live), context.gateway()

    def post(item: tuple[int, list[Reader]]) -> None:
        number, readers = item
        recipients = tuple(Recipient(*reader, sign(reader[1])) for reader in readers)
        batch = Batch(id=number, edition=live.edition, kind="live", number=number, attempt=1, recipients=recipients)
        gateway.submit(Outgoing(batch=batch, message=message, envelope=envelope))

    batches = list(enumerate(_in_memory(live.candidates, context.settings.batch_size), start=1))[share::processes]

    def run() -> None:
        gc.freeze()  # as the send does
        with ThreadPoolExecutor(max_workers=context.settings.send_concurrency) as pool:
            for _ in pool.map(post, batches):
                pass

    return run


def _in_memory(readers: int, size: int) -> list[list[Reader]]:
    """Delivery id, subscriber id, address and name of each reader, by batches."""
    numbers = range(1, readers + 1)
    return [
        [
            (f"bench000-{number}", number, people.address(number), people.name(number))
            for number in numbers[start:][:size]
        ]
        for start in range(0, readers, size)
    ]


def _message(context: Context, edition: str) -> Message:
    with context.store.read() as tx:
        row = editions.find(tx, edition)
        assert row is not None
        return messages.of_edition(tx, row.id)
