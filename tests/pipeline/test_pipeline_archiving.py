"""The archive: what went out is kept whole, whatever becomes of its files; what was killed is gone at once."""

from __future__ import annotations

import shutil

import pytest
from ledger_house import House, at
from sqlalchemy import delete

from newsletter.model import EditionState, Paragraph, plain
from newsletter.pipeline import desk, freezing, sending
from newsletter.pipeline.archived import EditionPage
from newsletter.pipeline.archiving import EDITIONS_A_PAGE, Archive, NotThereError, WithdrawnError
from newsletter.storage import tables as t

DAY, NEXT = "2026-05-04", "2026-05-05"
DAILY = f"daily/{DAY}"
WRONG = "2026-05-04-ports"
OTHER = "2026-05-04-rails"
FIX = "2026-05-05-ports-put-right"


@pytest.fixture
def house(house: House) -> House:
    """On each database, a daily that anybody may read, and three readers."""
    return public(house)


@pytest.fixture
def sqlite_house(sqlite_house: House) -> House:
    return public(sqlite_house)


def public(house: House, keys: str = "") -> House:
    house.newsletter(keys=f'archive = "public"\n{keys}')
    house.reload()
    house.readers(3)
    return house


def archive(house: House) -> Archive:
    """As a web app that was started just now."""
    return Archive(house.context)


def went(house: House, *slugs: str, words: str = DAILY) -> None:
    for slug in slugs:
        house.story(slug)
    house.send(words)


def headlines(page: EditionPage) -> list[str]:
    return [story.headline for story in page.view.stories] if page.view else []


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_it_needs_no_file_of_an_edition(house: House) -> None:
    """Not a year later, when its stories were moved away: text, section, date and subject are as they went out."""
    went(house, WRONG, OTHER)
    shutil.rmtree(house.folder / "content/stories")
    house.clock.move(days=400)
    page = archive(house).edition("daily", DAY)
    assert headlines(page) == ["Ports", "Rails"]
    assert page.title == "Ports"
    assert page.gone.at == at(4, 4)
    story = archive(house).story(WRONG)
    assert (story.section, story.view.headline, story.at) == ("Trade", "Ports", at(4, 4))
    assert [block for passage in story.view.passages for block in passage.blocks] == list(story.story.blocks)
    assert [each.gone.name for each in story.held] == [DAILY]


def test_a_changed_file_changes_nothing_that_went_out(sqlite_house: House) -> None:
    house = sqlite_house
    went(house, WRONG)
    house.write(f"content/stories/{WRONG}.md", "---\nheadline: Another\nsection: trade\n---\nOther words.\n")
    assert headlines(archive(house).edition("daily", DAY)) == ["Ports"]


def test_frozen_is_not_gone(house: House) -> None:
    """Nothing is there before the first reader may have it; then all is, while the rest is still going out."""
    house.story(WRONG)
    house.freeze()
    for ask in (lambda: archive(house).edition("daily", DAY), lambda: archive(house).story(WRONG)):
        with pytest.raises(NotThereError):
            ask()
    assert archive(house).stream("daily").editions == ()
    assert archive(house).addresses(["daily"]).stories == {}
    sending.start(house.context, DAILY, by="ann")
    assert house.state()[0] is EditionState.SENDING
    assert headlines(archive(house).edition("daily", DAY)) == ["Ports"]


def test_what_was_frozen_anew_is_kept_anew(house: House) -> None:
    """Of two freezes the archive shows what went."""
    house.story(WRONG)
    house.freeze()
    house.story(OTHER)
    freezing.refreeze(house.context, house.target(), by="ann", story=OTHER)
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    assert headlines(archive(house).edition("daily", DAY)) == ["Ports", "Rails"]


def test_before_there_was_an_archive(house: House) -> None:
    """Of an edition of which nothing was kept the headlines are shown; its stories have no pages."""
    went(house, WRONG, OTHER)
    with house.store.write() as tx:
        tx.execute(delete(t.printed_edition))
        tx.execute(delete(t.printed_story))
    page = archive(house).edition("daily", DAY)
    assert (page.view, page.headlines) == (None, ("Ports", "Rails"))
    with pytest.raises(NotThereError):
        archive(house).story(WRONG)
    assert archive(house).stream("daily").editions == ()
    assert archive(house).addresses(["daily"]).stories == {}
    assert list(archive(house).addresses(["daily"]).editions["daily"]) == [DAY]


def test_only_what_is_for_the_public(sqlite_house: House) -> None:
    """A newsletter without `archive = "public"` has no page, and its stories have none but another's."""
    house = sqlite_house
    house.newsletter("board", schedule="")
    house.reload()
    house.readers(2, "board", prefix="board")
    house.story(WRONG)
    house.story(OTHER, newsletters="[board]")
    house.send(DAILY)
    house.send(f"board/{DAY}")
    found = archive(house)
    assert [each.gone.name for each in found.story(WRONG).held] == [DAILY]
    for ask in (
        lambda: found.edition("board", DAY),
        lambda: found.story(OTHER),
        lambda: found.stream("board"),
        lambda: found.feed("board"),
    ):
        with pytest.raises(NotThereError):
            ask()


# --- killed and embargoed ---------------------------------------------------------------------------------------------


def test_a_killed_story_is_gone_at_once(house: House) -> None:
    """From its page, its edition, the stream, the feed and the list of addresses; what was written over the edition
    may have told of it, and goes too.
    """
    went(house, WRONG, OTHER)
    found = archive(house)
    found.story(WRONG)
    desk.kill(house.context, WRONG, by="ann")
    with pytest.raises(WithdrawnError):
        found.story(WRONG)
    page = found.edition("daily", DAY)
    assert (headlines(page), page.title) == (["Rails"], "")
    assert [story.headline for of in found.stream("daily").editions for story in of.stories] == ["Rails"]
    assert [of.title for of in found.stream("daily").editions] == [""]
    feed = found.feed("daily")
    assert [of.view.headline for of in feed.stories] == ["Rails"]
    assert list(found.addresses(["daily"]).stories) == [OTHER]
    assert found.addresses(["daily"]).withdrawn == (WRONG,)


def test_killed_by_hand_in_its_file(sqlite_house: House) -> None:
    """The same, while the archive runs: no command need tell it. What the file takes back is back."""
    house = sqlite_house
    went(house, WRONG, OTHER)
    found = archive(house)
    found.story(WRONG)
    path = house.folder / f"content/stories/{WRONG}.md"
    before = path.read_text()
    path.write_text(before.replace("status: approved", "status: killed"))
    with pytest.raises(WithdrawnError):
        found.story(WRONG)
    assert headlines(found.edition("daily", DAY)) == ["Rails"]
    path.write_text(before)
    assert found.story(WRONG).view.headline == "Ports"


def test_approved_again_it_is_back(house: House) -> None:
    """The last move of a story counts, not that it was ever killed."""
    went(house, WRONG)
    desk.kill(house.context, WRONG, by="ann")
    with pytest.raises(WithdrawnError):
        archive(house).edition("daily", DAY)
    path = house.folder / f"content/stories/{WRONG}.md"
    path.write_text(path.read_text().replace("status: killed", "status: ready"))
    desk.approve(house.context, WRONG, by="ann")
    assert headlines(archive(house).edition("daily", DAY)) == ["Ports"]


def test_an_edition_of_killed_stories_alone(sqlite_house: House) -> None:
    """Its address says that it was withdrawn, and it is listed nowhere."""
    house = sqlite_house
    went(house, WRONG)
    desk.kill(house.context, WRONG, by="ann")
    with pytest.raises(WithdrawnError):
        archive(house).edition("daily", DAY)
    assert archive(house).stream("daily").editions == ()
    assert archive(house).addresses(["daily"]).editions == {"daily": {}}


def test_an_embargo_that_an_editor_sets_later(sqlite_house: House) -> None:
    """Is kept until its minute, and not a second longer."""
    house = sqlite_house
    went(house, WRONG, OTHER)
    path = house.folder / f"content/stories/{WRONG}.md"
    path.write_text(path.read_text().replace("author: b.low", "author: b.low\ngo_live: 2026-05-04T12:00"))
    found = archive(house)
    with pytest.raises(NotThereError):
        found.story(WRONG)
    assert headlines(found.edition("daily", DAY)) == ["Rails"]
    assert list(found.addresses(["daily"]).stories) == [OTHER]
    house.clock.at = at(4, 12)
    assert headlines(found.edition("daily", DAY)) == ["Ports", "Rails"]


def test_the_embargo_that_it_went_out_with(sqlite_house: House) -> None:
    """Holds where the clock is put back, though the file is gone."""
    house = sqlite_house
    house.clock.at = at(4, 6)
    house.story(WRONG, go_live="2026-05-04T05:30")
    house.send()
    shutil.rmtree(house.folder / "content/stories")
    house.clock.at = at(4, 5, 29)
    with pytest.raises(NotThereError):
        archive(house).story(WRONG)
    with pytest.raises(NotThereError):
        archive(house).edition("daily", DAY)
    house.clock.at = at(4, 5, 30)
    assert archive(house).story(WRONG).view.headline == "Ports"


# --- corrections ------------------------------------------------------------------------------------------------------


def test_a_correction_is_shown_where_it_was_wrong(house: House) -> None:
    """Once, though it went by mail and in a box: with its date, its text, and links both ways."""
    went(house, WRONG, OTHER)
    house.clock.at = at(5, 4)
    house.story(FIX, corrects=WRONG)
    house.story("2026-05-05-mills")
    house.correct(FIX)
    house.send(f"daily/{NEXT}")
    found = archive(house)
    wrong = found.story(WRONG)
    (corrected,) = wrong.corrections
    assert (corrected.slug, corrected.day, corrected.at) == (FIX, "May 5, 2026", at(5, 4))
    first = corrected.view.passages[0].blocks[0]
    assert isinstance(first, Paragraph)
    assert plain(first.spans).startswith("The first cranes"), "the mail's own line over it is not repeated"
    assert wrong.changed_at == at(5, 4)
    assert list(found.edition("daily", DAY).corrections) == [WRONG]
    right = found.story(FIX)
    assert right.corrects is not None
    assert (right.corrects.slug, right.corrects.headline, right.corrects.day) == (WRONG, "Ports", "May 4, 2026")
    assert [each.gone.key for each in right.held] == [NEXT, f"{NEXT}-correction"]
    assert found.edition("daily", NEXT).boxed == (FIX,)
    assert found.addresses(["daily"]).stories[WRONG].isoformat() == NEXT, "it is another page since then"


def test_a_correction_goes_with_what_it_corrects(sqlite_house: House) -> None:
    """It would tell what the withdrawn story said. And one that was killed itself corrects nothing any more."""
    house = sqlite_house
    went(house, WRONG, OTHER)
    house.clock.at = at(5, 4)
    house.story(FIX, corrects=WRONG)
    house.story("2026-05-05-mills")
    house.send(f"daily/{NEXT}")
    found = archive(house)
    desk.kill(house.context, WRONG, by="ann")
    with pytest.raises(WithdrawnError):
        found.story(FIX)
    assert found.edition("daily", NEXT).boxed == ()
    path = house.folder / f"content/stories/{WRONG}.md"
    path.write_text(path.read_text().replace("status: killed", "status: ready"))
    desk.approve(house.context, WRONG, by="ann")
    desk.kill(house.context, FIX, by="ann")
    assert found.story(WRONG).corrections == ()


# --- the stream -------------------------------------------------------------------------------------------------------


def days(house: House, count: int, first: int = 4) -> list[str]:
    """So many editions, a day each, one story each; gives their keys."""
    keys = []
    for day in range(first, first + count):
        house.clock.at = at(day, 4)
        went(house, f"2026-05-{day:02}-story-{day}", words=f"daily/2026-05-{day:02}")
        keys.append(f"2026-05-{day:02}")
    return keys


def pages(house: House) -> list[list[str]]:
    """The keys of each page of the stream, from the newest on."""
    found, before = [], None
    while True:
        page = archive(house).stream("daily", before)
        found.append([of.gone.key for of in page.editions])
        if page.older is None:
            return found
        before = page.older


def test_older_pages_stay_as_they_are(house: House) -> None:
    """Each edition is on one page, newest first; a new one changes the first page alone, until that is full."""
    house.newsletter(keys='archive = "public"\naudience_guard = 1', schedule="")
    house.reload()
    keys = days(house, 13)
    first = pages(house)
    assert [key for page in first for key in page] == keys[::-1]
    assert list(map(len, first)) == [EDITIONS_A_PAGE + 3, EDITIONS_A_PAGE]
    keys += days(house, 1, first=17)
    assert pages(house) == [[keys[-1], *first[0]], first[1]]
    keys += days(house, 1, first=18)
    assert list(map(len, pages(house))) == [EDITIONS_A_PAGE] * 3
    assert pages(house)[-1] == first[1]


def test_an_extra_edition_stands_after_its_days_own(sqlite_house: House) -> None:
    house = sqlite_house
    went(house, WRONG)
    house.clock.move(hours=2)
    house.story("2026-05-04-flood")
    house.send(f"{DAILY}-alert")
    assert pages(house) == [[f"{DAY}-alert", DAY]]
    page = archive(house).edition("daily", f"{DAY}-alert")
    assert page.older is not None
    assert page.older.key == DAY
    assert archive(house).edition("daily", DAY).newer == page.gone


def test_a_story_is_once_in_the_feed(sqlite_house: House) -> None:
    """As many as fifty, newest first, through as many editions as that takes."""
    house = sqlite_house
    keys = days(house, 12)
    feed = archive(house).feed("daily")
    assert [each.held[0].gone.key for each in feed.stories] == keys[::-1]
    assert feed.changed_at == house.clock()
