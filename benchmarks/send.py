"""Send to 100,000 readers through the sandbox's accept-only mode, beside a bare loop; `make bench`.

The bare loop builds and posts the same bodies with the same library, at the same number of requests in flight, from
memory and without a ledger: what it does is the least that any sender does. Both run in processes of their own, turn by
turn against one sandbox process, so that their ratio means something on a noisy machine. Printed: recipients a second
(median and spread over the rounds), the ratio of the medians, and each process's peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from newsletter.audience import identity
from newsletter.cli.common import open_house
from newsletter.model import Batch, Recipient
from newsletter.pipeline import freezing, sending
from newsletter.pipeline.context import Context, Target
from newsletter.sending.gateway import Outgoing
from newsletter.services import make_gateway
from newsletter.settings import Settings
from newsletter.storage import editions, messages, roster, sends

ROOT = Path(__file__).parents[1]
NEWSLETTER = "daily"


def main() -> None:
    asked = arguments()
    if asked.part:
        json.dump(measure(asked.part, asked.readers), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        os.environ.update(environment(Path(folder), port))
        prepared = prepare(asked.readers)
        sandbox = start_sandbox(port)
        try:
            rounds = [turn(asked, prepared) for _ in range(asked.rounds)]
        finally:
            sandbox.terminate()
            sandbox.wait()
    show(asked, rounds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=["ours", "bare"], help="one measured process; used by the benchmark itself")
    return parser.parse_args()


def environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "NEWSLETTER_VAR": str(folder / "var"),
        "NEWSLETTER_CONTENT": str(ROOT / "content"),
        "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
        "NEWSLETTER_SANDBOX": "1",
        "NEWSLETTER_SENDGRID_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
        "NEWSLETTER_LOG": "error",
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def start_sandbox(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "newsletter.cli", "sandbox", "--accept-only", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise SystemExit("the sandbox did not start")


def prepare(readers: int) -> Path:
    """A database with the readers and a frozen edition; each round sends a copy of it."""
    context = open_house()
    people = [sample(number, (context.settings.address_key or "").encode()) for number in range(readers)]
    now = context.clock()
    with context.store.write() as tx:
        list_id = roster.ensure_list(tx, context.newsletters[NEWSLETTER].list, "Bench", now)
        for start in range(0, readers, 20_000):
            part = people[start : start + 20_000]
            roster.add_subscribers(tx, list_id, part, source="bench", basis="express", now=now)
    began = time.perf_counter()
    freezing.freeze(context, edition(context), by="bench", at=now)
    print(f"freeze: {time.perf_counter() - began:.2f} s for {readers:,} readers, rendering included")
    context.store.close()
    return database(context.settings)


def sample(number: int, key: bytes) -> roster.NewSubscriber:
    address = f"reader.{number}@example.org"
    return roster.NewSubscriber(
        address=address, address_key=identity.address_key(address, key), reserved=True, name=f"Reader {number}"
    )


def edition(context: Context) -> Target:
    return Target(newsletter=context.newsletters[NEWSLETTER], date=datetime.now(UTC).date(), suffix="bench")


def database(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def turn(asked: argparse.Namespace, prepared: Path) -> dict[str, dict[str, float]]:
    """One round: ours and the bare loop, one after the other, each from the same state."""
    kept = prepared.with_suffix(".kept")
    if not kept.exists():
        shutil.copy(prepared, kept)
    results = {}
    for part in ("ours", "bare"):
        for suffix in ("-wal", "-shm"):
            Path(f"{prepared}{suffix}").unlink(missing_ok=True)
        shutil.copy(kept, prepared)
        Path(os.environ["NEWSLETTER_EPOCH_FILE"]).unlink(missing_ok=True)  # or the copy looks like a backup
        command = [sys.executable, __file__, "--part", part, "--readers", str(asked.readers)]
        results[part] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return results


def measure(part: str, readers: int) -> dict[str, float]:
    context = open_house()
    seconds = (ours if part == "ours" else bare)(context, readers)
    return {"per_s": readers / seconds, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """This program's own peak. Where there is /proc: getrusage counts what the process was before its exec, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def ours(context: Context, readers: int) -> float:
    began = time.perf_counter()
    send_id = sending.start(context, edition(context).id, by="bench")
    report = sending.run(context, send_id)
    seconds = time.perf_counter() - began
    if report.accepted != readers:
        raise SystemExit(f"{report.accepted} of {readers} accepted: the run measures nothing")
    return seconds


def bare(context: Context, readers: int) -> float:
    with context.store.read() as tx:
        row, live = editions.find(tx, edition(context).id), sends.live(tx, edition(context).id)
        assert row is not None
        assert live is not None
        message = messages.of_edition(tx, row.id, row.fingerprint or "")
    envelope = sending.envelope(context.newsletters[NEWSLETTER], live)
    link = sending.link_signer(context, live)
    gateway = make_gateway(context.settings)
    size = context.settings.batch_size

    def post(number: int) -> None:
        people = tuple(
            Recipient(
                delivery_id=f"bench000-{place}",
                subscriber_id=place,
                address=f"reader.{place}@example.org",
                name=f"Reader {place}",
                unsubscribe=link(place),
            )
            for place in range(number * size + 1, min((number + 1) * size, readers) + 1)
        )
        batch = Batch(id=number, edition=live.edition, kind="live", number=number + 1, attempt=1, recipients=people)
        gateway.submit(Outgoing(batch=batch, message=message, envelope=envelope))

    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=context.settings.send_concurrency) as pool:
        list(pool.map(post, range(-(-readers // size))))
    return time.perf_counter() - began


def show(asked: argparse.Namespace, rounds: list[dict[str, dict[str, float]]]) -> None:
    print(
        f"{asked.readers:,} readers, {asked.rounds} rounds, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    medians = {}
    for part in ("ours", "bare"):
        rates = sorted(result[part]["per_s"] for result in rounds)
        medians[part] = statistics.median(rates)
        peak = max(result[part]["peak_mb"] for result in rounds)
        print(
            f"{part:5} {medians[part]:>10,.0f} recipients/s ({rates[0]:,.0f} to {rates[-1]:,.0f}), peak {peak:.0f} MB"
        )
    print(f"ratio {medians['ours'] / medians['bare']:.2f}")


if __name__ == "__main__":
    main()
