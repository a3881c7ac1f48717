"""A file of an office → its lines of text, or what is wrong with it, by line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import ContentError, Fault

ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252", "iso-8859-1", "iso-8859-2",
    "iso-8859-15", "mac-roman",
)  # fmt: skip
"""Those that programs still write lists in."""

LONGEST_LINE = 1_000_000
"""Signs. A longer line is no row of people, and may be as long as the disk."""

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_KINDS = {
    b"PK\x03\x04": "a workbook or a ZIP file", b"\xd0\xcf\x11\xe0": "a workbook of old Excel",
    b"\x1f\x8b": "compressed", b"%PDF": "a PDF", b"\x89PNG": "a picture",
}  # fmt: skip


class Lines:
    """The lines of an open file with their ends (LF, CRLF or CR), and how many bytes of it were read.

    Raises ContentError with the line of what is no text: another encoding, NUL, a line of more than a million signs.
    """

    def __init__(self, raw: BinaryIO, shown: str, encoding: str | None) -> None:
        self._raw, self._shown = raw, shown
        start = raw.read(4)
        raw.seek(0)
        for signature, kind in _KINDS.items():
            if start.startswith(signature):
                raise self._fault(0, f"is {kind}, not a text file: save the sheet as CSV UTF-8 and import that")
        marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
        self._encoding = marked or encoding or "utf-8"
        self._text = io.TextIOWrapper(raw, encoding=self._encoding, newline="")

    @property
    def bytes_read(self) -> int:
        return self._raw.tell()

    def __iter__(self) -> Iterator[str]:
        number = 0
        try:
            for line in iter(partial(self._text.readline, LONGEST_LINE), ""):
                number += 1
                if "\0" in line:
                    raise self._fault(number, "has a NUL character: it is not a text file")
                if len(line) == LONGEST_LINE:
                    raise self._fault(number, f"is longer than {LONGEST_LINE:,} signs: it is no list of people")
                yield line
        except UnicodeError as error:
            raise self._fault(self._first_bad_line(), self._wrong_encoding()) from error

    def _wrong_encoding(self) -> str:
        if self._encoding.startswith("utf-8"):
            return "is not UTF-8: save the file as CSV UTF-8, or say what it is, as with --encoding windows-1252"
        return f"is not {self._encoding}: save the file as CSV UTF-8 and import that"

    def _first_bad_line(self) -> int:
        """Counted anew: what was read ahead does not say where. 0 where lines cannot be told without decoding."""
        if not self._encoding.startswith("utf-8"):
            return 0
        self._raw.seek(0)
        ends, before = 1, b""
        for block in iter(partial(self._raw.read, 1 << 16), b""):
            whole = before + block
            try:
                whole.decode(self._encoding)
                before = b""
            except UnicodeDecodeError as error:
                if error.start < len(whole) - 3:
                    return ends + _line_ends(whole[: error.start])
                whole, before = whole[: error.start], whole[error.start :]
            ends += _line_ends(whole)
        return ends

    def _fault(self, line: int, problem: str) -> ContentError:
        return ContentError((Fault(self._shown, line, problem),))


def _line_ends(part: bytes) -> int:
    return part.count(b"\n") + part.count(b"\r") - part.count(b"\r\n")


@contextmanager
def opened(file: Path, encoding: str | None = None) -> Iterator[Lines]:
    """The lines of a file. A byte order mark says what it is; without one it is `encoding`, or UTF-8.

    Raises ContentError for one that cannot be opened, or is known to be no text.
    """
    try:
        raw = file.open("rb")
    except OSError as error:
        raise ContentError((Fault(str(file), 0, f"cannot be read: {error.strerror}"),)) from error
    with raw:
        yield Lines(raw, str(file), encoding)
