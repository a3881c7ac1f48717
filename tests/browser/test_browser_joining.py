"""The way in, in a browser: from the form by the letter in the sandbox to the list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_mails import AT
from browser_visit import Given, Scheme, Visit, cramped, faint, out_of_column, small
from browser_web import WebHouse, web_house

from newsletter.pipeline import joining as way_in
from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.sandbox import Sandbox
from newsletter.services import make_gateway
from newsletter.storage import roster
from newsletter.web import joining
from newsletter.web.pages import Pages

pytestmark = pytest.mark.browser


class Mailed:
    """The web app with a sandbox behind it, which has the mails as files."""

    def __init__(self, web: WebHouse, folder: Path) -> None:
        self.web, self._folder, self._count = web, folder, 0

    def address(self) -> str:
        """Somebody whom nobody knows yet."""
        self._count += 1
        return f"ann.{self._count}@example.org"

    def letter(self, address: str) -> str:
        """The plain text of the letter that an address got."""
        text = self.mail(address).get_body(("plain",))
        assert text is not None
        return str(text.get_content())

    def mail(self, address: str) -> EmailMessage:
        """The one mail that an address got."""
        self.web.postman.wait(10)
        mails = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in self._folder.glob("*.eml")]
        (found,) = [mail for mail in mails if mail["to"] == address]
        return found

    def place(self, address: str) -> str | None:
        context = self.web.context
        with context.store.read() as tx:
            found = roster.subscriber(tx, readers.identify(context, address).key)
            list_id = roster.list_id(tx, "daily")
            return roster.membership_state(tx, found.id, list_id) if found and list_id else None


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Mailed]:
    folder = tmp_path_factory.mktemp("joining")
    with Sandbox(folder / "sandbox", port=0, webhook_url=None) as sandbox:

        def through(context: Context) -> Context:
            settings = replace(context.settings, sendgrid_url=sandbox.url)
            return replace(context, settings=settings, gateway=lambda: make_gateway(settings))

        with web_house(folder / "house", through) as web:
            yield Mailed(web, folder / "sandbox")


Go = Callable[..., Visit]


@pytest.fixture
def go(visit: Callable[..., Visit], mailed: Mailed) -> Go:
    """Opens a page of the web app, the daily's form where no other is named."""

    def opened(width: int = 1200, path: str = "/s/daily", **options: object) -> Visit:
        shown = visit(width, servers=(mailed.web.url,), **options)
        shown.open(mailed.web.url + path)
        return shown

    return opened


OF_THE_PROGRAM = ("landmark-one-main", "region")
"""Rules of axe for a page: a mail lies within that of the mail program."""


def judge(shown: Visit, **options: object) -> None:
    """Nothing of axe's rules is broken; nothing to the side, contrast of 4.5, text of 14 px, targets of 44 px."""
    found = Axe().run(shown.page, options={"resultTypes": ["violations"], **options})
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []
    assert shown.measure("wide") == []
    assert shown.measure("cut") == []
    assert out_of_column(shown) == []
    assert faint(shown) == []
    assert small(shown, 14) == []
    assert cramped(shown) == []


def press(shown: Visit, name: str) -> None:
    with shown.page.expect_navigation():
        shown.page.get_by_role("button", name=name).click()


@pytest.mark.parametrize(("width", "scheme", "scripts"), [
    (320, "dark", True), (1200, "light", True), (375, "light", False),
])  # fmt: skip
def test_from_the_form_to_the_list(go: Go, mailed: Mailed, width: int, scheme: Scheme, scripts: bool) -> None:
    """Signed up, read in the sandbox, confirmed: each page in order, with scripts or without (which axe needs)."""
    address = mailed.address()
    shown = go(width, scheme=scheme, scripts=scripts)
    shown.page.get_by_label("Email address").fill(address)
    shown.page.get_by_label("Name").fill("Ann Roe")
    pages = [shown.page.locator("h1").inner_text()]
    look = judge if scripts else lambda _: None
    look(shown)
    press(shown, "Sign up")
    pages.append(shown.page.locator("h1").inner_text())
    look(shown)
    found = re.search(r"http://\S+(/c/\S+)", mailed.letter(address))
    assert found is not None
    assert mailed.place(address) == "pending"
    shown.open(mailed.web.url + found[1])
    pages.append(shown.page.locator("h1").inner_text())
    look(shown)
    press(shown, "Yes, send it to me")
    pages.append(shown.page.locator("h1").inner_text())
    look(shown)
    assert mailed.place(address) == "active"
    assert [" ".join(page.split()) for page in pages] == [
        "Get The Morning Run by mail", "Now look into your mailbox", "Get The Morning Run by mail?",
        "You are on the list of The Morning Run",
    ]  # fmt: skip
    assert shown.said == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
@pytest.mark.parametrize("slug", ["daily", "friday"])
def test_a_fault_is_told_beside_its_field(go: Go, slug: str, width: int, scheme: Scheme) -> None:
    """The summary has the focus (WCAG 2.2, 3.3.1) and leads to the field, which keeps what was typed."""
    shown = go(width, f"/s/{slug}", scheme=scheme)
    shown.page.get_by_label("Email address").fill("ann@")
    shown.page.get_by_label("Name").fill("Ann Roe")
    press(shown, "Sign up")
    assert shown.page.title().startswith("Error: ")
    assert shown.page.evaluate("document.activeElement.className") == "faults"
    judge(shown)
    shown.page.get_by_role("link", name="not a whole email address").click()
    assert shown.page.evaluate("document.activeElement.id") == "email"
    assert shown.page.get_by_label("Email address").input_value() == "ann@"
    assert shown.page.get_by_label("Name").input_value() == "Ann Roe"
    assert "not a whole email address" in shown.page.locator("#email-error").inner_text()
    assert shown.page.locator("#email").get_attribute("aria-describedby") == "email-error"


def test_by_keyboard_alone(go: Go, mailed: Mailed) -> None:
    """Address, name, button, in this order and no other stop: the field for programs is none. Enter sends."""
    address = mailed.address()
    shown = go()
    stops = []
    for _ in range(3):
        shown.page.keyboard.press("Tab")
        stops.append(shown.page.evaluate("document.activeElement.id || document.activeElement.innerText"))
        if stops[-1] == "email":
            shown.page.keyboard.type(address)
    assert stops == ["email", "name", "Sign up"]
    with shown.page.expect_navigation():
        shown.page.keyboard.press("Enter")
    assert mailed.place(address) == "pending"


def test_on_another_website(go: Go, mailed: Mailed, visit: Callable[..., Visit]) -> None:
    """The snippet in a page of others, with a policy of its own: it signs up, and lands on our page."""
    context, address = mailed.web.context, mailed.address()
    pages = Pages(context.settings.templates, organisation=context.organisation, root="")
    snippet = joining.snippet(pages, context.newsletters["daily"], mailed.web.url)
    page = f"<!DOCTYPE html><html lang='en'><title>Shop</title><main><h1>Shop</h1>{snippet}</main></html>"
    site = "http://127.0.0.1:9/shop"
    policy_of = {"Content-Security-Policy": f"default-src 'none'; form-action {mailed.web.url}"}
    given = {site: Given(page.encode(), "text/html; charset=utf-8", policy_of)}
    shown = visit(1200, servers=(mailed.web.url,), given=given)
    shown.open(site)
    assert shown.page.get_by_label("Leave this empty").is_hidden()
    shown.page.get_by_label("Email address").fill(address)
    press(shown, "Get The Morning Run by mail")
    assert shown.page.url == f"{mailed.web.url}/s/daily/sent"
    assert mailed.place(address) == "pending"


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
@pytest.mark.parametrize("slug", ["daily", "friday"])
def test_the_letter(mailed: Mailed, visit: Callable[..., Visit], slug: str, width: int, scheme: Scheme) -> None:
    """As it lies in the mailbox: as legible and easy to press as an edition, for axe as for the measures."""
    address, context = mailed.address(), mailed.web.context
    of = context.newsletters[slug]
    way_in.sign_up(context, of, address, "", tracked=False, source="form", wording="")
    mailed.web.postman.soon()
    html = mailed.mail(address).get_body(("html",))
    assert html is not None
    shown = visit(width, scheme=scheme, given={AT: Given(html.get_content().encode(), "text/html; charset=utf-8")})
    shown.open(AT)
    rules = {rule: {"enabled": False} for rule in OF_THE_PROGRAM}
    judge(shown, rules=rules)
    (button,) = [target for target in shown.measure("targets") if target["words"].startswith("Yes")]
    assert button["height"] >= 44
