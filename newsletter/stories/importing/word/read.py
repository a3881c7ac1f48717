"""A Word file, whole: bytes → a page of lines."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import mammoth

from newsletter.errors import ContentError, Fault
from newsletter.stories.importing.draft import Doubt, Dropped
from newsletter.stories.importing.html import read_document
from newsletter.stories.importing.page import Page
from newsletter.stories.importing.word.package import DOCUMENT, Seen, Unreadable, look

STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
r[style-name='Emphasis'] => em
r[style-name='Intense Emphasis'] => em
r[style-name='Subtle Emphasis'] => em
"""
"""What Word's own styles are in HTML, beside what mammoth knows (headings, lists, Strong)."""

BACK = re.compile(r"<a href=\"#(?:foot|end)note-ref-[^\"]*\">↑</a>")
"""The arrow that mammoth puts at a note's end: it leads up in a page, and nowhere in a mail."""

EQUATIONS = ("m:oMath",)
CHARTS = ("c:chart", "dgm:relIds")


def read_word(raw: bytes, *, shown: str) -> Page:
    """The lines of a .docx file. Raises ContentError for one that is damaged, protected or no Word document."""
    try:
        parts, vetted = look(raw)
        page = read_document(_html(vetted), shown=shown, is_page=False)
    except Unreadable as error:
        raise ContentError((Fault(shown, 0, str(error)),)) from error
    dropped = tuple(_frame(parts))
    return replace(page, dropped=(*dropped, *page.dropped), warnings=(*_doubts(parts), *page.warnings))


def _html(raw: bytes) -> str:
    """The document as mammoth writes it: clean HTML without classes or styles. Raises `Unreadable`.

    Its embedded style map is not used, since whoever made the file could say in it what is what; files beside the
    document are not opened (mammoth's default, GHSA-rmjr-87wv-gf87); pictures are not copied into the HTML.
    """
    try:
        done = mammoth.convert_to_html(
            io.BytesIO(raw),
            style_map=STYLES,
            include_embedded_style_map=False,
            external_file_access=False,
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
        )
    except Exception as error:  # mammoth trusts its input: whatever it stumbles over is a damaged document
        raise Unreadable("it is no Word document that can be read; open it in Word and save it again") from error
    return BACK.sub("", done.value)


def _frame(parts: Mapping[str, Seen]) -> Iterator[Dropped]:
    """The headers and footers of the document's pages, which are no part of a story."""
    for name, seen in parts.items():
        text = seen.text("w:t")
        if text and re.match(r"word/(?:header|footer)\d*\.xml\Z", name):
            yield Dropped(0, text)


def _doubts(parts: Mapping[str, Seen]) -> Iterator[Doubt]:
    """What the document has and the lines have not."""
    body = parts.get(DOCUMENT, Seen())
    if body.count("w:ins", "w:del", "w:moveTo", "w:moveFrom"):
        deleted = body.text("w:delText")
        what = f": “{_short(deleted)}” was left out" if deleted else ""
        yield Doubt(0, f"the document has tracked changes, which were read as accepted{what}")
    comments = parts.get("word/comments.xml", Seen()).text("w:t")
    if comments:
        yield Doubt(0, f"the document's comments were left out: “{_short(comments)}”")
    notes = sum(seen.count("w:footnote", "w:endnote") for seen in parts.values())
    if body.count("w:footnoteReference", "w:endnoteReference") and notes:
        yield Doubt(0, "notes stand as a numbered list at the end of the text; work them into it, or remove them")
    if body.count("w:vanish"):
        yield Doubt(0, "the document has hidden text, which is in the draft; look for what readers should not see")
    for names, what in ((EQUATIONS, "an equation"), (CHARTS, "a chart")):
        if body.count(*names):
            yield Doubt(0, f"{what} of the document was left out; say in words what it shows")
    if body.count("w:txbxContent"):
        yield Doubt(0, "the text of a text box stands where the box is anchored; move it where it belongs")


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
