"""List many story files, nothing known and everything known, beside a bare loop.

    .venv/bin/python -m benchmarks.stories --files 10000 --rounds 7

Cold: each file is read and parsed, and what came of it is kept. Warm: nothing has changed since. The command is
`newsletter story list`, a process of its own, warm. The bare loop stats each file and reads the same lines of JSON, and
makes no stories.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.desk import environment, multiply, opened, spread
from newsletter.pipeline import gathering
from newsletter.pipeline.context import Context


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="stories-", dir="/tmp") as name:
        folder = Path(name)
        context = opened(folder)
        multiply(folder, asked.files)
        cache = folder / "var" / "cache" / "stories"
        cold = [took(lambda: listed(context, asked.files, cache)) for _ in range(asked.cold)]
        warm = [took(lambda: listed(context, asked.files)) for _ in range(asked.rounds)]
        bare = [took(lambda: bare_loop(folder, cache)) for _ in range(asked.rounds)]
        command = [took(lambda: typed(folder)) for _ in range(asked.rounds)]
        kept = gathering.read_desk(context)
        again = [took(lambda: gathering.read_desk(context, kept)) for _ in range(asked.rounds)]
        context.store.close()
    print(f"{asked.files:,} files, {asked.rounds} rounds, Python {platform.python_version()}; milliseconds")
    rows = {
        "cold: all parsed": cold, "warm": warm, "bare: scandir, stat, json": bare,
        "`newsletter story list`, warm": command, "again in one process, nothing changed": again,
    }  # fmt: skip
    for what, times in rows.items():
        print(f"| {what} | {spread([wall for wall, _ in times])} | {statistics.median(cpu for _, cpu in times):.0f} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cold", type=int, default=2, help="rounds in which all is parsed")
    return parser.parse_args()


def took(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the wall clock, and of the CPU of this process and those it waited for."""
    began, began_cpu = time.perf_counter(), _cpu_s()
    work()
    return (time.perf_counter() - began) * 1000, (_cpu_s() - began_cpu) * 1000


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def listed(context: Context, count: int, forget: Path | None = None) -> None:
    """The whole desk; `forget` is what to remove first."""
    if forget is not None:
        forget.unlink(missing_ok=True)
    gc.collect()
    desk = gathering.read_desk(context)
    assert (len(desk.stories), desk.broken) == (count, ())


def typed(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "newsletter.cli", "story", "list"],
        env={**os.environ, **environment(folder)}, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout


def bare_loop(folder: Path, cache: Path) -> None:
    with os.scandir(folder / "content" / "stories") as found:
        stamps = [(each.name, each.stat().st_mtime_ns) for each in found]
    lines = cache.read_bytes().splitlines()[1:]
    assert len([json.loads(line) for line in lines]) == len(stamps)


if __name__ == "__main__":
    main()
