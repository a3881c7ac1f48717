"""Stories as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1, with their whole text.

By the rules of the W3C's validator: each feed names itself, each item has an id that never changes, dates are RFC 822
or RFC 3339, every address is whole, and there is no character that XML cannot hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

ATOM: Final = "http://www.w3.org/2005/Atom"
CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
DC: Final = "http://purl.org/dc/elements/1.1/"
XML: Final = "http://www.w3.org/XML/1998/namespace"
JSON_FEED: Final = "https://jsonfeed.org/version/1.1"

_NOT_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot hold, and the control characters that it advises against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A story. Its address is its id; `external` is its page elsewhere, if it has one."""

    url: str
    title: str
    html: str
    summary: str
    at: datetime
    changed_at: datetime
    section: str
    author: str | None
    image: str | None
    external: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A newsletter's newest stories. `url` is the feed's own address, `home` that of the page it is of."""

    url: str
    home: str
    title: str
    description: str
    language: str
    publisher: str
    changed_at: datetime
    items: Sequence[Item]


def rss(feed: Feed) -> bytes:
    """RSS 2.0 with the text in `content:encoded`."""
    register_namespace("atom", ATOM)
    register_namespace("content", CONTENT)
    register_namespace("dc", DC)
    root = Element("rss", {"version": "2.0"})
    channel = SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.description)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", _rfc822(feed.changed_at))
    SubElement(channel, f"{{{ATOM}}}link", {"rel": "self", "href": feed.url, "type": "application/rss+xml"})
    for each in feed.items:
        item = SubElement(channel, "item")
        _add(item, "title", each.title)
        _add(item, "link", each.url)
        _add(item, "guid", each.url, isPermaLink="true")
        _add(item, "pubDate", _rfc822(each.at))
        if each.author:
            _add(item, f"{{{DC}}}creator", each.author)
        if each.section:
            _add(item, "category", each.section)
        _add(item, "description", each.summary)
        _add(item, f"{{{CONTENT}}}encoded", each.html)
        _add(item, f"{{{ATOM}}}updated", _rfc3339(each.changed_at))
    return _written(root)


def atom(feed: Feed) -> bytes:
    """Atom."""
    register_namespace("", ATOM)
    root = Element(f"{{{ATOM}}}feed", {f"{{{XML}}}lang": feed.language})
    _atom(root, "id", feed.url)
    _atom(root, "title", feed.title)
    _atom(root, "subtitle", feed.description)
    _atom(root, "updated", _rfc3339(feed.changed_at))
    _atom(SubElement(root, f"{{{ATOM}}}author"), "name", feed.publisher)
    _atom(root, "link", None, rel="self", href=feed.url, type="application/atom+xml")
    _atom(root, "link", None, rel="alternate", href=feed.home, type="text/html")
    for each in feed.items:
        entry = SubElement(root, f"{{{ATOM}}}entry")
        _atom(entry, "id", each.url)
        _atom(entry, "title", each.title)
        _atom(entry, "link", None, rel="alternate", href=each.url, type="text/html")
        if each.external:
            _atom(entry, "link", None, rel="related", href=each.external)
        _atom(entry, "published", _rfc3339(each.at))
        _atom(entry, "updated", _rfc3339(each.changed_at))
        if each.author:
            _atom(SubElement(entry, f"{{{ATOM}}}author"), "name", each.author)
        if each.section:
            _atom(entry, "category", None, term=each.section)
        _atom(entry, "summary", each.summary)
        _atom(entry, "content", each.html, type="html")
    return _written(root)


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1."""
    document = {
        "version": JSON_FEED,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.publisher}],
        "items": [_json_item(each) for each in feed.items],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _json_item(each: Item) -> dict[str, Any]:
    item = {
        "id": each.url,
        "url": each.url,
        "external_url": each.external,
        "title": _printable(each.title),
        "content_html": _printable(each.html),
        "summary": _printable(each.summary),
        "image": each.image,
        "date_published": _rfc3339(each.at),
        "date_modified": _rfc3339(each.changed_at),
        "authors": [{"name": _printable(each.author)}] if each.author else None,
        "tags": [_printable(each.section)] if each.section else None,
    }
    return {name: value for name, value in item.items() if value is not None}


def _add(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = _printable(text)


def _atom(parent: Element, tag: str, text: str | None, **attributes: str) -> None:
    made = SubElement(parent, f"{{{ATOM}}}{tag}", {name: _printable(value) for name, value in attributes.items()})
    made.text = None if text is None else _printable(text)


def _printable(text: str) -> str:
    return _NOT_XML.sub("", text)


def _rfc822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _written(root: Element) -> bytes:
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made
