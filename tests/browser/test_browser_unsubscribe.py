"""The way out, in a browser: one button that does what it says, by finger, by keyboard, without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser_visit import Scheme, Visit, cramped, faint, out_of_column, small
from browser_web import Reader, WebHouse

pytestmark = pytest.mark.browser

Go = Callable[..., Visit]

both_looks = pytest.mark.parametrize("reader", ["daily", "friday"], indirect=True)


@pytest.fixture
def reader(house: WebHouse, request: pytest.FixtureRequest) -> Reader:
    """Somebody who gets the daily, or the newsletter that a test names."""
    return house.reader(getattr(request, "param", "daily"))


@pytest.fixture
def go(visit: Callable[..., Visit], reader: Reader) -> Go:
    """Opens the reader's own link, or another; the house is the one server that is answered."""

    def opened(width: int = 1200, *, url: str | None = None, **options: object) -> Visit:
        shown = visit(width, servers=(reader.url,), **options)
        shown.open(url or reader.link)
        return shown

    return opened


def leave(shown: Visit) -> None:
    with shown.page.expect_navigation():
        shown.page.get_by_role("button", name="Unsubscribe").click()


@both_looks
def test_looking_changes_nothing(go: Go, reader: Reader) -> None:
    """One button, and beside it the ways to the preferences and home; the reader is still on the list."""
    shown = go()
    assert shown.page.locator("h1").inner_text() == f"Unsubscribe from {reader.newsletter.title}?"
    assert shown.page.get_by_role("button").count() == 1
    words = ["Unsubscribe", "Fewer mails instead, or a pause: your preferences", "Alliance of Makers and Growers"]
    assert [target["words"] for target in shown.measure("targets")] == words
    assert "ann." not in shown.page.content()
    assert shown.said == []
    assert reader.state() == "active"


def test_it_asks_its_own_server_and_no_other(go: Go, reader: Reader) -> None:
    """The page and its stylesheet: the token in the address is told to nobody."""
    link = reader.link
    assert go(url=link).asked == [link, f"{reader.url}/style.css"]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_button_does_what_it_says(go: Go, reader: Reader, scripts: bool) -> None:
    """With scripts or without: the database says so, and so does the page."""
    shown = go(scripts=scripts)
    leave(shown)
    assert reader.state() == "unsubscribed"
    assert shown.page.locator("h1").inner_text() == f"You have left {reader.newsletter.title}"
    assert shown.said == []


def test_twice_is_once(go: Go, reader: Reader) -> None:
    """The page loaded again, the link opened again: no error, no question, and the one button takes it back."""
    shown = go()
    leave(shown)
    words = shown.text()
    shown.page.reload()
    assert shown.text() == words
    shown.open(reader.link)
    assert shown.text() == words
    assert shown.page.get_by_role("button").all_inner_texts() == ["Undo, and keep getting it"]
    assert shown.said == []
    assert reader.state() == "unsubscribed"


def test_two_windows(go: Go, reader: Reader) -> None:
    """The button of a page that was open before the reader left says the same as the first."""
    first, second = go(), go(320)
    leave(first)
    leave(second)
    assert second.text() == first.text()
    assert reader.state() == "unsubscribed"


@both_looks
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_by_keyboard_alone(go: Go, reader: Reader, scheme: Scheme) -> None:
    """Tab reaches the button first and a ring shows it (3 to 1, two pixels: WCAG 2.2, 2.4.13); Enter presses it."""
    shown = go(scheme=scheme)
    before = shown.page.screenshot()
    shown.page.keyboard.press("Tab")
    ring = shown.measure("focus")
    assert (ring["tag"], ring["words"]) == ("button", "Unsubscribe")
    assert ring["style"] != "none"
    assert ring["width"] >= 2
    assert ring["contrast"] >= 3
    assert shown.page.screenshot() != before, "the ring is painted"
    with shown.page.expect_navigation():
        shown.page.keyboard.press("Enter")
    assert reader.state() == "unsubscribed"


@both_looks
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_it_is_easy_to_read_and_to_press(go: Go, reader: Reader, width: int, scheme: Scheme) -> None:
    """Before and after: nothing to the side, contrast of 4.5, text of 14 px, targets of 44 px."""
    shown = go(width, scheme=scheme)
    for done in (False, True):
        if done:
            leave(shown)
        assert shown.measure("wide") == []
        assert shown.measure("cut") == []
        assert out_of_column(shown) == []
        assert faint(shown) == []
        assert small(shown, 14) == []
        assert cramped(shown) == []


@both_looks
def test_at_200_percent_nothing_is_lost(go: Go) -> None:
    """Type twice as large in a window of 640 px (WCAG 2.2, 1.4.4)."""
    shown = go(640)
    words = shown.text()
    shown.measure("enlarge")
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert shown.text() == words


@both_looks
def test_the_dark_page_is_dark(go: Go) -> None:
    """The colours follow the reader's own choice."""
    papers = {scheme: {text["paper"] for text in go(scheme=scheme).measure("texts")} for scheme in ("light", "dark")}
    assert papers["light"].isdisjoint(papers["dark"])


def test_the_link_of_a_test_mail(go: Go, reader: Reader) -> None:
    """Says that it is none of a reader's, has no button, and changes nothing."""
    shown = go(url=reader.test_link)
    assert shown.page.locator("h1").inner_text() == "This link is from a test"
    assert shown.page.get_by_role("button").count() == 0
    assert shown.said == []
    assert faint(shown) == []
    assert reader.state() == "active"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wrong_link(go: Go, reader: Reader, scheme: Scheme) -> None:
    """A 404 that says what to do, and not whether there is such a reader; as readable as any page."""
    shown = go(320, scheme=scheme)
    assert shown.open(reader.link[:-1] + "~") == 404
    assert "its link may have been cut off" in shown.text()
    assert shown.page.get_by_role("button").count() == 0
    assert shown.measure("wide") == []
    assert faint(shown) == []
    assert reader.state() == "active"
