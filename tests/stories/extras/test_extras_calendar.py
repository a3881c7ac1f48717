"""From a file of the calendar to a listing, and which dates an edition shows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from extras_samples import DAILY, FRIDAY, known, problems
from hypothesis import given
from hypothesis import strategies as st
from stories_samples import MONDAY, ZONE

from newsletter.model import CalendarEntry, Organisation
from newsletter.stories.extras.calendar import AHEAD, SHOWN, upcoming
from newsletter.stories.extras.entry import parse_entry
from newsletter.stories.extras.supply import Listing

DAY = timedelta(days=1)
TODAY = MONDAY.date()
PATH = "content/calendar/open-day.md"


@pytest.fixture
def entry(organisation: Organisation, content: Path):
    def parse(text: str, slug: str = "open-day") -> Listing:
        return parse_entry(slug, text.encode(), known=known(organisation, content), shown=PATH)

    return parse


def test_a_whole_file(entry) -> None:
    """A time is local to the organisation, and stays so."""
    read = entry(
        "---\ntitle: 'Open day: the mill'\nstarts: 2026-05-07T18:00\nends: 2026-05-07T21:30\nplace: Mill Street\n"
        "url: https://example.org/mill\nnewsletters: [daily, friday]\nrepeats: weekly\n---\n"
    )
    assert (read.newsletters, read.weekly) == (("daily", "friday"), True)
    made = read.entry
    assert (made.title, made.place, made.url) == ("Open day: the mill", "Mill Street", "https://example.org/mill")
    assert isinstance(made.starts, datetime)
    assert (made.starts.isoformat(), made.starts.tzinfo) == ("2026-05-07T18:00:00-04:00", ZONE)
    assert isinstance(made.ends, datetime)
    assert (made.ends - made.starts, made.path, made.line) == (timedelta(hours=3.5), PATH, 2)


def test_days(entry) -> None:
    """A day is no instant: it is the same day in every zone."""
    read = entry("---\ntitle: Fair\nstarts: 2026-05-07\nends: 2026-05-07\n---\n")
    assert (read.entry.starts, read.entry.ends, read.weekly) == (date(2026, 5, 7), date(2026, 5, 7), False)
    assert not isinstance(read.entry.starts, datetime)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("starts: 2026-05-07", ["1: `title` is missing: say what it is"]),
        ("title: Fair", ["1: `starts` is missing: add a day or a time"]),
        ("title: Fair\nstarts: Thursday", ["3: `starts` is a day and a time such as"]),
        ("title: Fair\nstarts: 2026-02-30", ["3: `starts` is a day such as"]),
        ("title: Fair\nstarts: 2026-03-08T02:30", ["3: `starts`: 2026-03-08T02:30 does not exist in America/New_York"]),
        ("title: Fair\nstarts: 2026-05-07\nends: 2026-05-07T09:00", ["4: `starts` and `ends` are two days"]),
        ("title: Fair\nstarts: 2026-05-07\nends: 2026-05-06", ["4: `ends` is not after `starts`"]),
        ("title: Fair\nstarts: 2026-05-07T09:00\nends: 2026-05-07T09:00", ["4: `ends` is not after `starts`"]),
        ("title: Fair\nstarts: 2026-05-07\nrepeats: monthly", ["4: `repeats` is `weekly` or left out, not 'monthly'"]),
        ("title: Fair\nstarts: 2026-05-01\nends: 2026-05-08\nrepeats: weekly", ["4: what comes again each week lasts"]),
        ("title: Fair\nstarts: 2026-05-07\nwhere: Mill", ["4: `where` is not a key"]),
        ("title: Fair\nstarts: 2026-05-07\nurl: mill.example.org", ["4: `url` begins with https://"]),
        ("title: Fair\nstarts: 2026-05-07\nnewsletters: [dialy]", ["4: there is no newsletter `dialy`"]),
        ("title: Fair #2\nstarts: nope", ["2: YAML takes `#2` for a comment", "3: `starts` is a day and a time"]),
    ],
)  # fmt: skip
def test_a_fault(entry, text: str, expected: list[str]) -> None:
    """Each at its line, with what to do."""
    found = problems(lambda: entry(f"---\n{text}\n---\n"))
    assert [problem[: len(want)] for problem, want in zip(found, expected, strict=True)] == expected


def test_it_has_no_text(entry) -> None:
    """What would not be printed is not passed over in silence; its file's name is a slug."""
    found = problems(lambda: entry("---\ntitle: Fair\nstarts: 2026-05-07\n---\nCome all.\n", slug="Fair"))
    assert [problem[:24] for problem in found] == ["1: a calendar entry is n", "1: a calendar entry is f"]


# --- showing --------------------------------------------------------------------------------------------------------


def listing(title: str, starts: date, ends: date | None = None, **changes: Any) -> Listing:
    path = f"content/calendar/{title}.md"
    return Listing(entry=CalendarEntry(title=title, starts=starts, ends=ends, path=path), **changes)


def shown(*listings: Listing, at: datetime = MONDAY, daily=DAILY) -> list[str]:
    entries, _ = upcoming(daily, listings, on=at.date(), at=at)
    return [entry.title for entry in entries]


@pytest.mark.parametrize(
    ("starts", "ends", "there"),
    [
        (TODAY, None, True),
        (TODAY - DAY, None, False),
        (TODAY - 5 * DAY, TODAY, True),
        (TODAY + AHEAD, None, True),
        (TODAY + AHEAD + DAY, None, False),
        (MONDAY, None, False),
        (MONDAY + timedelta(minutes=1), None, True),
        (MONDAY - DAY, MONDAY + timedelta(minutes=1), True),
        (MONDAY - DAY, MONDAY, False),
        (MONDAY + AHEAD + timedelta(hours=17), None, True),
    ],
)
def test_from_thirty_days_ahead_until_it_is_over(starts: date, ends: date | None, there: bool) -> None:
    """A day counts with its end, a time with its end or its start."""
    assert shown(listing("a", starts, ends)) == (["a"] if there else [])


def test_the_soonest_first() -> None:
    """A day stands before the times on it; among equals the title decides."""
    given_ = [
        listing("c", TODAY + DAY), listing("b", MONDAY + DAY), listing("a", TODAY + DAY),
        listing("z", TODAY - DAY, TODAY + DAY),
    ]  # fmt: skip
    assert shown(*given_) == ["z", "a", "c", "b"]
    assert shown(*reversed(given_)) == ["z", "a", "c", "b"]


def test_six_at_most() -> None:
    """The others are told to have no room."""
    entries, unused = upcoming(
        DAILY, tuple(listing(str(number), TODAY + number * DAY) for number in range(8)), on=TODAY, at=MONDAY
    )
    assert [entry.title for entry in entries] == list("012345")
    assert [each.where for each in unused] == ["content/calendar/6.md", "content/calendar/7.md"]
    assert unused[0].reason == f"no room: the calendar shows the {SHOWN} dates that are next"


def test_for_its_newsletters() -> None:
    """One that names newsletters is listed by these alone."""
    both = (listing("a", TODAY, newsletters=("friday",)), listing("b", TODAY))
    assert (shown(*both), shown(*both, daily=FRIDAY)) == (["b"], ["a", "b"])


def test_a_late_edition_shows_what_is_still_to_come() -> None:
    """The day on which it goes counts, not the one it is of."""
    later = MONDAY + 40 * DAY
    entries, _ = upcoming(DAILY, (listing("a", TODAY), listing("b", TODAY + 41 * DAY)), on=TODAY, at=later)
    assert [entry.title for entry in entries] == ["b"]


def test_a_weekly_time_stays_local() -> None:
    """At six in the evening, in summer and in winter."""
    six = datetime(2026, 5, 7, 18, tzinfo=ZONE)
    for at in (MONDAY, MONDAY + 210 * DAY):
        (entry,), _ = upcoming(DAILY, (listing("a", six, weekly=True),), on=at.date(), at=at)
        assert isinstance(entry.starts, datetime)
        assert (entry.starts.weekday(), entry.starts.hour) == (3, 18)
        assert timedelta() < entry.starts - at < timedelta(days=7)


@given(
    starts=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    lasts=st.none() | st.integers(0, 6),
    timed=st.booleans(),
    ahead=st.integers(-3000, 3000),
)
def test_a_weekly_entry_is_shown_once_at_its_next_time(
    starts: date, lasts: int | None, timed: bool, ahead: int
) -> None:
    """From its first time on always; the time shown is the first that is not over, whole weeks after the first."""
    on = starts + ahead * DAY
    at = datetime(on.year, on.month, on.day, 6, 30, tzinfo=ZONE)
    begin = datetime(starts.year, starts.month, starts.day, 12, tzinfo=UTC).astimezone(ZONE) if timed else starts
    end = None if lasts is None or (timed and lasts == 0) else begin + lasts * DAY
    entries, _ = upcoming(DAILY, (listing("a", begin, end, weekly=True),), on=on, at=at)
    if ahead < -AHEAD.days:
        assert entries == ()
        return
    (entry,) = entries
    first = entry.starts.date() if isinstance(entry.starts, datetime) else entry.starts
    assert (first - starts).days % 7 == 0
    assert first >= starts
    length = lasts or 0
    assert first + length * DAY >= on
    assert first == starts or first + (length - 7) * DAY <= on
