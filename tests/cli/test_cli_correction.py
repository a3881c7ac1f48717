"""`newsletter send correction`: through the SendGrid library to the sandbox, typed by a person, killed at any point."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter

import pytest
from cli_house import NEWSLETTER, READERS, House, until

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"
WRONG = "2026-05-04-ports-reopen-after-two-day-stoppage"
FIX = "2026-05-04-ports-put-right"


@pytest.fixture
def wrong(house: House, esp: Sandbox) -> House:
    """Monday's edition went to all twelve, and an approved story corrects one of its stories."""
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    house.story(FIX, "It Was Six Ships", corrects=WRONG)
    assert house.run("story", "approve", FIX, "--by", "ann").code == 0
    assert esp.accepted()
    return house


def corrected(esp: Sandbox) -> Counter[str]:
    """How often each address got the correction."""
    return Counter(copy.address for copy in esp.accepted() if copy.custom_args.get("kind") == "correction")


def name(house: House) -> str:
    """The edition that the mail of the correction is, which is named by the day on which it was sent."""
    (found,) = (s["edition"] for s in house.json("send", "status", MONDAY)["sends"] if s["kind"] == "correction")
    return str(found)


def test_a_correction(wrong: House, esp: Sandbox) -> None:
    """To those who got it; the status of the wrong edition lists it, with numbers that balance."""
    assert wrong.run("subscribers", "add", "later@example.org", "--list", "daily").code == 0
    assert wrong.run("subscribers", "unsubscribe", READERS[0]).code == 0
    document = wrong.json("send", "correction", MONDAY, "--story", FIX, "--yes")
    assert corrected(esp) == Counter(READERS[1:])
    assert document["edition"] == name(wrong)
    live, send = wrong.json("send", "status", MONDAY)["sends"]
    assert (live["kind"], live["accepted"], live["edition"]) == ("live", 12, MONDAY)
    assert (send["kind"], send["state"], send["candidates"], send["accepted"]) == ("correction", "sent", 12, 11)
    assert (send["excluded"], send["refused"], send["in_doubt"], send["pending"]) == ({"unsubscribed": 1}, {}, 0, 0)
    copy = next(copy for copy in esp.accepted() if copy.custom_args.get("kind") == "correction")
    assert copy.custom_args["edition"] == name(wrong)


def test_a_second_time(wrong: House, esp: Sandbox) -> None:
    """Does nothing, says so, and is well."""
    assert wrong.run("send", "correction", "daily", "--story", FIX, "--yes").code == 0
    said = wrong.run("send", "correction", "daily", "--story", FIX, "--yes")
    assert (said.code, "sent already; nothing was sent" in said.err) == (0, True)
    assert corrected(esp) == Counter(READERS)


def test_it_asks_with_the_number(wrong: House, esp: Sandbox) -> None:
    """Whom it corrects and how many get it is said before anything is done; without an answer nothing is."""
    before = wrong.print_of_all()
    said = wrong.run("send", "correction", "daily", "--story", FIX, typed="n\n")
    assert said.code == 1
    assert f"corrects “Ports Reopen After Two-Day Stoppage” ({WRONG}) in {MONDAY}" in said.err
    assert "goes to 12 of the 12 readers who got that" in said.err
    assert wrong.run("send", "correction", "daily", "--story", FIX).code == 1
    assert wrong.run("send", "correction", "daily", "--story", FIX, "--yes", "--confirm-count", "11").code == 1
    assert wrong.print_of_all() == before
    assert corrected(esp) == Counter()
    assert wrong.run("send", "correction", "daily", "--story", FIX, typed="y\n").code == 0


def test_a_preview_changes_nothing(wrong: House, esp: Sandbox) -> None:
    """Files to look at, the number, and who is left out and why."""
    assert wrong.run("suppressions", "add", READERS[0]).code == 0
    before = wrong.print_of_all()
    said = wrong.run("send", "correction", MONDAY, "--story", FIX, "--preview")
    assert said.code == 0
    assert "goes to 11 of the 12 readers who got that" in said.out
    assert "1 left out: the address must not be mailed" in said.out
    document = wrong.json("send", "correction", MONDAY, "--story", FIX, "--preview")
    assert (document["recipients"], document["excluded"]) == (11, {"suppressed:manual": 1})
    for file in document["files"]:
        text = (wrong.folder / file).read_text()
        assert "It Was Six Ships" in text
    assert wrong.print_of_all() == before
    assert corrected(esp) == Counter()


def test_a_test_of_it(wrong: House, esp: Sandbox) -> None:
    """`send test --correction`: to the editors, or to whom it is told."""
    said = wrong.run("send", "test", MONDAY, "--correction", FIX, "--to", "eva@example.org")
    assert (said.code, said.out.endswith(": 1 of 1 accepted\n")) == (0, True)
    (copy,) = [copy for copy in esp.accepted() if copy.address == "eva@example.org"]
    assert copy.custom_args["kind"] == "test"
    assert corrected(esp) == Counter()


def test_pause_resume_and_cancel_know_it(wrong: House, esp: Sandbox) -> None:
    """By the name that `send status` gives; what was refused as a whole waits for its cure."""
    esp.fault("401")
    assert wrong.run("send", "correction", "daily", "--story", FIX, "--yes").code == 1
    assert wrong.json("send", "status", name(wrong))["reason"].startswith("paused")
    assert wrong.run("send", "resume", name(wrong)).code == 0
    assert corrected(esp) == Counter(READERS)
    assert wrong.run("send", "cancel", name(wrong), "--yes").code == 1
    assert wrong.run("send", "resolve", name(wrong)).out == f"{name(wrong)} has no batch in doubt\n"


def test_the_plan_of_the_next_edition(wrong: House) -> None:
    """It is listed apart from the stories, also for programs."""
    said = wrong.run("edition", "plan", "daily/2026-05-05").out
    assert "Corrections" in said
    assert f"It Was Six Ships (corrects {WRONG} of 2026-05-04)" in said
    (entry,) = wrong.json("edition", "plan", "daily/2026-05-05")["corrections"]
    assert (entry["slug"], entry["corrects"], entry["on"]) == (FIX, WRONG, "2026-05-04")


def test_killed_in_the_middle(wrong: House, esp: Sandbox) -> None:
    """kill -9 while requests are on their way; the same command goes on, and nobody gets it twice."""
    wrong.set(BATCH_SIZE="2", SEND_CONCURRENCY="1")
    esp.fault("slow", times=None, seconds=0.4)
    command = [*NEWSLETTER, "send", "correction", MONDAY, "--story", FIX, "--yes"]
    process = subprocess.Popen(command, env=os.environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: corrected(esp).total() >= 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    esp.clear_faults()
    said = wrong.process("send", "correction", MONDAY, "--story", FIX, "--yes")
    (send,) = [s for s in wrong.json("send", "status", MONDAY)["sends"] if s["kind"] == "correction"]
    assert send["accepted"] + send["in_doubt"] == 12
    assert said.code == (4 if send["in_doubt"] else 0)
    got = corrected(esp)
    assert max(got.values()) == 1
    if send["in_doubt"]:  # the one that was on its way when its process died: the sandbox took it, or it did not
        taken = got.total() == 12
        wrong.run("send", "resolve", name(wrong), "--accept" if taken else "--resend", "--yes")
    assert corrected(esp) == Counter(READERS)
