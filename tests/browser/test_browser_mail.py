"""The rendered mail in a browser: at each width, light and dark, without style, without pictures, with large type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_mails import AT, SITE, MailPage
from browser_visit import Scheme, Visit, cramped, faint, out_of_column, overlapping, small

pytestmark = pytest.mark.browser

WIDTHS = (320, 375, 600, 1200)
Read = Callable[..., Visit]

OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""Rules of axe that a scheme makes a difference to."""

OF_THE_PROGRAM = ("landmark-one-main", "region")
"""Rules of axe for a page: the one `main` is the mail program's, in which ours is an article
(https://www.goodemailcode.com/email-code/template#wrapping-element).
"""


@pytest.fixture(params=["daily", "friday", "daily-alert", "hard", "full"])
def mail(request: pytest.FixtureRequest, mails: Mapping[str, MailPage]) -> MailPage:
    return mails[request.param]


@pytest.fixture
def read(visit: Read, mail: MailPage) -> Read:
    """Opens the mail as a mail program shows it: scripts off, its pictures where they are wanted."""

    def opened(width: int = 1200, *, scheme: Scheme = "light", pictures: bool = True, scripts: bool = False) -> Visit:
        given = mail.page() | (mail.pictures if pictures else {})
        shown = visit(width, scheme=scheme, scripts=scripts, given=given)
        shown.open(AT)
        return shown

    return opened


def without_style(visit: Visit) -> None:
    """What Gmail leaves of a mail whose <style> it does not like."""
    visit.page.evaluate("document.querySelectorAll('style').forEach((style) => style.remove())")


def colours(shown: Visit) -> set[str]:
    return {colour for text in shown.measure("texts") for colour in (text["ink"], text["paper"])}


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_the_window(read: Read, width: int) -> None:
    """At no width is there anything to the side: no scroll bar, no word and no box beyond the edge."""
    shown = read(width)
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert out_of_column(shown) == []


def test_it_asks_for_its_pictures_and_nothing_else(read: Read, mail: MailPage) -> None:
    """A mail loads no font, no stylesheet, no script and nobody's pixel."""
    shown = read()
    assert shown.asked[0] == AT
    assert set(shown.asked[1:]) == {url for url in mail.pictures if url in mail.message.html}
    assert all(url.startswith(f"{SITE}/images/") for url in shown.asked[1:])
    assert shown.said == []
    assert all(picture["loaded"] for picture in shown.measure("pictures"))


@pytest.mark.parametrize("width", [320, 1200])
def test_text_is_large_enough_to_read(read: Read, width: int) -> None:
    """16 px where people read, 14 px at the least."""
    shown = read(width)
    assert small(shown, 14) == []
    paragraphs = shown.page.eval_on_selector_all(
        ".s .t p:not([class]), .s .t li",
        "all => all.map((one) => [parseFloat(getComputedStyle(one).fontSize), one.innerText])",
    )
    assert paragraphs
    assert [words for size, words in paragraphs if size < 16 and words.strip()] == []


@pytest.mark.parametrize("width", [320, 1200])
def test_a_finger_hits_what_it_means(read: Read, mail: MailPage, width: int) -> None:
    """Links on a line of their own are 44 px high, the way out is one of them, and none covers another."""
    shown = read(width)
    alone = {target["words"].split()[0] for target in shown.measure("targets") if target["alone"]}
    assert ({"اقرأ", "إلغاء"} if mail.newsletter.language == "ar" else {"View", "Unsubscribe"}) | {"Alliance"} <= alone
    assert cramped(shown) == []
    assert overlapping(shown) == []


def test_links_are_not_told_by_colour_alone(read: Read) -> None:
    """Each is underlined."""
    assert [target["words"] for target in read().measure("targets") if not target["underlined"]] == []


def test_headings_stand_in_order(read: Read) -> None:
    """One h1 first, no level left out, from the top to the bottom."""
    headings = read().measure("headings")
    levels = [heading["level"] for heading in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert {2, 3} <= set(levels)
    tops = [heading["top"] for heading in headings]
    assert tops == sorted(tops)


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(read: Read, mail: MailPage, scheme: Scheme, width: int) -> None:
    """4.5 to 1, large type included (WCAG 2.2, 1.4.3), in the theme's colours for this scheme and in no others."""
    shown = read(width, scheme=scheme)
    assert faint(shown) == []
    assert colours(shown) <= mail.colours(scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(read: Read, scheme: Scheme) -> None:
    """None of axe's rules is broken, those of good practice included, and none is left for a person to decide."""
    every = {"rules": {rule: {"enabled": False} for rule in OF_THE_PROGRAM}}
    options = every if scheme == "light" else {"runOnly": OF_COLOUR}
    options |= {"resultTypes": ["violations", "incomplete"]}  # of the rest it names the rules, with one place each
    result = Axe().run(read(scheme=scheme, scripts=True).page, options=options).response
    assert result["violations"] == []
    assert result["incomplete"] == []
    passed = {rule["id"] for rule in result["passes"]}
    assert set(OF_COLOUR) <= passed
    assert scheme == "dark" or {"document-title", "heading-order", "html-has-lang", "link-name"} <= passed


def test_the_dark_of_outlook_com(read: Read, mail: MailPage) -> None:
    """It knows no media query; it marks ink that it has turned with data-ogsc and grounds with data-ogsb, and our dark
    colours win there.
    """
    shown = read()
    shown.page.evaluate("['data-ogsc', 'data-ogsb'].forEach((mark) => document.documentElement.setAttribute(mark, ''))")
    assert colours(shown) <= mail.colours("dark")
    assert faint(shown) == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_without_style_it_is_plain_and_whole(read: Read, scheme: Scheme, width: int) -> None:
    """Gmail drops <style> at times: one column still, everything in order, nothing to the side, readable."""
    shown = read(width, scheme=scheme)
    words = shown.text()
    without_style(shown)
    assert shown.text() == words
    assert shown.measure("wide") == []
    assert out_of_column(shown) == []
    assert faint(shown) == []
    assert small(shown, 14) == []
    assert cramped(shown) == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_without_pictures_their_words_show(read: Read, scheme: Scheme, width: int) -> None:
    """Many readers see no pictures until they ask: the alt text shows in full, readable, and the layout holds."""
    shown = read(width, scheme=scheme, pictures=False)
    pictures = shown.measure("pictures")
    assert not any(picture["loaded"] for picture in pictures)
    assert [picture for picture in pictures if picture["height"] < picture["needed"]] == []
    assert shown.measure("wide") == []
    assert out_of_column(shown) == []
    assert faint(shown) == []
    for number in range(len(pictures)):
        picture = shown.page.locator("img").nth(number)
        with_words = picture.screenshot()
        picture.evaluate("(image) => image.alt = ''")
        assert picture.screenshot() != with_words, "the words are painted"


def test_at_200_percent_nothing_is_lost(read: Read) -> None:
    """Zoomed to twice its size in a window of 640 px: no scroll bar to the side, no word less (WCAG 2.2, 1.4.4)."""
    shown = read(640)
    words = shown.text()
    shown.page.evaluate("document.documentElement.style.zoom = 2")
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert out_of_column(shown) == []
    assert shown.text() == words


def test_with_large_type_nothing_is_lost(read: Read) -> None:
    """Type twice as large in boxes as they were, as mail programs set for large type show it, at 640 px."""
    shown = read(640)
    words = shown.text()
    shown.measure("enlarge")
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert out_of_column(shown) == []
    assert shown.text() == words
