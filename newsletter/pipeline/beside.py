"""What a plan tells of an edition's extras: what goes beside the stories, and what lies ready and does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from newsletter.model import Brief, CalendarEntry, Extras, plain
from newsletter.stories.extras.places import in_words
from newsletter.stories.extras.select import Selection


def in_lines(extras: Extras) -> tuple[str, ...]:
    """A line for each that goes, with its file."""
    return tuple(_lines(extras))


def _lines(extras: Extras) -> Iterator[str]:
    note = extras.note
    if note is not None:
        yield "note" + (f" by {note.by}" if note.by else "") + f": {note.path}"
    for sponsor in extras.sponsors:
        yield f"sponsor {in_words(sponsor.place)}: {sponsor.label} ({sponsor.path})"
    for brief in extras.briefs:
        yield f"also in the news: {_brief(brief)} ({brief.path}:{brief.line})"
    for entry in extras.calendar:
        yield f"calendar: {_when(entry.starts)} {entry.title} ({entry.path})"


def _brief(brief: Brief) -> str:
    source = ", ".join(word for word in (brief.outlet, brief.access) if word)
    return plain(brief.spans) + (f" ({source})" if source else "")


def _when(when: date | datetime) -> str:
    return f"{when:%a %-d %b %Y}" + (f" {when:%H:%M}" if isinstance(when, datetime) else "")


def document(selection: Selection) -> dict[str, Any]:
    """The extras for `--json`."""
    extras = selection.extras
    return {
        "note": {"by": extras.note.by, "path": extras.note.path} if extras.note else None,
        "sponsors": [
            {"slug": each.slug, "label": each.label, "place": each.place, "path": each.path} for each in extras.sponsors
        ],
        "briefs": [
            {
                "text": plain(each.spans),
                "outlet": each.outlet,
                "access": each.access,
                "where": f"{each.path}:{each.line}",
            }
            for each in extras.briefs
        ],
        "calendar": [_entry(each) for each in extras.calendar],
        "unused": [{"where": each.where, "reason": each.reason} for each in selection.unused],
    }


def _entry(entry: CalendarEntry) -> dict[str, Any]:
    return {
        "title": entry.title,
        "starts": entry.starts.isoformat(),
        "ends": entry.ends.isoformat() if entry.ends else None,
        "place": entry.place,
        "path": entry.path,
    }
