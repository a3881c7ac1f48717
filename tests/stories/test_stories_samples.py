"""The shipped content: it parses, its seals hold, and both newsletters have an edition."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from newsletter.model import Newsletter, Organisation, Standing
from newsletter.settings.content import load_holidays, load_newsletters, load_organisation
from newsletter.stories.assemble import Assembly, History, assemble, with_extras
from newsletter.stories.checks import check_story, check_together
from newsletter.stories.extras.checks import check_extras
from newsletter.stories.extras.load import load_supply
from newsletter.stories.extras.supply import Known
from newsletter.stories.load import Desk, load_stories

CONTENT = Path(__file__).parents[2] / "content"
EMBARGOED = "2026-05-05-merger-of-two-seed-houses"


@pytest.fixture(scope="module")
def house() -> Organisation:
    return load_organisation(CONTENT)


@pytest.fixture(scope="module")
def newsletters(house: Organisation) -> dict[str, Newsletter]:
    return dict(load_newsletters(CONTENT, house))


@pytest.fixture(scope="module")
def desk(house: Organisation) -> Desk:
    return load_stories(CONTENT, house)


def plan(newsletter: Newsletter, desk: Desk, year: int = 2026) -> Assembly:
    at = datetime(year, 11, 23, 6, 30, tzinfo=newsletter.zone)
    return assemble(newsletter, desk.stories, on=at.date(), planned_at=at, now=at, history=History())


def test_all_parse(desk: Desk) -> None:
    """A dozen stories or more, none with a fault."""
    assert not desk.faults
    assert len(desk.stories) >= 12


def test_every_standing_but_killed_is_shown(desk: Desk) -> None:
    """One broken seal and one that is missing, by intent; all other seals hold."""
    standings = [story.standing for story in desk.stories]
    counts = {each: standings.count(each) for each in Standing if each is not Standing.APPROVED}
    assert counts == {
        Standing.DRAFT: 1, Standing.READY: 1, Standing.CHANGED: 1, Standing.UNSEALED: 1, Standing.KILLED: 0,
    }  # fmt: skip


def test_nothing_passes(desk: Desk) -> None:
    """No sample has a date that makes it old; the embargo ends in 2099."""
    dated = {story.slug: story.go_live for story in desk.stories if story.go_live or story.expires}
    assert {slug: at and at.year for slug, at in dated.items()} == {EMBARGOED: 2099}


def test_the_desk_is_content_with_all_that_is_approved(desk: Desk, house: Organisation, newsletters) -> None:
    """Only the draft has findings, and the two whose approval does not hold."""
    now = datetime(2026, 11, 23, 5, tzinfo=house.zone)
    for story in desk.stories:
        findings = check_story(story, newsletters=tuple(newsletters.values()), outlets=house.outlets, now=now)
        if story.standing in {Standing.UNSEALED, Standing.CHANGED}:
            assert [finding.check for finding in findings] == ["seal"]
        else:
            assert bool(findings) is (story.standing is Standing.DRAFT), findings
    assert not check_together(desk.stories)


def test_approvers_are_named(desk: Desk, house: Organisation) -> None:
    """Each seal was set by one of the organisation's approvers, and not by the author."""
    seals = [(story.approval.by, story.author) for story in desk.stories if story.approval]
    assert all(by in house.approvers and by != author for by, author in seals)


@pytest.mark.parametrize("year", [2026, 2031])
def test_both_newsletters_have_an_edition(desk: Desk, newsletters, year: int) -> None:
    """A daily of seven stories or more that leads with the picture, and a digest of its own order."""
    daily, friday = plan(newsletters["daily"], desk, year), plan(newsletters["friday"], desk, year)
    assert daily.edition is not None
    assert friday.edition is not None
    assert len(daily.edition.stories) >= 7
    assert daily.edition.lead.image is not None
    assert friday.edition.sections[0].section.slug == "long-read"
    assert newsletters["daily"].list != newsletters["friday"].list
    assert newsletters["friday"].gathers == "since_last"
    assert [each.slug for each in daily.waiting if each.reason.startswith("embargoed")] == [EMBARGOED]


def test_what_readers_know_is_shown(desk: Desk) -> None:
    """Voice, citations with and without a note, two levels of list, a quotation, a number list, an image."""
    blocks = [block for story in desk.stories for block in story.blocks]
    assert any(getattr(block, "voice", False) for block in blocks)
    assert any(item.children for block in blocks for item in getattr(block, "items", ()))
    assert any(getattr(block, "ordered", False) for block in blocks)
    assert {type(block).__name__ for block in blocks} == {"Paragraph", "BulletList", "Quote"}
    access = {each.access for story in desk.stories for each in story.citations}
    assert access == {"subscription", "registration", None}


def test_holidays() -> None:
    """The calendar is read."""
    assert len(load_holidays(CONTENT)) > 10


@pytest.mark.parametrize("on", [date(2026, 5, 4), date(2031, 11, 24)])
def test_something_stands_beside_the_stories_on_any_day(desk: Desk, house, newsletters, on: date) -> None:
    """A sponsor without dates, what comes each week; the note and one-liners on the sample day alone."""
    daily = newsletters["daily"]
    known = Known(organisation=house, newsletters=newsletters, images=CONTENT / "images")
    supply = load_supply(CONTENT, daily, on=on, suffix=None, known=known)
    assert (supply.faults, supply.stray) == ((), ())
    at = datetime(on.year, on.month, on.day, 6, 30, tzinfo=daily.zone)
    plain = assemble(daily, desk.stories, on=on, planned_at=at, now=at, history=History())
    made = with_extras(plain, daily, supply, on=on, at=at)
    assert made.edition is not None
    assert made.beside.unused == ()
    extras = made.edition.extras
    assert (len(extras.sponsors), len(extras.calendar)) == (1, 2)
    assert (extras.note is not None, len(extras.briefs)) == ((True, 3) if on.year == 2026 else (False, 0))
    assert check_extras(made.edition, house.outlets) == ()
