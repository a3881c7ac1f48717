"""Page furniture: lines that belong to the page, not to a story on it."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.stories.importing.draft import Dropped
from newsletter.stories.importing.normalise import normalise
from newsletter.stories.importing.page import Line, Sheet, key

SEPARATOR = re.compile(r"[-–—_*=#~•·. ]{3,}\Z")
"""A rule drawn with characters ("* * *", "---")."""


def drop_furniture(sheet: Sheet, furniture: tuple[str, ...]) -> Sheet:
    """Without the page's own lines ("View More"), wherever they stand, and without rules such as "* * *".

    Only a whole line is furniture. It becomes a blank one, and the next line of text remembers it.
    """
    known = {key(normalise(line)) for line in furniture}
    lines: list[Line] = []
    dropped: list[Dropped] = []
    after = False
    for line in sheet.lines:
        if line.text and (key(line.text) in known or SEPARATOR.match(line.text)):
            dropped.append(Dropped(line.number, line.whole))
            lines.append(Line(number=line.number, text=""))
            after = True
        else:
            lines.append(replace(line, after_furniture=True) if after and line.text else line)
            after = after and not line.text
    return replace(sheet, lines=tuple(lines), dropped=(*sheet.dropped, *dropped))
