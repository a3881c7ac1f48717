"""What is asked, and what came: recipients a second from claim to recorded, the median of the rounds and how far apart
they are.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.send.databases import database
from benchmarks.send.part import measure
from benchmarks.send.rounds import Asked, Result, environment, prepare, sink, turn


def main() -> None:
    given = arguments()
    if given.part:
        measure(given.part, given.share, given.processes)
        return
    for readers in given.readers:
        asked = Asked(
            readers=readers,
            rounds=given.rounds,
            processes=given.processes,
            concurrency=given.concurrency,
            latency_ms=given.latency_ms,
            queue=given.queue,
        )
        with (
            tempfile.TemporaryDirectory() as folder,
            database(given.database, Path(folder)) as store,
            sink(given.latency_ms) as port,
        ):
            os.environ.update(environment(Path(folder), store.url, port, asked))
            freeze_s = prepare(store, readers)
            show(asked, given.database, freeze_s, [turn(asked, store, port) for _ in range(given.rounds)])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.send", description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=[100_000], help="one or several sizes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--processes", type=int, default=1, help="that send at once (PostgreSQL)")
    parser.add_argument("--queue", choices=["here", "workers"], default="here", help="workers: by jobs (PostgreSQL)")
    parser.add_argument("--concurrency", type=int, default=8, help="requests in flight, for each process")
    parser.add_argument("--latency-ms", type=float, default=0, help="that the sink waits before it answers")
    parser.add_argument("--part", choices=["ours", "bare"], help="one measured process; used by the benchmark itself")
    parser.add_argument("--share", type=int, default=0, help="which of the processes; used by the benchmark itself")
    return parser.parse_args()


def show(asked: Asked, kind: str, freeze_s: float, rounds: list[dict[str, Result]]) -> None:
    who = "worker" if asked.queue == "workers" else "process"
    print(
        f"\n{asked.readers:,} readers, {kind}, {asked.processes} {who}(es) with {asked.concurrency} in flight, "
        f"{asked.latency_ms:g} ms latency; {asked.rounds} rounds, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    print(f"freeze {freeze_s:.2f} s, rendering included")
    for part in ("ours", "bare"):
        results = [each[part] for each in rounds]
        rates = sorted(result.per_s for result in results)
        print(
            f"{part} {statistics.median(rates):>10,.0f} recipients/s ({rates[0]:,.0f} to {rates[-1]:,.0f}), "
            f"CPU {statistics.median(result.cpu_us for result in results):.1f} µs a recipient, "
            f"peak {max(result.peak_mb for result in results):.0f} MB, "
            f"at most {max(result.in_flight for result in results)} in flight"
        )
    ours, bare = (statistics.median(each[part].per_s for each in rounds) for part in ("ours", "bare"))
    print(f"ratio {ours / bare:.2f}", flush=True)


if __name__ == "__main__":
    main()
