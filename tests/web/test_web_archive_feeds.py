"""The feeds by the rules of the W3C's validator (https://validator.w3.org/feed/docs/), and as feedparser reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import pytest
from archive_house import FIX, HARD, MILLS, PORTS, RAILS, Reading
from hypothesis import given
from hypothesis import strategies as st
from ledger_house import House

from newsletter.pipeline import desk
from newsletter.web.archive import feeds

HOME = "https://news.example.org/archive/daily/"
HARD_SLUG = "2026-05-06-hard"
ATOM, CONTENT = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/modules/content/}"
RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STORIES = [HARD_SLUG, MILLS, PORTS, RAILS]
"""In the feed, newest first; a correction stands with what it corrects."""


@pytest.fixture(scope="module")
def told() -> dict[str, bytes]:
    """The bytes of each feed, from one house: `_fill` makes it."""
    return {}


@pytest.fixture
def feed(sqlite_house: House, told: dict[str, bytes]) -> dict[str, bytes]:
    """Three editions, with a correction and a story of hard cases."""
    if not told:
        reading = Reading(sqlite_house)
        reading.fill()
        sqlite_house.write(f"content/stories/{HARD_SLUG}.md", HARD)
        desk.approve(sqlite_house.context, HARD_SLUG, by="ann")
        reading.after(days=1)
        sqlite_house.send("daily/2026-05-06")
        for name in ("feed.xml", "atom.xml", "feed.json"):
            answer = reading.ask(f"/archive/daily/{name}")
            told[name] = answer.content
            told[f"type {name}"] = answer.headers["Content-Type"].encode()
    return told


class Html(HTMLParser):
    """The elements of a text, and the addresses in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.urls: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.urls += [value or "" for name, value in attrs if name in {"href", "src"}]


def contents(feed: dict[str, bytes]) -> Iterator[str]:
    yield from (text.text or "" for text in ElementTree.fromstring(feed["feed.xml"]).iter(f"{CONTENT}encoded"))
    yield from (text.text or "" for text in ElementTree.fromstring(feed["atom.xml"]).iter(f"{ATOM}content"))
    yield from (item["content_html"] for item in json.loads(feed["feed.json"])["items"])


def test_rss(feed: dict[str, bytes]) -> None:
    """Title, link and description; the feed's own address; items with a permanent link as their id, and a date."""
    root = ElementTree.fromstring(feed["feed.xml"])
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    (channel,) = root
    assert {child.tag for child in channel} >= {"title", "link", "description", "language", "lastBuildDate"}
    assert channel.findtext("link") == HOME
    (own,) = channel.findall(f"{ATOM}link")
    assert own.attrib == {"rel": "self", "href": f"{HOME}feed.xml", "type": "application/rss+xml"}
    items = channel.findall("item")
    urls = [f"https://news.example.org/archive/stories/{slug}/" for slug in STORIES]
    assert [item.findtext("link") for item in items] == urls
    for item in items:
        (guid,) = item.findall("guid")
        assert (guid.text, guid.attrib) == (item.findtext("link"), {"isPermaLink": "true"})
        assert RFC822.fullmatch(item.findtext("pubDate") or "")
    built = channel.findtext("lastBuildDate") or ""
    assert RFC822.fullmatch(built)
    assert parsedate_to_datetime(built) == datetime(2026, 5, 6, 8, tzinfo=UTC)


def test_atom(feed: dict[str, bytes]) -> None:
    """RFC 4287: one id, title and updated of the feed and of each entry; an author; links with their relation."""
    root = ElementTree.fromstring(feed["atom.xml"])
    assert root.tag == f"{ATOM}feed"
    assert root.attrib == {"{http://www.w3.org/XML/1998/namespace}lang": "en"}
    for one in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1, name
        assert urlsplit(one.findtext(f"{ATOM}id") or "").scheme == "https"
        assert RFC3339.fullmatch(one.findtext(f"{ATOM}updated") or "")
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Alliance of Makers and Growers"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": f"{HOME}atom.xml", "alternate": HOME}
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids) == len(STORIES)
    newest = max(entry.findtext(f"{ATOM}updated") or "" for entry in root.findall(f"{ATOM}entry"))
    assert root.findtext(f"{ATOM}updated") == newest


def test_json_feed(feed: dict[str, bytes]) -> None:
    """https://www.jsonfeed.org/version/1.1/: what a feed and an item must have, and no key without a value."""
    found = json.loads(feed["feed.json"])
    assert (found["version"], found["feed_url"]) == ("https://jsonfeed.org/version/1.1", f"{HOME}feed.json")
    assert found["title"] == "The Morning Run"
    for item in found["items"]:
        assert isinstance(item["id"], str)
        assert item["id"] == item["url"]
        assert item["content_html"]
        assert RFC3339.fullmatch(item["date_published"])
        assert RFC3339.fullmatch(item["date_modified"])
        assert None not in item.values()
    assert [item["url"].split("/")[-2] for item in found["items"]] == STORIES


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml"])
def test_a_reader_of_feeds_reads_it(feed: dict[str, bytes], name: str) -> None:
    """feedparser finds nothing to forgive (`bozo`), and each story whole."""
    found = feedparser.parse(feed[name], response_headers={"content-type": feed[f"type {name}"].decode()})
    assert not found.bozo, found.get("bozo_exception")
    assert found.feed.title == "The Morning Run"
    assert [entry.link.split("/")[-2] for entry in found.entries] == STORIES
    assert found.entries[0].title in {"Bonds &amp; <b>Stocks</b> “rise”", "Bonds & <b>Stocks</b> “rise”"}
    for entry in found.entries:
        assert entry.content[0].value
        assert entry.published_parsed


def test_types(feed: dict[str, bytes]) -> None:
    """RFC 4287 and JSON Feed have types of their own; RSS has the one that all know."""
    types = [feed[f"type {name}"].decode().partition(";")[0] for name in ("feed.xml", "atom.xml", "feed.json")]
    assert types == ["application/rss+xml", "application/atom+xml", "application/feed+json"]


def test_the_text_holds_nothing_that_readers_of_feeds_refuse(feed: dict[str, bytes]) -> None:
    """No address that is not whole, no script, no style, no form, no frame, nothing with an `on…`."""
    found = [Html(text) for text in contents(feed)]
    assert len(found) == 3 * len(STORIES)
    for html in found:
        assert all(urlsplit(url).scheme in {"https", "http", "mailto"} for url in html.urls), html.urls
        assert not set(html.tags) & {"script", "style", "form", "iframe", "object", "embed", "link", "meta", "input"}
        assert not {name for name in html.names if name.startswith("on") or name == "style"}


def test_the_text_is_whole(feed: dict[str, bytes]) -> None:
    """Run-in heads, both levels of a list, the quotation, the source: what the page has. Escaped once, not twice."""
    for text in list(contents(feed))[:: len(STORIES)]:
        assert "<strong>Why it matters:</strong> Two levels below." in text
        assert "<ul><li>One item<ul><li>an item in it</li></ul></li></ul>" in text
        assert "<blockquote><p>It is said “so”.</p></blockquote>" in text
        assert '<a href="https://outlet.example.org/a?b=1&amp;c=2">The Outlet</a>' in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;]]&gt;" in text


def test_a_correction_is_told_and_dated(feed: dict[str, bytes]) -> None:
    """The item says so in its text, and was updated then; its id and the date of its publication stay."""
    item = next(item for item in json.loads(feed["feed.json"])["items"] if PORTS in item["id"])
    assert (item["date_published"], item["date_modified"]) == ("2026-05-04T08:00:00Z", "2026-05-05T08:00:00Z")
    assert "<strong>Corrected on May 5, 2026:</strong>" in item["content_html"]
    assert f'href="https://news.example.org/archive/stories/{FIX}/"' in item["content_html"]
    other = next(item for item in json.loads(feed["feed.json"])["items"] if RAILS in item["id"])
    assert other["date_published"] == other["date_modified"]


def an_item(text: str) -> feeds.Item:
    at = datetime(2026, 5, 4, tzinfo=UTC)
    return feeds.Item(
        url="https://example.org/1", title=text, html=text, summary=text, at=at, changed_at=at, section=text,
        author=text, image=None, external=None,
    )  # fmt: skip


@given(text=st.text(st.characters(codec=None), max_size=40))
def test_whatever_stands_in_it_is_well_formed(text: str) -> None:
    """Each character that XML can hold comes back, and no other is there."""
    at = datetime(2026, 5, 4, tzinfo=UTC)
    feed = feeds.Feed(
        url="https://example.org/f", home="https://example.org/", title="T", description="D", language="en",
        publisher="P", changed_at=at, items=[an_item(text)],
    )  # fmt: skip
    said: list[Any] = [
        ElementTree.fromstring(feeds.rss(feed)).findtext("channel/item/title"),
        ElementTree.fromstring(feeds.atom(feed)).findtext(f"{ATOM}entry/{ATOM}title"),
        json.loads(feeds.json_feed(feed))["items"][0]["title"],
    ]
    held = NOT_XML.sub("", text)
    for one in said:
        assert lines(one or "") == lines(held)


NOT_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def lines(text: str) -> str:
    """As XML has line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
