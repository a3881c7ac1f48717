"""What stands beside the stories, from the files of a house to its frozen edition."""

from __future__ import annotations

import pytest
from ledger_house import House, at

from newsletter.errors import ContentError, ProofError
from newsletter.model import EditionState
from newsletter.pipeline import freezing, gathering, planning

SHEET = "content/editions/daily/2026-05-04.md"
NOTED = "---\nsubject: Good morning\nby: Ann Roe\n---\nThree ports opened again.\n"


@pytest.fixture
def running(sqlite_house: House) -> House:
    """A scheduler that has run since Friday, three readers, one story, and folders for sheets and sponsors."""
    sqlite_house.tick(at(1, 12))
    sqlite_house.clock.at = at(4, 4)
    sqlite_house.readers(3)
    sqlite_house.story()
    (sqlite_house.folder / "content/editions/daily").mkdir(parents=True)
    (sqlite_house.folder / "content/sponsors").mkdir()
    return sqlite_house


def plan(house: House) -> planning.EditionPlan:
    return planning.plan(house.context, house.target(), house.clock())


def gone(house: House) -> set[str]:
    """The subjects of live mail."""
    return {each.envelope.subject for each in house.fake.accepted if each.batch.kind == "live"}


def test_a_broken_sheet_stops_the_edition(running: House) -> None:
    """The freeze is not done and says why; once it is mended, the edition goes."""
    running.write(SHEET, "---\nsubjekt: Good morning\n---\n")
    done = dict(running.tick(at(4, 6, 15)))
    assert f"{SHEET}:2: `subjekt` is not a key: did you mean `subject`?" in done["freeze"]
    assert running.state()[0] is not EditionState.FROZEN
    assert plan(running).missing[0].endswith(f"{SHEET}:2: `subjekt` is not a key: did you mean `subject`?")
    with pytest.raises(ContentError):
        running.freeze()
    running.write(SHEET, NOTED)
    running.freeze()
    running.tick(at(4, 6, 45))
    assert (running.state()[0], len(running.fake.live)) == (EditionState.SENT, 3)
    assert gone(running) == {"Good morning"}


def test_a_placeholder_in_a_note_stops_the_edition(running: House) -> None:
    """With the line of the sheet, as one in a story does."""
    running.write(SHEET, NOTED.replace("Three", "TK"))
    with pytest.raises(ProofError, match=rf"{SHEET}:5: `TK` waits for its words"):
        running.freeze()


def test_what_was_frozen_goes(running: House) -> None:
    """Whatever becomes of the files: changed, broken or gone, they neither stop it nor change a byte."""
    running.write(SHEET, NOTED)
    running.tick(at(4, 6, 15))
    frozen = plan(running).frozen
    assert frozen is not None
    running.write(SHEET, NOTED.replace("Good morning", "Too late"))
    assert plan(running).composed.message.fingerprint != frozen.fingerprint  # type: ignore[union-attr]  # it renders
    assert "goes as it was frozen" in planning.in_text(plan(running))
    running.write("content/sponsors/Dell.md", "not a sponsor")
    running.write(SHEET, "not a sheet")
    assert freezing.look_again(running.context, running.target(), at(4, 6, 30)) is None
    running.tick(at(4, 6, 30))
    assert (running.state()[0], len(running.fake.live)) == (EditionState.SENT, 3)
    assert gone(running) == {"Good morning"}


def test_a_new_freeze_takes_the_sheet_as_it_is_then(running: House) -> None:
    """With a late story comes what the editors wrote meanwhile, or the fault that is in it."""
    running.write(SHEET, NOTED)
    first = running.freeze()
    running.story("2026-05-04-rails")
    running.write(SHEET, "not a sheet")
    with pytest.raises(ContentError, match="the sheet of an edition begins with front matter"):
        freezing.refreeze(running.context, running.target(), by="ann", story="2026-05-04-rails")
    running.write(SHEET, NOTED.replace("Good morning", "Late news"))
    second = freezing.refreeze(running.context, running.target(), by="ann", story="2026-05-04-rails")
    assert second.fingerprint != first.fingerprint
    running.tick(at(4, 6, 30))
    assert gone(running) == {"Late news"}


def test_an_extra_edition_has_its_own_sheet(running: House) -> None:
    """The note of the day does not stand in the alert."""
    running.write(SHEET, NOTED)
    alert = gathering.gather(running.context, running.target("daily/2026-05-04-alert"), at(4, 5))
    assert alert.assembly.beside.extras.note is None
    day = gathering.gather(running.context, running.target(), at(4, 5))
    assert day.assembly.beside.extras.note is not None
