"""The archive over HTTP: what anybody may read, keep and pass on, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from archive_house import DAY, FIX, HARD, MILLS, NEXT, PORTS, RAILS, Reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_house import House
from structlog.testing import capture_logs

from newsletter.pipeline import desk
from newsletter.web.app import create_app

PAGES = [
    "/archive/", "/archive/daily/", f"/archive/daily/{DAY}/", f"/archive/daily/{NEXT}/", f"/archive/stories/{PORTS}/",
    f"/archive/stories/{FIX}/", f"/archive/daily/before/{NEXT}/",
]  # fmt: skip
FEEDS = ["/archive/daily/feed.xml", "/archive/daily/atom.xml", "/archive/daily/feed.json"]
LISTS = ["/sitemap.xml", "/robots.txt"]
HEADLINES = {PORTS: "Ports", RAILS: "Rails", MILLS: "Mills", FIX: "Ports Put Right"}


@pytest.fixture
def reading(sqlite_house: House) -> Reading:
    made = Reading(sqlite_house)
    made.fill()
    return made


# --- what is answered -------------------------------------------------------------------------------------------------


def test_anybody_may_read_and_keep_it(reading: Reading) -> None:
    """With a tag, found by search engines; no cookie; pictures of this house, and nothing of another."""
    for path in [*PAGES, *FEEDS, *LISTS]:
        answer = reading.ask(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, no-cache"
        assert answer.headers["X-Robots-Tag"] == "all"
        assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert reading.ask(path, "HEAD").headers["ETag"] == answer.headers["ETag"]
        assert reading.ask(path, "POST").status_code == 405


def test_who_has_it_is_not_sent_it_again(reading: Reading) -> None:
    """By its tag, in each form that RFC 9110 has for it."""
    for path in [*PAGES, *FEEDS, *LISTS]:
        tag = reading.ask(path).headers["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = reading.ask(path, If_None_Match=known)
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert reading.ask(path, If_None_Match='"other"').status_code == 200


def test_a_feed_is_known_by_its_time_too(reading: Reading) -> None:
    """Until something changes, be it that a story is withdrawn; a time that is none is passed over."""
    path = FEEDS[0]
    modified = reading.ask(path).headers["Last-Modified"]
    assert modified == "Tue, 05 May 2026 08:00:00 GMT"
    assert reading.ask(path, If_Modified_Since=modified).status_code == 304
    assert reading.ask(path, If_Modified_Since="Mon, 04 May 2026 08:00:00 GMT").status_code == 200
    for odd in ("yesterday", "", "Tue, 99 May 2026 08:00:00 GMT", "Tue, 05 May 99999 08:00:00 GMT",
                "Tue, 05 May 99999999999 08:00:00 GMT", "Tue, 05 May 2026 08:00:00 +99999999999999"):  # fmt: skip
        assert reading.ask(path, If_Modified_Since=odd).status_code == 200
    assert reading.ask(path, If_Modified_Since=modified, If_None_Match='"other"').status_code == 200
    reading.after(hours=1)
    desk.kill(reading.house.context, RAILS, by="ann")
    assert reading.ask(path, If_Modified_Since=modified).status_code == 200


def test_a_page_has_one_address(reading: Reading) -> None:
    """Without its slash it leads there, on this host whatever the request says it is."""
    for path in ("/archive", "/archive/daily", f"/archive/daily/{DAY}", f"/archive/stories/{PORTS}"):
        answer = reading.ask(path, Host="evil.example.org", X_Forwarded_Host="evil.example.org")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{path}/")


def test_the_base_urls_path_stands_before_each_address(sqlite_house: House) -> None:
    """A proxy takes it away before it asks here."""
    reading = Reading(sqlite_house)
    reading.house.reload(BASE_URL="https://example.org/news")
    reading.app = create_app(reading.house.context)
    reading.fill()
    page = reading.ask(f"/archive/daily/{DAY}/").text
    assert f'<link rel="canonical" href="https://example.org/news/archive/daily/{DAY}/">' in page
    assert f'href="/news/archive/stories/{PORTS}/"' in page
    assert reading.ask("/archive/daily").headers["Location"] == "/news/archive/daily/"
    assert "Allow: /news/archive/\n" in reading.ask("/robots.txt").text


def test_the_host_header_is_not_believed(reading: Reading) -> None:
    """What a page says of its own address is the setting's."""
    for path in PAGES:
        page = reading.ask(path, Host="evil.example.org", X_Forwarded_Host="evil.example.org").text
        assert "evil" not in page
        assert f'<link rel="canonical" href="https://news.example.org{path}">' in page


def test_what_others_show_of_a_story(reading: Reading) -> None:
    """Open Graph, with whole addresses; the feeds are told to whoever looks for them."""
    page = reading.ask(f"/archive/stories/{PORTS}/").text
    told = dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', page))
    assert told["og:title"] == "Ports"
    assert told["og:type"] == "article"
    assert told["og:url"] == f"https://news.example.org/archive/stories/{PORTS}/"
    assert told["og:description"].startswith("The first cranes moved again")
    assert told["article:published_time"] == "2026-05-04T08:00:00+00:00"
    assert told["article:modified_time"] == "2026-05-05T08:00:00+00:00"
    feeds = re.findall(r'<link rel="alternate" type="([^"]+)" title="The Morning Run" href="([^"]+)">', page)
    assert [url for _, url in feeds] == [f"https://news.example.org{path}" for path in FEEDS]


def test_robots_get_a_sitemap_of_what_there_is(reading: Reading) -> None:
    """All pages but those of the stream's past; and nothing else of this house."""
    text = reading.ask("/robots.txt").text
    assert text.splitlines()[-1] == "Sitemap: https://news.example.org/sitemap.xml"
    assert "Disallow: /\n" in text
    found = re.findall(r"<loc>https://news\.example\.org([^<]+)</loc>", reading.ask("/sitemap.xml").text)
    stories = [f"/archive/stories/{slug}/" for slug in (MILLS, FIX, PORTS, RAILS)]
    assert found == ["/archive/", "/archive/daily/", f"/archive/daily/{NEXT}/", f"/archive/daily/{DAY}/", *stories]
    assert reading.ask("/sitemap-1.xml").status_code == 200
    for none in ("0", "2", "01", "1e3", "-1", "x", "²"):
        assert reading.ask(f"/sitemap-{quote(none)}.xml").status_code == 404


def test_no_page_holds_what_is_a_readers_own(reading: Reading) -> None:
    """No token, no address of theirs, no way through our redirect: what is pressed here counts as nobody's."""
    for path in [*PAGES, *FEEDS]:
        text = reading.ask(path).text
        assert not re.search(r"\[\[|/u/|/p/|/r/|@example\.org|reader\d", text), path


def test_text_is_text(reading: Reading) -> None:
    """Nothing that an editor writes is code, on a page or in a feed's page."""
    house = reading.house
    slug = "2026-05-06-hard"
    house.write(f"content/stories/{slug}.md", HARD)
    desk.approve(house.context, slug, by="ann")
    reading.after(days=1)
    house.send("daily/2026-05-06")
    for path in ("/archive/daily/", "/archive/daily/2026-05-06/", f"/archive/stories/{slug}/"):
        page = reading.ask(path).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "<b>Stocks" not in page
        assert "Bonds &amp; &lt;b&gt;Stocks&lt;/b&gt; “rise”" in page


# --- killed -----------------------------------------------------------------------------------------------------------


def test_a_withdrawn_story_says_so_and_no_more(reading: Reading) -> None:
    """410, for nobody to keep or list; its headline is on no page, in no feed, on no list."""
    tag = reading.ask(f"/archive/stories/{RAILS}/").headers["ETag"]
    desk.kill(reading.house.context, RAILS, by="ann")
    answer = reading.ask(f"/archive/stories/{RAILS}/", If_None_Match=tag)
    assert answer.status_code == 410
    assert "This was withdrawn" in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    for path in [*PAGES, *FEEDS, *LISTS, f"/archive/stories/{RAILS}/"]:
        assert not re.search("rails", reading.ask(path).text, re.IGNORECASE), path


KILLS = st.dictionaries(st.sampled_from(sorted(HEADLINES)), st.sampled_from(["command", "file"]))


@given(kills=KILLS)
# one ledger for all examples: each takes back what it killed
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_killed_the_rest_has_its_page(reading: Reading, kills: dict[str, str]) -> None:
    """Each story and edition of the ledger has a page, or says that it was withdrawn; no page shows a killed story."""
    house = reading.house
    for slug, way in kills.items():
        path = house.folder / f"content/stories/{slug}.md"
        if way == "command":
            desk.kill(house.context, slug, by="ann")
        else:
            path.write_text(path.read_text().replace("status: approved", "status: killed"))
    try:
        dead = set(kills) | ({FIX} if PORTS in kills else set())
        for slug in HEADLINES:
            assert reading.ask(f"/archive/stories/{slug}/").status_code == (410 if slug in dead else 200)
        for key, held in ((DAY, {PORTS, RAILS}), (NEXT, {MILLS})):
            assert reading.ask(f"/archive/daily/{key}/").status_code == (410 if held <= dead else 200)
        for path in ["/archive/daily/", *FEEDS, *LISTS, *(f"/archive/daily/{key}/" for key in (DAY, NEXT)),
                     *(f"/archive/stories/{slug}/" for slug in HEADLINES)]:  # fmt: skip
            text = reading.ask(path).text
            for slug in dead:
                assert slug not in text
                assert f"Story {HEADLINES[slug]}." not in text
    finally:
        for slug in kills:
            path = house.folder / f"content/stories/{slug}.md"
            path.write_text(path.read_text().replace("status: killed", "status: ready"))
            desk.approve(house.context, slug, by="ann")


# --- what is not there ------------------------------------------------------------------------------------------------


ODD = [
    "/archive/nope/", "/archive/nope", "/archive/daily/2026-05-06/", "/archive/daily/2026-02-30/",
    "/archive/daily/0000-00-00/", "/archive/daily/2026-05-04-/", "/archive/daily/2026-5-4/",
    "/archive/daily/20260504/", "/archive/daily/before/", "/archive/daily/before/2026-05-06/",
    "/archive/daily/before/2026-05-04/", "/archive/daily//", "/archive//", "//archive/", "/archive/stories/",
    "/archive/stories/nope/", "/archive/stories/2026-05-04/", "/archive/stories/2026-05-04-nope/",
    "/archive/daily/feed.rss", "/archive/daily/feed.xml/", "/archive/nope/feed.xml",
    "/archive/stories/feed.xml", "/archivex", "/archive/Daily/", "/archive/daily/٢٠٢٦-٠٥-٠٤/",
    "/archive/daily/2026-05-04%00/", "/archive/daily/%00/", "/archive/%00/feed.xml",
    "/archive/stories/2026-05-04-ports%00/", "/archive/stories/2026-05-04-ports%0a/",
    "/archive/daily/2026-05-04%0A/", "/archive/../var/newsletter.db", "/archive/daily/../../var/keys",
    "/archive/stories/../../content/organisation.toml",
    "/archive/stories/..%2f..%2fcontent%2forganisation.toml/", "/archive/stories/%2e%2e/%2e%2e/keys/",
    "/archive/stories/..%5c..%5ckeys/", "/archive/daily/%252e%252e%252f/", "/archive/%2e%2e/", "/archive/.../",
    "/archive/%2f%2fevil.example.org", "/archive//evil.example.org", "/archive/daily/" + "9" * 5000 + "/",
    "/archive/stories/2026-05-04-" + "a" * 5000 + "/", "/archive/daily/%ff%fe/", "/archive/stories/%ed%a0%80/",
    "/images/../archive/", "/images/..%2f..%2fnewsletter.db", "/images/%2e%2e/newsletter.db", "/images/%00.png",
]  # fmt: skip


def test_odd_addresses_are_wrong_addresses(reading: Reading) -> None:
    """Each is a 404 with the same page, whatever stands in it; nothing goes wrong inside, and nothing leads away."""
    plain = reading.ask("/nothing").text
    with capture_logs() as lines:
        for path in ODD:
            status, headers, text = reading.raw(path)
            if status == 308:
                assert headers["location"] == f"{path}/"
                status, _, text = reading.raw(f"{path}/")
            assert (status, text) == (404, plain), path
    assert [line for line in lines if line["log_level"] in {"error", "critical"}] == []


def test_without_an_archive_there_is_nothing(sqlite_house: House) -> None:
    """Robots may ask for nothing, and no page is there; pages of readers are as ever."""
    reading = Reading(sqlite_house, archive="off")
    reading.fill()
    for path in [*PAGES, *FEEDS, "/sitemap.xml", "/archive", "/archive/daily"]:
        assert reading.ask(path).status_code == 404, path
    assert reading.ask("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_a_database_that_does_not_answer(reading: Reading) -> None:
    """503 as for any page, and no trace of why."""
    reading.house.store.close()
    file = reading.house.store.url.removeprefix("sqlite:///")
    Path(file).write_bytes(b"This is no database. " * 500)
    answer = reading.ask("/archive/daily/")
    assert answer.status_code == 503
    assert "database" not in answer.text


def test_a_newsletter_may_not_be_called_stories(sqlite_house: House) -> None:
    """Its stream would stand where single stories do."""
    sqlite_house.newsletter("stories", keys='archive = "public"')
    with pytest.raises(Exception, match="name the newsletter otherwise"):
        sqlite_house.reload()
