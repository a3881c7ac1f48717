"""`newsletter send …` and `report`: what goes out, and what is said of it."""

from __future__ import annotations

import os
import pty
import subprocess
from collections import Counter
from pathlib import Path

from cli_house import NEWSLETTER, READERS, House, until

from newsletter.sandbox import Sandbox

MONDAY = "daily/2026-05-04"
TUESDAY = "daily/2026-05-05"
EXTRA = "daily/2026-05-09-alert"
"""On a Saturday: an extra edition needs no schedule."""

CONTRACT = {
    "list", "kind", "state", "candidates", "accepted", "excluded", "refused", "in_doubt", "pending", "batches",
    "started_at", "finished_at",
}  # fmt: skip
"""What each entry of `sends` has by interface.md; more may stand beside it."""


def reached(esp: Sandbox, edition: str) -> Counter[str]:
    """How often each address got a live copy."""
    return Counter(
        copy.address
        for copy in esp.accepted()
        if copy.custom_args["edition"] == edition and copy.custom_args.get("kind") != "test"
    )


def balances(send: dict) -> bool:  # type: ignore[type-arg]
    apart = send["accepted"] + sum(send["excluded"].values()) + sum(send["refused"].values())
    return bool(apart + send["in_doubt"] + send["pending"] == send["candidates"])


# --- tests ----------------------------------------------------------------------------------------------------------


def test_a_test_goes_to_the_editors(house: House, esp: Sandbox) -> None:
    """The newsletter's editors get it, marked as a test; the list gets nothing."""
    document = house.json("send", "test", MONDAY)
    assert document["edition"] == MONDAY
    (send,) = document["sends"]
    assert set(send) >= CONTRACT
    assert (send["kind"], send["state"], send["accepted"]) == ("test", "sent", 2)
    assert {copy.address for copy in esp.accepted()} == {"ann@amg.example.org", "b.low@amg.example.org"}
    assert all(copy.custom_args["kind"] == "test" for copy in esp.accepted())


def test_a_test_goes_where_it_is_told(house: House, esp: Sandbox) -> None:
    """`--to` in place of the editors; the same person twice gets one."""
    said = house.run("send", "test", MONDAY, "--to", "eva@example.org", "--to", "EVA@example.org")
    assert (said.code, said.out) == (0, f"test of {MONDAY}: 1 of 1 accepted\n")
    assert [copy.address for copy in esp.accepted()] == ["eva@example.org"]


def test_a_test_to_what_is_no_address(house: House, esp: Sandbox) -> None:
    """Told, and nothing is sent."""
    said = house.run("send", "test", MONDAY, "--to", "eva")
    assert said.code == 1
    assert "'eva' is not an address" in said.err
    assert esp.asked() == []


def test_a_test_of_a_newsletter_without_editors(house: House, esp: Sandbox) -> None:
    """Which file lacks what."""
    house.newsletter_file(_without_editors)
    said = house.run("send", "test", MONDAY)
    assert said.code == 1
    assert "daily.toml has no [[editors]]" in said.err


def _without_editors(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not part.startswith("[[editors]]"))


def test_a_test_that_is_refused(house: House, esp: Sandbox) -> None:
    """The ESP's word is told, and the list can still be sent to."""
    esp.fault("401")
    said = house.run("send", "test", MONDAY)
    assert said.code == 1
    assert "the test was not sent" in said.err
    assert house.run("send", "now", MONDAY, "--yes").code == 0


# --- send now -------------------------------------------------------------------------------------------------------


def test_now_on_an_open_edition(house: House, esp: Sandbox) -> None:
    """Proofs, freezes and sends; each reader gets one; the answer is the contract's."""
    said = house.run("send", "now", EXTRA, "--yes", "--json")
    assert said.code == 0
    status = said.json()
    assert set(status) >= {"edition", "fingerprint", "sends"}
    assert status["edition"] == EXTRA
    (send,) = status["sends"]
    assert set(send) >= CONTRACT
    assert send["list"] == "daily"
    assert (send["kind"], send["state"], send["candidates"], send["accepted"]) == ("live", "sent", 12, 12)
    assert send["batches"] == {"accepted": 1}
    assert balances(send)
    assert "12 readers on the list daily" in said.err
    assert reached(esp, EXTRA) == Counter(READERS)


def test_now_asks_first(house: House, esp: Sandbox) -> None:
    """Where nobody can answer nothing is done; a no is a no; a yes is a yes."""
    before = house.print_of_all()
    nobody = house.run("send", "now", MONDAY)
    assert (nobody.code, "--yes" in nobody.err, nobody.out) == (1, True, "")
    assert house.run("send", "now", MONDAY, typed="n\n").code == 1
    assert house.print_of_all() == before
    assert esp.asked() == []
    assert house.run("send", "now", MONDAY, typed="yes\n").code == 0


def test_now_on_a_frozen_edition_sends_the_frozen_bytes(house: House, esp: Sandbox) -> None:
    """The question names the fingerprint that was frozen."""
    house.run("edition", "freeze", MONDAY, "--yes")
    fingerprint = house.json("send", "status", MONDAY)["fingerprint"]
    said = house.run("send", "now", MONDAY, "--yes", "--json")
    assert said.code == 0
    assert fingerprint in said.err
    assert said.json()["fingerprint"] == fingerprint


def test_now_on_a_sent_edition_does_nothing(house: House, esp: Sandbox) -> None:
    """It says so, shows the status, and is done."""
    house.run("send", "now", MONDAY, "--yes")
    requests, before = len(esp.asked()), house.print_of_all()
    said = house.run("send", "now", MONDAY, "--json")
    assert said.code == 0
    assert "sent already; nothing was sent" in said.err
    assert said.json()["sends"][0]["accepted"] == 12
    assert len(esp.asked()) == requests
    assert house.print_of_all() == before


def test_now_on_a_held_edition_lets_it_go(house: House, esp: Sandbox) -> None:
    """A person's word releases it."""
    house.run("edition", "hold", MONDAY, "--reason", "wait")
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    assert reached(esp, MONDAY) == Counter(READERS)


def test_now_waits_for_a_signature(house: House, esp: Sandbox) -> None:
    """Without it: frozen, not sent, with the command to type; with it, it goes."""
    house.newsletter_file(lambda text: text.replace("minimum = 3", 'minimum = 3\nsign_off = "one"'))
    said = house.run("send", "now", MONDAY, "--yes")
    assert said.code == 1
    assert f"newsletter edition sign-off {MONDAY} " in said.err
    assert esp.asked() == []
    command = said.err.rpartition("`newsletter ")[2].partition("`")[0].split()
    assert house.run(*command, "--by", "ann").code == 0
    assert house.run("send", "now", MONDAY, "--yes").code == 0


def test_now_when_a_frozen_story_was_killed(house: House, esp: Sandbox) -> None:
    """Held, with the story's name; nothing goes."""
    house.run("edition", "freeze", MONDAY, "--yes")
    house.run("story", "kill", "ports-reopen-after-two-day-stoppage", "--by", "ann")
    said = house.run("send", "now", MONDAY, "--yes")
    assert said.code == 1
    assert "2026-05-04-ports-reopen-after-two-day-stoppage is killed" in said.err
    assert house.json("send", "status", MONDAY)["state"] == "held"
    assert esp.asked() == []


def test_now_with_few_stories(house: House, esp: Sandbox) -> None:
    """The minimum holds unless somebody says --few."""
    for story in (house.content / "stories").glob("*.md"):
        if "ports" not in story.name:
            story.unlink()
    refused = house.run("send", "now", MONDAY, "--yes")
    assert (refused.code, esp.asked()) == (1, [])
    assert house.run("send", "now", MONDAY, "--few", "--yes").code == 0


def test_now_to_an_odd_number_of_readers(house: House, esp: Sandbox) -> None:
    """The guard asks for the number; a wrong number is none."""
    house.run("send", "now", MONDAY, "--yes")
    for address in READERS[:6]:
        house.run("subscribers", "unsubscribe", address)
    house.story("2026-05-09-flood", headline="Flood Shuts Two Locks")
    house.run("story", "approve", "flood", "--by", "ann")
    refused = house.run("send", "now", EXTRA, "--yes")
    assert refused.code == 1
    assert "--confirm-count 6" in refused.err
    assert house.run("send", "now", EXTRA, "--yes", "--confirm-count", "7").code == 1
    assert reached(esp, EXTRA) == Counter()
    assert house.run("send", "now", EXTRA, "--yes", "--confirm-count", "6").code == 0
    assert reached(esp, EXTRA) == Counter(READERS[6:])


def test_now_to_nobody(house: House, esp: Sandbox) -> None:
    """An empty list is never sent to, whatever number is confirmed."""
    for address in READERS:
        house.run("subscribers", "unsubscribe", address)
    said = house.run("send", "now", MONDAY, "--yes", "--confirm-count", "0")
    assert said.code == 1
    assert "nobody on the list 'daily' can be mailed" in said.err
    assert esp.asked() == []


def test_now_when_a_batch_is_in_doubt(house: House, esp: Sandbox) -> None:
    """4: most got it, some may have; the numbers balance; a second time sends nothing."""
    house.set(BATCH_SIZE="5")
    esp.fault("accept-then-drop", where={"batch": "2"})
    said = house.run("send", "now", MONDAY, "--yes", "--json")
    assert said.code == 4
    (send,) = said.json()["sends"]
    assert (send["state"], send["accepted"], send["in_doubt"]) == ("partial", 7, 5)
    assert balances(send)
    requests = len(esp.asked())
    again = house.run("send", "now", MONDAY, "--yes")
    assert again.code == 4
    assert len(esp.asked()) == requests


def test_now_when_the_key_is_refused(house: House, esp: Sandbox) -> None:
    """Paused, nobody is refused for good, exit 1 with the cure; after it, `resume` sends to all."""
    esp.fault("401", times=None)
    said = house.run("send", "now", MONDAY, "--yes", "--json")
    assert said.code == 1
    assert f"newsletter send resume {MONDAY}" in said.err
    (send,) = said.json()["sends"]
    assert (send["state"], send["pending"], send["refused"]) == ("paused", 12, {})
    paused = house.run("send", "now", MONDAY, "--yes")
    assert paused.code == 1
    assert f"{MONDAY} is paused" in paused.err
    assert "(paused: SendGrid does not take NEWSLETTER_SENDGRID_API_KEY" in house.run("send", "status", MONDAY).out
    assert house.json("send", "status", MONDAY)["reason"].startswith("paused: SendGrid does not take")
    esp.clear_faults()
    resumed = house.run("send", "resume", MONDAY, "--json")
    assert resumed.code == 0
    assert (resumed.json()["sends"][0]["accepted"], resumed.json()["reason"]) == (12, "")
    assert reached(esp, MONDAY) == Counter(READERS)


def test_now_names_the_reader_that_is_refused(house: House, esp: Sandbox) -> None:
    """A refused address is counted with its reason; the others get theirs."""
    esp.fault("400", positions=(0,))
    said = house.run("send", "now", MONDAY, "--yes", "--json")
    (send,) = said.json()["sends"]
    assert (send["accepted"], sum(send["refused"].values())) == (11, 1)
    assert balances(send)
    assert said.code == 0 if send["state"] == "sent" else 4


# --- pause, resume, cancel ------------------------------------------------------------------------------------------


def test_pause_and_cancel_of_what_does_not_run(house: House, esp: Sandbox) -> None:
    """Each says in which state the edition is."""
    for word in ("pause", "resume", "cancel"):
        words = ("--yes",) if word == "cancel" else ()
        unknown = house.run("send", word, MONDAY, *words)
        assert unknown.code == 1
        assert f"{MONDAY} has no send yet" in unknown.err
    house.run("send", "now", MONDAY, "--yes")
    for word in ("pause", "resume", "cancel"):
        words = ("--yes",) if word == "cancel" else ()
        done = house.run("send", word, MONDAY, *words)
        assert done.code == 1
        assert f"{MONDAY} is sent" in done.err


def test_cancel_of_a_paused_send(house: House, esp: Sandbox) -> None:
    """What did not go is excluded as cancelled; `send now` sends nothing any more and says so."""
    house.set(BATCH_SIZE="5", SEND_CONCURRENCY="1")
    esp.fault("401", times=None, where={"batch": "2"})
    house.run("send", "now", MONDAY, "--yes")
    asked = house.run("send", "cancel", MONDAY)
    assert (asked.code, "--yes" in asked.err) == (1, True)
    said = house.run("send", "cancel", MONDAY, "--yes", "--by", "ann")
    assert said.code == 0
    send = house.lives_of(MONDAY)
    assert send["state"] == "cancelled"
    assert send["excluded"] == {"cancelled": send["candidates"] - send["accepted"]}
    assert balances(send)
    again = house.run("send", "now", MONDAY, "--yes")
    assert again.code == 1
    assert "cancelled already; nothing was sent" in again.err


def test_cancel_of_a_frozen_edition(house: House, esp: Sandbox) -> None:
    """Before anything went."""
    house.run("edition", "freeze", MONDAY, "--yes")
    assert house.run("send", "cancel", MONDAY, "--yes").code == 0
    assert house.json("send", "status", MONDAY)["state"] == "cancelled"


def test_now_carries_an_interrupted_send_on(house: House, esp: Sandbox) -> None:
    """A send that nobody paused and nobody runs goes on at `send now`, without a question."""
    house.set(BATCH_SIZE="5", SEND_CONCURRENCY="1")
    esp.fault("401", where={"batch": "2"})
    house.run("send", "now", MONDAY, "--yes")
    house.sql("UPDATE send SET state = 'sending', reason = ''")  # as a process that was killed leaves it
    said = house.run("send", "now", MONDAY, "--json")
    assert said.code == 0
    assert said.json()["sends"][0]["accepted"] == 12
    assert reached(esp, MONDAY) == Counter(READERS)


def test_now_while_another_process_sends(house: House, esp: Sandbox) -> None:
    """3: somebody else is doing it, with their process; nobody gets it twice."""
    house.set(BATCH_SIZE="4", SEND_CONCURRENCY="1")
    esp.fault("slow", seconds=1.5, where={"batch": "1"})
    with house.running(*NEWSLETTER, "send", "now", MONDAY, "--yes") as other:
        _until_claimed(house)
        said = house.run("send", "now", MONDAY, "--yes")
        assert said.code == 3
        assert f"process {other.process.pid}" in said.err
        assert other.process.wait(20) == 0
    assert reached(esp, MONDAY) == Counter(READERS)


def test_sigterm_finishes_the_batch_in_hand(house: House, esp: Sandbox) -> None:
    """What was asked is answered and recorded; the rest stays pending and goes on later; nothing is in doubt."""
    house.set(BATCH_SIZE="4", SEND_CONCURRENCY="1")
    esp.fault("slow", seconds=1, where={"batch": "1"})
    with house.running(*NEWSLETTER, "send", "now", MONDAY, "--yes") as sending:
        _until_claimed(house)
        code = sending.terminate()
        assert "Traceback" not in sending.said
    send = house.lives_of(MONDAY)
    assert (send["accepted"], send["pending"], send["in_doubt"]) == (4, 8, 0)
    assert code == 4
    assert house.run("send", "now", MONDAY, "--yes").code == 0
    assert reached(esp, MONDAY) == Counter(READERS)


def _until_claimed(house: House) -> None:
    until(lambda: house.sql("SELECT 1 FROM batch WHERE state = 'claimed'"))


# --- status and report ----------------------------------------------------------------------------------------------


def test_status_of_a_newsletter_is_its_latest_edition(house: House, esp: Sandbox) -> None:
    """By date, not by the order in which they came to be."""
    house.run("edition", "hold", TUESDAY, "--reason", "later")
    house.run("edition", "freeze", MONDAY, "--yes")
    assert house.json("send", "status", "daily")["edition"] == TUESDAY
    assert house.json("report", "daily")["edition"] == TUESDAY


def test_status_of_what_never_came_to_be(house: House) -> None:
    """Told apart: a newsletter without editions, an edition that is none yet, no word at all."""
    none = house.run("send", "status", "daily")
    assert (none.code, "daily has no edition yet" in none.err) == (1, True)
    unknown = house.run("send", "status", MONDAY)
    assert (unknown.code, f"{MONDAY} is not known yet" in unknown.err) == (1, True)
    assert house.run("send", "status").code == 2


def test_status_of_all(house: House, esp: Sandbox) -> None:
    """A list under `editions`; empty where there is none."""
    assert house.json("send", "status", "--all") == {"editions": []}
    house.run("send", "now", MONDAY, "--yes")
    house.run("edition", "hold", TUESDAY, "--reason", "later")
    editions = house.json("send", "status", "--all")["editions"]
    assert {edition["edition"] for edition in editions} == {MONDAY, TUESDAY}
    words = house.run("send", "status", "--all")
    assert words.code == 0
    assert f"{TUESDAY} is held (later)" in words.out


def test_report_in_words_and_as_json(house: House, esp: Sandbox) -> None:
    """The same numbers in both."""
    house.run("send", "now", MONDAY, "--yes")
    words = house.run("report", MONDAY)
    assert words.code == 0
    assert f"{MONDAY} is sent" in words.out
    assert "12" in words.out
    assert house.json("report", MONDAY)["sends"][0]["accepted"] == 12


# --- a terminal -----------------------------------------------------------------------------------------------------


def test_on_a_terminal_only_the_answer_is_on_stdout(house: House, esp: Sandbox) -> None:
    """The question and the bar with rate and time left go to the terminal; stdout is one document."""
    house.set(BATCH_SIZE="1", SEND_CONCURRENCY="1")
    ours, theirs = pty.openpty()
    sending = subprocess.Popen(
        [*NEWSLETTER, "send", "now", MONDAY, "--json"],
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=house.folder, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    seen = _read_until(ours, b"[y/N]")
    os.write(ours, b"y\n")
    out, _ = sending.communicate(timeout=20)
    seen += _read_until(ours, None)
    os.close(ours)
    assert sending.returncode == 0, seen
    assert out.startswith(b"{")
    assert out.endswith(b"}\n")
    assert "12 readers" in seen
    assert f"Sending {MONDAY}" in seen
    assert "12/12" in seen
    assert "/s" in seen


def _read_until(handle: int, words: bytes | None) -> str:
    seen = b""
    while words is None or words not in seen:
        try:
            part = os.read(handle, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    return seen.decode()


def test_a_question_may_be_broken_off(house: House, esp: Sandbox, tmp_path: Path) -> None:
    """Ctrl-D at the question: nothing is done."""
    said = house.run("send", "now", MONDAY, typed="")
    assert said.code == 1
    assert "nothing more was done" in said.err
    assert esp.asked() == []


# --- a canary -------------------------------------------------------------------------------------------------------

CANARY = f"""
[canary]
wait_minutes = 5
seeds = ["{READERS[0]}", "{READERS[1]}"]
"""


def test_now_with_a_canary_stopped_in_the_wait(house: House, esp: Sandbox) -> None:
    """It says until when the rest waits, ends at once on SIGTERM with 4, and `resume` ends the wait."""
    house.newsletter_file(lambda text: text + CANARY)
    with house.running(*NEWSLETTER, "send", "now", MONDAY, "--yes") as sending:
        sending.wait_for("the canary has gone; the rest waits until ")
        assert "(America/New_York), or for: newsletter send resume daily/2026-05-04" in sending.said
        assert sending.terminate() == 4
    assert reached(esp, MONDAY) == Counter(READERS[:2])
    said = house.run("send", "status", MONDAY)
    assert "is sending" in said.out
    assert "canary: 2 readers accepted at " in said.out
    assert ", the rest from " in said.out
    told = house.lives_of(MONDAY)["canary"]
    assert (told["readers"], told["state"]) == (2, "accepted")
    assert told["rest_from"] > told["accepted_at"]
    assert house.run("send", "resume", MONDAY).code == 0
    assert reached(esp, MONDAY) == Counter(READERS)
