"""Which format a file is in: by what it holds first, by its name where that leaves it open."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePath

from newsletter.errors import ContentError, Fault
from newsletter.stories.importing.decode import BOMS, SIZE_LIMIT, encoding_of
from newsletter.stories.importing.mail import is_mail
from newsletter.stories.importing.markdown import is_markdown

LARGEST = 10_000_000
"""Bytes of a saved page or mail, whose pictures and scripts may be in it; its text is held to 1 MB as any other."""


class Format(StrEnum):
    """What an import reads."""

    TEXT = "plain text"
    HTML = "HTML"
    MAIL = "a saved mail"
    MARKDOWN = "Markdown"
    WORD = "a Word document"


ENDINGS = {
    ".html": Format.HTML, ".htm": Format.HTML, ".xhtml": Format.HTML, ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN, ".eml": Format.MAIL, ".mht": Format.MAIL, ".mhtml": Format.MAIL,
}  # fmt: skip

COMMENTS = r"(?:<!--(?:(?!-->).)*-->\s*)*"
DOCUMENT = re.compile(
    rf"\s*(?:<\?xml[^>]*>\s*)?{COMMENTS}<(?:!doctype\s+html|html|head|body|meta)\b", re.IGNORECASE | re.DOTALL
)
BLOCK = re.compile(r"</(?:p|div|li|ul|ol|table|td|h[1-6]|blockquote|span)\s*>", re.IGNORECASE)
TAG = re.compile(
    r"\s*<(?:p|div|ul|ol|table|h[1-6]|blockquote|span|b|strong|article|section|main|nav|a)\b[^<>]*>", re.IGNORECASE
)

REFUSED = (
    (b"%PDF-", "a PDF; copy its text into a plain text file (.txt, UTF-8) and import that"),
    (b"{\\rtf", "an RTF file; open it in Word, save it as a Word document (.docx) and import that"),
)


PROTECTED = "it is a Word file protected by a password; save it without one and import that"
OLD_WORD = "it is an old Word file (.doc); open it in Word, save it as a Word document (.docx) and import that"


def format_of(raw: bytes, *, shown: str) -> Format:
    """The format of a file's bytes. `shown` is its name. Raises ContentError for one that is not imported."""
    if raw.startswith(b"PK\x03\x04"):
        return Format.WORD
    if problem := _refused(raw):
        raise ContentError((Fault(shown, 0, problem),))
    if is_mail(raw):
        return Format.MAIL
    ending = ENDINGS.get(PurePath(shown).suffix.lower())
    text = raw[:200_000].decode(encoding_of(raw), "replace")
    if DOCUMENT.match(text) or (ending is not Format.MARKDOWN and _has_tags(text)):
        return Format.HTML
    if ending in (Format.HTML, Format.MARKDOWN):
        return ending
    return Format.MARKDOWN if is_markdown(text) else Format.TEXT


def _has_tags(text: str) -> bool:
    return TAG.match(text) is not None and BLOCK.search(text) is not None


def _refused(raw: bytes) -> str | None:
    if not raw.strip():
        return "the file is empty; nothing to import"
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return PROTECTED if "EncryptedPackage".encode("utf-16-le") in raw else OLD_WORD
    if named := next((what for signature, what in REFUSED if raw.startswith(signature)), None):
        return f"it is {named}"
    if len(raw) > LARGEST:
        return f"it has {len(raw):,} bytes, over 10 MB; import one page or story at a time"
    if b"\0" in raw[:SIZE_LIMIT] and not any(raw.startswith(mark) for mark, _ in BOMS):
        return "it is a binary file, or UTF-16 without its mark; save it as text in UTF-8 and import that"
    return None
