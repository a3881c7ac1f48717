"""The templates and the stylesheet: faults are told at the start, and the look is the mail's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from web_house import ROOT, House

from newsletter.errors import RenderError
from newsletter.pipeline.leaving import Leaving
from newsletter.rendering.theme import COLOURS, FONTS
from newsletter.web import leaving as leaving_pages
from newsletter.web.pages import PROBLEMS, Pages

STYLE = (ROOT / "templates" / "web" / "style.css").read_text()
FORMS = (ROOT / "templates" / "web" / "forms.css").read_text()


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates" / "web", folder / "web")
    return folder


class Outline(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def every_page(house: House) -> list[str]:
    pages = Pages(house.context.settings.templates, organisation=house.context.organisation, root="")
    reader, test = f"/u/{house.token()}", f"/u/{house.token(0)}"
    asked = [house.ask(method, path).text for method, path in (("GET", reader), ("POST", reader), ("GET", test))]
    return asked + [pages.problem(status) for status in PROBLEMS]


def test_each_page_can_be_used_by_everybody(house: House) -> None:
    """WCAG 2.2: a language, a title of its own, landmarks, one h1; nothing that the policy of the browser forbids."""
    titles = set()
    for page in every_page(house):
        outline = Outline(page)
        assert ("html", "en") in [(tag, attrs.get("lang")) for tag, attrs in outline.tags]
        assert [outline.count(tag) for tag in ("title", "h1", "header", "main", "footer")] == [1] * 5
        assert outline.count("script") == outline.count("style") == outline.count("iframe") == outline.count("img") == 0
        assert not [attrs for _, attrs in outline.tags if "style" in attrs or any(n.startswith("on") for n in attrs)]
        assert ("meta", "width=device-width, initial-scale=1") in [(t, a.get("content")) for t, a in outline.tags]
        titles.add(page.partition("<title>")[2].partition("</title>")[0])
    assert len(titles) == 7
    assert all(re.fullmatch(r"\S.*\S · Alliance of Makers and Growers", title) for title in titles), titles


def test_an_erased_address_is_not_spoken_of(house: House) -> None:
    """Nothing is left to mask; the page speaks to the reader without it."""
    pages = Pages(house.context.settings.templates, organisation=house.context.organisation, root="")
    for left in (False, True):
        of = Leaving(title="The Morning Run", masked="", inert=False, left=left, here=False)
        page = leaving_pages.page(pages, of, None, house.token())
        assert "address" not in page.partition("<main>")[2]
        assert "to you." in page


def test_below_a_path_of_the_base_url_the_stylesheet_is_found(make_house: Callable[..., House]) -> None:
    """A proxy takes `/news` away; the browser must put it there."""
    house = make_house(BASE_URL="http://127.0.0.1:8000/news/")
    assert 'href="/news/style.css"' in house.ask("GET", f"/u/{house.token()}").text
    assert 'href="/news/style.css"' in house.ask("GET", "/some/where").text


@pytest.mark.parametrize(("name", "text", "words"), [
    ("unsubscribe.html.j2", "{% if %}", r"unsubscribe\.html\.j2:1: .*mend"),
    ("unsubscribe.html.j2", "\n\n{{ titel }}", r"unsubscribe\.html\.j2: .*'titel' is undefined.*mend"),
    ("unsubscribe.html.j2", "{% if state == 'left' %}{{ titel }}{% endif %}", "'titel' is undefined"),
    ("unsubscribe.html.j2", "{% if state == 'test' %}{{ titel }}{% endif %}", "'titel' is undefined"),
    ("problem.html.j2", "{% if status == 503 %}{{ titel }}{% endif %}", "'titel' is undefined"),
    ("layout.html.j2", None, r"layout\.html\.j2"), ("problem.html.j2", None, r"problem\.html\.j2"),
    ("style.css", None, r"style\.css: cannot be read"),
])  # fmt: skip
def test_a_fault_of_a_template_is_told_at_the_start(
    make_house: Callable[..., House], templates: Path, name: str, text: str | None, words: str
) -> None:
    """RenderError names the template, also for what only some reader would have met."""
    file = templates / "web" / name
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    with pytest.raises(RenderError, match=words):
        make_house(TEMPLATES=str(templates))


def test_the_house_colours_are_the_mails() -> None:
    """The page and the mail look alike: each value in the stylesheet is the one in the rendering's theme."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    used = re.findall(r"var\(--theme-([a-z-]+), (.+?)\);", light)
    wanted = {name.replace("_", "-"): pair[0] for name, pair in COLOURS.items()}
    wanted |= {name.replace("_", "-"): families for name, families in FONTS.items()}
    in_mails_alone = {"voice", "alert", "mount"}  # the voice's box, the alert's band, a logo's plate
    wanted = {name: value for name, value in wanted.items() if name not in in_mails_alone}
    assert dict(used) == wanted
    dark_used = re.findall(r"var\(--theme-dark-([a-z-]+), (#[0-9a-f]{6})\);", dark)
    assert dict(dark_used) == {
        name.replace("_", "-"): pair[1] for name, pair in COLOURS.items() if name not in in_mails_alone
    }


@pytest.mark.parametrize(("sheet", "part"), [("archive", "archive"), ("preferences", "own"), ("report", "report")])
def test_a_parts_sheet_styles_its_own_pages_alone(sheet: str, part: str) -> None:
    """All sheets are served as one: a rule without the part's class, or a colour of the house named anew, would change
    the pages of the others."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "templates" / "web" / f"{sheet}.css").read_text(), flags=re.DOTALL)
    heads = re.findall(r"([^{};]+)\{", text)
    selectors = {one.strip() for head in heads if "@" not in head for one in head.split(",")}
    assert len(selectors) > 10
    assert {one for one in selectors if not re.match(rf'(\[dir="rtl"\] )?\.{part}\b', one)} <= {":root"}
    assert not set(re.findall(r"(--[a-z-]+):", text)) & set(re.findall(r"(--[a-z-]+):", STYLE + FORMS))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), [
    ("ink", "paper"), ("muted", "paper"), ("muted", "canvas"), ("paper", "accent"), ("band_ink", "band"),
])  # fmt: skip
def test_text_stands_out(mode: int, text: str, behind: str) -> None:
    """4.5:1 or more (WCAG 2.2, 1.4.3) for each pair that the stylesheet puts together."""
    brighter, darker = sorted((_luminance(COLOURS[name][mode]) for name in (text, behind)), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5


def test_a_newsletters_theme_follows_the_house(make_house: Callable[..., House]) -> None:
    """As custom properties on its own pages; a newsletter without a theme adds nothing."""
    house = make_house()
    answer = house.ask("GET", "/style.css")
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.text.startswith(STYLE.rstrip())
    assert FORMS.rstrip() in answer.text
    added = [line for line in answer.text.splitlines() if "data-newsletter" in line]
    theme = (
        ':root[data-newsletter="friday"] { --theme-accent: #7a3b1d; --theme-dark-accent: #e3a883; '
        "--theme-band: #6b3319; --theme-dark-band: #4a2412; --theme-voice: #f6efe7; }"
    )
    assert added == [theme]
    assert answer.text.endswith(f"{theme}\n"), "what comes later counts"
