"""What a story's file says against showing it: that it was killed, or that its time has not come.

Asked of stories that went out long ago, each time that one is shown: so a file is read once for each of its stamps,
and parsed only where it holds one of the words.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.errors import ContentError
from newsletter.model import Organisation, Status
from newsletter.stories.cache import Stamp, stamp_of
from newsletter.stories.parse import parse_story, raw_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a file says: whether the story was killed, or from when on it may be shown; and since when it says so."""

    killed: bool = False
    go_live: datetime | None = None
    since: datetime | None = None


NOTHING = Word()


class Files:
    """The story files of a folder `content`, as far as they say that a story must not be shown."""

    def __init__(self, content: Path, organisation: Organisation) -> None:
        self._content = content
        self._stories = f"{content / 'stories'}{os.sep}"
        self._organisation = organisation
        self._known: dict[str, tuple[Stamp, Word]] = {}

    def word(self, slug: str) -> Word:
        """What the file of a story says now; nothing where there is none, or it cannot be read."""
        path = f"{self._stories}{slug}.md"  # no Path: of forty thousand stories (a sitemap) it takes half of the time
        try:
            stamp = stamp_of(os.stat(path))  # noqa: PTH116
            known = self._known.get(slug)
            if known is None or known[0] != stamp:
                known = stamp, self._read(Path(path), datetime.fromtimestamp(stamp[0] / 1e9, UTC))
                self._known[slug] = known
        except (OSError, ValueError):
            return NOTHING
        return known[1]

    def _read(self, path: Path, changed_at: datetime) -> Word:
        raw = path.read_bytes()
        if b"killed" in raw and raw_status(raw) == Status.KILLED:
            return Word(killed=True, since=changed_at)
        if b"go_live" not in raw:
            return NOTHING
        try:
            images = self._content / "images"
            story = parse_story(path, raw, organisation=self._organisation, images=images, shown=path.name)
        except ContentError:
            return NOTHING  # the desk tells its editors what is wrong with it
        return Word(go_live=story.go_live, since=changed_at)
