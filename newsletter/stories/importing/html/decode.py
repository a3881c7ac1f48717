"""The bytes of an HTML file → text: by their mark, by what the document says, else UTF-8 or Windows-1252."""

from __future__ import annotations

import codecs
import re

from newsletter.stories.importing.decode import encoding_of, windows_1252

HEAD = 4096
"""Bytes in which a document says its encoding; browsers look at 1,024."""

CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:-]{1,40})|<\?xml[^>]{0,200}?encoding=[\"']([\w:-]{1,40})",
    re.IGNORECASE,
)

CODECS = re.compile(
    r"(?:utf-8|ascii|cp\d+|iso8859-\d+|latin-1|koi8-[rut]|mac-\w+|gb\w+|big5\w*|euc_\w+|shift_jis\w*|iso2022_\w+)\Z"
)
"""Python's names of the encodings that documents are written in; others among its codecs are for other things."""

LATIN = frozenset({"iso8859-1", "latin-1", "ascii", "us-ascii", "cp1252"})
"""What says one of these is Windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels)."""


def decode_html(raw: bytes, *, charset: str | None = None) -> tuple[str, bool]:
    """The text, and whether its encoding was only guessed. `charset` is what a mail's header says. Never raises: a
    byte that does not fit becomes U+FFFD, as in a browser.
    """
    codec = encoding_of(raw)
    if codec not in ("utf-8", "cp1252"):
        return raw.decode(codec, "replace"), False
    said = _known(charset) or _said(raw)
    if codec == "utf-8" and said in (None, "utf-8"):
        return raw.decode("utf-8"), False
    if said is None or said == "utf-8":
        return windows_1252(raw), True
    if said in LATIN:
        return (raw.decode("utf-8"), False) if codec == "utf-8" else (windows_1252(raw), False)
    return raw.decode(said, "replace"), False


def _said(raw: bytes) -> str | None:
    found = CHARSET.search(raw[:HEAD])
    return _known((found[1] or found[2]).decode("ascii", "ignore")) if found else None


def _known(name: str | None) -> str | None:
    """The codec of a name, if documents are written in it."""
    try:
        codec = codecs.lookup(name or "").name
    except (LookupError, UnicodeError, ValueError):
        return None
    return codec if CODECS.match(codec) else None
