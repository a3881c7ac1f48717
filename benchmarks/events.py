"""Take in events as SendGrid posts them, beside a bare loop; with `--while-sending`, beside a send.

    .venv/bin/python benchmarks/events.py --database postgresql --through http --while-sending --pace 30000

Each round sends an edition to a sink that costs nothing, and then takes in the events of that edition: through
`listening.hear`, or through `newsletter serve` on loopback. At the end of each round the ledger is counted: what came
twice is there once, and nothing is missing. Printed: events a second (median and spread over the rounds), our process's
CPU time for an event, how long a body took, and the bare loop's rate on the same bodies. While sending: also the
recipients a second of a send alone, and of one with events beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import events_feed as feeding
import events_house as house
from events_bodies import Body, bodies

from newsletter.cli.common import open_house
from newsletter.pipeline.context import Context
from newsletter.sandbox.keys import Signer

EVENTS_A_READER = 2.3


def main() -> None:
    asked = arguments()
    if asked.part:
        json.dump(measured(asked), sys.stdout)
        return
    with tempfile.TemporaryDirectory(prefix="ev-", dir="/tmp") as name, house.sink() as port:
        folder = Path(name)
        with house.database(asked.database, folder) as url:
            os.environ.update(house.environment(folder, url, port))
            context = open_house()
            signer = Signer(context.settings.var / "sandbox")
            house.subscribe(context, max(asked.readers, round(asked.events / EVENTS_A_READER)))
            rounds = [turn(asked, context, signer, folder, number) for number in range(asked.rounds)]
            context.store.close()
    show(asked, rounds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--events", type=int, default=200_000, help="about so many a round")
    parser.add_argument("--body", type=int, default=1000, help="events in a body")
    parser.add_argument("--through", choices=["calls", "http"], default="calls")
    parser.add_argument("--at-once", type=int, default=1, help="bodies in flight")
    parser.add_argument("--pace", type=int, default=0, help="events a second at most; 0: as fast as it goes")
    parser.add_argument("--while-sending", action="store_true")
    parser.add_argument("--readers", type=int, default=0, help="of each send, where the events need fewer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--part", choices=["calls", "http", "bare", "send"], help="one process; for the benchmark itself"
    )
    parser.add_argument("--folder", type=Path, help="of --part")
    parser.add_argument("--of", default="", help="the port or the edition of --part")
    return parser.parse_args()


def turn(asked: argparse.Namespace, context: Context, signer: Signer, folder: Path, number: int) -> dict[str, Any]:
    """One round: an edition goes out, its events come in (beside a second edition), and the bare loop runs."""
    edition = house.frozen(context, f"events-{number}")
    alone = run(asked, "send", folder, edition)["per_s"]
    mails = house.deliveries(context, edition)
    made = list(bodies(mails, edition=edition, size=asked.body, seed=number))
    (folder / "bodies").write_bytes(pickle.dumps([sign(signer, body) for body in made]))
    beside = house.frozen(context, f"beside-{number}") if asked.while_sending else ""
    before, found = counted(context), {"alone": alone}
    with serving(asked) as server, feeder(asked, folder, server) as feed:
        started_with = cpu_s(server.pid) if server else 0.0
        if beside:
            found["beside"] = run(asked, "send", folder, beside)["per_s"]
            found["ran_out"] = feed.poll() is not None
            (folder / "stop").touch()
        found |= json.loads(feed.communicate()[0])
        if server:
            found["cpu_s"] = cpu_s(server.pid) - started_with
    (folder / "stop").unlink(missing_ok=True)
    check(counted(context) - before, made[: found["bodies"]])
    return found | {"bare": run(asked, "bare", folder)}


def sign(signer: Signer, body: Body) -> feeding.Signed:
    timestamp = str(int(time.time()))  # what was signed days ago is refused
    signature = signer.sign(timestamp, body.data)
    return feeding.Signed(data=body.data, size=body.size, signature=signature, timestamp=timestamp)


class Server(subprocess.Popen[bytes]):
    """`newsletter serve` on a port of its own."""

    def __init__(self) -> None:
        self.port = house.free_port()
        super().__init__([sys.executable, "-m", "newsletter.cli", "serve", "--port", str(self.port)])


@contextmanager
def serving(asked: argparse.Namespace) -> Iterator[Server | None]:
    if asked.through == "calls":
        yield None
        return
    server = Server()
    try:
        house.wait_for_port(server.port)
        yield server
    finally:
        server.terminate()
        server.wait()


@contextmanager
def feeder(asked: argparse.Namespace, folder: Path, server: Server | None) -> Iterator[subprocess.Popen[str]]:
    process = started(asked, asked.through, folder, str(server.port) if server else "")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def started(asked: argparse.Namespace, part: str, folder: Path, of: str = "") -> subprocess.Popen[str]:
    words = ["--part", part, "--folder", folder, "--of", of, "--at-once", asked.at_once, "--pace", asked.pace]
    command = [sys.executable, __file__, *(str(word) for word in words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run(asked: argparse.Namespace, part: str, folder: Path, of: str = "") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(started(asked, part, folder, of).communicate()[0])
    return result


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """What one process of the benchmark does."""
    context = open_house()
    gc.set_threshold(100_000)  # as newsletter.cli.main does for every command
    if asked.part == "send":
        return {"per_s": house.send(context, asked.of)}
    signed = pickle.loads((asked.folder / "bodies").read_bytes())
    if asked.part == "bare":
        return feeding.bare(context.settings.database_url, signed)
    post = feeding.by_http(int(asked.of)) if asked.part == "http" else feeding.by_call(context)
    cpu = time.process_time()
    fed = feeding.feed(signed, post, at_once=asked.at_once, pace=asked.pace, stop=asked.folder / "stop")
    return fed | {"cpu_s": time.process_time() - cpu}


def cpu_s(pid: int) -> float:
    """The CPU time of a process so far (proc_pid_stat(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def counted(context: Context) -> Counter[str]:
    with context.store.read() as tx:
        return Counter({
            table: tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("event", "foreign_event", "fact", "suppression", "consent")
        })  # fmt: skip


def check(found: Counter[str], made: Sequence[Body]) -> None:
    """The ledger has exactly what was told."""
    facts = {(delivery, kind) for body in made for _, delivery, kind in body.ours if kind}
    wanted = Counter(
        event=len({key for body in made for key, _, _ in body.ours}),
        foreign_event=len({key for body in made for key in body.foreign}),
        fact=len(facts),
        suppression=sum(kind in {"bounce", "spamreport", "unsubscribe"} for _, kind in facts),
        consent=sum(kind in {"spamreport", "unsubscribe"} for _, kind in facts),
    )
    if found != wanted:
        raise SystemExit(f"the ledger has {dict(found)}, and was told of {dict(wanted)}")


def show(asked: argparse.Namespace, rounds: Sequence[dict[str, Any]]) -> None:
    how = f"{asked.database}, through {asked.through}, bodies of {asked.body:,}, {asked.at_once} at once"
    pace = f", paced to {asked.pace:,}/s" if asked.pace else ""
    print(f"{how}{pace}; {asked.rounds} rounds, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"events  {spread([each['events'] / each['seconds'] for each in rounds])} a second")
    print(f"CPU     {spread([each['cpu_s'] / each['events'] * 1e6 for each in rounds])} µs of our process for an event")
    print(f"bare    {spread([each['bare']['events'] / each['bare']['seconds'] for each in rounds])} events a second")
    took = sorted(took for each in rounds for took in each["took"])
    print(f"a body  {took[len(took) // 2] * 1000:.0f} ms (p50), {took[len(took) * 99 // 100] * 1000:.0f} ms (p99)")
    print(f"a send  {spread([each['alone'] for each in rounds])} recipients a second, alone")
    if asked.while_sending:
        print(f"        {spread([each['beside'] for each in rounds])} recipients a second, with events beside it")
        print(f"        {spread([each['beside'] / each['alone'] * 100 for each in rounds])} % of its speed alone")
        if any(each["ran_out"] for each in rounds):
            print("The events ended before the send: ask for more --events, or for fewer --readers.")


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):>10,.1f} ({min(values):,.1f} to {max(values):,.1f})"


if __name__ == "__main__":
    main()
