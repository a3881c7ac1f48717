"""Sitemaps by https://www.sitemaps.org/protocol.html, and what robots are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

LARGEST: Final = 50_000
"""Addresses in one sitemap."""

_SPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"

Entry = tuple[str, date | None]
"""An address, and the day since when it is as it is."""

SHOWN: Final = ("/archive/", "/images/", "/style.css")
"""What robots may ask for. All else is single readers' own."""


def parts(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """The entries, as many together as one sitemap may hold."""
    return [entries[start : start + LARGEST] for start in range(0, len(entries), LARGEST)]


def sitemap(entries: Sequence[Entry]) -> bytes:
    """One sitemap."""
    return _written("urlset", "url", entries)


def index(urls: Sequence[str]) -> bytes:
    """The sitemap of sitemaps."""
    return _written("sitemapindex", "sitemap", [(url, None) for url in urls])


def _written(root: str, tag: str, entries: Sequence[Entry]) -> bytes:
    lines = [
        f"<{tag}><loc>{escape(url)}</loc>" + (f"<lastmod>{day}</lastmod>" if day else "") + f"</{tag}>"
        for url, day in entries
    ]
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="{_SPACE}">'
    return "\n".join([head, *lines, f"</{root}>", ""]).encode()


def robots(base: str, root: str, *, public: bool) -> str:
    """robots.txt: the archive alone, or nothing where there is none (RFC 9309: the longest rule that fits counts)."""
    lines = ["User-agent: *", *([f"Allow: {root}{path}" for path in SHOWN] if public else []), "Disallow: /"]
    return "\n".join([*lines, *([f"\nSitemap: {base}/sitemap.xml"] if public else []), ""])
