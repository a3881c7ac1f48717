"""The preview in a browser: what it shows, that it follows what people save, and that no mail can do anything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_mails import SITE
from browser_preview import LEAD, Desk, mail, previewed, wait_for_words
from browser_visit import Given, Scheme, Visit, faint, small
from PIL import Image

pytestmark = pytest.mark.browser

SOON_MS = 5_000
"""A second is promised; a machine on which all tests run at once gets five."""

Go = Callable[..., Visit]


@pytest.fixture
def desk(tmp_path: Path, chromium: str, prints: Path) -> Iterator[Desk]:
    """A preview of its own for each test that writes files."""
    with previewed(tmp_path, prints) as opened:
        yield opened


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, chromium: str, prints: Path) -> Iterator[Desk]:
    """A preview under which nobody changes anything."""
    with previewed(tmp_path_factory.mktemp("still"), prints) as opened:
        yield opened


@pytest.fixture
def go(visit: Callable[..., Visit]) -> Iterator[Go]:
    """Opens a page of a preview; the preview is the one server that is answered. At the end the page is left."""
    opened: list[Visit] = []

    def begin(desk: Desk, path: str = "", width: int = 1440, **options: Any) -> Visit:
        shown = visit(width, servers=(desk.url,), **options)
        opened.append(shown)
        shown.open(desk.url + path)
        return shown

    yield begin
    for shown in opened:
        shown.page.goto("about:blank")


def unexpected(shown: Visit) -> list[str]:
    """What the console said beside what "images off" is there to say."""
    return [line for line in shown.said if "img-src 'none'" not in line]


def paper(shown: Visit, key: str) -> str:
    """The colour behind the mail in a frame."""
    colour: str = mail(shown.page, key).evaluate("getComputedStyle(document.querySelector('.s')).backgroundColor")
    return colour


def test_what_it_shows(go: Go, still: Desk) -> None:
    """Phone and desk, light and dark, images off, styles dropped, plain text; the inbox row; the proof, what waits."""
    shown = go(still)
    captions = shown.page.locator("figcaption").all_inner_texts()
    assert captions == [
        "Phone 375, light", "Phone 375, dark", "Phone 375, images off", "Desk 680, light", "Desk 680, dark",
        "Phone 375, <style> dropped", "Plain text",
    ]  # fmt: skip
    inbox = shown.page.get_by_role("region", name="In the inbox").inner_text()
    assert "The Morning Run" in inbox
    assert "Ports Reopen After Two-Day Stoppage" in inbox
    assert "Dock workers and terminal operators" in inbox
    proof = shown.page.get_by_role("complementary", name="The proof").inner_text()
    assert "of Gmail's 100 kB" in proof
    assert f"stories/{LEAD}:10" in proof
    assert "Permit Clock Bill Clears Committee" in proof
    assert "Broadband Grants" in proof.partition("Waiting")[2]
    assert unexpected(shown) == []
    assert mail(shown.page, "375-light").evaluate("innerWidth") == 375
    assert mail(shown.page, "680-light").evaluate("innerWidth") == 680
    assert shown.page.locator("#frame-text pre").inner_text().lstrip().startswith("THE MORNING RUN")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_whatever_the_browser_prefers(go: Go, still: Desk, scheme: Scheme) -> None:
    """The mail's own media query applies in the one frame and not in the other."""
    shown = go(still, scheme=scheme)
    assert paper(shown, "375-light") == "rgb(253, 252, 250)"
    assert paper(shown, "375-dark") == "rgb(29, 33, 37)"


def test_dark_is_what_a_dark_browser_shows(go: Go, still: Desk, visit: Callable[..., Visit]) -> None:
    """Word for word, the colours in the dark frame are those of the message itself in a browser that prefers dark."""
    frame = mail(go(still, "?chosen=1&width=600&scheme=dark&size=100").page, "600-dark")
    message = still.preview.sight().message
    assert message is not None
    address = f"{SITE}/message"
    given = {address: Given(message.html.encode(), "text/html; charset=utf-8")}
    for picture in message.pictures:
        kind = "image/jpeg" if picture.name.endswith(".jpg") else "image/png"
        given[picture.src] = Given((still.preview.images / picture.name).read_bytes(), kind)
    alone = visit(600, scheme="dark", given=given)
    alone.open(address)
    looked_at = ("words", "ink", "paper", "size")
    of_frame, of_message = ([[text[name] for name in looked_at] for text in alone.measure("texts", one)] for one in (
        frame, None,
    ))  # fmt: skip
    assert of_frame == of_message


def test_images_off(go: Go, still: Desk) -> None:
    """No picture is loaded in that frame, its alt text has room; in the others all are."""
    shown = go(still)
    off = shown.measure("pictures", mail(shown.page, "375-images-off"))
    assert off
    assert not any(picture["loaded"] for picture in off)
    assert all(picture["loaded"] for picture in shown.measure("pictures", mail(shown.page, "375-light")))


def test_styles_dropped(go: Go, still: Desk) -> None:
    """Not one <style> element is left, and the mail is still in order."""
    frame = mail(go(still).page, "375-no-styles")
    assert frame.locator("style").count() == 0
    assert frame.locator("h1").inner_text() == "The Morning Run"


def test_inverted_by_force(go: Go, still: Desk) -> None:
    """The light colours, turned; pictures turned back."""
    shown = go(still, "?chosen=1&width=375&scheme=inverted")
    assert paper(shown, "375-inverted") == "rgb(253, 252, 250)"
    filters = mail(shown.page, "375-inverted").evaluate(
        "[document.documentElement, document.images[0]].map((one) => getComputedStyle(one).filter)"
    )
    assert filters == ["invert(1) hue-rotate(180deg)"] * 2


def test_choosing(go: Go, still: Desk) -> None:
    """Another width shows at once, the frames that stay are not loaded again, and the address keeps the choice."""
    shown = go(still)
    mail(shown.page, "375-light").evaluate("document.body.dataset.mark = 'same'")
    shown.page.get_by_label("320 Small phone").check()
    shown.page.locator("#frame-320-dark iframe").wait_for()
    assert mail(shown.page, "320-dark").evaluate("innerWidth") == 320
    assert mail(shown.page, "375-light").evaluate("document.body.dataset.mark") == "same"
    shown.page.reload()
    assert shown.page.locator("#frame-320-light").count() == 1
    shown.page.get_by_role("checkbox", name="plain text").uncheck()
    shown.page.locator("#frame-text").wait_for(state="detached")


def test_without_scripts_it_still_shows(go: Go, still: Desk) -> None:
    """The form has a button then."""
    shown = go(still, scripts=False)
    shown.page.get_by_label("Look").select_option("briefing")
    with shown.page.expect_navigation():
        shown.page.get_by_role("button", name="Show").click()
    assert "look=briefing" in shown.page.url


def test_a_story_that_is_saved(go: Go, desk: Desk) -> None:
    """An approved story that is edited goes out no more, and waits; with what nobody approved, the edit shows."""
    shown = go(desk, "?drafts=1")
    desk.story("Dock workers", "Dockers in blue")
    wait_for_words(shown.page, "375-light", "Dockers in blue", SOON_MS)
    go(desk)
    waiting = shown.page.locator(".waiting li", has_text="Ports Reopen After Two-Day Stoppage")
    assert "approved, then changed" in waiting.inner_text()


def test_the_place_is_kept(go: Go, desk: Desk) -> None:
    """A frame that is loaded again stands where its reader was, and the page too; the old one is there until then."""
    shown = go(desk, "?drafts=1&chosen=1&width=375&scheme=light&also=text")
    shown.page.wait_for_timeout(100)
    mail(shown.page, "375-light").evaluate("scrollTo(0, 900)")
    desk.story("Dock workers", "Dockers in blue")
    wait_for_words(shown.page, "375-light", "Dockers in blue", SOON_MS)
    assert mail(shown.page, "375-light").evaluate("scrollY") == 900
    assert shown.page.locator("#frame-375-light iframe").count() == 1
    assert "Dockers in blue" in shown.page.locator("#frame-text pre").inner_text()


def test_a_template_that_is_saved(go: Go, desk: Desk) -> None:
    """A designer's edit shows without a restart."""
    shown = go(desk)
    desk.edit("templates/email/partials/opening.mjml.j2", "In this edition", "What is in it")
    wait_for_words(shown.page, "680-dark", "WHAT IS IN IT", SOON_MS)


def test_a_colour_of_the_theme(go: Go, desk: Desk) -> None:
    """A newsletter's file is read again too: one colour, in each frame of its scheme."""
    shown = go(desk)
    file = desk.folder / "content" / "newsletters" / "daily.toml"
    text = file.read_text(encoding="utf-8")
    assert "[theme]" not in text
    file.write_text(text + '\n[theme]\ndark_paper = "#203040"\n', encoding="utf-8")
    shown.page.wait_for_function(
        """() => {
            const inside = document.querySelector("#frame-375-dark iframe:not(.next)").contentDocument;
            const sheet = inside && inside.querySelector(".s");
            return sheet && getComputedStyle(sheet).backgroundColor === "rgb(32, 48, 64)";
        }""",
        timeout=SOON_MS,
    )
    assert paper(shown, "375-light") == "rgb(253, 252, 250)"


def test_a_picture_that_is_saved(go: Go, desk: Desk) -> None:
    """Another picture of the same size under the same name, though the mail's bytes are the same."""
    shown = go(desk, "?drafts=1&chosen=1&width=375&scheme=light")
    file = desk.folder / "content" / "images" / "port-at-dawn.png"
    with Image.open(file) as picture:
        Image.new("RGB", picture.size, "#ff0000").save(file)
    shown.page.wait_for_function(
        """() => {
            const inside = document.querySelector("#frame-375-light iframe:not(.next)").contentDocument;
            const image = inside && inside.images[0];
            if (!image || !image.complete || !image.naturalWidth) return false;
            const canvas = document.createElement("canvas").getContext("2d");
            canvas.drawImage(image, 0, 0);
            return canvas.getImageData(5, 5, 1, 1).data.join() === "255,0,0,255";
        }""",
        timeout=SOON_MS,
    )


def test_a_broken_template(go: Go, desk: Desk) -> None:
    """Its place and what to do stand where the mail was; when it is mended, the mail is back where it was."""
    shown = go(desk)
    mail(shown.page, "375-light").evaluate("scrollTo(0, 500)")
    name = "templates/email/partials/opening.mjml.j2"
    words = '{{ _("In this edition") }}'
    desk.edit(name, words, "{{ edition.nothing }}")
    fault = shown.page.get_by_role("alert")
    fault.wait_for(timeout=SOON_MS)
    assert "partials/opening.mjml.j2:20" in fault.inner_text()
    assert "edition has no 'nothing'" in fault.inner_text()
    assert shown.page.locator("iframe").count() == 0
    desk.edit(name, "{{ edition.nothing }}", words)
    wait_for_words(shown.page, "375-light", "IN THIS EDITION", SOON_MS)
    assert fault.count() == 0
    assert mail(shown.page, "375-light").evaluate("scrollY") == 500


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        (f"content/stories/{LEAD}", "headline:", "headlines:", f"{LEAD}:2"),
        ("content/newsletters/daily.toml", "title =", "titel =", "daily.toml"),
        ("content/newsletters/daily.toml", "title =", "title ==", "not TOML"),
    ],
)
def test_a_bad_file_and_a_good_one(go: Go, desk: Desk, path: str, old: str, new: str, said: str) -> None:
    """What is wrong with it is told in the mail's place, until it is mended."""
    shown = go(desk)
    desk.edit(path, old, new)
    fault = shown.page.get_by_role("alert")
    fault.wait_for(timeout=SOON_MS)
    assert said in fault.inner_text()
    desk.edit(path, new, old)
    wait_for_words(shown.page, "375-light", "Ports Reopen", SOON_MS)


def test_a_script_in_a_mail(go: Go, desk: Desk) -> None:
    """Whatever a template prints: in its frame nothing runs, and it reaches neither the page nor another server."""
    desk.edit(
        "templates/email/partials/opening.mjml.j2",
        '{{ _("In this edition") }}',
        'Here<img src="x.png" alt="" width="1" onerror="parent.document.title = \'Evil\'" />'
        "<script>parent.document.title = 'Evil'</script>",
    )
    shown = go(desk)
    assert mail(shown.page, "375-light").locator("script").count() == 1
    shown.page.wait_for_timeout(300)
    assert "Evil" not in shown.page.title()
    assert any("Blocked script execution" in line for line in shown.said)
    assert all(url.startswith((desk.url, "data:,")) for url in shown.asked)


def test_a_script_in_a_story(go: Go, desk: Desk) -> None:
    """It is no story then, and the fault that says so is text in the page."""
    shown = go(desk)
    desk.story("Dock workers", "<script>document.title = 'Evil'</script> Dock workers")
    fault = shown.page.get_by_role("alert")
    fault.wait_for(timeout=SOON_MS)
    assert f"{LEAD}:13" in fault.inner_text()
    assert "Evil" not in shown.page.title()


def test_all_looks(go: Go, desk: Desk) -> None:
    """Each look of the folder, light and dark; a look that is added, and one that is broken, without harm to others."""
    shown = go(desk, "looks")
    names = shown.page.locator(".look h2")
    shipped = names.all_inner_texts()
    assert "briefing" in shipped
    mails = desk.folder / "templates" / "email"
    for end in (".txt.j2", ".mjml.j2"):
        text = (mails / f"briefing{end}").read_text(encoding="utf-8")
        (mails / f"zine{end}").write_text(text, encoding="utf-8")
    shown.page.locator("#look-zine iframe").first.wait_for(timeout=SOON_MS)
    assert names.all_inner_texts() == [*shipped, "zine"]
    assert {paper(shown, "zine-375-light"), paper(shown, "zine-375-dark")} == {"rgb(253, 252, 250)", "rgb(29, 33, 37)"}
    (mails / "zine.mjml.j2").write_text("{% extends 'nothing' %}", encoding="utf-8")
    shown.page.locator("#look-zine").get_by_role("alert").wait_for(timeout=SOON_MS)
    assert shown.page.locator("#look-briefing iframe").count() == 4


def test_a_folder_that_goes_and_comes(go: Go, desk: Desk) -> None:
    """As a checkout of another branch does it: told, and followed again once it is back."""
    shown = go(desk)
    content, away = desk.folder / "content", desk.folder / "away"
    content.rename(away)
    shown.page.get_by_role("alert").wait_for(timeout=SOON_MS)
    away.rename(content)
    wait_for_words(shown.page, "375-light", "Ports Reopen", SOON_MS)
    desk.edit("content/newsletters/daily.toml", 'title = "The Morning Run"', 'title = "The Evening Run"')
    wait_for_words(shown.page, "375-light", "The Evening Run", SOON_MS)
    assert shown.page.locator("h1").inner_text() == "The Evening Run"


def test_a_preview_that_ended_is_told(go: Go, tmp_path: Path, chromium: str, prints: Path) -> None:
    """The page says so, and does not complain otherwise."""
    with previewed(tmp_path, prints) as desk:
        shown = go(desk)
    shown.page.get_by_text("The preview has ended").wait_for(timeout=SOON_MS)


@pytest.mark.parametrize("path", ["", "?chosen=1&width=320&scheme=inverted&also=text", "looks"])
@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_it_is_easy_to_read(go: Go, still: Desk, path: str, width: int, scheme: Scheme) -> None:
    """axe finds nothing in the page or its frames; contrast of 4.5, no type under 13 px, nothing to the side."""
    shown = go(still, path, width, scheme=scheme)
    shown.page.wait_for_load_state()
    found = Axe().run(shown.page, options={"iframes": False}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert faint(shown) == []
    assert small(shown, 13) == []
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_by_keyboard_alone(go: Go, still: Desk) -> None:
    """The first stop leads past the mails to the proof; each choice is reached and shows where one is."""
    shown = go(still)
    shown.page.keyboard.press("Tab")
    assert shown.measure("focus")["words"] == "To the proof"
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate("location.hash") == "#proof"
    shown.page.get_by_label("320 Small phone").focus()
    shown.page.keyboard.press("Space")
    shown.page.locator("#frame-320-light iframe").wait_for(timeout=SOON_MS)
