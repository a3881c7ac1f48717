"""Import a CSV file of people onto a list, beside a bare loop that reads the same file and inserts its rows.

    .venv/bin/python benchmarks/imports.py --rows 1000000 --database sqlite

Each round has a database of its own and two processes, one after the other: **ours** is `importing.import_csv`, once
with people who are all new and once more with the same file, when all are known; **bare** is `csv.reader` and the
driver's plain `executemany` into a table without any constraint or index, which checks nothing. At the end the tables
are counted. Printed: rows a second, CPU for a row, the highest resident memory; medians and spreads over the rounds.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import events_house as house
import psycopg

from newsletter.cli.common import open_house
from newsletter.model import Basis
from newsletter.pipeline import importing

DOMAINS = 5000
NAMES = ("Ann Roe", "B. Low", "Zoë Łęcka", "O'Brien, Pat", "", "María-José Núñez")
_AT_ONCE = 10_000


def main() -> None:
    asked = arguments()
    if asked.part:
        json.dump(PARTS[asked.part](asked.file), sys.stdout)
        return
    rounds = []
    for _ in range(asked.rounds):
        # A folder of its own in /tmp: PostgreSQL runs as somebody else, who must get there.
        with (
            tempfile.TemporaryDirectory(prefix="im-", dir="/tmp") as name,
            house.database(asked.database, Path(name)) as url,
        ):
            os.environ.update(house.environment(Path(name), url, 9))
            file = Path(name) / "people.csv"
            write(file, asked.rows)
            rounds.append({part: run(part, file) for part in PARTS})
    show(asked, rounds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--part", choices=["new", "known", "bare"], help="one process; for the benchmark itself")
    parser.add_argument("--file", type=Path, help="of --part")
    return parser.parse_args()


def write(file: Path, rows: int) -> None:
    """People of five thousand domains, in no order; names need cleaning, quoting, or are missing."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["email", "name", "since"])
        for number in range(rows):
            address = f"reader.{number * 7919 % rows}@mail{number % DOMAINS}.example.org"
            writer.writerow([address, NAMES[number % len(NAMES)], "2019-05-04"])


def run(part: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--file", str(file)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def measured(work: Callable[[], int]) -> dict[str, Any]:
    gc.set_threshold(100_000)  # as newsletter.cli.main does for every command
    began, cpu = time.perf_counter(), time.process_time()
    rows = work()
    return {
        "rows": rows, "seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }  # fmt: skip


def ours(file: Path, *, new: bool) -> dict[str, Any]:
    context = open_house()
    wanted = importing.Import(file=file, list="daily", basis=Basis.EXPRESS, source="bench")

    def work() -> int:
        report = importing.import_csv(context, wanted)
        return report.people.added if new else report.people.known

    result = measured(work)
    with context.store.read() as tx:
        for table in ("subscriber", "subscription", "consent"):
            found = tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            if found != result["rows"]:
                raise SystemExit(f"{table} has {found} rows of {result['rows']}")
    return result


def bare(file: Path) -> dict[str, Any]:
    url = os.environ["NEWSLETTER_DATABASE_URL"]
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///") + "-bare")
        mark = "?"
    else:
        connection, mark = psycopg.connect(url.replace("+psycopg", "")), "%s"
    connection.execute("CREATE TABLE bare_person (email TEXT, name TEXT, since TEXT)")
    statement = f"INSERT INTO bare_person VALUES ({mark}, {mark}, {mark})"

    def work() -> int:
        count = 0
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            while part := list(islice(reader, _AT_ONCE)):
                connection.cursor().executemany(statement, part)
                count += len(part)
        connection.commit()
        return count

    return measured(work)


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "new": lambda file: ours(file, new=True),
    "known": lambda file: ours(file, new=False),
    "bare": bare,
}


def show(asked: argparse.Namespace, rounds: Sequence[dict[str, Any]]) -> None:
    about = f"{asked.database}, {asked.rows:,} rows, {asked.rounds} rounds"
    print(f"{about}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}")
    for part in PARTS:
        found = [each[part] for each in rounds]
        rate = spread([each["rows"] / each["seconds"] for each in found], ",.0f")
        cpu = spread([each["cpu_s"] / each["rows"] * 1e6 for each in found], ".1f")
        print(f"{part:6} {rate} rows a second; {cpu} µs of CPU a row; {max(e['peak_mb'] for e in found):.0f} MB")
    ratios = [each["new"]["cpu_s"] / each["bare"]["cpu_s"] for each in rounds]
    print(f"a new row costs {spread(ratios, '.1f')} times the CPU of a bare one")


def spread(values: Sequence[float], form: str) -> str:
    low, middle, high = (format(value, form) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low} to {high})"


if __name__ == "__main__":
    main()
