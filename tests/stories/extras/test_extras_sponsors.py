"""From a sponsor's file to a booking, and which sponsors an edition prints."""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from extras_samples import DAILY, FRIDAY, known, pixel, problems
from hypothesis import given
from hypothesis import strategies as st
from stories_samples import newsletter, story

from newsletter.model import Newsletter, Organisation, Schedule, Section, SectionStories, Sponsor
from newsletter.stories.extras.places import SLOTS, TOLD, place_sponsors
from newsletter.stories.extras.sponsor import parse_sponsor
from newsletter.stories.extras.supply import Booking

MONDAY = date(2026, 5, 4)
SHOWN = "content/sponsors/dell.md"
WHOLE = """---
label: "Sponsored by Dell: castings"
newsletters: [daily]
from: 2026-05-04
until: 2026-05-29
place: trade
priority: 2
url: https://example.org/dell
link_text: Visit Dell
image: {src: images/dot.gif, alt: A dot, credit: Dell}
---
**In nine days:** Castings.
"""


@pytest.fixture
def sponsor(organisation: Organisation, content: Path):
    (content / "images" / "dot.gif").write_bytes(pixel())

    def parse(text: str, slug: str = "dell") -> Booking:
        return parse_sponsor(slug, text.encode(), known=known(organisation, content), shown=SHOWN)

    return parse


def test_a_whole_file(sponsor) -> None:
    """Every key is read into its type."""
    read = sponsor(WHOLE)
    assert (read.newsletters, read.since, read.until, read.priority) == (
        ("daily",), date(2026, 5, 4), date(2026, 5, 29), 2,
    )  # fmt: skip
    made = read.sponsor
    assert (made.slug, made.label, made.place) == ("dell", "Sponsored by Dell: castings", "trade")
    assert (made.url, made.link_text) == ("https://example.org/dell", "Visit Dell")
    assert made.image is not None
    assert (made.image.width, made.image.alt, made.image.credit) == (1, "A dot", "Dell")
    assert (made.blocks[0].run_in, made.path, made.lines["label"]) == ("In nine days", SHOWN, 2)


def test_the_least(sponsor) -> None:
    """A label and a text: at the end of every newsletter, on all days."""
    read = sponsor("---\nlabel: Sponsored by Dell\n---\nCastings.\n")
    assert (read.newsletters, read.since, read.until, read.priority, read.sponsor.place) == (None, None, None, 0, "end")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "1: `label` is missing: say in words that it is paid for"),
        ("label:", "2: `label` is missing"),
        ("label: A\nplace: tarde", "3: `place: tarde` is no place of a newsletter that it is for: did you mean"),
        ("label: A\nnewsletters: [friday]\nplace: trade", "4: `place: trade` is no place of a newsletter"),
        ("label: A\nnewsletters: dialy", "3: there is no newsletter `dialy`: did you mean `daily`?"),
        ("label: A\nfrom: 2026-05-04T06:00", "3: `from` is a day such as 2026-05-04, not '2026-05-04T06:00'"),
        ("label: A\nfrom: 2026-02-30", "3: `from` is a day such as"),
        ("label: A\nfrom: 2026-05-04\nuntil: 2026-05-03", "4: `until` is before `from`"),
        ("label: A\nurl: https://example.org", "3: `url` needs words that say where it leads"),
        ("label: A\nlink_text: Visit", "3: `link_text` has no `url`"),
        ("label: A\nurl: javascript:x\nlink_text: Visit", "3: `url` begins with https://"),
        ("label: A\npriority: 0", "3: `priority` is a whole number from 1 to 999"),
        ("label: A\nimage: {src: images/none.png, alt: A}", "3: the image 'images/none.png' is not there"),
        ("label: A\nimage: {src: images/dot.gif}", "3: the image 'images/dot.gif' has no alt"),
        ("label: A\nsection: trade", "3: `section` is not a key"),
        ("label: Dell #1", "2: YAML takes `#1` for a comment"),
    ],
)  # fmt: skip
def test_a_fault(sponsor, lines: str, expected: str) -> None:
    """Each at its line, with what to do."""
    (found,) = problems(lambda: sponsor(f"---\n{lines}\n---\nText.\n"))
    assert found.startswith(expected)


def test_it_says_something(sponsor) -> None:
    """A text or an image; the name of its file is a slug."""
    assert problems(lambda: sponsor("---\nlabel: A\n---\n")) == [
        "1: the sponsor says nothing: write its text below the front matter, or give it an `image`"
    ]
    assert sponsor("---\nlabel: A\nimage: {src: images/dot.gif, alt: A dot}\n---\n").sponsor.blocks == ()
    assert problems(lambda: sponsor("---\nlabel: A\n---\nx\n", slug="Dell & Co"))[0].startswith("1: a sponsor's file")


# --- placing --------------------------------------------------------------------------------------------------------


def booked(slug: str, place: str = "end", **changes: Any) -> Booking:
    path = f"content/sponsors/{slug}.md"
    return Booking(sponsor=Sponsor(slug=slug, label=f"By {slug}", blocks=(), place=place, path=path), **changes)


def edition(**counts: int) -> tuple[SectionStories, ...]:
    """Sections with so many stories each."""
    titles = {"trade": "Trade", "workforce": "Workforce"}
    return tuple(
        SectionStories(
            section=Section(slug=slug, title=titles[slug]),
            stories=tuple(story(f"{slug}-{number}", section=slug) for number in range(count)),
        )
        for slug, count in counts.items()
    )


WHOLE_EDITION = edition(trade=2, workforce=1)


def placed(*bookings: Booking, chosen=WHOLE_EDITION, on: date = MONDAY, daily: Newsletter = DAILY):
    sponsors, unused = place_sponsors(daily, bookings, chosen, on=on)
    return [each.slug for each in sponsors], {each.where[17:-3]: each.reason for each in unused}


def test_one_at_each_place_in_the_order_of_the_mail() -> None:
    """After the lead, after a section, at the end."""
    assert placed(booked("c"), booked("b", "workforce"), booked("a", "lead")) == (["a", "b", "c"], {})


def test_dates_are_inclusive() -> None:
    """The first day and the last one count; what ended a week ago is told no more."""
    day = timedelta(days=1)
    assert placed(booked("a", since=MONDAY, until=MONDAY)) == (["a"], {})
    assert placed(booked("a", since=MONDAY + day)) == ([], {"a": "its dates begin on 2026-05-05"})
    assert placed(booked("a", until=MONDAY - day)) == ([], {"a": "its dates ended on 2026-05-03"})
    assert placed(booked("a", until=MONDAY - TOLD - day)) == ([], {})


def test_for_its_newsletters() -> None:
    """Another newsletter's sponsor is silent; a section that this one lacks is a reason."""
    assert placed(booked("a", newsletters=("friday",))) == ([], {})
    assert placed(booked("a", "long-read")) == ([], {"a": "Daily has no section `long-read`"})
    assert placed(booked("a", newsletters=("friday",)), daily=FRIDAY) == (["a"], {})


def test_a_section_without_a_story() -> None:
    """Its sponsor waits for a day that has one."""
    assert placed(booked("a", "workforce"), chosen=edition(trade=2)) == ([], {"a": "Workforce has no story"})


def test_priority_goes_before_turns() -> None:
    """1 before 2, and both before none, on every day."""
    rivals = (booked("a"), booked("b", priority=2), booked("c", priority=1))
    for number in range(7):
        slugs, unused = placed(*rivals, on=MONDAY + timedelta(days=number))
        assert slugs == ["c"]
        assert unused["a"] == "its place, at the end, has c: it goes before this one"


def test_equals_take_turns() -> None:
    """The next one on the next day; the reason names who has the place."""
    days = [placed(booked("a"), booked("b"), on=MONDAY + timedelta(days=number)) for number in range(3)]
    first, second, third = (slugs for slugs, _ in days)
    assert first == third
    assert {*first, *second} == {"a", "b"}
    assert days[0][1] == {second[0]: f"its place, at the end, has {first[0]}: they take turns"}


def test_a_section_that_is_the_lead_alone_ends_where_the_lead_does() -> None:
    """Two sponsors would follow each other: they share the place."""
    rivals = (booked("a", "lead", priority=1), booked("b", "trade"))
    assert placed(*rivals, chosen=edition(trade=1, workforce=1))[0] == ["a"]
    assert placed(*rivals, chosen=edition(trade=2, workforce=1))[0] == ["a", "b"]


def test_an_edition_takes_three() -> None:
    """Of more, those of the weakest priority wait, from the end."""
    four = (booked("a", "lead"), booked("b", "trade"), booked("c", "workforce", priority=1), booked("d"))
    assert placed(*four) == (["a", "b", "c"], {"d": "no room: an edition takes 3 sponsors"})
    assert placed(*four[:3], booked("d", priority=1))[0] == ["a", "c", "d"]


@pytest.mark.parametrize("days", [frozenset(range(5)), frozenset({4}), frozenset({0, 3}), None])
@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_turns_are_fair(days: frozenset[int] | None, count: int) -> None:
    """Over as many editions of the schedule as there are sponsors, whatever their number, each has one."""
    schedule = Schedule(days=days, time=time(6), late_until=time(9)) if days else None
    daily = newsletter(schedule=schedule)
    goes = [MONDAY + timedelta(days=number) for number in range(7 * 20)]
    goes = [day for day in goes if days is None or day.weekday() in days][: count * 2]
    rivals = [booked(f"s{number}") for number in range(count)]
    winners = Counter(placed(*rivals, on=day, daily=daily)[0][0] for day in goes)
    assert set(winners.values()) == {2}


BOOKINGS = st.lists(
    st.tuples(
        st.sampled_from(["lead", "trade", "workforce", "end", "long-read"]),
        st.none() | st.dates(MONDAY - timedelta(days=3), MONDAY + timedelta(days=3)),
        st.none() | st.dates(MONDAY - timedelta(days=20), MONDAY + timedelta(days=20)),
        st.integers(0, 3),
        st.sampled_from([None, ("daily",), ("friday",)]),
    ),
    max_size=12,
)  # fmt: skip


@given(drawn=BOOKINGS, trade=st.integers(0, 2), workforce=st.integers(0, 2))
def test_whatever_is_booked(drawn, trade: int, workforce: int) -> None:
    """At most three, one for a place, whatever the order of files; each that is not long over goes or waits."""
    counts = {"trade": trade, "workforce": workforce}
    chosen = edition(**{slug: count for slug, count in counts.items() if count}) or edition(trade=1)
    bookings = [
        booked(f"s{number}", place, since=since, until=until, priority=priority, newsletters=names)
        for number, (place, since, until, priority, names) in enumerate(drawn)
    ]
    slugs, unused = placed(*bookings, chosen=chosen)
    places = [booking.sponsor.place for booking in bookings if booking.sponsor.slug in slugs]
    assert len(slugs) <= SLOTS
    assert len(set(places)) == len(places)
    ours = {each.sponsor.slug for each in bookings if each.newsletters != ("friday",)}
    over = {each.sponsor.slug for each in bookings if each.until and each.until < MONDAY - TOLD}
    assert {*slugs, *unused} == ours - over
    assert not {*slugs} & {*unused}
    assert placed(*reversed(bookings), chosen=chosen) == (slugs, unused)
