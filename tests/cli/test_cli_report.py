"""`newsletter report`: a table, a document, a page as a file, the address of the page, and the last editions."""

from __future__ import annotations

import pytest
from cli_house import House

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"


@pytest.fixture
def sent(house: House, esp: Sandbox) -> House:
    """Monday's edition went to twelve readers; no event has come."""
    assert esp.url
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    return house


def test_the_table(sent: House) -> None:
    """What an editor must know first, and the sum: 12 = 12 candidates."""
    said = sent.run("report", "daily")
    assert said.code == 0
    assert said.out.startswith(f"{MONDAY} is sent")
    assert "! No event has come of it yet: what became of it is not known." in said.out
    assert "Accepted by the mail service  12 of 12 candidates, 100.0%" in said.out
    assert "12 = 12 candidates" in said.out


def test_the_document_is_that_of_the_status_and_more(sent: House) -> None:
    """Programs that read `sends` go on as before."""
    status, document = sent.json("send", "status", MONDAY), sent.json("report", MONDAY)
    report = document.pop("report")
    assert document == status
    assert report["rates"]["accepted"] == {
        "count": 12, "of": "candidates", "whole": 12, "share": 1.0, "usual": None, "odd": False
    }  # fmt: skip
    assert report["opens"] is None


def test_of_an_edition_that_was_not_frozen(house: House) -> None:
    """Where it stands, as `send status` says; null in the document; no page."""
    house.run("edition", "hold", MONDAY, "--reason", "the lead is late")
    assert house.run("report", MONDAY).out == house.run("send", "status", MONDAY).out
    assert house.json("report", MONDAY)["report"] is None
    said = house.run("report", MONDAY, "--html", "page.html")
    assert said.code == 1
    assert "was not sent" in said.err


def test_the_page_as_a_file(sent: House) -> None:
    said = sent.run("report", MONDAY, "--html", "page.html")
    assert (said.code, said.out) == (0, "wrote page.html\n")
    page = (sent.folder / "page.html").read_text(encoding="utf-8")
    assert "The Morning Run of May 4, 2026: the report" in page
    assert "<style>" in page


def test_the_address_of_the_page(sent: House) -> None:
    said = sent.run("report", MONDAY, "--link")
    assert said.code == 0
    assert "/desk/report/" in said.out


def test_the_last_editions(sent: House) -> None:
    """A line for each; the same as a document."""
    said = sent.run("report", "daily", "--last", "10")
    assert said.out.splitlines() == [
        "edition           accepted  delivered  left  spam",
        f"{MONDAY}        12          -     -     -",
    ]
    document = sent.json("report", "daily", "--last", "10")
    assert document["newsletter"] == "daily"
    assert [each["send"]["edition"] for each in document["editions"]] == [MONDAY]


@pytest.mark.parametrize("words", [("--json", "--link"), ("--html", "x", "--link"), ("--last", "3", "--link"),
                                   ("--last", "0")])  # fmt: skip
def test_one_form_at_a_time(sent: House, words: tuple[str, ...]) -> None:
    said = sent.run("report", MONDAY, *words)
    assert said.code == 2
