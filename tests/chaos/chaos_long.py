"""The long run, `make chaos`: at least so many kills on each database, and then a table for docs/chaos.md.

.venv/bin/python tests/chaos/chaos_long.py --kills 1000 --on sqlite postgresql workers
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import structlog
from chaos_run import Tally, chaos
from ledger_clock import MADE_AT
from ledger_postgres import HOW, Databases, binaries, server

from newsletter.storage import Store, schema

READERS = 200
KILLS_EACH = 14
WORKERS = 4


def main() -> None:
    asked = arguments()
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    logging.disable(logging.CRITICAL)
    bad = False
    for where in asked.on:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder, database(where, Path(folder)) as url:
            tally = run(url, Path(folder), asked, workers=WORKERS if where == "workers" else 0)
        show(where, asked, tally, time.monotonic() - began)
        bad |= bool(tally.twice or tally.lost)
    sys.exit(1 if bad else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000, help="on each")
    parser.add_argument("--seed", type=int, default=1)
    places = ["sqlite", "postgresql", "workers"]
    parser.add_argument("--on", nargs="+", choices=places, default=places, help="workers: PostgreSQL and its queue")
    return parser.parse_args()


@contextmanager
def database(where: str, folder: Path) -> Iterator[str]:
    """A new database with its tables."""
    if where == "sqlite":
        url = f"sqlite:///{folder}/ledger.db"
        _make(url)
        yield url
        return
    found = binaries()
    if found is None:
        raise SystemExit(HOW)
    with server(found) as first:
        url = Databases(first).empty()
        _make(url)
        yield url


def _make(url: str) -> None:
    store = Store(url)
    schema.upgrade(store, MADE_AT)
    store.close()


def run(url: str, folder: Path, asked: argparse.Namespace, *, workers: int) -> Tally:
    with chaos(url, folder, readers=READERS, seed=asked.seed, workers=workers, kills_each=KILLS_EACH) as (
        made,
        readers,
    ):
        while made.tally.kill_count < asked.kills:
            made.edition(readers)
            tell(made.tally)
        return made.tally


def tell(tally: Tally) -> None:
    sys.stderr.write(
        f"\r{tally.kill_count} kills, {tally.editions} editions, {tally.in_doubt} in doubt, {tally.resent} resent, "
        f"twice {len(tally.twice)}, lost {len(tally.lost)}   "
    )
    sys.stderr.flush()


def show(where: str, asked: argparse.Namespace, tally: Tally, seconds: float) -> None:
    sys.stderr.write("\n")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    figures = [tally.editions, READERS, tally.copies, tally.in_doubt, tally.resent]
    counted = [*(f"{figure:,}" for figure in figures), f"**{len(tally.twice)}**", f"**{len(tally.lost)}**"]
    lines = [
        f"\n### {where}: {tally.kill_count:,} kills\n",
        f"Seed {asked.seed}, {seconds / 60:.0f} minutes, {machine}.\n",
        "| editions | readers each | copies | batches in doubt | sent again | twice | lost |",
        "|---" * len(counted) + "|",
        f"| {' | '.join(counted)} |\n",
        "| killed at | times |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in sorted(tally.kills.items())),
        *(f"| {name} | 0 |" for name in sorted(tally.points - tally.kills.keys())),
    ]
    sys.stdout.write("\n".join([*lines, *tally.twice, *tally.lost]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
