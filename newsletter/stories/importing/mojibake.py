"""Text that was garbled on its way: UTF-8 read as Windows-1252 ("â€™" for ’)."""

from __future__ import annotations

import re

from newsletter.stories.importing.draft import Doubt
from newsletter.stories.importing.page import LINE_END, Sheet

MOJIBAKE = re.compile(r"(?:â[€„].?|Ã[\u0080-\u00bf€-™]|Â[\u0080-\u00bf])+")

_MENDED = "“{garbled}” was garbled on the way (UTF-8 read as Windows-1252) and was mended to {mended}; check the line"
_GARBLED = "“{garbled}” was garbled on the way (UTF-8 read as Windows-1252); copy the text again, as UTF-8"


def mend(text: str) -> tuple[str, tuple[Doubt, ...]]:
    """The text with each garbled line mended whose way back is exact, and a doubt for each that has garbled letters.

    The way back is exact where the whole line, written as Windows-1252, is UTF-8: one mark that was right before
    keeps the line as it is, since then nobody can tell what else is.
    """
    if MOJIBAKE.search(text) is None:
        return text, ()
    parts = re.split(f"({LINE_END.pattern})", text)
    doubts = []
    for number, line in enumerate(parts[::2]):
        found = MOJIBAKE.search(line)
        if found is None:
            continue
        mended = mended_line(line)
        shown = {"garbled": found[0].strip()}
        if mended is None:
            doubts.append(Doubt(number + 1, _GARBLED.format(**shown)))
            continue
        instead = (mended_line(found[0]) or mended).strip()
        doubts.append(Doubt(number + 1, _MENDED.format(**shown, mended=f"“{instead}”" if instead else "a space")))
        parts[2 * number] = mended
    return "".join(parts), tuple(doubts)


def warn_of_mojibake(sheet: Sheet) -> Sheet:
    """Warns of garbled words in a document with styles, where nothing is mended: whoever has it saves it again."""
    found = ((line.number, MOJIBAKE.search(line.text)) for line in sheet.written if line.styled is not None)
    return sheet.warn(*(Doubt(line, _GARBLED.format(garbled=place[0].strip())) for line, place in found if place))


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
