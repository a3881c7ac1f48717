"""Follow links through our redirect, counted, beside a bare Starlette redirect on the same server, set up alike.

    .venv/bin/python -m benchmarks.redirects --requests 20000 --rounds 5

Each round asks both for the same links over kept connections, as a proxy does, from a process of its own. Ours is what
`newsletter serve` runs, its log included; each GET is counted, and after each round the ledger must hold exactly one
hit for each. Printed: redirects a second (median and spread), CPU time of the server's process for one, and how long an
answer took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.cli.common import open_house
from newsletter.model import Link, Message
from newsletter.pipeline.context import Context
from newsletter.rendering.links import code
from newsletter.storage import editions, messages
from newsletter.storage import tables as t
from newsletter.web.server import listen, make_server, serve

ROOT = Path(__file__).parents[1]
EDITION = "daily/2026-05-04"
LINKS = 120
"""Of an edition of some forty stories."""

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:139.0) Gecko/20100101 Firefox/139.0"


@dataclass(frozen=True)
class Measured:
    """A round of one part: requests a second, CPU seconds of the server for one, milliseconds of an answer."""

    rate: float
    cpu_s: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    asked = arguments()
    if asked.part:
        answer(asked.part, asked.port)
        return
    with tempfile.TemporaryDirectory(prefix="re-", dir="/tmp") as name:
        os.environ.update(environment(Path(name)))
        context = open_house()
        paths = [f"/r/{each}" for each in store(context)]
        parts: dict[str, list[Measured]] = {"ours": [], "bare": []}
        for number in range(1, asked.rounds + 1):
            for part, found in parts.items():
                found.append(asyncio.run(measure(part, paths, asked)))
            with context.store.read() as tx:
                hits = tx.execute(select(func.count()).select_from(t.hit)).scalar_one()
            if hits != number * asked.requests:
                raise SystemExit(f"{hits} hits are in the ledger, and {number * asked.requests} links were followed")
        context.store.close()
    show(parts)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="of each part in each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=["ours", "bare"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.requests -= asked.requests % asked.connections  # each connection asks as often as the others
    return asked


def environment(folder: Path) -> dict[str, str]:
    """An installation in a folder, with the shipped content."""
    values = {
        "CONTENT": str(ROOT / "content"), "TEMPLATES": str(ROOT / "templates"), "VAR": str(folder / "var"),
        "EPOCH_FILE": str(folder / "epoch"), "SANDBOX": "1", "DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "LOG": "info",
    }  # fmt: skip
    return {f"NEWSLETTER_{name}": value for name, value in values.items()}


def store(context: Context) -> list[str]:
    """A message with its links, as a freeze keeps it; gives their codes."""
    now, urls = datetime.now(UTC), [f"https://amg.example.org/news/{number}?from=mail" for number in range(LINKS)]
    links = tuple(
        Link(number=number, role="body", url=url, code=code(EDITION, None, None, "body", number, url))
        for number, url in enumerate(urls, start=1)
    )
    message = Message(subject="s", preheader="p", html="h", text="t", links=links, fingerprint="sha256:0")
    with context.store.write() as tx:
        on = date.fromisoformat(EDITION[6:])
        row = editions.ensure(tx, EDITION, newsletter="daily", on=on, planned_at=now, now=now)
        messages.keep(tx, row.id, message, now)
    return [link.code for link in links]


def answer(part: str, port: int) -> None:
    """Answer until SIGTERM."""
    context = open_house(quiet=False)
    if part == "ours":
        serve(context, host="127.0.0.1", port=port)
        return

    async def bare(_: Request) -> Response:
        return Response(status_code=302, headers={"Location": "https://amg.example.org/news/1?from=mail"})

    app = Starlette(routes=[Route("/r/{code}", bare, methods=["GET", "HEAD"])])
    # It takes any ASGI application.
    make_server(app).run(sockets=[listen("127.0.0.1", port)])  # type: ignore[arg-type]


async def measure(part: str, paths: list[str], asked: argparse.Namespace) -> Measured:
    """A server of its own, warmed up, then asked by so many connections at once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.redirects", "--part", part, "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        await wait_until_it_answers(port)
        share = asked.requests // asked.connections
        warm = [follow(port, [f"{path}?t" for path in paths], len(paths)) for _ in range(4)]
        await asyncio.gather(*warm)
        cpu, began = cpu_s(process.pid), time.perf_counter()
        took = await asyncio.gather(*(follow(port, paths, share) for _ in range(asked.connections)))
        seconds, cpu = time.perf_counter() - began, cpu_s(process.pid) - cpu
        process.terminate()
        process.wait(60)
    every = sorted(ms for of in took for ms in of)
    return Measured(
        rate=len(every) / seconds, cpu_s=cpu / len(every), p50_ms=every[len(every) // 2],
        p99_ms=every[len(every) * 99 // 100],
    )  # fmt: skip


async def wait_until_it_answers(port: int) -> None:
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise SystemExit("the server did not start")


async def follow(port: int, paths: list[str], count: int) -> list[float]:
    """So many requests, one after the other on one connection; gives the milliseconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for number in range(count):
        request = f"GET {paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n\r\n"
        began = time.perf_counter()
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 302"):
            raise SystemExit(f"no redirect: {head[:80]!r}")
        took.append(1000 * (time.perf_counter() - began))
    writer.close()
    return took


def cpu_s(pid: int) -> float:
    """CPU seconds of another process, by the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(parts: dict[str, list[Measured]]) -> None:
    """A line for each part, and how they compare."""
    for part, found in parts.items():
        rates = [each.rate for each in found]
        print(
            f"{part}: {statistics.median(rates):,.0f} a second ({min(rates):,.0f} to {max(rates):,.0f}), "
            f"{1e6 * statistics.median(each.cpu_s for each in found):.0f} µs of CPU for one, "
            f"p50 {statistics.median(each.p50_ms for each in found):.1f} ms, "
            f"p99 {statistics.median(each.p99_ms for each in found):.1f} ms"
        )
    ours, bare = (statistics.median(each.rate for each in parts[part]) for part in ("ours", "bare"))
    print(json.dumps({"ratio": round(ours / bare, 2)}))


if __name__ == "__main__":
    main()
