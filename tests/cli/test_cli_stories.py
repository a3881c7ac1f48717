"""`newsletter story …`: what an editor types, and what is answered."""

from __future__ import annotations

import pytest
from cli_house import ROOT, House

SEED = ROOT.parent / "shared" / "seed" / "input-stories.txt"

COPIED = """\
Input Stories

Trade

Freight Rates Fall for a Third Week

Rates from the coast to the plains fell by a tenth, shippers said on Monday (The Daily Ledger, subscription).

The numbers: A container now costs $2,100.

  • In May it was $2,900.
  • “We can plan again,” said Dora Finch.

The AMG says: “Cheaper freight is cheaper everything,” said Marian Holt.
View More
"""


def test_new_makes_a_draft_that_reads_back(house: House) -> None:
    """`story new` names the file it made and what comes next; the file has no fault, whatever the headline holds."""
    said = house.run("story", "new", 'Permits: "Two Years"', "--section", "trade", "--author", "ann")
    assert said.code == 0
    path = house.folder / said.out.splitlines()[0]
    assert path.is_file()
    assert f"newsletter story check {path.stem}" in said.out
    listed = house.json("story", "list", "--status", "draft")
    assert 'Permits: "Two Years"' in [story["headline"] for story in listed["stories"]]
    assert listed["faults"] == []


def test_new_never_takes_a_name_twice(house: House) -> None:
    """The second story of a headline and a day has a file of its own."""
    first, second = (house.run("story", "new", "Twice", "--section", "trade").out.splitlines()[0] for _ in range(2))
    assert first != second


def test_new_in_a_section_that_no_newsletter_has(house: House) -> None:
    """The sections that there are are named, and no file is made."""
    before = house.print_of_all()
    said = house.run("story", "new", "Headline", "--section", "sports")
    assert said.code == 1
    assert "'sports'" in said.err
    assert "policy-legal" in said.err
    assert house.print_of_all() == before


def test_list_says_where_each_story_stands(house: House) -> None:
    """Approved is not approved: the seal, its lack and its break are told apart."""
    standings = {story["slug"]: story["standing"] for story in house.json("story", "list")["stories"]}
    assert len(standings) == 15
    assert standings["2026-05-04-ports-reopen-after-two-day-stoppage"] == "approved"
    assert standings["2026-05-05-broadband-grants-open"].startswith("approved")
    assert standings["2026-05-05-water-rule-delayed"] == "draft"


def test_list_as_json_has_instants_as_iso(house: House) -> None:
    """Other programs read `go_live`."""
    stories = house.json("story", "list")["stories"]
    (embargoed,) = (story for story in stories if story["go_live"])
    assert embargoed["go_live"] == "2099-01-04T11:00:00+00:00"


def test_list_in_words(house: House) -> None:
    """Stories on stdout, the sum on stderr."""
    said = house.run("story", "list", "--status", "ready")
    assert said.code == 0
    assert "200 Teachers" in said.out
    assert "Ports Reopen" not in said.out
    assert "1 stories, 0 files with faults" in said.err


def test_check_of_one_story_and_of_all(house: House) -> None:
    """What stops a story makes exit code 1, with the place; a good story makes 0."""
    good = house.run("story", "check", "ports-reopen-after-two-day-stoppage")
    assert (good.code, good.out) == (0, "")
    bad = house.run("story", "check", "water-rule-delayed")
    assert bad.code == 1
    assert "content/stories/2026-05-05-water-rule-delayed.md:" in bad.out
    assert "TK" in bad.out
    assert house.run("story", "check").code == 1


def test_check_as_json(house: House) -> None:
    """One document, findings with check, level, where and problem; the exit code as in words."""
    said = house.run("story", "check", "water-rule-delayed", "--json")
    assert said.code == 1
    findings = said.json()
    assert findings
    assert all(set(finding) == {"check", "level", "where", "problem"} for finding in findings)


def test_check_as_json_tells_faults_in_the_same_shape(house: House) -> None:
    """A file that cannot be read is a finding like the others."""
    house.story("2026-05-06-broken", headline="Permits: two years")
    said = house.run("story", "check", "--json")
    assert said.code == 1
    (fault,) = (finding for finding in said.json() if "2026-05-06-broken" in finding["where"])
    assert set(fault) == {"check", "level", "where", "problem"}
    assert fault["level"] == "stop"


def test_approve_revoke_kill(house: House) -> None:
    """Each says what it did to which file; the standing follows."""
    house.story("2026-05-06-mills")

    def standing() -> str:
        listed = house.json("story", "list")["stories"]
        return str(next(story["standing"] for story in listed if story["slug"] == "2026-05-06-mills"))

    approved = house.run("story", "approve", "mills", "--by", "ann")
    assert approved.code == 0
    assert "content/stories/2026-05-06-mills.md: approved by ann, sha256:" in approved.out
    assert standing() == "approved"
    assert house.run("story", "revoke", "mills", "--by", "ann").code == 0
    assert standing() == "ready"
    assert house.run("story", "kill", "mills", "--by", "ann").code == 0
    assert standing() == "killed"


def test_approve_by_somebody_who_may_not(house: House) -> None:
    """Who may is told; the file is as it was."""
    house.story("2026-05-06-mills")
    before = house.print_of_all()
    said = house.run("story", "approve", "mills", "--by", "mallory")
    assert said.code == 1
    assert "mallory" in said.err
    assert "ann" in said.err
    assert house.print_of_all() == before


def test_approve_under_four_eyes(house: House) -> None:
    """With `four_eyes`, the author may not."""
    house.newsletter_file(
        lambda text: text.replace('zone = "America/New_York"', 'zone = "America/New_York"\nfour_eyes = true')
    )
    house.story("2026-05-06-mills")
    said = house.run("story", "approve", "mills", "--by", "b.low")
    assert said.code == 1
    assert "b.low" in said.err
    assert house.run("story", "approve", "mills", "--by", "ann").code == 0


def test_approve_of_a_story_that_is_not_finished(house: House) -> None:
    """A placeholder stops it, with path and line."""
    said = house.run("story", "approve", "water-rule-delayed", "--by", "b.low")
    assert said.code == 1
    assert "content/stories/2026-05-05-water-rule-delayed.md:7" in said.err


def test_several_approved_at_once_stop_at_the_first_that_may_not_be(house: House) -> None:
    """What was done before is done and was said; the rest is untouched."""
    house.story("2026-05-06-mills")
    house.story("2026-05-06-ovens", headline="Ovens Cool")
    said = house.run("story", "approve", "mills", "water-rule-delayed", "ovens", "--by", "ann")
    assert said.code == 1
    assert "mills.md: approved" in said.out
    assert "status: ready" in (house.content / "stories/2026-05-06-ovens.md").read_text()


def test_a_story_that_is_unknown(house: House) -> None:
    """Where to look is told."""
    said = house.run("story", "approve", "no-such-story", "--by", "ann")
    assert said.code == 1
    assert "no-such-story" in said.err
    assert "newsletter story list" in said.err


def test_a_story_whose_name_is_ambiguous(house: House) -> None:
    """All that fit are named, and how to choose."""
    for day in ("06", "07"):
        house.story(f"2026-05-{day}-mills", headline=f"Mills, Day {day}")
    said = house.run("story", "approve", "mills", "--by", "ann")
    assert said.code == 1
    assert "2026-05-06-mills, 2026-05-07-mills" in said.err
    assert house.run("story", "check", "2026-05-07-mills").code == 1
    house.run("story", "kill", "2026-05-06-mills", "--by", "ann")
    assert house.run("story", "approve", "2026-05-07-mills", "--by", "ann").code == 0


@pytest.mark.parametrize("name", ["content/stories/2026-05-06-mills.md", "2026-05-06-mills.md", "mills"])
def test_a_story_may_be_named_by_path_file_or_slug(house: House, name: str) -> None:
    """What a shell completes works."""
    house.story("2026-05-06-mills")
    assert house.run("story", "check", name).code == 0


def test_import_of_a_copied_text(house: House) -> None:
    """The contract's document: path, headline, run-ins, lists, citations; what was dropped, by line; a draft."""
    (house.folder / "copied.txt").write_text(COPIED)
    document = house.json("story", "import", "copied.txt")
    assert set(document) == {"unit", "stories", "dropped", "warnings"}
    (story,) = document["stories"]
    assert story["headline"] == "Freight Rates Fall for a Third Week"
    assert story["run_ins"] == ["The numbers", "The AMG says"]
    assert story["lists"] == [2]
    assert story["citations"] == [{"outlet": "The Daily Ledger", "access": "subscription"}]
    assert set(story) == {"path", "headline", "run_ins", "lists", "citations"}
    assert {"line": 1, "text": "Input Stories"} in document["dropped"]
    assert "status: draft" in (house.folder / story["path"]).read_text()
    assert story["path"].startswith("content/stories/")


@pytest.mark.skipif(not SEED.exists(), reason="the seed is not beside this checkout")
def test_import_of_the_seed(house: House) -> None:
    """stories.md, Import: one story with five run-in heads and its source."""
    document = house.json("story", "import", str(SEED))
    (story,) = document["stories"]
    assert story["headline"] == "U.S. Partners with Mexico, Japan and EU on Critical Minerals"
    assert story["lists"] == [2, 1, 1, 1, 1]
    assert story["citations"] == [{"outlet": "The Wall Street Journal", "access": "subscription"}]
    assert [dropped["text"] for dropped in document["dropped"]].count("Input Stories") == 2


def test_an_import_is_not_written_twice(house: House) -> None:
    """The second time says where it stands; `--again` writes it once more."""
    (house.folder / "copied.txt").write_text(COPIED)
    path = house.json("story", "import", "copied.txt")["stories"][0]["path"]
    assert house.json("story", "import", "copied.txt")["stories"][0]["path"] is None
    said = house.run("story", "import", "copied.txt")
    assert f"already imported as {path}" in said.out
    again = house.json("story", "import", "copied.txt", "--again")["stories"][0]["path"]
    assert again not in (None, path)


def test_import_of_several_files_is_one_document(house: House) -> None:
    """One document on stdout, in the shape of one file's; what was dropped says in which file."""
    (house.folder / "one.txt").write_text(COPIED)
    (house.folder / "two.txt").write_text(COPIED.replace("Freight Rates Fall", "Rail Rates Fall"))
    document = house.json("story", "import", "one.txt", "two.txt")
    assert len(document["stories"]) == 2
    assert {entry["file"] for entry in document["dropped"]} == {"one.txt", "two.txt"}


@pytest.mark.parametrize(("label", "line"), [("Input Stories", 3), ("", 7)])
def test_import_tells_where_a_section_was_guessed(house: House, label: str, line: int) -> None:
    """Each guess has its line: the label that names no section, or where there is none, the beginning of the text."""
    copied = COPIED.replace("Trade", label)
    (house.folder / "copied.txt").write_text(copied if label else copied.replace("Input Stories", ""))
    warnings = house.json("story", "import", "copied.txt")["warnings"]
    assert [warning["line"] for warning in warnings if "names no section" in warning["message"]] == [line]


def test_import_into_a_section(house: House) -> None:
    """`--section` goes before the label over the text."""
    (house.folder / "copied.txt").write_text(COPIED)
    path = house.json("story", "import", "copied.txt", "--section", "workforce")["stories"][0]["path"]
    assert "section: workforce" in (house.folder / path).read_text()


def test_import_reports_in_words_what_was_left_out_and_what_to_look_at(house: House) -> None:
    """Counted, with the lines of the file; told once, with the stories that were written."""
    (house.folder / "copied.txt").write_text(COPIED.replace("The numbers: ", "The numbers:"))
    said = house.run("story", "import", "copied.txt").out
    assert "  left out of copied.txt: " in said
    assert "    line 1: Input Stories\n" in said
    assert "  to look at in copied.txt: 1\n" in said
    assert "no space after “The numbers:”; one was put in" in said
    assert "left out" not in house.run("story", "import", "copied.txt").out


def test_import_of_a_listing_page(house: House) -> None:
    """With `--multi` each headline begins a story; without, the second is told."""
    (house.folder / "list.txt").write_text(
        "Trade\n\nPorts Reopen at Last\n\nGates opened.\n\nTen Mills Hire Again\n\nThey did.\n"
    )
    once = house.json("story", "import", "list.txt")
    assert len(once["stories"]) == 1
    assert ["--multi" in warning["message"] for warning in once["warnings"]] == [True]
    stories = house.json("story", "import", "list.txt", "--multi")["stories"]
    assert [story["headline"] for story in stories] == ["Ports Reopen at Last", "Ten Mills Hire Again"]
