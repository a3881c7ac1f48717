"""Text that was garbled on its way: UTF-8 read as Windows-1252 ("â€™" for ’)."""

from __future__ import annotations

import re

from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.page import LINE_END

MOJIBAKE = re.compile(r"(?:â[€„].?|Ã[\u0080-\u00bf€-™]|Â[\u0080-\u00bf])+")

_MENDED = "“{garbled}” was garbled on the way (UTF-8 read as Windows-1252) and was mended to {mended}; check the line"


def mend(text: str) -> tuple[str, tuple[Doubt, ...]]:
    """The text with each garbled line mended whose way back is exact, and a doubt for each of these.

    The way back is exact where the whole line, written as Windows-1252, is UTF-8: one mark that was right before
    keeps the line as it is, since then nobody can tell what else is.
    """
    if MOJIBAKE.search(text) is None:
        return text, ()
    parts = re.split(f"({LINE_END.pattern})", text)
    doubts = []
    for number, line in enumerate(parts[::2]):
        found = MOJIBAKE.search(line)
        mended = mended_line(line) if found else None
        if found is None or mended is None:
            continue
        instead = (mended_line(found[0]) or mended).strip()
        doubts.append(
            Doubt(number + 1, _MENDED.format(garbled=found[0].strip(), mended=f"“{instead}”" if instead else "a space"))
        )
        parts[2 * number] = mended
    return "".join(parts), tuple(doubts)


def mended_line(line: str) -> str | None:
    """The line as it was before, or None where the way back is not exact."""
    try:
        mended = b"".join(_byte(char) for char in line).decode("utf-8")
    except UnicodeError:
        return None
    return mended if LINE_END.search(mended) is None else None


def _byte(char: str) -> bytes:
    """The character in Windows-1252, whose five open bytes stand for themselves (decode.read_plain reads them so)."""
    return bytes([ord(char)]) if "\x80" <= char <= "\x9f" else char.encode("cp1252")
