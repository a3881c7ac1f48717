"""Jinja2: everything is escaped, nothing is silent, and each fault names its template and line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rendering_samples import BASE_URL, DAILY, ORGANISATION, TEMPLATES, edition

from newsletter.errors import RenderError
from newsletter.rendering import render
from newsletter.rendering.templates import Templates
from newsletter.rendering.view import SectionView


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "partials").mkdir()
    return tmp_path


def test_mjml_is_escaped_and_text_is_not(folder: Path) -> None:
    """Jinja's own select_autoescape would leave .mjml.j2 open; plain text has nothing to escape."""
    for name in ("a.mjml.j2", "a.html", "a.txt.j2"):
        (folder / name).write_text("{{ x }}")
    filled = [Templates(folder).fill(name, {"x": "<b> & “c”"}) for name in ("a.mjml.j2", "a.html", "a.txt.j2")]
    assert filled == ["&lt;b&gt; &amp; “c”", "&lt;b&gt; &amp; “c”", "<b> & “c”"]


def test_control_characters_are_left_out(folder: Path) -> None:
    """XML cannot hold them; a story's stray byte is no fault of the template's."""
    (folder / "a.mjml.j2").write_text("{{ x }}")
    assert Templates(folder).fill("a.mjml.j2", {"x": "a\x00\x0b\ud800\ufffe<b"}) == "a&lt;b"


@pytest.mark.parametrize(
    ("partial", "says"),
    [
        ("a\n{{ edition.titel }}", "partials/p.mjml.j2:2: 'dict object' has no attribute 'titel'"),
        ("a\n\n{{ nothing }}", "partials/p.mjml.j2:3: 'nothing' is undefined"),
        ("a\n{% if x %}", "partials/p.mjml.j2:2: Unexpected end of template"),
        (
            "{% include 'partials/q.mjml.j2' %}",
            "partials/p.mjml.j2:1: it asks for partials/q.mjml.j2, which is not there",
        ),
        ("{% include 'look.mjml.j2' %}", "the template includes itself"),
        ("\n{{ 1 / 0 }}", "partials/p.mjml.j2:2: ZeroDivisionError"),
        ("{{ x | nofilter }}", "partials/p.mjml.j2:1: No filter named 'nofilter'"),
    ],
)
def test_faults_name_template_and_line(folder: Path, partial: str, says: str) -> None:
    (folder / "look.mjml.j2").write_text("\n{% include 'partials/p.mjml.j2' %}")
    (folder / "partials" / "p.mjml.j2").write_text(partial)
    with pytest.raises(RenderError) as caught:
        Templates(folder).fill("look.mjml.j2", {"edition": {"title": "x"}, "x": 1})
    assert says in str(caught.value)


def test_a_misspelt_name_is_told_as_templates_write_it(folder: Path) -> None:
    """Designers know `section.title`; which Python class holds it is not theirs to know."""
    (folder / "look.mjml.j2").write_text("{{ section.titel }}")
    section = SectionView(slug="trade", title="Trade", stories=())
    with pytest.raises(RenderError, match=r"look\.mjml\.j2:1: section has no 'titel'; docs/templates\.md"):
        Templates(folder).fill("look.mjml.j2", {"section": section})


def test_a_look_that_does_not_exist_is_told_with_the_nearest(folder: Path) -> None:
    (folder / "briefing.mjml.j2").write_text("")
    with pytest.raises(
        RenderError, match=r"breifing\.mjml\.j2: there is no such template .*did you mean briefing\.mjml"
    ):
        Templates(folder).fill("breifing.mjml.j2", {})


def test_an_unknown_tag_is_found_in_its_partial(tmp_path: Path) -> None:
    """The compiler sees one long MJML; the designer is told the file and line to mend."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    footer = tmp_path / "templates" / "email" / "partials" / "footer.mjml.j2"
    footer.write_text(footer.read_text().replace("mj-column", "mj-colum"))
    with pytest.raises(RenderError, match=r"^partials/footer\.mjml\.j2:3: <mj-colum> is not an MJML component"):
        render(edition(), DAILY, ORGANISATION, templates=tmp_path / "templates", base_url=BASE_URL, images=None)


def test_an_unclosed_tag_is_sought_in_its_own_look(tmp_path: Path) -> None:
    """`<mj-column>` stands in every look: another one is not at fault."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    look = tmp_path / "templates" / "email" / "briefing.mjml.j2"
    look.write_text(look.read_text(encoding="utf-8").replace("</mj-column>", "", 1), encoding="utf-8")
    with pytest.raises(RenderError) as caught:
        render(edition(), DAILY, ORGANISATION, templates=tmp_path / "templates", base_url=BASE_URL, images=None)
    assert str(caught.value).startswith("briefing.mjml.j2")
    assert "<mj-column> is not closed before `</mj-section>`" in str(caught.value)
    assert not any(look in str(caught.value) for look in ("alert", "magazine"))


@pytest.mark.parametrize(
    ("partial", "old", "new", "says"),
    [
        (
            "footer", "</mj-text>", "",
            'partials/footer.mjml.j2:4: <mj-text css-class="t ft"> is not closed before `</mj-column>`',
        ),
        ("footer", "</p>", "", "of the MJML made from it: <p> is not closed before"),
        ("story", "{#", "\udcff{#", "partials/story.mjml.j2: it is not UTF-8 at byte 1; save it anew as UTF-8"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_where_it_is(tmp_path: Path, partial: str, old: str, new: str, says: str) -> None:
    """Not in the first file that has the same words, nor in a look that the newsletter does not use."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    file = tmp_path / "templates" / "email" / "partials" / f"{partial}.mjml.j2"
    text = file.read_text()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    with pytest.raises(RenderError) as caught:
        render(edition(), DAILY, ORGANISATION, templates=tmp_path / "templates", base_url=BASE_URL, images=None)
    assert says in str(caught.value)


def test_a_changed_template_is_read_again(folder: Path) -> None:
    """A preview shows the template as it is now, without a restart."""
    import os

    template = folder / "a.mjml.j2"
    template.write_text("one")
    templates = Templates(folder)
    assert templates.fill("a.mjml.j2", {}) == "one"
    template.write_text("two")
    os.utime(template, ns=(1, 1))
    assert templates.fill("a.mjml.j2", {}) == "two"


@pytest.mark.parametrize(("name", "what"), [("base", "the frame"), ("letter", "what letters")])
def test_what_is_no_look(name: str, what: str) -> None:
    """It would print an edition without its stories."""
    of = replace(DAILY, template=name)
    with pytest.raises(RenderError, match=rf"{name}: it is {what} .* name a look \(alert, briefing, magazine\)"):
        render(edition(), of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)
