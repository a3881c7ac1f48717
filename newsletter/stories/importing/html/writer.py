"""The lines of a document as they are written: what is pending, where a paragraph ends, which number it has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from newsletter.model import Image, Span, plain
from newsletter.stories.importing.draft import Doubt, Dropped
from newsletter.stories.importing.normalise import TURNING, normalise
from newsletter.stories.importing.page import Line
from newsletter.stories.importing.styled import Kind, Styled, settled

LONE_GLYPHS = frozenset("•·▪◦●‣■□○▫⁃\uf0b7")
"""A bullet in a cell or paragraph of its own, as mails lay lists out: it belongs to the text after it."""

PLAIN = Span(text="")
PARAGRAPH = Styled()


@dataclass(slots=True)
class Writer:
    """The lines so far. `number` is that of the last paragraph, `group` of the last list or quotation; `source_line` is
    the line of a Markdown file that is being read.
    """

    lines: list[Line] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    warnings: list[Doubt] = field(default_factory=list)
    number: int = 0
    group: int = 0
    source_line: int | None = None
    pending: list[Span] = field(default_factory=list)

    def text(self, text: str, style: Span = PLAIN) -> None:
        """Adds to what is pending."""
        self.pending.append(replace(style, text=text))

    def begin(self, kind: Kind, *, again: bool = True) -> Styled:
        """The form of the lines of a new list or quotation, or of the last one where it is not `again` a new one."""
        self.group += again
        return Styled(kind=kind, group=self.group)

    def put(self, form: Styled) -> bool:
        """Writes what is pending as a line of this form; tells whether there was any text."""
        spans = settled(self.pending)
        turned = any(TURNING.search(span.text) for span in self.pending)
        self.pending = []
        if not spans:
            return False
        if form.kind is Kind.TEXT and plain(spans) in LONE_GLYPHS:
            self.text(f"{plain(spans)} ")
            return False
        if form.kind is not Kind.TEXT or not self.lines or not self.lines[-1].text:
            self.number += 1
        styled = replace(form, spans=spans)
        self.lines.append(Line(number=self.line, text=plain(spans), turned=turned, styled=styled))
        return True

    def end(self, form: Styled) -> None:
        """Ends the paragraph, if one was begun: what follows is another."""
        if self.put(form) or form.kind is Kind.TEXT:
            self.blank()

    def end_line(self, form: Styled) -> None:
        """Ends a line within a paragraph of text; two ends in a row part paragraphs."""
        if form.kind is not Kind.TEXT:
            self.text(" ")
        elif not self.put(form):
            self.blank()

    def blank(self) -> None:
        """A blank line, which parts paragraphs."""
        self.lines.append(Line(number=self.line, text=""))

    def image(self, image: Image) -> None:
        """A picture between the paragraphs."""
        styled = Styled(kind=Kind.IMAGE, image=replace(image, line=self.line))
        self.lines.append(Line(number=self.line, text="", styled=styled))

    def drop(self, text: str) -> bool:
        """Lists a text as dropped, as a paragraph of its own or with the one that it stands in."""
        text = normalise(text)
        if not any(map(str.isalnum, text)):
            return False
        inside = any(not span.text.isspace() for span in self.pending if span.text)
        self.number += not inside
        self.dropped.append(Dropped(self.source_line or self.number + inside, text))
        return True

    def warn(self, message: str) -> None:
        """Notes something about the paragraph that is being read."""
        self.warnings.append(Doubt(self.source_line or self.number + 1, message))

    @property
    def line(self) -> int:
        """The number of the last paragraph, or the line of the file where it has lines."""
        return self.source_line or self.number

    @property
    def last(self) -> Styled | None:
        """The form of the last line with text."""
        return next((line.styled for line in reversed(self.lines) if line.text), None)
