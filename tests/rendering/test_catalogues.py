"""Languages: words from catalogues, dates and numbers as the language writes them, never a mail in two."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from rendering_samples import BASE_URL, DAILY, EXTRAS, FULL, ORGANISATION, ROOT, TEMPLATES, edition, story, text

from newsletter.errors import RenderError
from newsletter.model import Paragraph
from newsletter.rendering import catalogue, render
from newsletter.rendering.proof import proof
from newsletter.rendering.wording import wording

SHIPPED = sorted((TEMPLATES / "locale").glob("*.po"))

ARABIC = story(
    "mawani",
    "الموانئ تعود إلى العمل بعد توقف دام يومين",
    "policy-legal",
    Paragraph(
        spans=text("عاد عمال الموانئ إلى أرصفتهم صباح الاثنين، وقالت الإدارة إن 14 سفينة تنتظر (The Alder Ledger).")
    ),
    Paragraph(run_in="الاتفاق", spans=text("يبقى العقد الحالي 90 يومًا.")),
    Paragraph(run_in="رأي الرابطة", voice=True, spans=text("«الموانئ هي بداية كل رغيف خبز».")),
)


def words_for_readers() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(
        TEMPLATES, method_map=[("**.j2", "jinja2")], options_map={"**.j2": {"trim_blocks": "true"}}
    )
    beside = extract_from_dir(
        ROOT / "newsletter" / "rendering", method_map=[(name, "python") for name in ("*wording.py", "report_*.py")]
    )
    return {message[2] for message in (*found, *beside)}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
class TestEachCatalogue:
    def test_has_each_word_of_the_templates_and_no_other(self, file: Path) -> None:
        """`make catalogues` brings in what is new, and takes out what is gone."""
        with file.open("rb") as lines:
            words = read_po(lines)
        translated = {message.id for message in words if message.id and message.string and not message.fuzzy}
        assert translated == words_for_readers()

    def test_says_which_language_it_is(self, file: Path) -> None:
        with file.open("rb") as lines:
            assert read_po(lines).locale_identifier == file.stem.replace("-", "_")

    @pytest.mark.parametrize("look", ["briefing", "magazine", "alert"])
    def test_fills_each_look(self, file: Path, look: str) -> None:
        """With all parts: no word is missing, no placeholder fails, and the proof has nothing to stop."""
        direction = "rtl" if file.stem == "ar" else "ltr"
        of = replace(FULL, language=file.stem, direction=direction, template=look)
        what = edition(of=of, extras=EXTRAS)
        message = render(what, of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)
        assert "In this edition" not in message.html + message.text
        assert proof(message, what, of, ORGANISATION, loopback=False) == ()


def test_german_dates_numbers_and_plurals() -> None:
    of = replace(DAILY, language="de-AT")
    message = render(edition(of=of), of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)
    assert "Montag, 4. Mai 2026" in message.text
    assert "6 Beiträge" in message.text
    assert 'lang="de-AT"' in message.html


@pytest.mark.parametrize(
    ("language", "correction", "day"),
    [("en", "Correction: Six Ships", "May 4, 2026"), ("de", "Berichtigung: Six Ships", "4. Mai 2026"),
     ("fr", "Rectificatif\u00a0: Six Ships", "4 mai 2026"), ("ar", "تصحيح: Six Ships", "4 مايو 2026")],
)  # fmt: skip
def test_what_no_template_prints(language: str, correction: str, day: str) -> None:
    """Subjects, preheaders and corrections are in the newsletter's language, too."""
    words = wording(language, TEMPLATES)
    assert words.correction.format(headline="Six Ships") == correction
    assert words.day(date(2026, 5, 4)) == day
    assert words.also.format(headlines="A; B").endswith("A; B")
    assert "The Mill" in words.today.format(title="The Mill")
    assert "Five" in words.corrected.format(headline="Five", date=day)


def test_french_sets_a_space_before_the_colon() -> None:
    """The colon of a run-in head is a word of the language, too; the space does not break."""
    of = replace(DAILY, language="fr")
    message = render(edition(of=of), of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)
    assert "<strong>The agreement\u00a0:</strong>" in message.html
    assert "<strong>However …</strong>" in message.html


def test_right_to_left() -> None:
    """Arabic in each place where a side is named: `dir`, alignment, bars and margins."""
    of = replace(DAILY, language="ar", direction="rtl")
    what = edition(ARABIC, of=of)
    message = render(what, of, ORGANISATION, templates=TEMPLATES, base_url=BASE_URL, images=None)
    assert 'lang="ar" dir="rtl"' in message.html
    assert "border-right:4px solid" in message.html
    assert "border-left:4px solid" not in message.html
    assert "خبر واحد" in message.text
    assert proof(message, what, of, ORGANISATION, loopback=False) == ()


class TestAFolderOfTemplates:
    @pytest.fixture
    def templates(self, tmp_path: Path) -> Path:
        shutil.copytree(TEMPLATES, tmp_path / "templates")
        return tmp_path / "templates"

    def german(self, templates: Path) -> str:
        of = replace(DAILY, language="de")
        return render(edition(of=of), of, ORGANISATION, templates=templates, base_url=BASE_URL, images=None).text

    def change(self, templates: Path, old: str, new: str) -> None:
        file = templates / "locale" / "de.po"
        words = file.read_text(encoding="utf-8")
        assert old in words
        file.write_text(words.replace(old, new, 1), encoding="utf-8")

    def test_a_change_shows_at_once(self, templates: Path) -> None:
        assert "Weiterlesen" in self.german(templates)
        self.change(templates, "Weiterlesen", "Mehr dazu")
        assert "Mehr dazu" in self.german(templates)

    def test_no_catalogue(self, templates: Path) -> None:
        (templates / "locale" / "de.po").unlink()
        with pytest.raises(RenderError, match=r"locale/de\.po: there is no catalogue for the language 'de'"):
            self.german(templates)

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ('msgstr "Weiterlesen: %(headline)s"', 'msgstr ""', r"de\.po: there is no translation of 'View more: "),
            (
                '#, python-format\nmsgid "View more', '#, fuzzy, python-format\nmsgid "View more',
                r"de\.po: there is no translation of 'View more: ",
            ),
            ('msgid "%(num)s story"', 'msgid "%(num)s tale"', r"de\.po: there is no translation of '%\(num\)s story'"),
            ("Weiterlesen: %(headline)s", "Weiterlesen: %(titel)s", r"de\.po:\d+: .*titel"),
            ('msgid "Alert"', 'nobody knows\nmsgid "Alert"', r"de\.po: this catalogue cannot be read"),
        ],
        ids=["not translated", "fuzzy", "plural", "another placeholder", "broken"],
    )  # fmt: skip
    def test_a_bad_catalogue(self, templates: Path, old: str, new: str, says: str) -> None:
        """The file and what is wrong with it, in words; never a mail with words of two languages."""
        self.change(templates, old, new)
        with pytest.raises(RenderError, match=says):
            self.german(templates)


def test_english_needs_none(tmp_path: Path) -> None:
    for tag in ("en", "en-GB"):
        assert catalogue.load(tag, tmp_path) is catalogue.ENGLISH


def test_make_catalogues_reads_the_same_templates() -> None:
    """What the Makefile extracts is what these tests compare with."""
    assert 'pattern = "**.j2"' in (ROOT / "pyproject.toml").read_text()
