"""Sitemaps by https://www.sitemaps.org/protocol.html, and what robots are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

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
    root = Element("urlset", {"xmlns": _SPACE})
    for url, day in entries:
        place = SubElement(root, "url")
        SubElement(place, "loc").text = url
        if day is not None:
            SubElement(place, "lastmod").text = day.isoformat()
    return _written(root)


def index(urls: Sequence[str]) -> bytes:
    """The sitemap of sitemaps."""
    root = Element("sitemapindex", {"xmlns": _SPACE})
    for url in urls:
        SubElement(SubElement(root, "sitemap"), "loc").text = url
    return _written(root)


def robots(base: str, root: str, *, public: bool) -> str:
    """robots.txt: the archive alone, or nothing where there is none (RFC 9309: the longest rule that fits counts)."""
    lines = ["User-agent: *", *([f"Allow: {root}{path}" for path in SHOWN] if public else []), "Disallow: /"]
    return "\n".join([*lines, *([f"\nSitemap: {base}/sitemap.xml"] if public else []), ""])


def _written(root: Element) -> bytes:
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made
