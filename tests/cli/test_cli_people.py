"""`newsletter subscribers import`, `add` and `export` as people type them."""

from __future__ import annotations

import csv
import os
import pty
import subprocess
from pathlib import Path

import pytest
from cli_house import NEWSLETTER, READERS, House


def write(house: House, text: str | bytes, name: str = "people.csv") -> str:
    (house.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def imported(*words: str) -> tuple[str, ...]:
    return ("subscribers", "import", "people.csv", "--list", "daily", *words)


def test_without_a_basis(house: House) -> None:
    """It is recorded as what it is, loudly."""
    write(house, "email\nnew@example.org\n")
    said = house.run(*imported())
    assert said.code == 0
    assert "legacy_import, which says that nobody knows why" in said.err
    assert said.out == "daily: 1 added as legacy_import, 0 were on it already\n"
    assert house.run(*imported("--basis", "express")).err == ""


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--basis", "implied"), "--until"),
        (("--basis", "express", "--until", "2099-01-01"), "implied consent ends on a day, and no other does"),
        (("--basis", "implied", "--until", "soon"), "write the day as 2027-05-01"),
        (("--basis", "implied", "--until", "2001-01-01"), "that day is over"),
        (("--basis", "hearsay"), "express"),
        (("--basis", "express", "--encoding", "klingon"), "windows-1252"),
    ],
)
def test_terms_that_cannot_be(house: House, words: tuple[str, ...], problem: str) -> None:
    """2, and what to write instead; nothing is imported."""
    write(house, "email\nnew@example.org\n")
    before = house.print_of_all()
    said = house.run(*imported(*words))
    assert (said.code, problem in said.err) == (2, True), said
    assert house.print_of_all() == before


def test_implied_consent(house: House) -> None:
    """Ends with the last second of that day where the organisation is."""
    write(house, "email\nnew@example.org\n")
    found = house.json(*imported("--basis", "implied", "--until", "2099-05-01", "--source", "members of 2026"))
    assert (found["basis"], found["until"]) == ("implied", "2099-05-01T23:59:59-04:00")
    assert (found["source"], found["taken"], found["added"]) == ("members of 2026", True, 1)


def test_the_first_of_many(house: House) -> None:
    """Twenty lines on the screen, all of them in the file and in the document; 4."""
    write(house, "email\nann.roe@example.org\nannroe@example.org\n" + "nobody\n" * 30)
    said = house.run(*imported("--basis", "express", "--report", "report.csv"))
    assert said.code == 4
    assert said.out.count("  line ") == 20
    assert "note on line 3: but for dots or a +tag it is the address in line 2" in said.out
    assert "30 rows were not taken, of which the first 20 stand here" in said.out
    with (house.folder / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == [str(n) for n in range(3, 34)]
    assert (rows[0]["row"], rows[1]["row"]) == ("taken", "left out")
    document = house.run(*imported("--basis", "express", "--json")).json()
    assert (len(document["rejected"]), len(document["notes"])) == (30, 1)
    assert "nobody" not in said.out + (house.folder / "report.csv").read_text()


def test_all_or_nothing(house: House) -> None:
    """1 and nothing written; without the bad row it is done."""
    write(house, "email\nnew@example.org\nnobody\n")
    before = house.print_of_all()
    said = house.run(*imported("--basis", "express", "--strict"))
    assert (said.code, said.out.splitlines()[0]) == (1, "nothing was written (--strict):")
    assert "line 3: not an address" in said.out
    assert house.print_of_all() == before
    write(house, "email\nnew@example.org\n")
    assert house.run(*imported("--basis", "express", "--strict")).code == 0


def test_a_rehearsal(house: House) -> None:
    """Says what would be, with the exit code that would be, and changes nothing."""
    write(house, "email\nnew@example.org\n" + "\n".join(READERS[:2]) + "\nnobody\n")
    before = house.print_of_all()
    said = house.run(*imported("--basis", "express", "--dry-run"))
    assert (said.code, said.out.splitlines()[:2]) == (
        4, ["nothing was written; this is what would be:", "daily: 1 added as express, 2 were on it already"],
    )  # fmt: skip
    assert house.print_of_all() == before


def test_an_old_file_of_windows(house: House) -> None:
    """The words of the refusal are what helps."""
    write(house, "email;name\nnew@example.org;Jürgen\n".encode("windows-1252"))
    said = house.run(*imported("--basis", "express"))
    assert (said.code, "people.csv:2: is not UTF-8" in said.err) == (1, True)
    assert house.run(*imported("--basis", "express", "--encoding", "windows-1252")).code == 0
    assert "Jürgen" in house.run("subscribers", "export", "--list", "daily").out


def test_there_and_back(house: House) -> None:
    """A list leaves as a file that only its owner reads, and another list takes it in as it is."""
    house.run("subscribers", "add", "+new@example.org", "--list", "friday", "--name", "=cmd|' /C calc'!A0")
    said = house.run("subscribers", "export", "--list", "friday", "--output", "friday.csv", "--bom")
    assert (said.code, said.out, "4 people of friday" in said.err) == (0, "", True)
    file = house.folder / "friday.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfemail,name,basis,until,source,since\r\n")
    assert b"\n'+new@example.org,'=cmd|" in raw
    found = house.json("subscribers", "import", "friday.csv", "--list", "daily", "--basis", "express")
    assert (found["added"], found["known"], found["rejected"]) == (1, 3, [])
    out = house.run("subscribers", "export", "--list", "daily").out
    assert "'+new@example.org,'=cmd|' /C calc'!A0,express,," in out


def test_an_export_that_cannot_be_written(house: House) -> None:
    """Leaves no half of a file; a list that there is not makes none."""
    assert house.run("subscribers", "export", "--list", "daily", "--output", "no/such/place.csv").code == 1
    said = house.run("subscribers", "export", "--list", "dayly", "--output", "daily.csv")
    assert (said.code, "'dayly'" in said.err) == (1, True)
    assert not list(house.folder.glob("*daily.csv*"))


def test_by_hand(house: House) -> None:
    """One person, by the same rules."""
    add = ("subscribers", "add", "new@example.org", "--list", "daily")
    assert house.run(*add).out == "on daily now\n"
    assert house.run(*add, "--basis", "express").out == "on daily already, and from now on as express\n"
    assert house.run(*add, "--basis", "implied", "--until", "2099-01-01").out == "on daily already\n"
    house.run("suppressions", "add", "gone@example.org", "--reason", "erased")
    said = house.run("subscribers", "add", "gone@example.org", "--list", "daily")
    assert said.out == "they asked to be erased and stay so, until they sign up themselves\n"
    assert house.json("subscribers", "explain", "gone@example.org")["known"] is False


def test_a_bar_on_a_terminal(house: House) -> None:
    """With rows, rate and time left; a pipe gets none of it."""
    write(house, "email\n" + "".join(f"new{n}@example.org\n" for n in range(20_000)))
    ours, theirs = pty.openpty()
    command = [*NEWSLETTER, *imported("--basis", "express")]
    with subprocess.Popen(command, cwd=house.folder, env=os.environ, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        seen = _read(ours)
        assert process.stdout is not None
        assert process.stdout.read() == b"daily: 20,000 added as express, 0 were on it already\n"
    assert b"importing" in seen
    assert b"20,000 rows, " in seen
    assert b"/s" in seen
    assert b"100%" in seen


def _read(descriptor: int) -> bytes:
    """All that was shown, until the other side is closed (Linux says EIO then)."""
    seen = b""
    with os.fdopen(descriptor, "rb", buffering=0) as screen:
        while True:
            try:
                part = screen.read(4096)
            except OSError:
                return seen
            if not part:
                return seen
            seen += part


def test_names_of_folders(house: House) -> None:
    """A folder is no file to import, nor to export into."""
    assert "cannot be read" in house.run("subscribers", "import", "content", "--list", "daily").err
    assert house.run("subscribers", "export", "--list", "daily", "--output", "content").code == 2
    assert Path("content").is_dir()
