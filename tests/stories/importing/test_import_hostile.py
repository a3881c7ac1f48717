"""Documents that were made to do harm, or that are only very large: read as text, or stopped with a reason."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import astuple

import importing_laws as laws
import pytest
from importing_samples import AMG, notation
from word_samples import packed, word_file

from newsletter.errors import ContentError
from newsletter.model import Paragraph, plain
from newsletter.stories.importing import Imported, import_file
from newsletter.stories.importing.word.package import Unreadable, look

PAGE = "<h1>Ports Reopen</h1><p>{}</p>"


def page(inner: str) -> Imported:
    return import_file(PAGE.format(inner).encode(), AMG, shown="page.html")


def refusal(raw: bytes, name: str) -> str:
    with pytest.raises(ContentError) as refused:
        import_file(raw, AMG, shown=name)
    return str(refused.value)


@pytest.mark.parametrize("tag", ["div", "b", "table><tr><td", "ul><li", "blockquote", "a href='#'", "x:y"])
def test_ten_thousand_levels(tag: str) -> None:
    """Depth is no danger: what is nested deeper than any text is loses its tags, never its words."""
    found = page(f"<{tag}>" * (10_000 // (1 + tag.count("<"))) + "Gates opened at noon.")
    assert "Gates opened at noon." in repr(astuple(found))


@pytest.mark.parametrize(
    "unit", ["word ", "wordword", "(https://example.org/a) ", "<b>a</b> ", "e\u0301", "“", "<br>", "a\u00a0"]
)
def test_a_long_paragraph_takes_time_in_proportion(unit: str) -> None:
    """Four times the text is about four times the time."""
    short, long = ("https://example.org " + unit * (size // len(unit)) for size in (8_000, 32_000))
    assert page(short).stories[0].blocks
    laws.time_grows_with_the_text(page, short, long)


@pytest.mark.parametrize("marks", ["\u202e", "\u202d", "\u2066", "\u2067"])
def test_marks_that_turn_the_order_of_letters_are_taken_out(marks: str) -> None:
    """A text reads as it is written; the two marks that only hint at a direction stay."""
    found = page(f"Gates {marks}fdp.exe\u202c\u2069 and \u200eshalom\u200f.")
    assert notation(found)[1] == "P Gates fdp.exe and \u200eshalom\u200f."
    assert [doubt.message for doubt in found.warnings if "direction" in doubt.message]


@pytest.mark.parametrize("text", ["👨‍👩‍👧‍👦", "👍🏽", "नमस्ते", "می‌خواهم", "e\u0323\u0302", "🇩🇪", "1️⃣"])
def test_joined_and_combined_characters_stay_whole(text: str) -> None:
    """Families, skin tones, flags, and scripts that are written with joiners."""
    block = page(f"Gates {text} <b>{text}</b> opened.").stories[0].blocks[0]
    assert isinstance(block, Paragraph)
    assert plain(block.spans).count("Gates") == 1
    assert len({span.text.strip() for span in block.spans if span.strong}) == 1


def test_spaces_of_no_width_are_taken_out() -> None:
    """Preview texts are padded with hundreds of them."""
    assert notation(page("Gates\u200b\ufeff ope\u00adned" + "\u200c\u00a0" * 3))[1].startswith("P Gates opened")


def test_entities_that_grow_are_no_word_file() -> None:
    """Billion laughs: a document type in any part is refused before any entity is expanded."""
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    for name in ("word/document.xml", "word/styles.xml", "_rels/.rels"):
        with zipfile.ZipFile(io.BytesIO(word_file("Ports Reopen"))) as archive:
            parts: dict[str, str | bytes] = {entry: archive.read(entry) for entry in archive.namelist()}
        xml = bytes(parts[name]).decode()
        parts[name] = xml.replace("?>", "?>" + laughs, 1)
        assert f"{name} declares entities" in refusal(packed(parts), "story.docx")


def test_a_bomb_is_not_unpacked() -> None:
    """The size that the archive tells is looked at first, and no more than that is ever read."""
    big = {"word/document.xml": b"<w>" + b" " * 25_000_000 + b"</w>"}
    assert "bytes unpacked" in refusal(packed(big), "story.docx")


def test_an_archive_that_lies_about_its_size() -> None:
    """What it tells too small is not read beyond that; the file is damaged then."""
    raw = bytearray(packed({"word/document.xml": b"<w>" + b" " * 30_000 + b"</w>"}))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    assert "damaged" in refusal(bytes(raw), "story.docx")


def test_parts_that_nobody_looked_at_are_not_read() -> None:
    """The document may be named otherwise in the archive: only parts that were looked at reach the reader."""
    with zipfile.ZipFile(io.BytesIO(word_file("Ports Reopen"))) as archive:
        parts: dict[str, str | bytes] = {entry: archive.read(entry) for entry in archive.namelist()}
    parts["_rels/.rels"] = bytes(parts["_rels/.rels"]).replace(b"word/document.xml", b"word/evil.dat")
    parts["word/evil.dat"] = "<!DOCTYPE x><x/>"
    assert "word/evil.dat" not in look(packed(parts))[0]
    assert "Ports Reopen" in repr(import_file(packed(parts), AMG, shown="a.docx")) or refusal(packed(parts), "a.docx")


def test_xml_that_is_nested_too_deeply() -> None:
    """Word nests sixty levels at most; what is read by recursion is not given a thousand."""
    deep = "<w:x>" * 200 + "</w:x>" * 200
    with pytest.raises(Unreadable, match="nested too deeply"):
        look(packed({"word/document.xml": f"<w:document xmlns:w='x'>{deep}</w:document>"}))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/workbook.xml": b"<x/>"}, "an Excel file"),
        ({"content.xml": b"<x/>"}, "an OpenDocument file"),
        ({"story.txt": b"Ports"}, "without a Word document"),
        ({"word/document.xml": b"<x"}, "damaged"),
        ({"word/document.xml": b"<x/>"}, "no Word document"),
        ({"word/document.xml": b'<?xml version="1.0" encoding="UT"?><x/>'}, "damaged (unknown encoding: UT)"),
    ],
)
def test_archives_that_are_no_word_file(parts: dict[str, bytes], words: str) -> None:
    """The refusal says what it is, and what to do."""
    assert words in refusal(packed(parts), "story.docx")


def test_pictures_of_a_word_file_are_not_opened() -> None:
    """A picture that is not there, or lies beside the document, is told like any other."""
    found = import_file(word_file("Ports Reopen\nGates opened.\n{image: Cranes}"), AMG, shown="story.docx")
    assert "a picture (“Cranes”) was left out here" in found.warnings[-1].message


def test_a_page_of_more_elements_than_any() -> None:
    """It is stopped with a reason."""
    assert "200,000 elements" in refusal(b"<p>Ports" + b"<i>a</i>" * 150_000, "page.html")


@pytest.mark.parametrize("name", ["page.html", "story.md", "story.txt", "mail.eml", "story.docx"])
@pytest.mark.parametrize(
    "raw", [b"", b" \n", b"\0\1\2", b"\xd0\xcf\x11\xe0", b"a" * 11_000_000, b"\x89PNG\r\n\x1a\n\0"]
)
def test_what_holds_nothing_is_refused_whatever_its_name(name: str, raw: bytes) -> None:
    """V52 for every format."""
    assert refusal(raw, name).startswith(name)
