"""`newsletter send resolve` and `confirm-restore`: what only a person may decide."""

from __future__ import annotations

import os
import re
import socket
from collections import Counter

import pytest
from cli_house import READERS, House

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"


@pytest.fixture
def doubtful(house: House, esp: Sandbox) -> House:
    """An edition in batches of four: the first was accepted, of the second and third nobody knows."""
    house.set(BATCH_SIZE="4", SEND_CONCURRENCY="1")
    esp.fault("accept-then-drop", where={"batch": "2"})
    esp.fault("503", where={"batch": "3"})
    assert house.run("send", "now", MONDAY, "--yes").code == 4
    return house


def copies(esp: Sandbox) -> Counter[str]:
    return Counter(copy.address for copy in esp.accepted())


def test_the_list_shows_the_evidence(doubtful: House) -> None:
    """4 while anything is in doubt; batch, readers, attempt, what was answered, and a verdict in words."""
    said = doubtful.run("send", "resolve", MONDAY)
    assert said.code == 4
    assert "batch 2: 4 readers, attempt 1, " in said.out
    assert re.search(r"claimed 20\d\d-.* UTC, 0 minutes ago, by process \d+ on \S+", said.out)
    assert "Of the 1 accepted batches of this send 0 were heard since\n" in said.out
    assert "--resend: if the ESP has accepted it, 8 readers get it twice" in said.out
    assert "--accept: if the ESP has not accepted it, 8 readers do not get it" in said.out
    assert "is the event webhook set up?" in said.out
    assert f"newsletter send resolve {MONDAY} --resend" in said.out
    document = doubtful.run("send", "resolve", MONDAY, "--json")
    assert document.code == 4
    assert [item["batch"] for item in document.json()["in_doubt"]] == [2, 3]
    item = document.json()["in_doubt"][1]
    assert (item["status"], item["readers"], item["minutes"]) == (503, 4, 0)
    assert (item["host"], item["pid"]) == (socket.gethostname(), os.getpid())
    assert set(item["costs"]) == {"resend", "accept", "wait"}
    assert document.json()["others"] == {"accepted": 1, "heard": 0, "last_heard_at": None}


def test_a_newsletter_is_its_latest_edition(doubtful: House) -> None:
    """As in `send status`."""
    assert doubtful.run("send", "resolve", "daily", "--json").json()["edition"] == MONDAY


def test_nothing_is_in_doubt(house: House, esp: Sandbox) -> None:
    """0, and words or an empty list."""
    house.run("send", "now", MONDAY, "--yes")
    said = house.run("send", "resolve", MONDAY)
    assert (said.code, said.out) == (0, f"{MONDAY} has no batch in doubt\n")
    assert house.json("send", "resolve", MONDAY) == {"edition": MONDAY, "in_doubt": [], "others": None}


def test_accept_takes_all_as_accepted(doubtful: House, esp: Sandbox) -> None:
    """Nothing is sent; the send is done."""
    requests = len(esp.asked())
    said = doubtful.run("send", "resolve", MONDAY, "--accept", "--yes", "--by", "ann", "--json")
    assert said.code == 0
    assert said.json()["sends"][0]["state"] == "sent"
    assert said.json()["sends"][0]["accepted"] == 12
    assert len(esp.asked()) == requests


def test_resend_sends_the_named_batch_alone(doubtful: House, esp: Sandbox) -> None:
    """The third goes again, as a second attempt; the second stays in doubt, so it is 4 still."""
    said = doubtful.run("send", "resolve", MONDAY, "3", "--resend", "--yes", "--json")
    assert said.code == 4
    assert "1 batch of" in said.err
    send = doubtful.lives_of(MONDAY)
    assert (send["accepted"], send["in_doubt"]) == (8, 4)
    assert copies(esp) == Counter(READERS), "the second was accepted before, the third is now"
    again = [copy for copy in esp.accepted() if copy.custom_args["batch"] == "3"]
    assert {copy.custom_args["attempt"] for copy in again} == {"2"}
    assert doubtful.run("send", "resolve", MONDAY, "2", "--accept", "--yes").code == 0
    assert doubtful.json("send", "status", MONDAY)["state"] == "sent"


def test_a_decision_asks_first(doubtful: House, esp: Sandbox) -> None:
    """How many batches and readers it is about; nothing without a yes."""
    before = doubtful.print_of_all()
    said = doubtful.run("send", "resolve", MONDAY, "--resend")
    assert said.code == 1
    assert "2 batches" in said.err
    assert "8 readers" in said.err
    assert "--yes" in said.err
    assert doubtful.run("send", "resolve", MONDAY, "--resend", typed="n\n").code == 1
    assert doubtful.print_of_all() == before


def test_a_resend_that_is_refused_is_not_done(doubtful: House, esp: Sandbox) -> None:
    """What goes again and meets a refused key waits for the cure: not 0."""
    esp.fault("401", times=None)
    said = doubtful.run("send", "resolve", MONDAY, "--resend", "--yes")
    assert said.code == 4
    send = doubtful.lives_of(MONDAY)
    assert (send["state"], send["accepted"], send["pending"], send["in_doubt"]) == ("paused", 4, 8, 0)


def test_both_decisions_at_once(doubtful: House) -> None:
    """Wrong usage."""
    assert doubtful.run("send", "resolve", MONDAY, "--resend", "--accept", "--yes").code == 2


def test_numbers_without_a_decision_list_those_alone(doubtful: House) -> None:
    """Whoever names a batch wants to see that one."""
    said = doubtful.run("send", "resolve", MONDAY, "3", "--json")
    assert said.code == 4
    assert [item["batch"] for item in said.json()["in_doubt"]] == [3]


@pytest.mark.parametrize("decision", [(), ("--resend", "--yes"), ("--accept", "--yes")])
def test_a_batch_that_is_not_in_doubt(doubtful: House, decision: tuple[str, ...]) -> None:
    """Told by its number, before any question; nothing is decided over the others."""
    before = doubtful.print_of_all()
    said = doubtful.run("send", "resolve", MONDAY, "2", "99", *decision)
    assert said.code == 1
    assert "99" in said.err
    assert "batches of" not in said.err
    assert doubtful.print_of_all() == before


def test_a_decision_where_nothing_is_in_doubt(house: House, esp: Sandbox) -> None:
    """Nothing to ask, nothing to do: said, 0."""
    house.run("send", "now", MONDAY, "--yes")
    said = house.run("send", "resolve", MONDAY, "--accept")
    assert said.code == 0
    assert f"{MONDAY} has no batch in doubt" in said.out + said.err


def test_an_edition_without_a_send(house: House) -> None:
    """Told."""
    said = house.run("send", "resolve", MONDAY)
    assert said.code == 1
    assert f"{MONDAY} has no send yet" in said.err


# --- after a backup -------------------------------------------------------------------------------------------------


def test_a_restored_database_does_not_send(house: House, esp: Sandbox) -> None:
    """It is behind what this machine has seen: refused until a person has looked."""
    house.run("lists")
    backup = house.database.read_bytes()
    house.run("send", "now", MONDAY, "--yes")
    for file in house.var.glob("newsletter.db*"):
        file.unlink()
    house.database.write_bytes(backup)
    said = house.run("send", "now", MONDAY, "--yes")
    assert said.code == 1
    assert "restored from a backup" in said.err
    assert "restored from a backup" in house.run("edition", "plan", "daily/2026-05-05").out
    assert "newsletter send confirm-restore" in said.err
    assert copies(esp) == Counter(READERS)
    asked = house.run("send", "confirm-restore")
    assert (asked.code, "--yes" in asked.err) == (1, True)
    confirmed = house.run("send", "confirm-restore", "--yes")
    assert (confirmed.code, confirmed.out) == (0, "the ledger counts on from 3\n")
    assert house.run("send", "now", MONDAY, "--yes").code == 0


def test_confirmed_without_need(house: House, esp: Sandbox) -> None:
    """Where nothing was restored it harms nothing: what is sent before and after is told apart by nobody."""
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    assert house.run("send", "confirm-restore", "--yes").code == 0
    assert "nothing was sent" in house.run("send", "now", MONDAY, "--yes").err
    assert copies(esp) == Counter(READERS)
