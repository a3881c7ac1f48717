"""Bytes → text: which encoding a file is in, and what is no text at all."""

from __future__ import annotations

import codecs

from newsletter.errors import ContentError, Fault

SIZE_LIMIT = 1_000_000
"""Bytes. A long story has ten thousand; a million is a mistake, and is told before it is parsed."""

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

TO_DO = "copy its text into a plain text file (.txt, UTF-8) and import that"


def encoding_of(raw: bytes) -> str:
    """The codec that `read_plain` reads these bytes with: by their mark, else UTF-8, else Windows-1252."""
    for mark, codec in BOMS:
        if raw.startswith(mark):
            return codec
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def read_plain(raw: bytes, *, shown: str = "the text") -> str:
    """The text of a text file, its line ends as they are. `shown` names the file in faults.

    Raises ContentError for a file that is empty, over 1 MB, or not plain text.
    """
    if problem := _unreadable(raw):
        raise ContentError((Fault(shown, 0, problem),))
    codec = encoding_of(raw)
    if codec == "cp1252":
        return windows_1252(raw)
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        problem = f"it begins as {codec.upper()} text, but byte {error.start + 1} is not; save it as UTF-8"
        raise ContentError((Fault(shown, 0, problem),)) from error
    if "\0" in text:
        raise ContentError((Fault(shown, 0, f"it has zero bytes in it and is not plain text; {TO_DO}"),))
    return text


def _unreadable(raw: bytes) -> str | None:
    if not raw.strip():
        return "the file is empty; nothing to import"
    if len(raw) > SIZE_LIMIT:
        return f"it has {len(raw):,} bytes, over 1 MB; import one page or story at a time"
    if b"\0" in raw and not any(raw.startswith(mark) for mark, _ in BOMS):
        return f"it is a binary file, or UTF-16 without its mark; {TO_DO}"
    if encoding_of(raw) == "cp1252" and _control_share(raw) > 0.05:
        return f"it is a binary file; {TO_DO}"
    return None


def _control_share(raw: bytes) -> float:
    return sum(byte < 32 and byte not in b"\t\n\r\f\v" for byte in raw) / len(raw)


def windows_1252(raw: bytes) -> str:
    """As browsers read it: the five bytes that Windows-1252 leaves open stand for themselves.

    https://encoding.spec.whatwg.org/#windows-1252
    """
    return "".join(_CP1252[byte] for byte in raw)


_CP1252 = tuple(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(256))
