"""A report's rates never lie, whatever the numbers: no division by nothing, each with its whole, what is odd is odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model import EditionReport, Figures, LinkClicks, Rate, Readers, SendReport, Usual, graded
from newsletter.tracking import edition_document
from newsletter.tracking.reading import sections_read, stories_read

START = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


def report(accepted: int = 100, waiting: int = 0, **facts: int) -> EditionReport:
    send = SendReport(
        edition="daily/2026-05-04", list="daily", kind="live", state="sent", candidates=accepted, accepted=accepted,
        excluded={}, refused={}, in_doubt=0, pending=0, batches={"accepted": 1}, started_at=START, finished_at=START,
        facts=facts,
    )  # fmt: skip
    return EditionReport(
        send=send, subject="Ports", as_of=START + timedelta(hours=20), waiting=waiting, deferred=0
    )  # fmt: skip


@pytest.mark.parametrize(("count", "whole", "grade"), [
    (0, 0, "fine"), (0, 10, "fine"), (2, 2001, "fine"), (2, 2000, "few"), (1, 100, "few"), (1, 0, "few"),
    (3, 3000, "warn"), (3, 3001, "fine"), (8, 3000, "warn"), (9, 3000, "alarm"), (9, 3001, "warn"), (3, 100, "alarm"),
])  # fmt: skip
def test_complaints_warn_at_a_thousandth_and_alarm_at_three(count: int, whole: int, grade: str) -> None:
    """3 of 3,000 are 0.1 %, 9 are 0.3 %; of one or two nobody can tell."""
    assert graded(Rate(count=count, whole=whole, of="delivered")) == grade


counts = st.integers(0, 10**7)


@given(accepted=counts, waiting=counts, delivered=counts, bounced=counts, complained=counts, opened=counts)
def test_rates_never_lie(
    accepted: int, waiting: int, delivered: int, bounced: int, complained: int, opened: int
) -> None:
    """Each share is its count over its whole, and is none where there is nothing to be a share of."""
    found = report(accepted, min(waiting, accepted), delivered=delivered, bounced=bounced, complained=complained)
    found = replace(
        found, opens=Readers(human=opened, raw=opened, whole=delivered), clicks=Figures(human=opened, raw=opened),
        countable=delivered,
    )  # fmt: skip
    for name, rate in found.rates.items():
        assert rate.share == (rate.count / rate.whole if rate.whole else None), name
    assert found.rates["delivered"].whole == accepted
    assert found.rates["opened"].whole == delivered
    assert found.rates["complained"].whole == (delivered or accepted)
    edition_document(found)


@pytest.mark.parametrize(("waiting", "deferred"), [(-1, 0), (101, 0), (3, 4), (3, -1)])
def test_what_is_open_cannot_be_more_than_what_was_accepted(waiting: int, deferred: int) -> None:
    """0 ≤ deferred ≤ waiting ≤ 100 accepted; anything else is a fault of the program."""
    with pytest.raises(ValueError, match="does not balance"):
        replace(report(), waiting=waiting, deferred=deferred)


@pytest.mark.parametrize(("delivered", "compared", "waiting", "odd"), [
    (94, 10, 0, True), (95, 10, 0, False), (99, 10, 0, False), (100, 10, 0, True),
    (94, 4, 0, False), (94, 5, 0, True), (94, 10, 2, True), (94, 10, 3, False),
])  # fmt: skip
def test_odd_is_what_lies_outside_of_each_of_the_last(delivered: int, compared: int, waiting: int, odd: bool) -> None:
    """95 to 99 % in at least five editions; and not while more than 2 of 100 copies are open."""
    found = replace(
        report(waiting=waiting, delivered=delivered), compared=compared,
        usual={"delivered": Usual(middle=0.97, lowest=0.95, highest=0.99)},
    )  # fmt: skip
    assert found.is_odd("delivered") is odd


def test_usual_is_the_middle() -> None:
    """Of 1, 2 and 6 % it is 2; of none there is none."""
    assert Usual.of([0.06, 0.01, 0.02]) == Usual(middle=0.02, lowest=0.01, highest=0.06)
    assert Usual.of([]) is None


@pytest.mark.parametrize(("hours", "waiting", "grows"), [(1, 3, True), (71, 3, True), (73, 3, False), (1, 0, False)])
def test_it_grows_while_copies_are_tried(hours: int, waiting: int, grows: bool) -> None:
    """SendGrid tries for 72 hours; what is open then stays so."""
    assert replace(report(waiting=waiting), as_of=START + timedelta(hours=hours)).grows is grows


STORIES = (("ports", "trade", "Ports"), ("rails", "trade", "Rails"), ("bread", "food", "Bread"))


def link(story: str | None, section: str | None, human: int, raw: int) -> LinkClicks:
    return LinkClicks(
        code="c", role="story", story=story, section=section, number=1, url="https://e.org/", human=human, raw=raw
    )  # fmt: skip


def test_clicks_of_stories_and_sections() -> None:
    """Rails: 2 + 3 = 5 by people; trade: 1 + 5 = 6; a link of the frame stands in neither."""
    links = [
        link("ports", "trade", 1, 1), link("rails", "trade", 2, 4), link("rails", "trade", 3, 3),
        link(None, None, 9, 9),
    ]  # fmt: skip
    stories = stories_read(STORIES, {"trade": "Trade"}, links)
    assert [(s.position, s.title, s.section, s.human, s.raw) for s in stories] == [
        (1, "Ports", "Trade", 1, 1), (2, "Rails", "Trade", 5, 7), (3, "Bread", "food", 0, 0),
    ]  # fmt: skip
    sections = sections_read(STORIES, {"trade": "Trade"}, links)
    assert [(s.position, s.title, s.human, s.raw) for s in sections] == [(1, "Trade", 6, 8), (3, "food", 0, 0)]


def test_the_document_has_the_shape_that_programs_read() -> None:
    """interface.md's `report`: null is what is not seen, 95 of 100 is 0.95."""
    found = edition_document(replace(
        report(waiting=1, delivered=95), compared=1, usual={"delivered": Usual.of([0.5])}, bounces={"hard": 2},
        followers=Readers(human=3, raw=5, whole=9), links=(link("ports", "trade", 1, 2),),
    ))  # fmt: skip
    assert found["as_of"] == "2026-05-05T06:30:00+00:00"
    assert (found["waiting"], found["deferred"], found["grows"]) == (1, 0, True)
    assert found["rates"]["delivered"] == {
        "count": 95, "of": "accepted", "whole": 100, "share": 0.95, "odd": False,
        "usual": {"middle": 0.5, "lowest": 0.5, "highest": 0.5},
    }  # fmt: skip
    assert found["rates"]["complained"]["usual"] is None
    assert (found["opens"], found["clicks"]) == (None, None)
    assert found["followers"] == {"human": 3, "raw": 5, "whole": 9}
    assert found["links"] == [
        {"url": "https://e.org/", "role": "story", "story": "ports", "section": "trade", "human": 1, "raw": 2}
    ]
    assert found["complaints"] == "fine"
