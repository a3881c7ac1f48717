"""Pages of an archive of 5,000 editions with eight stories each, beside a bare page of the same bytes.

    .venv/bin/python -m benchmarks.archive --rounds 40

Each round asks every kind of page once, of another edition or story each time, from the application as it is served
but for the socket; and a Starlette application without any middleware for a page of as many bytes. The time is from
the request to the last byte of its answer. `--database-url` takes a PostgreSQL in place of a new SQLite file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from benchmarks.desk import EDITION, NOW, environment, opened, spread
from newsletter.pipeline import gathering
from newsletter.pipeline.context import Context, target
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.storage import tables as t
from newsletter.stories import printed
from newsletter.web.app import create_app

STORIES = 8
CORRECTED_EACH = 50
"""One edition in so many has a box that corrects the first story of the one before."""

Rows = list[dict[str, Any]]
Rounds = dict[str, list[tuple[int, float, float, float, float]]]
"""By what was asked: bytes, milliseconds of the wall clock and of the CPU, and both of a bare page."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--editions", type=int, default=5_000)
    arguments.add_argument("--rounds", type=int, default=40)
    arguments.add_argument("--database-url")
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        context = house(Path(folder), given.database_url)
        days = [NOW.date() - timedelta(days=number) for number in range(given.editions)]
        fill(context, days)
        took = asyncio.run(measure(context, days, given.rounds))
        context.store.close()
    print(f"{given.editions:,} editions of {STORIES} stories, {given.rounds} rounds; milliseconds, median (range)")
    print("| asked | bytes | wall clock | CPU | bare: wall clock | CPU |\n|---|---|---|---|---|---|")
    for kind, rounds in took.items():
        sizes, *times = zip(*rounds, strict=True)
        print(f"| {kind} | {statistics.median(sizes):,.0f} | " + " | ".join(map(spread, times)) + " |")


def house(folder: Path, database_url: str | None) -> Context:
    """A house of the shipped content, whose daily newsletter is in the archive."""
    opened(folder).store.close()
    file = folder / "content" / "newsletters" / "daily.toml"
    text = file.read_text()
    file.write_text(text if "\narchive =" in text else 'archive = "public"\n' + text)
    given = environment(folder) | ({"NEWSLETTER_DATABASE_URL": database_url} if database_url else {})
    return open_context(load_settings(given, folder / "none"), lambda: NOW)


def fill(context: Context, days: list[date]) -> None:
    """Rows as freezes and sends would leave them: each edition has the sample's stories under names of its own."""
    gathered = gathering.gather(context, target(context, EDITION, NOW), NOW)
    edition = gathered.assembly.edition
    assert edition is not None
    beside = json.loads(printed.document_of(edition, ()))
    samples = [(story, json.loads(document)) for story, document in printed.stories_of(edition)][:STORIES]
    with context.store.write() as tx:
        (list_id,) = tx.execute(
            insert(t.list_).values(slug="daily", title="Daily", created_at=NOW).returning(t.list_.c.id)
        ).one()
        numbered = list(enumerate(reversed(days), start=1))
        for start in range(0, len(numbered), 200):
            rows: dict[str, Rows] = defaultdict(list)
            for number, day in numbered[start : start + 200]:
                _edition(rows, number, day, beside, samples, list_id)
            for table in (t.edition, t.edition_story, t.printed_story, t.printed_edition, t.send):
                tx.execute(insert(table), rows[table.name])


def _edition(
    rows: dict[str, Rows], number: int, day: date, beside: dict[str, Any], samples: list[Any], list_id: int
) -> None:
    at = datetime.combine(day, time_of_day(10, 30), UTC)
    state = {"state": "sent", "created_at": at, "planned_at": at, "frozen_at": at}
    rows["edition"].append({"id": number, "name": f"daily/{day}", "newsletter": "daily", "date": day, **state})
    corrections = []
    for place, (story, document) in enumerate(samples, start=1):
        slug, digest = f"{day}-{story.slug[11:]}", f"sha256:{day}-{place}"
        told = {**document, "slug": slug, "digest": digest, "headline": f"{story.headline} ({day})"}
        rows["printed_story"].append({"digest": digest, "slug": slug, "document": json.dumps(told)})
        at_place = {"edition_id": number, "position": place, "slug": slug, "digest": digest, "corrects": None}
        rows["edition_story"].append({**at_place, "section": story.section, "headline": told["headline"]})
    if number % CORRECTED_EACH == 0:
        wrong, slug, digest = f"{day - timedelta(days=1)}-{samples[0][0].slug[11:]}", f"{day}-fix", f"sha256:{day}-fix"
        told = {**samples[1][1], "slug": slug, "digest": digest, "corrects": wrong}
        rows["printed_story"].append({"digest": digest, "slug": slug, "document": json.dumps(told)})
        place = {"edition_id": number, "position": 99, "slug": slug, "digest": digest, "corrects": wrong}
        rows["edition_story"].append({**place, "section": "", "headline": told["headline"]})
        box = {"slug": slug, "corrects": wrong, "headline": told["headline"], "on": str(day), "url": None}
        corrections = [{**box, "blocks": told["blocks"][:1], "digest": digest}]
    rows["printed_edition"].append(
        {"edition_id": number, "document": json.dumps({**beside, "corrections": corrections})}
    )
    send = {"edition_id": number, "list_id": list_id, "kind": "live", "state": "sent", "candidates": 1}
    rows["send"].append({**send, "created_at": at, "started_at": at})


def addresses(days: list[date], rounds: int) -> Iterator[tuple[str, str]]:
    """What each round asks."""
    step = max(1, (len(days) - 200) // rounds)
    for number in range(rounds):
        day = days[100 + number * step]
        yield "edition", f"/archive/daily/{day}/"
        yield "story", f"/archive/stories/{day}-ports-reopen-after-two-day-stoppage/"
        yield "stream", "/archive/daily/"
        yield "stream, View more deep", f"/archive/daily/before/{day}/"
        yield "feed.xml", "/archive/daily/feed.xml"
        yield "feed.json", "/archive/daily/feed.json"


async def measure(context: Context, days: list[date], rounds: int) -> Rounds:
    """What each round took, by what was asked."""
    app = create_app(context)
    took: Rounds = defaultdict(list)
    for _, path in addresses(days, 3):  # templates are compiled by the first who asks
        await ask(app, path)
    for kind, path in addresses(days, rounds):
        status, body, wall, cpu = await ask(app, path)
        assert status == 200, (path, status)
        bare = Starlette(routes=[Route("/page", lambda _, body=body: HTMLResponse(body))])
        await ask(bare, "/page")
        *_, bare_wall, bare_cpu = await ask(bare, "/page")
        took[kind].append((len(body), wall, cpu, bare_wall, bare_cpu))
    for _ in range(3):
        _, body, wall, cpu = await ask(app, "/sitemap.xml")
        took["sitemap.xml"].append((len(body), wall, cpu, 0.0, 0.0))
    return took


async def ask(app: Any, path: str) -> tuple[int, bytes, float, float]:
    """Status and body of an answer, its milliseconds by the wall clock and of the CPU."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
        "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    began, worked = time.perf_counter(), time.process_time()
    await app(scope, receive, send)
    wall, cpu = (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), wall, cpu


if __name__ == "__main__":
    main()
