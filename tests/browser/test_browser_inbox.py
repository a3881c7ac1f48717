"""The sandbox's inbox in a browser: the list, a mail and its parts, and that no mail's script ever runs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from browser_mails import SITE, MailPage
from browser_visit import Scheme, Visit, cramped, faint, overlapping, small
from playwright.sync_api import Frame

from newsletter.sandbox import Sandbox

pytestmark = pytest.mark.browser

Go = Callable[..., Visit]

EVIL = """<html><head><title>Evil</title></head><body style="background:#fff;color:#222">
<p id="here">A mail with a script.</p>
<script>document.title = "ran"; document.getElementById("here").textContent = "ran";
top.location = "/v3/scopes"</script>
<img src="x:" alt="" onerror="document.title = 'ran'"><a href="javascript:document.title='ran'">Press</a>
<form action="/v3/mail/send" method="post"><button>Send</button></form>
<iframe src="https://tracker.example.org/"></iframe><link rel="stylesheet" href="https://tracker.example.org/a.css">
<style>@import "https://tracker.example.org/b.css"; p { background: url("https://tracker.example.org/c.png") }</style>
</body></html>"""


def post(sandbox: Sandbox, address: str, subject: str, *, html: str | None, text: str, **args: str) -> None:
    """One mail through mail/send, as SendGrid takes it."""
    parts = [("text/plain", text), *([("text/html", html)] if html else [])]
    body = {
        "from": {"email": "morning@amg.example.org", "name": "The Morning Run"},
        "subject": subject,
        "personalizations": [
            {
                "to": [{"email": address, "name": "Ann Roe"}],
                "substitutions": {"[[reader]]": "token"},
                "headers": {"List-Unsubscribe": "<https://amg.example.org/u/token>"},
                "custom_args": {"delivery_id": "d1", "edition": "daily/2026-05-04", "batch": "1", **args},
            }
        ],
        "content": [{"type": kind, "value": value} for kind, value in parts],
    }
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer SG.test"}
    connection.request("POST", "/v3/mail/send", json.dumps(body), headers)
    assert connection.getresponse().status == 202
    connection.close()


@pytest.fixture(scope="module")
def sandbox(
    tmp_path_factory: pytest.TempPathFactory, chromium: str, mails: Mapping[str, MailPage]
) -> Iterator[Sandbox]:
    """Three mails, oldest first: a test with a script in it, one of text alone with a long address, the daily."""
    message = mails["daily"].message
    with Sandbox(tmp_path_factory.mktemp("sandbox"), port=0, webhook_url=None) as started:
        post(started, "evil@example.org", "A script", html=EVIL, text="A script.", kind="test")
        post(started, f"bo.{'x' * 50}@example.org", "Text & nothing else", html=None, text=f"Hello\n{'y' * 300}\n<b>")
        post(started, "ann@example.org", message.subject, html=message.html, text=message.text)
        yield started


@pytest.fixture
def go(visit: Callable[..., Visit], sandbox: Sandbox, mails: Mapping[str, MailPage]) -> Go:
    """Opens the inbox; the sandbox is the one server that is answered, and the daily's pictures are there."""

    def opened(width: int = 1200, *, subject: str | None = None, **options: Any) -> Visit:
        shown = visit(width, servers=(sandbox.url,), given=mails["daily"].pictures, **options)
        shown.open(f"{sandbox.url}/")
        if subject is not None:
            press(shown, subject)
        return shown

    return opened


DAILY, TEXT, SCRIPT = "Ports Reopen", "Text & nothing else", "A script"


def press(shown: Visit, words: str) -> None:
    """Follow the link that holds these words."""
    with shown.page.expect_navigation(wait_until="load"):
        shown.page.get_by_role("link", name=words).first.click()


def the_mail(shown: Visit) -> Frame:
    """The frame that the mail is shown in."""
    frame = shown.page.frames[1]
    frame.wait_for_load_state()
    return frame


def subjects(shown: Visit) -> list[str]:
    return [subject.split()[0] for subject in shown.page.locator(".mails .subject").all_inner_texts()]


def test_the_list(go: Go) -> None:
    """Each mail with its reader and subject, the newest first."""
    shown = go()
    assert shown.page.locator("h1").inner_text() == "3 mails"
    assert subjects(shown) == ["Ports", "Text", "A"]
    assert shown.said == []


def test_search(go: Go) -> None:
    """By a part of an address, typed and sent with Enter; the filter is taken off by its own link."""
    shown = go()
    shown.page.get_by_label("Part of an address").fill("ANN@")
    with shown.page.expect_navigation():
        shown.page.keyboard.press("Enter")
    assert shown.page.locator("h1").inner_text() == "1 found"
    assert subjects(shown) == ["Ports"]
    press(shown, "take it off")
    assert len(subjects(shown)) == 3
    press(shown, "test")
    assert subjects(shown) == ["A"]
    assert shown.said == []


def test_a_mail_as_its_reader_sees_it(go: Go, mails: Mapping[str, MailPage]) -> None:
    """The frame shows the HTML with its pictures and the reader's own link; it asks for nothing else."""
    shown = go(subject=DAILY)
    shown.asked.clear()
    shown.page.reload(wait_until="load")
    frame = the_mail(shown)
    assert frame.locator("h1").inner_text() == "The Morning Run"
    assert frame.get_by_role("link", name="Unsubscribe").get_attribute("href") == f"{SITE}/u/token"
    assert all(picture["loaded"] for picture in shown.measure("pictures", frame))
    ours = [url for url in shown.asked if url not in mails["daily"].pictures]
    assert [urlsplit(url).path.rpartition("/")[2] for url in ours[1:]] == ["style.css", "html"]
    assert shown.said == []


def test_the_parts_of_a_mail(go: Go) -> None:
    """HTML, text, headers and what is the reader's own: each a tab, the chosen one marked."""
    shown = go(subject=DAILY)
    tabs = shown.page.get_by_role("navigation", name="Parts of the mail").get_by_role("link")
    assert tabs.all_inner_texts() == ["HTML", "Text", "Headers", "Reader"]
    parts = {"Text": "THE MORNING RUN", "Headers": "List-Unsubscribe", "Reader": "delivery_id", "HTML": "From"}
    for name, words in parts.items():
        press(shown, name)
        assert shown.page.locator(".tabs [aria-current]").inner_text() == name
        assert words in shown.text()
    assert shown.said == []


def test_a_mail_without_html(go: Go) -> None:
    """Opens with its text, marks of HTML in it shown as they are."""
    shown = go(subject=TEXT)
    assert shown.page.get_by_role("link", name="HTML").count() == 0
    assert shown.text().endswith("<b>")


def test_widths(go: Go) -> None:
    """As on a desk or on a phone; the phone's frame has a phone's width, and nothing in it lies to the side."""
    shown = go(subject=DAILY)
    press(shown, "Phone")
    frame = the_mail(shown)
    assert 375 <= frame.evaluate("innerWidth") <= 400
    assert shown.measure("wide", frame) == []
    press(shown, "Desktop")
    assert the_mail(shown).evaluate("innerWidth") > 1000


def test_from_mail_to_mail(go: Go) -> None:
    """Older and newer, keeping the tab; at the ends there is no link."""
    shown = go(subject=DAILY)
    assert shown.page.get_by_role("link", name="Newer").count() == 0
    press(shown, "Text")
    press(shown, "Older")
    assert shown.page.locator("h1").inner_text() == TEXT
    press(shown, "Older")
    assert shown.page.locator("h1").inner_text() == SCRIPT
    assert shown.page.locator(".tabs [aria-current]").inner_text() == "Text"
    assert shown.page.get_by_role("link", name="Older").count() == 0
    press(shown, "Newer")
    press(shown, "All mails")
    assert shown.page.locator("h1").inner_text() == "3 mails"


def test_no_script_of_a_mail_runs(go: Go, sandbox: Sandbox) -> None:
    """Whatever a mail holds: it changes nothing, leads nowhere, and reaches no server but those of its pictures."""
    shown = go(subject=SCRIPT)
    assert shown.page.locator("iframe").get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    frame = the_mail(shown)
    assert frame.evaluate("document.title") == "Evil"
    assert frame.locator("#here").inner_text() == "A mail with a script."
    assert shown.page.title() == "A script · Sandbox"
    assert [url for url in shown.asked if not url.startswith(sandbox.url)] == ["https://tracker.example.org/c.png"]
    assert any("Blocked script execution" in line for line in shown.said)


def test_no_script_of_a_mail_runs_by_itself_either(go: Go) -> None:
    """The frame's address opened in a tab of its own, outside of the frame that holds it."""
    shown = go(subject=SCRIPT)
    source = shown.page.locator("iframe").get_attribute("src")
    shown.page.goto(urlsplit(shown.page.url)._replace(path=source or "", query="").geturl())
    assert shown.page.locator("#here").inner_text() == "A mail with a script."
    assert shown.page.evaluate("document.title") == "Evil"


VIEWS = ("list", "none", "html", "text", "headers", "reader", "missing")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1200, "light")])
def test_it_is_easy_to_read_and_to_press(go: Go, sandbox: Sandbox, view: str, scheme: Scheme, width: int) -> None:
    """Every page of it: nothing to the side, contrast of 4.5, the page's own type and targets no smaller than they
    should be, no word in the console.
    """
    shown = go(width, scheme=scheme)
    newest = sandbox.mails()[-1].stem
    path = {"list": "", "none": "?q=nobody", "missing": "mail/none"}.get(view, f"mail/{newest}?view={view}")
    status = shown.open(f"{sandbox.url}/{path}")
    assert status == (404 if view == "missing" else 200)
    assert shown.measure("wide") == []
    assert faint(shown) == []
    assert small(shown, 14) == []
    if view != "missing":
        assert shown.said == []
    if view == "html":
        assert faint(shown, the_mail(shown)) == []


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("path", ["", "?q=ann"])
def test_a_finger_hits_what_it_means(go: Go, sandbox: Sandbox, width: int, path: str) -> None:
    """Buttons, tabs, filters and mails are 44 px high, a mail's tags 24 (WCAG 2.2, 2.5.8), and none overlap."""
    shown = go(width)
    shown.open(f"{sandbox.url}/{path}")
    for _ in range(2):
        boxes = shown.page.locator(PRESSED).evaluate_all("all => all.map((one) => [one.innerText, one.offsetHeight])")
        assert boxes
        assert [box for box in boxes if box[1] < 44] == []
        assert cramped(shown, 24) == []
        assert overlapping(shown) == []
        if shown.page.locator(".mails").count():
            press(shown, DAILY)


PRESSED = "button, .button, input, .brand, .chip, .mails li, .beside a, .tabs a, .widths a"


def test_by_keyboard_alone(go: Go) -> None:
    """Everything that can be pressed is reached by Tab, and a ring shows where one is."""
    shown = go()
    count = len(shown.measure("targets"))
    rings = []
    for _ in range(count):
        shown.page.keyboard.press("Tab")
        rings.append(shown.measure("focus"))
    assert [ring for ring in rings if ring["style"] == "none" or ring["width"] < 2 or ring["contrast"] < 3] == []
    assert rings[-1]["tag"] == "a"
