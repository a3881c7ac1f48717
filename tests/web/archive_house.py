"""A house whose daily newsletter anybody may read, its web app, and ways to ask that."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
from ledger_house import House, at

from newsletter.web.app import create_app

DAY, NEXT = "2026-05-04", "2026-05-05"
PORTS, RAILS, MILLS = "2026-05-04-ports", "2026-05-04-rails", "2026-05-05-mills"
FIX = "2026-05-05-ports-put-right"

HARD = """---
headline: "Bonds & <b>Stocks</b> “rise”"
section: trade
status: ready
author: b.low
byline: Ann & Low
sources:
  - outlet: The Outlet
    url: https://outlet.example.org/a?b=1&c=2
---
A *first* paragraph of The Outlet, with [a link](https://example.org/x?y="z"&w=1) & <script>alert(1)</script>]]>.

**Why it matters:** Two levels below.

- One item
  - an item in it

> It is said “so”.
"""


class Reading:
    """What went out: two editions with a correction, on a clock that is moved by hand."""

    def __init__(self, house: House, *, archive: str = "public", **settings: object) -> None:
        self.house = house
        house.newsletter(keys=f'archive = "{archive}"\naudience_guard = 1', schedule="")
        house.reload(BASE_URL="https://news.example.org", **settings)
        self.app = create_app(house.context)

    def fill(self) -> None:
        """Two stories on Monday, one of which Tuesday's edition corrects beside another."""
        house = self.house
        house.readers(2)
        house.story(PORTS)
        house.story(RAILS)
        house.send(f"daily/{DAY}")
        house.clock.at = at(5, 4)
        house.story(MILLS)
        house.story(FIX, corrects=PORTS)
        house.send(f"daily/{NEXT}")

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """One request, the path as it is written, without following redirects."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as client:
                raw = httpx.URL("https://news.example.org").copy_with(raw_path=path.encode())
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, raw, headers=named)

        return asyncio.run(go())

    def raw(self, path: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and text for a path exactly as it is written, which a client would tidy up first."""
        sent: list[Any] = []
        scope = {
            "type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"news.example.org")], "http_version": "1.1", "scheme": "https", "root_path": "",
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"},
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]).decode()

    def after(self, **time: float) -> Any:
        """The clock, so much later."""
        self.house.clock.at += timedelta(**time)
        return self.house.clock.at
