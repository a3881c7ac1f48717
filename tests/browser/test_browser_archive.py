"""The archive in a browser: on a phone and at a desk, light and dark, in both directions, by axe and by measure."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_visit import Scheme, Visit, cramped, faint, overlapping, small
from ledger_gateway import FakeGateway

from newsletter.pipeline import correcting, desk, freezing, readers, sending
from newsletter.pipeline.context import Context, target
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.web.app import create_app
from newsletter.web.server import listen, running

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PORTS = "2026-05-04-ports-reopen-after-two-day-stoppage"
FIX = "2026-05-04-two-ports"
EDITIONS = {
    "daily/2026-05-04": datetime(2026, 5, 4, 10, 30, tzinfo=UTC),
    "friday/2026-05-08": datetime(2026, 5, 8, 16, 0, tzinfo=UTC),
}
CORRECTION = f"""---
headline: Two ports, not three, had closed
section: trade
status: ready
author: b.low
corrects: {PORTS}
---
We wrote that three East Bay ports had closed. Two had; the third worked *at half speed*.
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, prints: Path, chromium: str) -> Iterator[str]:
    """The shipped editions, of which Friday's runs from right to left, and a correction by mail; its URL."""
    folder = tmp_path_factory.mktemp("archive")
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copytree(prints, folder / "var")
    friday = folder / "content/newsletters/friday.toml"
    friday.write_text('direction = "rtl"\n' + friday.read_text())
    given = {"CONTENT": folder / "content", "TEMPLATES": ROOT / "templates", "VAR": folder / "var", "SANDBOX": 1}
    given |= {"EPOCH_FILE": folder / "epoch", "BASE_URL": "http://127.0.0.1:8000"}
    moment = [EDITIONS["daily/2026-05-04"]]
    context = open_context(
        load_settings({f"NEWSLETTER_{name}": str(value) for name, value in given.items()}, Path("none")),
        lambda: moment[0],
    )
    context = replace(context, gateway=FakeGateway)
    for words, at in EDITIONS.items():
        moment[0] = at
        send(context, words, at)
        if words.startswith("daily"):
            (folder / f"content/stories/{FIX}.md").write_text(CORRECTION)
            desk.approve(context, FIX, by="ann")
            moment[0] += timedelta(days=1)
            case = correcting.find(context, words, FIX)
            correcting.freeze(context, case, by="ann")
            sending.run(context, sending.start(context, case.target.id, by="ann"))
    with listen("127.0.0.1", 0) as listener, running(create_app(context), listener) as url:
        yield url
    context.store.close()


def send(context: Context, words: str, at: datetime) -> None:
    on = target(context, words, at)
    readers.add(context, "ann@example.org", "Ann", on.newsletter.list, source="test", basis="express")
    freezing.freeze(context, on, by="ann")
    sending.run(context, sending.start(context, words, by="ann"))


PAGES = {
    "index": "/archive/",
    "stream": "/archive/daily/",
    "edition": "/archive/daily/2026-05-04/",
    "right to left": "/archive/friday/2026-05-08/",
    "story": f"/archive/stories/{PORTS}/",
    "correction": f"/archive/stories/{FIX}/",
}
Go = Callable[..., Visit]


@pytest.fixture
def go(visit: Callable[..., Visit], archive: str) -> Go:
    def opened(page: str, width: int = 1200, scheme: Scheme = "light") -> Visit:
        shown = visit(width, scheme=scheme, servers=(archive,))
        assert shown.open(archive + PAGES[page]) == 200
        return shown

    return opened


@pytest.mark.parametrize("page", PAGES)
def test_anybody_can_read_it(go: Go, page: str) -> None:
    """At 320 px in the dark and at 1200 in the light: axe finds nothing, texts stand out and are large enough, what
    stands alone can be pressed, nothing is to the side, and the browser has nothing to say.
    """
    looks: list[tuple[int, Scheme]] = [(320, "dark"), (1200, "light")]
    for width, scheme in looks:
        shown = go(page, width, scheme)
        found = Axe().run(shown.page)
        assert found.violations_count == 0, found.generate_report()
        assert faint(shown) == []
        assert small(shown, 14) == []
        assert cramped(shown) == []
        assert overlapping(shown) == []
        assert shown.measure("wide") == []
        assert shown.measure("cut") == []
        assert shown.said == []


def test_pictures_are_shown_and_nothing_is_asked_elsewhere(go: Go, archive: str) -> None:
    """Each picture of an edition is there, described, and as wide as its column allows."""
    shown = go("edition")
    pictures = shown.page.evaluate(
        "[...document.images].map(i => { i.loading = 'eager'; return [i.complete, i.naturalWidth, i.width, i.alt]; })"
    )
    assert len(pictures) == 3
    assert all(complete and natural > 0 and 0 < width <= 520 and alt for complete, natural, width, alt in pictures)
    assert all(url.startswith(archive) for url in shown.asked)


def test_right_to_left(go: Go) -> None:
    """The page runs as its newsletter does: lists and bars begin at the right."""
    shown = go("right to left", 375)
    assert shown.page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "rtl"
    sides = shown.page.evaluate(
        "[...document.querySelectorAll('.voice, .corrected')].map(e => [getComputedStyle(e).borderRightWidth,"
        " getComputedStyle(e).borderLeftWidth])"
    )
    assert sides
    assert all(side == ["4px", "0px"] for side in sides)


def test_from_the_stream_to_what_was_wrong(go: Go) -> None:
    """As a reader would: a story from the stream, its correction, the edition of that, and the list of all."""
    shown = go("stream", 375)
    page = shown.page
    page.get_by_role("link", name="Ports Reopen After Two-Day Stoppage").click()
    assert "Corrected on May 5, 2026: Two ports, not three, had closed" in shown.text()
    page.get_by_role("link", name="Two ports, not three, had closed").click()
    assert "This corrects “Ports Reopen After Two-Day Stoppage” of May 4, 2026." in shown.text()
    page.get_by_role("link", name="The Morning Run of May 5, 2026").click()
    assert page.get_by_role("heading", name="Correction: Two ports, not three, had closed").count() == 1
    page.get_by_role("link", name="All editions of The Morning Run").click()
    page.get_by_role("link", name="All newsletters").click()
    assert page.get_by_role("link", name="The Morning Run").count() >= 1
    assert shown.said == []
