"""A file that editors own, opened: its bytes are text, its front matter has entries, its body has blocks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from newsletter.errors import ContentError, Fault
from newsletter.model import Block, Organisation
from newsletter.model.letters import named
from newsletter.stories import frontmatter
from newsletter.stories.fields import Fields
from newsletter.stories.markdown import blocks_of

LARGEST = 1_000_000
"""Bytes of such a file; the longest story is a hundredth of it."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Opened:
    """Front matter and body as far as they could be read, with the faults of both in `fields`. `whole` is False where
    the front matter could not be read to its end.
    """

    fields: Fields
    blocks: tuple[Block, ...]
    whole: bool

    def require(self) -> None:
        """Raise `ContentError` with every fault found so far, in the order of lines."""
        if self.fields.faults:
            raise ContentError(tuple(sorted(self.fields.faults, key=lambda fault: fault.line)))


def opened(raw: bytes, *, what: str, organisation: Organisation, shown: str, before: tuple[Fault, ...] = ()) -> Opened:
    """The file of these bytes. `what` it is ("a story") and `shown`, its path, are said in faults; `before` are those
    that were found already, of its name.

    Raises `ContentError` where it is no text, or has no front matter.
    """
    parts = frontmatter.split(decode(raw, shown))
    if parts is None:
        problem = f"{what} begins with front matter: a line `---`, lines of `key: value`, and a line `---`"
        raise ContentError((*before, Fault(shown, 1, problem)))
    front = frontmatter.read(parts.front, path=shown)
    blocks, body_faults = blocks_of(
        unicodedata.normalize("NFC", parts.body), first_line=parts.body_line, organisation=organisation, path=shown
    )
    fields = Fields(front.entries, shown, organisation.zone, [*before, *front.faults, *body_faults])
    return Opened(fields, blocks, front.whole)


def decode(raw: bytes, shown: str) -> str:
    """The text of a file. Raises `ContentError` where it is no text, not UTF-8, empty or too large."""
    if len(raw) > LARGEST:
        raise ContentError((Fault(shown, 0, f"{len(raw):,} bytes is more than such a file may have ({LARGEST:,})"),))
    if not raw.strip():
        raise ContentError((Fault(shown, 0, "the file is empty: write something, or remove the file"),))
    if b"\x00" in raw:
        problem = (
            "this is not a text file: save it as plain text in UTF-8, or bring it in with `newsletter story import`"
        )
        raise ContentError((Fault(shown, 0, problem),))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise ContentError((Fault(shown, line, problem),)) from error
    if match := _CONTROL.search(text):
        line = text.count("\n", 0, match.start()) + 1
        problem = f"an invisible control character ({named(match[0])}) stands in this line: remove it"
        raise ContentError((Fault(shown, line, problem),))
    return text
