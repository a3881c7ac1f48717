"""An HTML document, whole: bytes or text → a page of lines."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.errors import ContentError, Fault
from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.html.article import article
from newsletter.stories.importing.html.clean import clean
from newsletter.stories.importing.html.decode import decode_html
from newsletter.stories.importing.html.flow import flow
from newsletter.stories.importing.html.quoting import unquoted
from newsletter.stories.importing.html.tree import Element, TooMuch, parse
from newsletter.stories.importing.html.writer import Writer
from newsletter.stories.importing.page import Page

PAGE = re.compile(r"<(?:nav|main|header|aside)\b|property=[\"']?og:|rel=[\"']?canonical", re.IGNORECASE)
"""What web pages have and mails and pastes have not."""


def read_html(raw: bytes, *, shown: str, charset: str | None = None) -> Page:
    """The lines of an HTML file. Raises ContentError where it has more elements than a text can have."""
    text, guessed = decode_html(raw, charset=charset)
    page = read_document(text, shown=shown)
    if not guessed:
        return page
    said = "the file does not say its encoding and was read as Windows-1252; check quotation marks and accents"
    return replace(page, warnings=(Doubt(0, said), *page.warnings))


def read_document(text: str, *, shown: str, is_page: bool | None = None) -> Page:
    """The lines of HTML text. `is_page` tells a web page, of which only the article is wanted; None: by its look."""
    try:
        body = parse(text)
    except TooMuch as error:
        problem = "it has more than 200,000 elements and is no page to read; copy the story's text alone"
        raise ContentError((Fault(shown, 0, problem),)) from error
    found = PAGE.search(text) is not None if is_page is None else is_page
    return flow_of(article(unquoted(clean(body)), is_page=found))


def flow_of(body: Element) -> Page:
    """The lines of a body that was cleaned."""
    out = Writer()
    flow(body, out)
    return Page(lines=tuple(out.lines), unit="paragraph", dropped=tuple(out.dropped), warnings=tuple(out.warnings))
