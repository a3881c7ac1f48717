"""Markdown → lines with their styles; a story file of ours → the very story that it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.model import Block, Organisation, Span
from newsletter.stories import frontmatter
from newsletter.stories.importing.draft import Dropped
from newsletter.stories.importing.html import read_document
from newsletter.stories.importing.lists import BULLET
from newsletter.stories.importing.page import Line, Page
from newsletter.stories.importing.styled import Kind, Styled, settled
from newsletter.stories.markdown import blocks_of
from newsletter.stories.spans import squash

SIGNS = re.compile(
    r"^\*\*[^*\n]{1,80}(?::\*\*|\*\*:)|\[[^\]\n]+\]\((?:https?://|mailto:)[^)\s]+\)|^#{1,3} \S", re.MULTILINE
)
"""What nobody writes but in Markdown: a bold head with its colon, a link, a heading."""

FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(?:[^\n]*\n)*?(?:headline|title):", re.IGNORECASE)

DEFINITION = re.compile(r" {0,3}\[[^\]\n]+\]:[ \t]*<?(?:https?://|mailto:)\S+[^\n]*\Z", re.IGNORECASE)
TITLE = re.compile(r"(?:headline|title):[ \t]*(?P<title>.*\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Own:
    """A story file of ours, read by its own rules: its blocks are certain, and no guess is made."""

    headline: str
    section: str | None
    blocks: tuple[Block, ...]
    dropped: tuple[Dropped, ...]


def is_markdown(text: str) -> bool:
    """Whether a text file is Markdown by its content."""
    return FRONT.match(text) is not None or SIGNS.search(text) is not None


def read_own(text: str, organisation: Organisation, *, shown: str) -> Own | None:
    """The story, where the text is a story file without a fault in its body; None for any other Markdown.

    What its front matter says beside headline and section is listed as dropped: a draft starts anew.
    """
    parts = frontmatter.split(text)
    if parts is None:
        return None
    front = frontmatter.read(parts.front, path=shown)
    headline, section = (front.entries.get(key) for key in ("headline", "section"))
    if headline is None or not headline.value.text or section is None or not front.whole or front.faults:
        return None
    blocks, faults = blocks_of(parts.body, first_line=parts.body_line, organisation=organisation, path=shown)
    if faults:
        return None
    kept = {frontmatter.line_of(entry.key) for entry in (headline, section)}
    return Own(squash(headline.value.text), section.value.text, blocks, _front_lines(parts.front, kept))


def _front_lines(front: str, kept: set[int]) -> tuple[Dropped, ...]:
    lines = enumerate(front.splitlines(), start=2)
    return tuple(Dropped(number, line.strip()) for number, line in lines if line.strip() and number not in kept)


def read_markdown(text: str, *, shown: str) -> Page:
    """The lines of any Markdown, counted as lines of the file. Raises ContentError where it is too much."""
    parts = frontmatter.split(text)
    body, first = (parts.body, parts.body_line) if parts else (text.removeprefix("\ufeff"), 1)
    title, dropped = _titled(parts.front) if parts else (None, ())
    body, definitions = _definitions(body, first)
    page = read_document(_html(body, definitions, first), shown=shown, is_page=False)
    lines = (title, Line(number=title.number, text=""), *page.lines) if title else page.lines
    gone = tuple(Dropped(number, line) for number, line in definitions)
    return Page(lines=lines, unit="line", dropped=(*dropped, *gone, *page.dropped), warnings=page.warnings)


def _titled(front: str) -> tuple[Line | None, tuple[Dropped, ...]]:
    """The headline of front matter that is not ours, and the other lines of it."""
    for number, raw in enumerate(front.splitlines(), start=2):
        if found := TITLE.match(raw):
            text = squash(found["title"].strip("\"'"))
            return _heading(number, text), _front_lines(front, {number})
    return None, _front_lines(front, set())


def _heading(number: int, text: str) -> Line | None:
    spans = settled((Span(text=text),))
    return Line(number=number, text=spans[0].text, styled=Styled(spans=spans, kind=Kind.HEADING)) if spans else None


def _definitions(body: str, first: int) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The body without its lines `[name]: https://…`, and those lines. Only they are definitions: a line such as
    `[S]aid: so` is text.
    """
    lines = body.split("\n")
    found = tuple((first + at, line.strip()) for at, line in enumerate(lines) if DEFINITION.match(line))
    gone = {number - first for number, _ in found}
    return "\n".join("" if at in gone else line for at, line in enumerate(lines)), found


def _html(body: str, definitions: tuple[tuple[int, str], ...], first: int) -> str:
    """CommonMark with tables as HTML, each block with the line it stands on.

    HTML in it goes on as HTML, to be read like any other. Every link goes on, since `links` judges them.
    """
    reader = _AnyLink("commonmark", {"html": True}).enable("table")
    defined = "\n\n" + "\n".join(line for _, line in definitions) if definitions else ""
    if not definitions:
        reader.disable("reference")
    env: dict[str, object] = {}
    tokens = reader.parse(body + defined, env)
    for token in tokens:
        if token.map and token.nesting >= 0:
            token.attrSet("data-line", str(first + token.map[0]))
        _keep_bullets(token)
    return str(reader.renderer.render(tokens, reader.options, env))


def _keep_bullets(token: Token) -> None:
    """Lines that begin with a glyph which Markdown does not know for a bullet stay lines."""
    children = token.children or []
    for at, (child, after) in enumerate(pairwise(children)):
        if child.type == "softbreak" and (found := BULLET.match(after.content)) and found["tight"]:
            children[at] = replace(child, type="hardbreak", tag="br")


class _AnyLink(MarkdownIt):
    """Takes every link for one. The library's own judgement shows a bad link as bare source."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 the library's name
        """True, whatever the address."""
        del url
        return True
