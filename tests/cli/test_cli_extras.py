"""The sheet of an edition, sponsors and the calendar, as editors meet them in commands."""

from __future__ import annotations

import pytest
from cli_house import House

MONDAY = "daily/2026-05-04"
SHEET = "content/editions/daily/2026-05-04.md"
SPONSOR = "content/sponsors/dell-county-pattern-works.md"


def without(house: House, part: str) -> None:
    house.newsletter_file(lambda text: text.replace(f'"{part}", ', ""))


def test_plan_tells_what_stands_beside_the_stories(house: House) -> None:
    """Note, sponsor and its place, one-liners, dates; each with its file."""
    said = house.run("edition", "plan", MONDAY, "--now", "2026-05-04T05:00")
    _, _, beside = said.out.partition("Beside the stories\n")
    lines = beside.partition("\n\n")[0].splitlines()
    assert [line.partition(":")[0].strip(" -") for line in lines] == [
        "note by Ann Roe", "sponsor after trade", "also in the news", "also in the news", "also in the news",
        "calendar", "calendar",
    ]  # fmt: skip
    assert f"({SPONSOR})" in lines[1]
    assert "(The Daily Ledger, subscription)" in lines[2]
    assert "Thu 7 May 2026 16:00 Ask an apprentice" in lines[5]


def test_plan_as_json(house: House) -> None:
    """The same for programs, with what goes unused."""
    house.run("edition", "plan", MONDAY)
    (house.folder / "content/sponsors/other.md").write_text("---\nlabel: By other\nplace: trade\n---\nText.\n")
    extras = house.run("edition", "plan", MONDAY, "--now", "2026-05-04T05:00", "--json").json()["extras"]
    assert extras["note"] == {"by": "Ann Roe", "path": SHEET}
    assert [brief["where"] for brief in extras["briefs"]] == [f"{SHEET}:4", f"{SHEET}:7", f"{SHEET}:9"]
    assert [each["starts"] for each in extras["calendar"]] == ["2026-05-07T16:00:00-04:00", "2026-05-09"]
    (placed,), (unused,) = extras["sponsors"], extras["unused"]
    assert placed["place"] == "trade"
    assert {placed["path"], unused["where"]} == {SPONSOR, "content/sponsors/other.md"}
    assert unused["reason"] == f"its place, after trade, has {placed['slug']}: they take turns"


def test_a_part_that_is_off(house: House) -> None:
    """An editor wrote a note and wonders: the plan says which key prints it."""
    without(house, "note")
    said = house.run("edition", "plan", MONDAY)
    assert "note by" not in said.out
    assert (
        f'{SHEET}: The Morning Run does not print an editor\'s note: put "note" among `parts` in '
        "content/newsletters/daily.toml"
    ) in said.out


@pytest.mark.parametrize(
    ("file", "part"),
    [(SHEET, None), (SPONSOR, "sponsors"), ("content/calendar/centennial.md", "calendar")],
)
def test_a_file_with_a_fault_stops_the_edition(house: House, file: str, part: str | None) -> None:
    """Told by plan, proof, freeze and check with its line. Where its part is off, it stops nothing."""
    path = house.folder / file
    path.write_text(path.read_text().replace("---\n", "---\nwhat: x\n", 1))
    problem = f"{file}:2: `what` is not a key"
    assert problem in house.run("edition", "plan", MONDAY).out
    assert house.json("edition", "plan", MONDAY)["ready"] is False
    proof = house.run("edition", "proof", MONDAY)
    assert (proof.code, f"{file}:2\n" in proof.out, "`what` is not a key" in proof.out) == (1, True, True)
    checked = house.run("story", "check")
    assert (checked.code, problem in checked.err) == (1, True)
    frozen = house.run("edition", "freeze", MONDAY, "--yes")
    assert (frozen.code, problem in frozen.err) == (1, True)
    if part is not None:
        without(house, part)
        assert house.json("edition", "plan", MONDAY)["ready"] is True


def test_desk_checks_read_extras(house: House) -> None:
    """A word that waits for others stops the edition, with its line."""
    path = house.folder / SPONSOR
    path.write_text(path.read_text().replace("Castings in nine days", "Castings in TK days"))
    proof = house.run("edition", "proof", MONDAY)
    assert proof.code == 1
    assert f"placeholder {SPONSOR}:8\n" in proof.out
    assert "`TK` waits for its words" in proof.out


def test_a_subject_of_the_sheet(house: House) -> None:
    """It goes before the newsletter's pattern; what is wrong with the preheader names the sheet's line."""
    path = house.folder / SHEET
    path.write_text(path.read_text().replace("by: Ann Roe", 'by: Ann Roe\nsubject: "Ports: open"\npreheader: Short'))
    plan = house.json("edition", "plan", MONDAY)
    assert (plan["subject"], plan["preheader"]) == ("Ports: open", "Short")
    assert [(each["check"], each["where"]) for each in plan["findings"] if each["check"] == "preheader"] == [
        ("preheader", f"{SHEET}:4")
    ]


def test_a_story_alone_is_checked_alone(house: House) -> None:
    """A check of one story does not fail for another editor's sheet."""
    (house.folder / SHEET).write_text("not a sheet")
    assert house.run("story", "check", "ports-reopen-after-two-day-stoppage").code == 0
