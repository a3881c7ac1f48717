"""A reader's own pages in a browser: leave, undo, choose, pause, see what is held, leave all; with axe on each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_visit import Scheme, Visit, cramped, faint, overlapping, small
from browser_web import Reader, WebHouse

from newsletter.audience import tokens
from newsletter.storage import subscriptions

pytestmark = pytest.mark.browser


def press(shown: Visit, words: str) -> None:
    with shown.page.expect_navigation():
        shown.page.get_by_role("button", name=words).click()


def look(shown: Visit) -> None:
    """axe finds nothing; contrast of 4.5, text of 14 px, targets of 44 px that do not touch, nothing to the side."""
    result = Axe().run(shown.page, options={"resultTypes": ["violations", "incomplete"]}).response
    for kind in ("violations", "incomplete"):
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in result[kind]] == []
    assert faint(shown) == []
    assert small(shown, 14) == []
    assert cramped(shown) == []
    assert overlapping(shown) == []
    assert shown.measure("wide") == []


def letter(reader: Reader, kind: str) -> str:
    """The address behind the newest letter of a kind."""
    with reader.context.store.read() as tx:
        number = tx.exec_driver_sql(
            f"SELECT max(id) FROM letter WHERE kind = '{kind}' AND subscriber_id = {reader.subscriber_id}"
        ).scalar_one()
    token = tokens.Token("letter", reader.subscriber_id, reader.list_id, number)
    return f"{reader.url}/m/{tokens.sign(token, reader.context.settings.secret_keys[0])}"


@pytest.mark.parametrize(("slug", "width", "scheme"), [("daily", 320, "dark"), ("friday", 1200, "light")])
def test_a_reader_goes_through_it_all(
    house: WebHouse, visit: Callable[..., Visit], slug: str, width: int, scheme: Scheme
) -> None:
    """Each page says what was done, and the database says the same."""
    reader = house.reader(slug)
    title = reader.newsletter.title
    shown = visit(width, scheme=scheme, servers=(house.url,))
    shown.open(reader.link)
    press(shown, "Unsubscribe")
    look(shown)
    press(shown, "Undo, and keep getting it")
    assert reader.state() == "active"
    shown.page.get_by_role("link", name="Your preferences").click()
    look(shown)
    for box in shown.page.get_by_role("checkbox").all():
        box.uncheck()
    press(shown, f"Save for {title}")
    assert shown.page.get_by_role("alert").inner_text().startswith("This was not saved")
    look(shown)
    shown.page.get_by_role("alert").get_by_role("link").click()
    assert shown.measure("focus")["tag"] == "input"
    shown.page.get_by_role("checkbox", name="Trade").check()
    shown.page.get_by_role("radio", name="A month, until").check()
    press(shown, f"Save for {title}")
    assert "Only these sections: Trade. No mails until June 4, 2026." in shown.page.get_by_role("status").inner_text()
    with reader.context.store.read() as tx:
        (place,) = subscriptions.of(tx, reader.subscriber_id)
    assert place.sections == ("trade",)
    press(shown, "Ask for")
    press(shown, "Mail me the link")
    look(shown)
    press(shown, "Leave everything")
    assert reader.state() == "unsubscribed"
    (refused,) = shown.said  # the browser's own word for what was not saved
    assert "422" in refused
    look(shown)


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
def test_a_reader_sees_moves_and_goes(house: WebHouse, visit: Callable[..., Visit], width: int, scheme: Scheme) -> None:
    """My data, another address, erased: without scripts."""
    reader = house.reader("daily")
    shown = visit(width, scheme=scheme, servers=(house.url,))
    shown.open(reader.link.replace("/u/", "/p/"))
    press(shown, "Mail me the link")
    shown.open(letter(reader, "access"))
    look(shown)
    press(shown, "Erase me")
    shown.page.get_by_label("The new address").fill("nobody")
    press(shown, "Send the letter")
    look(shown)
    shown.page.get_by_label("The new address").fill(f"moved.{width}@example.org")
    press(shown, "Send the letter")
    assert "If mail may go to the new address" in shown.page.get_by_role("status").inner_text()
    shown.open(letter(reader, "address"))
    look(shown)
    press(shown, "Yes, change my address")
    shown.open(reader.link.replace("/u/", "/p/"))
    press(shown, "Mail me the link")
    shown.open(letter(reader, "access"))
    assert f"moved.{width}@example.org" in shown.text()
    shown.page.get_by_role("checkbox").check()
    press(shown, "Erase me")
    assert shown.page.locator("h1").inner_text() == "You are erased"
    look(shown)
    assert shown.open(reader.link) == 200
    assert shown.page.get_by_role("button").count() == 0
