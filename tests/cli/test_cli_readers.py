"""`newsletter lists`, `subscribers …`, `suppressions …`: whom we may mail."""

from __future__ import annotations

import re

import pytest
from cli_house import READERS, House

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"


def people(house: House, text: str, name: str = "people.csv") -> str:
    (house.folder / name).write_text(text, encoding="utf-8")
    return name


def test_lists(house: House) -> None:
    """Every list with its active readers, those of newsletters without any too."""
    assert [(row["list"], row["active"]) for row in house.json("lists")] == [("daily", 12), ("friday", 3)]
    said = house.run("lists")
    assert said.code == 0
    assert "12  daily" in said.out


def test_lists_of_a_new_installation(bare: House) -> None:
    """Each newsletter's list, empty."""
    assert [(row["list"], row["active"]) for row in bare.json("lists")] == [("daily", 0), ("friday", 0)]


def test_import_counts_everybody(house: House) -> None:
    """4 where rows were left, each by its line without its address; the others are taken."""
    file = people(
        house, "email,name\nnew@example.org,New\nreader1@example.org,One\nnobody\nnew@example.org,Again\n,Empty\n"
    )
    said = house.run("subscribers", "import", file, "--list", "daily", "--basis", "express", "--json")
    assert said.code == 4
    report = said.json()
    assert (report["list"], report["added"], report["known"]) == ("daily", 1, 1)
    assert [row["line"] for row in report["rejected"]] == [4, 5, 6]
    assert house.json("lists")[0]["active"] == 13
    words = house.run("subscribers", "import", file, "--list", "daily")
    assert words.code == 4
    assert "line 4: " in words.out
    assert "nobody" not in words.out


def test_import_of_good_rows_alone(house: House) -> None:
    """0; a byte order mark, semicolons and a quoted name do no harm."""
    file = people(house, '\ufeffName;E-Mail\n"Roe; Ann";ann.roe@example.org\n')
    assert house.run("subscribers", "import", file, "--list", "friday").code == 0
    found = house.json("subscribers", "explain", "ann.roe@example.org")
    assert [(membership["list"], membership["state"]) for membership in found["lists"]] == [("friday", "active")]


def test_import_keeps_away_who_left(house: House) -> None:
    """Who unsubscribed stays away; who is suppressed is told."""
    house.run("subscribers", "unsubscribe", READERS[0], "--list", "daily")
    house.run("suppressions", "add", READERS[1])
    file = people(house, "email\n" + "\n".join(READERS[:3]))
    report = house.json("subscribers", "import", file, "--list", "daily")
    assert (report["kept_out"], report["suppressed"], report["added"]) == (1, 1, 0)


def test_import_onto_a_list_that_no_newsletter_has(house: House) -> None:
    """The lists are named; nothing is imported."""
    file = people(house, "email\nnew@example.org\n")
    before = house.print_of_all()
    said = house.run("subscribers", "import", file, "--list", "dayly")
    assert said.code == 1
    assert "'dayly'" in said.err
    assert "daily, friday" in said.err
    assert house.print_of_all() == before


def test_add(house: House) -> None:
    """Once is news, twice is not, and who left is not put back by hand either."""
    add = ("subscribers", "add", "new@example.org", "--list", "daily", "--name", "New", "--basis", "express")
    assert house.run(*add).out == "on daily now\n"
    assert house.run(*add).out == "on daily already\n"
    house.run("subscribers", "unsubscribe", "new@example.org")
    assert house.run(*add).out == "they left daily and stay away\n"
    assert house.run("subscribers", "add", "new", "--list", "daily").code == 1
    assert house.run("subscribers", "add", "new@example.org").code == 2, "no list"
    assert house.run(*add[:-1], "hearsay").code == 2, "no such basis"


def test_unsubscribe(house: House) -> None:
    """One list or all; twice is once; somebody unknown is told."""
    assert house.run("subscribers", "unsubscribe", READERS[0], "--list", "friday").out == "taken off friday\n"
    assert house.run("subscribers", "unsubscribe", READERS[0]).out == "taken off daily\n"
    assert house.run("subscribers", "unsubscribe", READERS[0]).out == "they were on no such list\n"
    unknown = house.run("subscribers", "unsubscribe", "stranger@example.org")
    assert (unknown.code, "no such subscriber" in unknown.err) == (1, True)


def test_unsubscribe_from_a_list_that_there_is_not(house: House) -> None:
    """A typing error must not look as if it were done."""
    said = house.run("subscribers", "unsubscribe", READERS[0], "--list", "dayly")
    assert said.code == 1
    assert "'dayly'" in said.err


def test_explain(house: House, esp: Sandbox) -> None:
    """Lists, suppressions, and each copy with batch and receipt; in words and as a document."""
    house.run("subscribers", "unsubscribe", READERS[1])
    house.run("send", "now", MONDAY, "--yes")
    got = house.json("subscribers", "explain", READERS[0], MONDAY)
    (copy,) = got["copies"]
    assert (copy["edition"], copy["kind"], copy["outcome"], copy["batch"]) == (MONDAY, "live", "accepted", 1)
    assert copy["receipt"]
    assert copy["delivery_id"]
    words = house.run("subscribers", "explain", READERS[0], MONDAY)
    assert words.code == 0
    assert f"{MONDAY} (live): accepted, batch 1" in words.out
    left = house.json("subscribers", "explain", READERS[1], "daily")
    assert left["lists"][0]["state"] == "unsubscribed"
    assert left["copies"] == []


def test_explain_of_a_stranger(house: House) -> None:
    """Known or not, it is an answer."""
    said = house.run("subscribers", "explain", "stranger@example.org")
    assert (said.code, said.out) == (0, "nobody with this address is known here\n")
    assert house.json("subscribers", "explain", "stranger@example.org")["known"] is False
    assert house.run("subscribers", "explain", "stranger").code == 1
    assert house.run("subscribers", "explain", READERS[0], "dayly").code == 1


def test_suppressions(house: House, esp: Sandbox) -> None:
    """Added by hand, listed in words and as a document, and kept out of the next edition."""
    assert house.json("suppressions", "list") == []
    said = house.run("suppressions", "add", READERS[0], "stranger@example.org")
    assert (said.code, said.out) == (0, "2 suppressed, 0 were already\n")
    assert house.run("suppressions", "add", READERS[0]).out == "0 suppressed, 1 were already\n"
    found = house.json("suppressions", "list")
    assert {row["address"] for row in found} == {READERS[0], None}
    assert all(row["scope"] == "all" and row["reason"] == "manual" for row in found)
    assert all("T" in row["since"] for row in found)
    assert READERS[0] in house.run("suppressions", "list").out
    house.run("send", "now", MONDAY, "--yes")
    assert house.lives_of(MONDAY)["excluded"] == {"suppressed:manual": 1}


def test_suppressions_import(house: House) -> None:
    """4 where rows were left."""
    file = people(house, f"email\n{READERS[0]}\nnobody\n")
    said = house.run("suppressions", "import", file, "--reason", "moved")
    assert said.code == 4
    assert "1 suppressed, 0 were already" in said.out
    assert "line 3: " in said.out
    assert house.run("suppressions", "import", people(house, f"email\n{READERS[2]}\n")).code == 0


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"name,phone\nAnn,123\n", ":1", "email"),
        (b"", ":1", "email"),
        (b"email\nann@example.org\nJ\xf6rg@example.org\n", ":3", "--encoding windows-1252"),
        (b"email\nann@example.org\nb\0b@example.org\n", ":3", "NUL"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00", "", "a workbook"),
        (b'email,name\nann@example.org,"Ann\nbob@example.org,Bob\n', ":2", "quotation mark"),
    ],
    ids=["no column", "empty", "latin-1", "nul", "a workbook", "an open quotation mark"],
)
@pytest.mark.parametrize("command", [("subscribers", "import", "--list", "daily"), ("suppressions", "import")])
def test_a_file_of_the_wrong_shape(house: House, raw: bytes, line: str, words: str, command: tuple[str, ...]) -> None:
    """Path, line and what to do; nobody of it is taken, not even those before the fault."""
    (house.folder / "wrong.csv").write_bytes(raw)
    before = house.print_of_all()
    said = house.run(*command, "wrong.csv")
    assert said.code == 1
    assert f"wrong.csv{line}: " in said.err
    assert words in said.err
    assert house.print_of_all() == before


@pytest.mark.parametrize("command", [("subscribers", "import", "--list", "daily"), ("suppressions", "import")])
def test_a_file_that_is_not_there(house: House, command: tuple[str, ...]) -> None:
    """Which, and why; a folder is no file either."""
    said = house.run(*command, "missing.csv")
    assert said.code == 1
    assert "missing.csv: cannot be read: No such file" in said.err
    assert "content: cannot be read" in house.run(*command, "content").err


def test_asked_by_a_letter(house: House, esp: Sandbox) -> None:
    """`add --confirm` puts nobody on the list: a letter goes out, in words of a list; who is suppressed gets none."""
    said = house.run("subscribers", "add", "new@example.org", "--list", "daily", "--confirm")
    assert (said.code, said.out.startswith("a letter asks them")) == (0, True)
    found = house.json("subscribers", "explain", "new@example.org")
    assert [(membership["list"], membership["state"]) for membership in found["lists"]] == [("daily", "pending")]
    assert [(mail.address, mail.custom_args["kind"]) for mail in esp.accepted()] == [("new@example.org", "letter")]
    house.run("suppressions", "add", "gone@example.org")
    said = house.run("subscribers", "add", "gone@example.org", "--list", "daily", "--confirm")
    assert (said.code, said.out.startswith("no letter")) == (4, True)
    assert house.run("subscribers", "add", "x", "--list", "daily", "--confirm").code == 1


def test_the_form_for_another_website(house: House) -> None:
    """HTML on stdout, of a newsletter that takes sign-ups."""
    said = house.run("subscribers", "form", "daily")
    assert said.code == 0
    assert re.match(r'<form action="http://127\.0\.0\.1:\d+/s/daily" method="post" lang="en" dir="ltr">', said.out)
    assert house.run("subscribers", "form", "dayly").code == 1
    file = house.folder / "content/newsletters/daily.toml"
    file.write_text("sign_up = false\n" + file.read_text())
    said = house.run("subscribers", "form", "daily")
    assert (said.code, "takes no sign-ups" in said.err) == (1, True)
