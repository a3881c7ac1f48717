"""From the folders to the supply of one edition, and what its newsletter prints of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from extras_samples import DAILY, known
from stories_samples import MONDAY, newsletter, story

from newsletter.model import Newsletter, Organisation
from newsletter.stories.assemble import Assembly, History, assemble, with_extras
from newsletter.stories.extras.load import all_faults, load_supply
from newsletter.stories.extras.supply import Supply

SHEET = "---\nbriefs: [Oats are up.]\n---\nGood morning.\n"
SPONSOR = "---\nlabel: Sponsored by Dell\n---\nCastings.\n"
ENTRY = "---\ntitle: Fair\nstarts: 2026-05-07\n---\n"
BROKEN = "---\nlable: x\n---\n"


@pytest.fixture
def write(content: Path) -> Callable[[str, str], None]:
    def write(name: str, text: str) -> None:
        path = content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def supply(organisation: Organisation, content: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(content.parent)

    def load(daily: Newsletter = DAILY, suffix: str | None = None) -> Supply:
        return load_supply(
            Path("content"), daily, on=MONDAY.date(), suffix=suffix, known=known(organisation, Path("content"))
        )

    return load


def made(supply: Supply, daily: Newsletter = DAILY) -> Assembly:
    stories = [story("ports"), story("mills")]
    plain = assemble(daily, stories, on=MONDAY.date(), planned_at=MONDAY, now=MONDAY, history=History())
    return with_extras(plain, daily, supply, on=MONDAY.date(), at=MONDAY)


def test_without_folders(supply) -> None:
    """Nothing is supplied, and nothing is wrong."""
    assert supply() == Supply()


def test_each_edition_has_its_sheet(supply, write) -> None:
    """By newsletter, date and suffix; sheets of other dates are harmless, whatever is wrong with them."""
    write("editions/daily/2026-05-04.md", SHEET)
    write("editions/daily/2026-05-04-alert.md", "---\nsubject: Alert\n---\n")
    write("editions/daily/1999-01-01.md", BROKEN)
    write("editions/friday/2026-05-04.md", BROKEN)
    assert supply().sheet.note.path == "content/editions/daily/2026-05-04.md"
    assert supply(suffix="alert").sheet.subject == "Alert"
    assert supply(suffix="other").sheet is None
    assert supply().faults == ()


def test_all_faults_of_all_files(supply, write) -> None:
    """The sheet's, each sponsor's and each entry's, at once; hidden files and others are passed over."""
    for name in ("editions/daily/2026-05-04.md", "sponsors/dell.md", "calendar/fair.md"):
        write(name, BROKEN)
    for name in ("sponsors/.draft.md", "sponsors/README.txt"):
        write(name, BROKEN)
    assert {fault.path for fault in supply().faults} == {
        "content/editions/daily/2026-05-04.md", "content/sponsors/dell.md", "content/calendar/fair.md",
    }  # fmt: skip


def test_faults_of_parts_that_are_off_stop_nothing(supply, write) -> None:
    """Nothing that the newsletter prints would be missing; a sheet's subject counts in any case."""
    for name in ("editions/daily/2026-05-04.md", "sponsors/dell.md", "calendar/fair.md"):
        write(name, BROKEN)
    daily = newsletter(parts=("note",))
    assert {fault.path for fault in supply(daily).faults} == {"content/editions/daily/2026-05-04.md"}


@pytest.mark.parametrize("name", ["2026-5-4.md", "2026-02-30.md", "monday.md", "2026-05-04-.md"])
def test_a_sheet_that_no_edition_would_find(supply, write, name: str) -> None:
    """Its name is at fault, and stops the newsletter: it may be today's."""
    write(f"editions/daily/{name}", SHEET)
    (fault,) = supply().faults
    assert str(fault).startswith(f"content/editions/daily/{name}: a sheet is named by its edition, YYYY-MM-DD.md")


def test_a_file_that_cannot_be_read(supply, content: Path) -> None:
    """A link to nowhere is no reason to go without."""
    (content / "editions" / "daily").mkdir(parents=True)
    (content / "editions" / "daily" / "2026-05-04.md").symlink_to("nowhere")
    (fault,) = supply().faults
    assert "cannot be read" in fault.problem


def test_sheets_in_the_wrong_place_are_told(supply, write) -> None:
    """They stop nobody, since nobody knows whose they are; a folder without sheets is not looked at."""
    write("editions/2026-05-04.md", SHEET)
    write("editions/dialy/2026-05-04.md", SHEET)
    write("editions/pictures/a.txt", "")
    told = {each.where: each.reason for each in supply().stray}
    assert told == {
        "content/editions/2026-05-04.md": "no edition takes it: put it into its newsletter's folder, editions/daily, "
        "editions/friday",
        "content/editions/dialy": "no edition takes its sheets, it is no newsletter: did you mean `daily`?",
    }
    assert {each.where for each in made(supply()).beside.unused} == set(told)


def test_all_of_it_goes(supply, write) -> None:
    """What is switched on and there is in the edition."""
    write("editions/daily/2026-05-04.md", SHEET)
    write("sponsors/dell.md", SPONSOR)
    write("calendar/fair.md", ENTRY)
    assembly = made(supply())
    assert assembly.edition is not None
    extras = assembly.edition.extras
    assert extras.note is not None
    assert (len(extras.briefs), [each.slug for each in extras.sponsors]) == (1, ["dell"])
    assert [each.title for each in extras.calendar] == ["Fair"]
    assert assembly.beside.unused == ()


def test_what_is_switched_off_is_told(supply, write) -> None:
    """Each part with its file, or its folder where there are several, and the key that switches it on."""
    write("editions/daily/2026-05-04.md", SHEET)
    write("sponsors/dell.md", SPONSOR)
    write("sponsors/roe.md", SPONSOR.replace("---\nC", "place: lead\n---\nC"))
    write("calendar/fair.md", ENTRY)
    off = newsletter(parts=("count",))
    assembly = made(supply(off), off)
    assert assembly.edition is not None
    assert assembly.edition.extras == made(Supply(), off).beside.extras
    assert {each.where: each.reason.partition(": ")[0] for each in assembly.beside.unused[1:]} == {
        "content/editions/daily/2026-05-04.md": "Daily does not print one-liners of other news",
        "content/sponsors": "Daily does not print sponsors",
        "content/calendar/fair.md": "Daily does not print a calendar",
    }
    first = assembly.beside.unused[0]
    assert first.where == "content/editions/daily/2026-05-04.md"
    assert first.reason == (
        'Daily does not print an editor\'s note: put "note" among `parts` in content/newsletters/daily.toml'
    )


def test_subject_and_preheader_of_the_sheet_go_first(supply, write) -> None:
    """As they stand, braces too; where only the subject is given, the preheader does not say it again."""
    write("editions/daily/2026-05-04.md", "---\nsubject: The {lead}\n---\n")
    edition = made(supply()).edition
    assert edition is not None
    assert (edition.subject, edition.subject_at) == ("The {lead}", "content/editions/daily/2026-05-04.md:2")
    assert (edition.preheader[:12], edition.preheader_at) == ("Dock workers", "")
    lede = "Dock workers and terminal operators settled their dispute, both sides said."
    write("editions/daily/2026-05-04.md", f"---\nsubject: {lede}\n---\n")
    edition = made(supply()).edition
    assert edition is not None
    assert edition.preheader.startswith("Also: ")
    write("editions/daily/2026-05-04.md", "---\npreheader: Read this\n---\n")
    edition = made(supply()).edition
    assert edition is not None
    assert (edition.subject, edition.subject_at) == ("The headline of mills", "")
    assert (edition.preheader, edition.preheader_at) == ("Read this", "content/editions/daily/2026-05-04.md:2")


def test_without_stories_the_plan_still_tells(supply, write) -> None:
    """There is no edition, and what would go beside its stories is known; sponsors have no place yet."""
    write("editions/daily/2026-05-04.md", SHEET)
    write("sponsors/dell.md", SPONSOR)
    nothing = assemble(DAILY, [], on=MONDAY.date(), planned_at=MONDAY, now=MONDAY, history=History())
    assembly = with_extras(nothing, DAILY, supply(), on=MONDAY.date(), at=MONDAY + timedelta(hours=1))
    assert assembly.edition is None
    assert assembly.beside.extras.note is not None
    assert assembly.beside.extras.sponsors == ()


def test_every_file_is_looked_at_by_a_check(organisation: Organisation, content: Path, write) -> None:
    """Sheets of all dates and newsletters, sponsors and calendar."""
    for name in ("editions/daily/1999-01-01.md", "editions/friday/x.md", "sponsors/dell.md", "calendar/fair.md"):
        write(name, BROKEN)
    faults = all_faults(content, known(organisation, content))
    assert {Path(fault.path).name for fault in faults} == {"1999-01-01.md", "x.md", "dell.md", "fair.md"}
