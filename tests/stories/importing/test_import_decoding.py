"""Bytes become text, or a fault that says what the file is and what to do."""

from __future__ import annotations

import pytest
from importing_samples import AMG

from newsletter.errors import ContentError
from newsletter.stories.importing import import_file, read_plain

TEXT = "Café\n\nPorts “open”.\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_each_encoding_reads_as_the_same_text(codec: str) -> None:
    """A mark decides, else UTF-8 if it is valid, else Windows-1252."""
    assert read_plain(TEXT.encode(codec)) == TEXT


def test_utf_16_of_the_other_byte_order_reads_too() -> None:
    """A mark tells the order."""
    assert read_plain(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT


def test_windows_1252_is_told() -> None:
    """It is the last resort, never certain."""
    warnings = import_file(TEXT.encode("cp1252"), AMG).warnings
    assert [(doubt.line, "Windows-1252" in doubt.message) for doubt in warnings] == [(0, True)]
    assert import_file(TEXT.encode(), AMG).warnings == ()


def test_bytes_that_windows_1252_leaves_open_are_read_as_browsers_do() -> None:
    """No text file is refused for one byte."""
    assert read_plain(b"Caf\xe9 \x81 opens again in the harbor") == "Café \x81 opens again in the harbor"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (b"PK\x03\x04rest of an archive", "a damaged archive"),
        (b"\xd0\xcf\x11\xe0rest", "an old Word file"),
        (b"%PDF-1.7 rest", "a PDF"),
        (b"{\\rtf1 rest}", "an RTF file"),
        ("EncryptedPackage".encode("utf-16-le").join((b"\xd0\xcf\x11\xe0", b"")), "protected by a password"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"\xff\x01\x02\x03\x04\x05 binary without zeros", "binary"),
        ("Ports".encode("utf-16-le"), "UTF-16 without its mark"),
        (b"\xff\xfeP\0o", "byte 5 is not"),
        ("Ports\0open".encode("utf-16"), "zero bytes"),
        (b"a" * 1_000_001, "1,000,001 bytes, over 1 MB"),
    ],
)
def test_what_is_no_plain_text_is_refused_by_name(raw: bytes, words: str) -> None:
    """The fault names the file, says what it is, and what to do."""
    with pytest.raises(ContentError) as refused:
        import_file(raw, AMG, shown="page.txt")
    assert str(refused.value).startswith("page.txt: ")
    assert words in str(refused.value)


def test_a_million_bytes_are_read() -> None:
    """The limit is inclusive."""
    assert len(read_plain(b"a" * 1_000_000)) == 1_000_000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count_the_same(end: str) -> None:
    """Lines in reports are those of the file as given."""
    text = end.join(["Input Stories", "", "Ports Reopen", "", "Gates⍽opened.".replace("⍽", "\u00a0"), "View More"])
    found = import_file(text.encode(), AMG)
    assert [dropped.line for dropped in found.dropped] == [1, 6]
    assert [doubt.line for doubt in found.warnings] == [5]
