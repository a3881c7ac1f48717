"""Word files from a few readable lines, built with zipfile and as little XML as Word takes.

The lines are explained in tests/stories/importing/fixtures/README.txt.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from html import escape

LINE = re.compile(r"\[(?P<style>[^\]]+)\] ?(?P<text>.*)\Z")
TOKEN = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|(?<!\w)_(?P<italic>.+?)_(?!\w)|\[(?P<words>[^\]]+)\]\((?P<href>[^)\s]+)\)"
    r"|\{\+(?P<inserted>.+?)\+\}|\{-(?P<deleted>.+?)-\}|\{(?P<what>note|comment|box|image): (?P<inner>[^}]*)\}"
)

NAMES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
STYLES = ("Normal", "Title", "Heading 1", "Heading 2", "Quote", "List Paragraph")


def word_file(text: str) -> bytes:
    """The bytes of a .docx with one paragraph for each line: `[Style] text`, or text alone."""
    return packed(_Writer().parts(text))


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """The parts as an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


class _Writer:
    """Writes the parts; remembers links, notes, comments and headers on the way."""

    def __init__(self) -> None:
        self.relations: list[str] = []
        self.notes: list[str] = []
        self.comments: list[str] = []
        self.header = ""

    def parts(self, text: str) -> dict[str, str]:
        body = "".join(self.table(line) if line.startswith("[row]") else self.line(line) for line in text.split("\n"))
        body = body.replace("</w:tbl><w:tbl>", "")
        relations = "".join(self.relations)
        header = {"word/header1.xml": _xml(f"<w:hdr {NAMES}>{self.header}</w:hdr>")} if self.header else {}
        return {
            "[Content_Types].xml": _xml(
                f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
                '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Default Extension="png" ContentType="image/png"/>'
                f'<Override PartName="/word/document.xml" ContentType="{MAIN}.document.main+xml"/></Types>'
            ),
            "_rels/.rels": _relations(
                f'<Relationship Id="rId1" Type="{RELATION}/officeDocument" Target="word/document.xml"/>'
            ),
            "word/_rels/document.xml.rels": _relations(relations),
            "word/document.xml": _xml(f"<w:document {NAMES}><w:body>{body}</w:body></w:document>"),
            "word/styles.xml": _xml(f"<w:styles {NAMES}>{''.join(map(_style, STYLES))}</w:styles>"),
            "word/numbering.xml": _xml(f"<w:numbering {NAMES}>{_numbering()}</w:numbering>"),
            "word/footnotes.xml": _xml(f"<w:footnotes {NAMES}>{_counted('footnote', self.notes)}</w:footnotes>"),
            "word/comments.xml": _xml(f"<w:comments {NAMES}>{_counted('comment', self.comments)}</w:comments>"),
            **header,
        }

    def table(self, line: str) -> str:
        cells = "".join(
            f"<w:tc><w:p>{self.runs(cell.strip())}</w:p></w:tc>" for cell in line.removeprefix("[row]").split("|")
        )
        return f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"

    def line(self, line: str) -> str:
        found = LINE.match(line)
        style, text = (found["style"], found["text"]) if found else ("Normal", line)
        if style == "header":
            self.header += f"<w:p>{self.runs(text)}</w:p>"
            return ""
        kind, _, level = style.partition(" ")
        properties = f'<w:pStyle w:val="{style.replace(" ", "")}"/>'
        if kind in ("bullet", "number"):
            place = f'<w:ilvl w:val="{int(level or 1) - 1}"/><w:numId w:val="{1 if kind == "bullet" else 2}"/>'
            properties = f'<w:pStyle w:val="ListParagraph"/><w:numPr>{place}</w:numPr>'
        return f"<w:p><w:pPr>{properties}</w:pPr>{self.runs(text)}</w:p>"

    def runs(self, text: str) -> str:
        out, place = "", 0
        for token in TOKEN.finditer(text):
            out += _run(text[place : token.start()]) + self.token(token)
            place = token.end()
        return out + _run(text[place:])

    def token(self, token: re.Match[str]) -> str:
        if token["bold"]:
            return _run(token["bold"], "<w:b/>")
        if token["italic"]:
            return _run(token["italic"], "<w:i/>")
        if token["href"]:
            return f'<w:hyperlink r:id="{self.relate("hyperlink", token["href"])}">{_run(token["words"])}</w:hyperlink>'
        if token["inserted"]:
            return f'<w:ins w:id="1" w:author="Ann Roe">{_run(token["inserted"])}</w:ins>'
        if token["deleted"]:
            return f'<w:del w:id="2" w:author="Ann Roe">{_run(token["deleted"]).replace("w:t", "w:delText")}</w:del>'
        return getattr(self, token["what"])(token["inner"])  # type: ignore[no-any-return]

    def relate(self, kind: str, target: str) -> str:
        self.relations.append(
            f'<Relationship Id="rId{len(self.relations) + 1}" Type="{RELATION}/{kind}" Target="{escape(target)}"'
            f"{' TargetMode=' + chr(34) + 'External' + chr(34) if kind == 'hyperlink' else ''}/>"
        )
        return f"rId{len(self.relations)}"

    def note(self, text: str) -> str:
        self.notes.append(f"<w:p>{self.runs(text)}</w:p>")
        return f'<w:r><w:footnoteReference w:id="{len(self.notes)}"/></w:r>'

    def comment(self, text: str) -> str:
        self.comments.append(f"<w:p>{_run(text)}</w:p>")
        return f'<w:r><w:commentReference w:id="{len(self.comments)}"/></w:r>'

    def box(self, text: str) -> str:
        inner = f"<w:txbxContent><w:p>{_run(text)}</w:p></w:txbxContent>"
        return f"<w:r><w:pict><v:shape><v:textbox>{inner}</v:textbox></v:shape></w:pict></w:r>"

    def image(self, alt: str) -> str:
        blip = f'<a:blip r:embed="{self.relate("image", "media/image1.png")}"/>'
        graphic = f"<pic:pic><pic:blipFill>{blip}</pic:blipFill></pic:pic>"
        inline = (
            f'<wp:docPr id="1" descr="{escape(alt)}"/><a:graphic><a:graphicData>{graphic}</a:graphicData></a:graphic>'
        )
        return f"<w:r><w:drawing><wp:inline>{inline}</wp:inline></w:drawing></w:r>"


def _run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""


def _xml(text: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}'


def _relations(inner: str) -> str:
    return _xml(f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>')


def _style(name: str) -> str:
    return f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'


def _numbering() -> str:
    out = ""
    for number, form in ((1, "bullet"), (2, "decimal")):
        levels = "".join(f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="{form}"/></w:lvl>' for level in range(5))
        out += f'<w:abstractNum w:abstractNumId="{number}">{levels}</w:abstractNum>'
    return out + "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (1, 2))


def _counted(tag: str, texts: list[str]) -> str:
    return "".join(f'<w:{tag} w:id="{number}">{text}</w:{tag}>' for number, text in enumerate(texts, start=1))
