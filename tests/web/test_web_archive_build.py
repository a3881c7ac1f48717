"""The archive as files: what the web app answers, for a server that knows nothing of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from archive_house import DAY, FIX, NEXT, PORTS, RAILS, Reading
from ledger_house import House
from pictures_samples import saved, view
from sqlalchemy import insert, update

from newsletter.errors import UsageError
from newsletter.pipeline import desk
from newsletter.storage import tables as t
from newsletter.web.archive.build import Built, build


@pytest.fixture
def reading(sqlite_house: House) -> Reading:
    made = Reading(sqlite_house)
    made.fill()
    return made


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(out: Path) -> dict[str, bytes]:
    """What a web server would show, by its address."""
    site = out / "site"
    return {"/" + str(p.relative_to(site)).removesuffix("index.html"): p.read_bytes() for p in site.rglob("*.*")
            if p.is_file()}  # fmt: skip


def test_the_same_bytes_at_the_same_addresses(reading: Reading, out: Path) -> None:
    """Each page, feed and list; and all that the sitemap names is there."""
    build(reading.house.context, out)
    found = files(out)
    for path, body in found.items():
        if path not in {"/_redirects"}:
            assert reading.ask(path).content == body, path
    assert {f"/archive/daily/{DAY}/", f"/archive/stories/{FIX}/", "/archive/", "/archive/daily/feed.json"} <= set(found)
    named = found["/sitemap.xml"].decode().split("<loc>https://news.example.org")[1:]
    assert {place.partition("<")[0] for place in named} <= set(found)


def test_what_is_right_is_not_touched(reading: Reading, out: Path) -> None:
    """A second build writes nothing; after another edition only what has changed."""
    first = build(reading.house.context, out)
    assert (first.same, first.removed) == (0, 0)
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name[0] != "."}
    assert build(reading.house.context, out) == Built(written=0, same=first.written, removed=0)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    reading.after(days=1)
    reading.house.story("2026-05-06-lathes")
    reading.house.send("daily/2026-05-06")
    build(reading.house.context, out)
    kept = out / f"site/archive/stories/{RAILS}/index.html"
    assert kept.stat().st_mtime_ns == stamps[kept]
    assert (out / "site/archive/stories/2026-05-06-lathes/index.html").is_file()


def test_what_was_withdrawn_is_taken_away(reading: Reading, out: Path) -> None:
    """Its file, its folder, and its words everywhere; a table tells nginx to answer 410."""
    build(reading.house.context, out)
    desk.kill(reading.house.context, RAILS, by="ann")
    assert build(reading.house.context, out).removed == 1
    assert not (out / f"site/archive/stories/{RAILS}").exists()
    assert [path for path, body in files(out).items() if b"Rails" in body] == []
    assert (out / "nginx/withdrawn.map").read_text() == f"/archive/stories/{RAILS}/ 1;\n"


def test_nobody_is_shown_half_a_page(reading: Reading, out: Path) -> None:
    """Whoever reads while it is written gets the old file or the new one, each whole."""
    build(reading.house.context, out)
    page = out / "site/archive/daily/index.html"
    whole = {page.read_bytes()}
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(page.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for slug in (RAILS, PORTS):
        desk.kill(reading.house.context, slug, by="ann")
        build(reading.house.context, out)
        whole.add(page.read_bytes())
    stop.set()
    reader.join()
    assert seen <= whole
    assert [path for path in out.rglob("*") if path.name[0] == "." and path.name != ".written.json"] == []


def test_a_build_that_was_stopped_is_made_good(reading: Reading, out: Path) -> None:
    """What it had written it knows again, and takes away where it must."""
    (out / "site/archive/stories").mkdir(parents=True)
    written = out / f"site/archive/stories/{RAILS}/index.html"
    build(reading.house.context, out)
    desk.kill(reading.house.context, RAILS, by="ann")
    os.truncate(out / "site/archive/daily/index.html", 10)
    build(reading.house.context, out)
    assert not written.exists()
    assert reading.ask("/archive/daily/").content == files(out)["/archive/daily/"]


def test_what_others_put_there_is_theirs(reading: Reading, out: Path) -> None:
    """Another file in the way stops it before anything is written; one beside is left."""
    (out / "site").mkdir(parents=True)
    (out / "site/robots.txt").write_text("mine")
    with pytest.raises(UsageError, match="choose another --output"):
        build(reading.house.context, out)
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["robots.txt"]
    (out / "site/robots.txt").rename(out / "site/about.html")
    build(reading.house.context, out)
    build(reading.house.context, out)
    assert (out / "site/about.html").read_text() == "mine"


def test_a_note_that_somebody_wrote_removes_nothing_elsewhere(reading: Reading, out: Path) -> None:
    """The list of what was written cannot name a file outside of the folder."""
    out.mkdir()
    mine = out.parent / "mine.txt"
    mine.write_text("mine")
    (out / ".written.json").write_text('["site/../../mine.txt", "../mine.txt", "/mine.txt", 7, "mine.txt"]')
    build(reading.house.context, out)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("slug", ["../../../evil", "2026-05-04-../evil", "2026-05-04-a/b", "..", "2026-05-04-a\\b", ""])
def test_no_name_in_the_ledger_leads_out_of_the_folder(reading: Reading, out: Path, slug: str) -> None:
    """However it came there: it gets no page and no file."""
    with reading.house.store.write() as tx:
        tx.execute(update(t.edition_story).where(t.edition_story.c.slug == RAILS).values(slug=slug))
        tx.execute(update(t.edition).where(t.edition.c.name == f"daily/{DAY}").values(name=f"daily/{slug or '..'}"))
    before = {path for path in out.parent.rglob("*") if out not in path.parents}
    build(reading.house.context, out)
    after = {path for path in out.parent.rglob("*") if out not in path.parents}
    assert {path for path in after - before if "var" not in path.parts} <= {out}
    assert not [path for path in files(out) if "evil" in path or f"/{DAY}/" in path]
    assert (out / f"site/archive/daily/{NEXT}/index.html").is_file()


def test_pictures_are_copied_before_the_pages_that_show_them(sqlite_house: House, out: Path) -> None:
    """Only those that a page names, with their own bytes."""
    reading = Reading(sqlite_house)
    (sqlite_house.folder / "content/images/port.png").write_bytes(saved(view(600, 300), "PNG"))
    sqlite_house.readers(1)
    sqlite_house.story(PORTS, image="{src: images/port.png, alt: A port}")
    sqlite_house.send()
    (sqlite_house.context.settings.published / "other-0000000000000000-10.png").write_bytes(saved(view(10, 10), "PNG"))
    build(sqlite_house.context, out)
    (picture,) = (out / "site/images").iterdir()
    assert picture.read_bytes() == (sqlite_house.context.settings.published / picture.name).read_bytes()
    assert f"/images/{picture.name}".encode() in files(out)[f"/archive/stories/{PORTS}/"]
    assert f'content="https://news.example.org/images/{picture.name}"' in reading.ask(f"/archive/stories/{PORTS}/").text


def test_links_of_mails_lead_on_without_our_program(reading: Reading, out: Path) -> None:
    """A table of codes and targets, in which no target can be taken for more than one word."""
    with reading.house.store.write() as tx:
        (message,) = tx.execute(t.message.select().limit(1)).all()
        targets = {
            "abc": "https://example.org/a;b",
            "def": 'https://example.org/"; evil',
            "gh": "https://example.org/$uri",
        }
        rows = [{"message_id": message.id, "number": 90 + n, "role": "body", "url": url, "code": code}
                for n, (code, url) in enumerate(targets.items())]  # fmt: skip
        tx.execute(insert(t.link), rows)
    build(reading.house.context, out)
    table = (out / "nginx/redirects.map").read_text().splitlines()
    assert '/r/abc "https://example.org/a%3Bb";' in table
    assert "evil" not in str(table), "a browser could not follow it"
    assert '/r/gh "https://example.org/%24uri";' in table
    assert "/r/abc https://example.org/a%3Bb 302" in (out / "site/_redirects").read_text().splitlines()


def test_one_newsletter_alone(sqlite_house: House, out: Path) -> None:
    """The folder then holds that one; one that is not for the public is refused, with what to change."""
    sqlite_house.newsletter("board", keys='archive = "public"', schedule="")
    reading = Reading(sqlite_house)
    reading.fill()
    sqlite_house.newsletter("secret", schedule="")
    sqlite_house.reload()
    build(sqlite_house.context, out)
    assert (out / "site/archive/board/index.html").is_file()
    build(sqlite_house.context, out, "daily")
    assert not (out / "site/archive/board").exists()
    with pytest.raises(UsageError, match=r'set `archive = "public"` in .*secret\.toml'):
        build(sqlite_house.context, out, "secret")
    with pytest.raises(UsageError, match="there is no newsletter"):
        build(sqlite_house.context, out, "none")
