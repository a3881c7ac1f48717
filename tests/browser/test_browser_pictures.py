"""Pictures as readers see them: sharp on small pixels, and there where the mail carries them."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from browser_mails import AT, SITE, MailPage, open_house
from browser_visit import Visit
from playwright.sync_api import Browser

from newsletter.model import Message
from newsletter.pipeline import composing, gathering
from newsletter.pipeline.context import target
from newsletter.sandbox import Sandbox

pytestmark = pytest.mark.browser

SIZES = (
    "all => all.map((one) => [one.complete, one.naturalWidth, one.clientWidth, one.naturalHeight, one.clientHeight])"
)


@pytest.mark.parametrize("width", [375, 1200])
def test_two_pixels_of_the_file_for_one_of_the_mail(
    visit: Callable[..., Visit], mails: Mapping[str, MailPage], width: int
) -> None:
    """What a screen of small pixels shows one by one; in proportion, and as wide as the numbers say."""
    mail = mails["daily"]
    shown = visit(width, given={**mail.page(), **mail.pictures})
    shown.open(AT)
    sizes = shown.page.eval_on_selector_all("img", SIZES)
    assert sizes
    for complete, natural_width, client_width, natural_height, client_height in sizes:
        assert complete
        assert natural_width >= 2 * client_width
        assert client_width == min(536, width - 40)
        assert abs(natural_height / natural_width - client_height / client_width) < 0.01


def test_sharper_than_one_for_one(browser: Browser, mails: Mapping[str, MailPage]) -> None:
    """On a screen of small pixels a picture has finer detail than the same one at half its pixels: lines stay lines."""
    mail = mails["daily"]
    address, one = next((url, picture) for url, picture in mail.pictures.items() if "port-at-dawn" in url)
    from io import BytesIO

    from PIL import Image, ImageFilter, ImageStat

    picture = Image.open(BytesIO(one.body)).convert("RGB")
    half = BytesIO()
    picture.resize((picture.width // 2, picture.height // 2)).save(half, "PNG")

    def detail(body: bytes) -> float:
        """The mean strength of edges in what the screen shows of the picture."""
        context = browser.new_context(viewport={"width": 700, "height": 900}, device_scale_factor=2)
        context.route("**/*", lambda route: route.fulfill(
            body=body if route.request.url == address else mail.message.html,
            content_type="image/png" if route.request.url == address else "text/html; charset=utf-8"))  # fmt: skip
        page = context.new_page()
        page.goto(AT)
        seen = Image.open(BytesIO(page.locator(f"img[src='{address}']").screenshot())).convert("L")
        context.close()
        assert seen.width == 1072
        return ImageStat.Stat(seen.filter(ImageFilter.FIND_EDGES)).mean[0]

    assert detail(one.body) > 1.2 * detail(half.getvalue())


def embedding(folder: Path) -> Message:
    """The shipped daily, carrying its pictures."""
    context = open_house(folder)
    try:
        now = context.clock()
        of = target(context, "daily/2026-05-04", now)
        edition = gathering.gather(context, of, now).assembly.edition
        assert edition is not None
        return composing.compose(context, replace(of.newsletter, pictures="embed"), edition).message
    finally:
        context.store.close()


def test_the_inbox_shows_what_a_mail_carries(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """In the frame, under its policy, without asking anybody for it."""
    message = embedding(tmp_path)
    assert f"{SITE}/images" not in message.html
    body = {
        "from": {"email": "morning@amg.example.org"},
        "subject": message.subject,
        "personalizations": [{"to": [{"email": "ann@example.org"}]}],
        "content": [{"type": "text/plain", "value": message.text}, {"type": "text/html", "value": message.html}],
        "attachments": [
            {
                "content": base64.b64encode(picture.content).decode(), "type": picture.media_type,
                "filename": picture.name, "disposition": "inline", "content_id": picture.content_id,
            }
            for picture in message.embedded
        ],
    }  # fmt: skip
    with Sandbox(tmp_path / "sandbox", port=0, webhook_url=None) as sandbox:
        headers = {"Content-Type": "application/json", "Authorization": "Bearer SG.test"}
        request = urllib.request.Request(f"{sandbox.url}/v3/mail/send", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 202
        shown = visit(servers=(sandbox.url,))
        shown.open(f"{sandbox.url}/mail/{sandbox.mails()[-1].stem}")
        frame = shown.page.frames[1]
        sizes = frame.eval_on_selector_all("img", SIZES)
        assert sizes
        assert all(size[:3] == [True, 1072, 536] for size in sizes)
        assert all(url.startswith((sandbox.url, "data:")) for url in shown.asked)
