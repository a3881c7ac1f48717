"""A file of the calendar → a listing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from newsletter.errors import ContentError
from newsletter.model import SLUG, CalendarEntry
from newsletter.stories.extras.names import newsletters_of, required
from newsletter.stories.extras.supply import Known, Listing
from newsletter.stories.fields import Fields
from newsletter.stories.frontmatter import line_of
from newsletter.stories.opened import opened

KEYS = ("title", "starts", "ends", "place", "url", "repeats", "newsletters")
"""What front matter may hold."""

Time = date | datetime


def parse_entry(slug: str, raw: bytes, *, known: Known, shown: str) -> Listing:
    """The listing of a file's bytes; `slug` is the file's name. Raises `ContentError` with every fault."""
    file = opened(raw, what="a calendar entry", organisation=known.organisation, shown=shown)
    fields = file.fields
    if not SLUG.match(slug):
        fields.fault_of_file("a calendar entry is named slug.md, in lower-case letters, digits and hyphens: rename it")
    fields.known(KEYS)
    if file.blocks:
        fields.fault_of_file(
            "a calendar entry is front matter alone: take the text below it out, or link to it by `url`"
        )
    title = required(file, "title", "say what it is: `title: Open day at the mill`")
    starts = fields.day_or_moment("starts")
    if starts is None and file.whole and fields.value("starts") is None:
        fields.fault_of_file("`starts` is missing: add a day or a time, `starts: 2026-05-04T18:00`", "starts")
    ends, weekly = fields.day_or_moment("ends"), _weekly(fields)
    if starts is not None and ends is not None:
        _check_end(fields, starts, ends, weekly=weekly)
    newsletters, place, url = newsletters_of(fields, known), fields.text("place"), fields.url("url")
    file.require()
    if title is None or starts is None:
        raise ContentError(tuple(fields.faults))
    entry = CalendarEntry(
        title=title, starts=starts, ends=ends, place=place, url=url, path=shown,
        line=line_of(fields.entries["title"].key),
    )  # fmt: skip
    return Listing(entry=entry, newsletters=newsletters, weekly=weekly)


def _weekly(fields: Fields) -> bool:
    word = fields.text("repeats")
    if word not in (None, "weekly"):
        fields.fault(fields.entries["repeats"].value, f"`repeats` is `weekly` or left out, not {word!r}")
    return word is not None


def _check_end(fields: Fields, starts: Time, ends: Time, *, weekly: bool) -> None:
    node = fields.entries["ends"].value
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        lasts, wrong = ends - starts, ends <= starts
    elif isinstance(starts, datetime) or isinstance(ends, datetime):
        fields.fault(node, "`starts` and `ends` are two days, or two times such as 2026-05-04T18:00")
        return
    else:
        lasts, wrong = ends - starts, ends < starts
    if wrong:
        fields.fault(node, "`ends` is not after `starts`")
    elif weekly and lasts >= timedelta(days=7):
        fields.fault(node, "what comes again each week lasts less than a week: take `repeats` out, or end it sooner")
