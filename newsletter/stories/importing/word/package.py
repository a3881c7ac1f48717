"""The archive that a Word file is, looked at before it is read: its size, its parts, its depth, what is in them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

LARGEST = 20_000_000
"""Bytes of the file, pictures included."""

UNPACKED = 20_000_000
"""Bytes of all its XML once it is unpacked: a book has two million."""

PARTS = 2_000
ELEMENTS = 400_000
DEEPEST = 150
"""Levels of XML elements: tables in tables in text boxes have sixty."""

OTHERS = {
    "xl/": "an Excel file; copy the text out of it",
    "ppt/": "a PowerPoint file; copy the text out of it",
    "content.xml": "an OpenDocument file; save it as a Word document (.docx) and import that",
    "Index/": "a Pages document; export it to Word (.docx) and import that",
}
"""How other archives are known, and what to do."""

DOCUMENT = "word/document.xml"


class Unreadable(Exception):
    """The file is not read; the words say why, and what to do."""


@dataclass(slots=True)
class Seen:
    """What was seen in one part's XML: how often each element, and the text within some."""

    counts: dict[str, int] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def count(self, *names: str) -> int:
        """How often any of the elements stands there."""
        return sum(self.counts.get(name, 0) for name in names)

    def text(self, name: str) -> str:
        """The text of all elements of a name."""
        return " ".join("".join(self.texts.get(name, [])).split())


def look(raw: bytes) -> tuple[Mapping[str, Seen], bytes]:
    """What each XML part of a Word file holds, and an archive of these parts alone: nothing that was not looked at is
    read by anybody. Raises `Unreadable`.
    """
    if len(raw) > LARGEST:
        raise Unreadable(f"it has {len(raw):,} bytes, over 20 MB; take its pictures out and import it again")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError) as error:
        raise Unreadable("it is a damaged archive; open it in Word and save it again") from error


def _parts(archive: zipfile.ZipFile) -> tuple[Mapping[str, Seen], bytes]:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if DOCUMENT not in names:
        raise Unreadable(_other(names))
    if len(entries) > PARTS or len(names) < len(entries):
        raise Unreadable(f"the archive has {len(entries):,} parts and is no document that Word wrote; save it again")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("it is protected by a password; save it without one and import that")
    wanted = [entry for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    size = sum(entry.file_size for entry in wanted)
    if size > UNPACKED:
        raise Unreadable(f"its text has {size:,} bytes unpacked, far more than a story; it is not read")
    parts = {entry.filename: archive.read(entry) for entry in wanted}
    return {name: _Reader(name).read(data) for name, data in parts.items()}, _packed(parts)


def _packed(parts: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _other(names: set[str]) -> str:
    for start, what in OTHERS.items():
        if any(name.startswith(start) for name in names):
            return f"it is {what}"
    return "it is an archive without a Word document in it; unpack it and import the files in it"


class _Reader:
    """Reads one part with expat, which builds nothing: it counts, and refuses what no Word file has."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen = Seen()
        self.open: list[str] = []
        self.count = 0

    def read(self, data: bytes) -> Seen:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(data, True)  # noqa: FBT003 the library has no name for "this is all"
        except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: an encoding that there is not
            raise Unreadable(f"its part {self.name} is damaged ({error}); open it in Word and save it again") from error
        return self.seen

    def _doctype(self, *_: object) -> None:
        raise Unreadable(f"its part {self.name} declares entities, which no Word file does; it is not read")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self.open.append(name)
        self.count += 1
        if len(self.open) > DEEPEST or self.count > ELEMENTS:
            raise Unreadable(f"its part {self.name} is nested too deeply or too large to be a story; it is not read")
        self.seen.counts[name] = self.seen.counts.get(name, 0) + 1
        if name == "w:p":
            self._text(" ")

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        for name in ("w:delText", "w:t"):
            if name == (self.open[-1] if self.open else "") or (text == " " and name in self.seen.texts):
                self.seen.texts.setdefault(name, []).append(text)
