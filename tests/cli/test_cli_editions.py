"""`newsletter edition …`: what would go out, and the word that it may."""

from __future__ import annotations

import re
import urllib.request
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cli_house import NEWSLETTER, House

MONDAY = "daily/2026-05-04"
EXTRA = "daily/2026-05-04-alert"


def sign_off(house: House, how: str) -> None:
    """Let the daily ask for signatures."""
    house.newsletter_file(lambda text: text.replace("minimum = 3", f'minimum = 3\nsign_off = "{how}"'))


def mark_of(house: House, edition: str) -> str:
    fingerprint: str = house.json("send", "status", edition)["fingerprint"]
    return fingerprint.removeprefix("sha256:")[:8]


# --- plan and proof -------------------------------------------------------------------------------------------------


def test_plan_tells_in_words(house: House) -> None:
    """What goes, to how many, what waits and why."""
    said = house.run("edition", "plan", MONDAY)
    assert said.code == 0
    for words in ("The Morning Run", MONDAY, "12 on the list daily", "Ports Reopen", "Waiting", "Ready to go."):
        assert words in said.out
    assert said.err == ""


def test_plan_as_json(house: House) -> None:
    """One document: stories by section, readers, fingerprint, what is missing and what waits."""
    plan = house.json("edition", "plan", MONDAY)
    assert plan["edition"] == MONDAY
    assert plan["ready"] is True
    assert plan["recipients"] == 12
    assert plan["fingerprint"].startswith("sha256:")
    assert plan["missing"] == []
    slugs = [story["slug"] for section in plan["sections"] for story in section["stories"]]
    assert "2026-05-04-ports-reopen-after-two-day-stoppage" in slugs
    assert {waiting["slug"] for waiting in plan["waiting"]} >= {"2026-05-05-merger-of-two-seed-houses"}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-05-05T03:30+00:00", "2026-05-04"),
        ("2026-05-05T04:30+00:00", "2026-05-05"),
        ("2026-05-04T23:30", "2026-05-04"),
    ],
)
def test_the_default_date_is_the_newsletters_own(house: House, moment: str, day: str) -> None:
    """Today in New York, whatever day it is in UTC; a naive moment is in the organisation's zone."""
    assert house.json("edition", "plan", "daily", "--now", moment)["edition"] == f"daily/{day}"


def test_without_a_date_it_is_today(house: House) -> None:
    """Read from the clock, in the newsletter's zone (twice, should midnight lie between)."""
    zone = ZoneInfo("America/New_York")
    days: set[date] = {datetime.now(UTC).astimezone(zone).date()}
    planned = house.json("edition", "plan", "daily")["edition"]
    days.add(datetime.now(UTC).astimezone(zone).date())
    assert planned in {f"daily/{day}" for day in days}


@pytest.mark.parametrize("command", [("edition", "plan"), ("edition", "proof")])
def test_a_rehearsal_changes_nothing(house: House, command: tuple[str, str]) -> None:
    """`--now` looks at another moment: no row and no file is other than before."""
    house.run(*command, "daily")  # the cache of stories is made
    before = house.print_of_all()
    said = house.run(*command, "daily", "--now", "2030-01-02T05:00", "--json")
    assert said.code == 0
    assert said.json()["edition"] == "daily/2030-01-02"
    assert house.print_of_all() == before


def test_a_rehearsal_after_an_embargo(house: House) -> None:
    """On the day of its embargo's end the story is in."""
    on = house.json("edition", "plan", "daily", "--now", "2099-01-05T05:00")
    assert "2026-05-05-merger-of-two-seed-houses" not in {waiting["slug"] for waiting in on["waiting"]}


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-13-01", "2026-05-04T25:00", "", "0001-01-01", "9999-12-31T23:59"]
)
def test_a_moment_that_is_none(house: House, moment: str) -> None:
    """Wrong usage: what was typed, and how it is written."""
    said = house.run("edition", "plan", "daily", "--now", moment)
    assert said.code == 2
    assert f"--now {moment!r}" in said.err


def test_plan_of_what_is_not_ready(house: House) -> None:
    """A plan answers, with what is missing; a proof of the same says no."""
    for story in (house.content / "stories").glob("*.md"):
        if "ports" not in story.name:
            story.unlink()
    plan = house.json("edition", "plan", MONDAY)
    assert plan["ready"] is False
    assert any("minimum" in missing or "3" in missing for missing in plan["missing"])
    proof = house.run("edition", "proof", MONDAY)
    assert proof.code == 1
    assert "It may not go like this." in proof.out


def test_a_plan_tells_each_broken_seal_once(house: House) -> None:
    """Where the story waits, with the command that seals it; the room for what is worth a look is for the rest."""
    plan = house.run("edition", "plan", MONDAY).out
    assert plan.count("`newsletter story approve 2026-05-05-steel-prices-steady --by NAME`") == 1
    assert "Waiting\n  - 2026-05-05-broadband-grants-open: `status: approved` was typed without a seal" in plan


def test_the_plan_weighs_what_gmail_gets(house: House) -> None:
    """The links are longer where SendGrid tracks them, and as long as they are where it does not."""
    html = Path(house.run("edition", "preview", MONDAY, "--files").out.splitlines()[0]).read_bytes()
    plain = re.search(r"9 stories, (\d+) kB of Gmail's 100$", house.run("edition", "plan", MONDAY).out, re.MULTILINE)
    house.newsletter_file(lambda text: f'clicks = "individual"\n{text}')
    tracked = re.search(r"9 stories, (\d+) kB of Gmail's 100, links tracked", house.run("edition", "plan", MONDAY).out)
    assert plain is not None
    assert tracked is not None
    assert int(plain[1]) == round(len(html) / 1024)
    assert int(tracked[1]) > int(plain[1]) + 3


def test_proof_of_a_good_edition(house: House) -> None:
    """0, and a document with the fingerprint and what was found."""
    said = house.run("edition", "proof", MONDAY)
    assert said.code == 0
    assert "It may go." in said.out
    assert set(house.json("edition", "proof", MONDAY)) == {"edition", "fingerprint", "missing", "findings", "checks"}


def test_proof_is_a_table_of_80_columns(house: House) -> None:
    """Level, check and place in a line, the words under them; then the checks that found nothing, and those not asked.
    Only a path or an address may be longer than its line.
    """
    lines = house.run("edition", "proof", MONDAY).out.splitlines()
    assert lines[0].startswith("warn  seal   content/stories/")
    assert max(len(line) for line in lines if not line.startswith(("warn ", "stop ")) and "://" not in line) <= 80
    assert any(line.startswith("ok: render, content, audience, ledger, size,") for line in lines)
    assert "not looked at: link-answers" in lines


def test_proof_with_levels_of_the_newsletter(house: House) -> None:
    """Raised, it stops, and the command says no; switched off, it is told as such."""
    house.newsletter_file(lambda text: text + '\n[proof]\nseal = "stop"\nlinks = "off"\n')
    said = house.run("edition", "proof", MONDAY, "--json")
    assert said.code == 1
    assert said.json()["checks"]["seal"] == "stop"
    assert said.json()["checks"]["links"] == "off"
    assert {finding["level"] for finding in said.json()["findings"] if finding["check"] == "seal"} == {"stop"}


def test_proof_that_asks_links(house: House) -> None:
    """The samples lead nowhere: nothing is asked, and no answer is missing."""
    proof = house.json("edition", "proof", MONDAY, "--links")
    assert proof["checks"]["link-answers"] == "ok"
    assert house.run("story", "check", "--links", "ports-reopen-after-two-day-stoppage").code == 0


def test_preview_writes_two_files(house: House) -> None:
    """With --files: HTML and text, named from where the command was typed; with --look, those of that look."""
    said = house.run("edition", "preview", MONDAY, "--files")
    assert said.code == 0
    html, text = (Path(line) for line in said.out.splitlines())
    assert html.parts[0] == "var"
    assert "Ports Reopen" in html.read_text()
    assert "Ports Reopen" in text.read_text()
    named = house.run("edition", "preview", MONDAY, "--files", "--look", "briefing").out.splitlines()
    assert Path(named[0]).read_bytes() == html.read_bytes()


def test_preview_shows_a_page(house: House) -> None:
    """Its address is the one line on stdout; the page answers until the command is stopped, and that is no failure."""
    with house.running(*NEWSLETTER, "edition", "preview", MONDAY, "--port", "0", "--look", "briefing") as shown:
        shown.wait_for("Ctrl-C ends it")
        address = shown.said.splitlines()[0]
        assert address.startswith("http://127.0.0.1:")
        assert address.endswith("/?look=briefing")
        with urllib.request.urlopen(address) as page:
            assert "Ports Reopen After Two-Day Stoppage" in page.read().decode()
        assert shown.terminate() == 0


@pytest.mark.parametrize(("words", "said"), [
    (("dialy",), "did you mean daily?"),
    ((MONDAY, "--look", "nothing"), "there is no look 'nothing'; there are: "),
    ((MONDAY, "--port", "99999"), "there is no port 99999"),
])  # fmt: skip
def test_a_preview_that_cannot_be(house: House, words: tuple[str, ...], said: str) -> None:
    """It is told at once, before a server starts."""
    answer = house.run("edition", "preview", *words)
    assert answer.code in {1, 2}
    assert said in answer.err


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_newsletter_that_is_unknown(house: House) -> None:
    """The nearest is offered; without one, all are named."""
    said = house.run("edition", "plan", "dialy")
    assert said.code == 1
    assert "did you mean daily?" in said.err
    assert "daily, daily-alert, friday" in house.run("edition", "plan", "zzz").err


@pytest.mark.parametrize(
    "words",
    [
        "daily/2026-02-30", "daily/2026-13-01", "daily/today", "daily/", "/2026-05-04", "daily/2026-5-4",
        "daily/2026-05-04-", "daily/2026-05-04-Über", "daily/0001-01-01", "daily/9999-12-31", "daily/2026-05-04/x",
    ],
)  # fmt: skip
def test_an_edition_that_cannot_be(house: House, words: str) -> None:
    """Wrong usage: the words, and what is wrong with them."""
    for command in (("edition", "plan"), ("send", "status")):
        said = house.run(*command, words)
        assert said.code == 2, said
        assert f"{words!r} is not an edition" in said.err


def test_an_extra_edition_needs_one_story_only(house: House) -> None:
    """A suffix makes an edition beside the schedule, for one story."""
    for story in (house.content / "stories").glob("*.md"):
        if "ports" not in story.name:
            story.unlink()
    assert house.json("edition", "plan", EXTRA)["ready"] is True
    assert house.json("edition", "plan", MONDAY)["ready"] is False


# --- freeze and sign-off --------------------------------------------------------------------------------------------


def test_freeze_says_what_and_asks(house: House) -> None:
    """Question on stderr, answer from the terminal, result on stdout."""
    said = house.run("edition", "freeze", MONDAY, typed="y\n")
    assert said.code == 0
    assert "12 readers on the list daily" in said.err
    assert "Go on?" in said.err
    assert f"{MONDAY} is frozen: " in said.out
    assert "Go on" not in said.out


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "what?\n"])
def test_freeze_and_the_answer_is_not_yes(house: House, typed: str) -> None:
    """Anything but a yes changes nothing."""
    house.run("edition", "plan", MONDAY)
    before = house.print_of_all()
    said = house.run("edition", "freeze", MONDAY, typed=typed)
    assert said.code == 1
    assert said.out == ""
    assert house.print_of_all() == before


def test_freeze_where_nobody_can_answer(house: House) -> None:
    """Without a terminal and without --yes: refused, with the word to add."""
    before = house.print_of_all()
    said = house.run("edition", "freeze", MONDAY)
    assert said.code == 1
    assert "--yes" in said.err
    assert house.print_of_all() == before


def test_freeze_twice(house: House) -> None:
    """What is frozen stays as it is."""
    assert house.run("edition", "freeze", MONDAY, "--yes").code == 0
    fingerprint = house.json("send", "status", MONDAY)["fingerprint"]
    said = house.run("edition", "freeze", MONDAY, "--yes")
    assert said.code == 1
    assert "is frozen" in said.err
    assert house.json("send", "status", MONDAY)["fingerprint"] == fingerprint


def test_freeze_with_too_few_stories(house: House) -> None:
    """The minimum holds unless somebody says --few."""
    for story in (house.content / "stories").glob("*.md"):
        if "ports" not in story.name:
            story.unlink()
    said = house.run("edition", "freeze", MONDAY, "--yes")
    assert said.code == 1
    assert "1" in said.err
    assert "3" in said.err
    assert house.run("edition", "freeze", MONDAY, "--few", "--yes").code == 0


def test_a_late_story_after_the_freeze(house: House) -> None:
    """`--after-freeze` takes the story in, with new bytes, and clears the signature."""
    sign_off(house, "one")
    house.run("edition", "freeze", MONDAY, "--yes")
    old = mark_of(house, MONDAY)
    assert house.run("edition", "sign-off", MONDAY, old, "--by", "ann").code == 0
    house.story("2026-05-04-flood", headline="Flood Shuts Two Locks", priority="1")
    house.run("story", "approve", "flood", "--by", "ann")
    said = house.run("edition", "freeze", MONDAY, "--after-freeze", "2026-05-04-flood", "--yes")
    assert said.code == 0, said
    assert mark_of(house, MONDAY) != old
    assert "waits for sign-off" in said.out
    assert house.json("send", "status", MONDAY)["state"] == "frozen"


def test_a_late_story_may_be_named_without_its_date(house: House) -> None:
    """As everywhere else."""
    house.run("edition", "freeze", MONDAY, "--yes")
    house.story("2026-05-04-flood", headline="Flood Shuts Two Locks", priority="1")
    house.run("story", "approve", "flood", "--by", "ann")
    assert house.run("edition", "freeze", MONDAY, "--after-freeze", "flood", "--yes").code == 0


def test_plan_of_what_is_frozen(house: House) -> None:
    """It tells what was frozen, which is what goes, and that something has changed since."""
    house.run("edition", "freeze", MONDAY, "--yes")
    frozen = house.json("edition", "plan", MONDAY)["frozen"]
    assert frozen["fingerprint"].startswith(f"sha256:{mark_of(house, MONDAY)}")
    assert frozen["readers"] == 12
    assert "Something has changed since" not in house.run("edition", "plan", MONDAY).out
    house.story("2026-05-04-flood", headline="Flood Shuts Two Locks", priority="1")
    house.run("story", "approve", "flood", "--by", "ann")
    assert house.json("edition", "plan", MONDAY)["frozen"] == frozen
    said = house.run("edition", "plan", MONDAY).out
    assert f"Frozen     {frozen['fingerprint']}, for 12 readers" in said
    assert "Something has changed since" in said


def test_plan_of_what_is_held(house: House) -> None:
    """What was frozen does not go as it is: whoever sends it by hand sends what there is then."""
    house.run("edition", "freeze", MONDAY, "--yes")
    house.run("edition", "hold", MONDAY, "--reason", "a call from the printers")
    said = house.run("edition", "plan", MONDAY).out
    assert "what a new freeze, or `newsletter send now`, would take" in said
    assert "it goes as it was frozen" not in said


def test_plan_of_what_was_cancelled(house: House) -> None:
    """What is over lacks nothing: the plan tells what was frozen, and where its numbers are."""
    house.run("edition", "freeze", MONDAY, "--yes")
    house.run("send", "cancel", MONDAY, "--yes")
    said = house.run("edition", "plan", MONDAY).out
    assert "Ports Reopen" in said
    assert f"newsletter send status {MONDAY}" in said
    assert "Missing" not in said
    assert "Ready to go." not in said


@pytest.mark.parametrize("story", ["no-such-story", "water-rule-delayed"])
def test_a_late_story_that_would_not_be_in(house: House, story: str) -> None:
    """Unknown or not approved: told, and the frozen edition is as it was."""
    house.run("edition", "freeze", MONDAY, "--yes")
    before = house.print_of_all()
    said = house.run("edition", "freeze", MONDAY, "--after-freeze", story, "--yes")
    assert said.code == 1
    assert story in said.err
    assert house.print_of_all() == before


def test_after_freeze_before_any_freeze(house: House) -> None:
    """There is nothing to freeze anew."""
    said = house.run(
        "edition", "freeze", MONDAY, "--after-freeze", "2026-05-04-ports-reopen-after-two-day-stoppage", "--yes"
    )
    assert said.code == 1
    assert f"{MONDAY} is not frozen" in said.err


def test_sign_off_by_one(house: House) -> None:
    """The freeze says what to type; a wrong fingerprint is refused, the right one is enough."""
    sign_off(house, "one")
    frozen = house.run("edition", "freeze", MONDAY, "--yes")
    mark = mark_of(house, MONDAY)
    assert f"newsletter edition sign-off {MONDAY} {mark}" in frozen.out
    wrong = house.run("edition", "sign-off", MONDAY, "00000000", "--by", "ann")
    assert wrong.code == 1
    assert "not 00000000" in wrong.err
    assert house.run("edition", "sign-off", MONDAY, mark[:2], "--by", "ann").code == 1, "two signs are too few"
    right = house.run("edition", "sign-off", MONDAY, mark, "--by", "ann")
    assert (right.code, right.out) == (0, f"{MONDAY} is signed off\n")


def test_sign_off_by_two(house: House) -> None:
    """One person twice is one person."""
    sign_off(house, "two")
    house.run("edition", "freeze", MONDAY, "--yes")
    mark = mark_of(house, MONDAY)
    for _ in range(2):
        first = house.run("edition", "sign-off", MONDAY, mark, "--by", "ann")
        assert (first.code, "waits for another" in first.out) == (0, True)
    assert "signed off" in house.run("edition", "sign-off", MONDAY, mark, "--by", "b.low").out


def test_sign_off_before_the_freeze(house: House) -> None:
    """Nothing to sign."""
    said = house.run("edition", "sign-off", MONDAY, "00000000")
    assert said.code == 1
    assert "is not frozen" in said.err


# --- hold and skip --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["hold", "skip"])
def test_hold_and_skip_want_a_reason(house: House, word: str) -> None:
    """Without a reason it is wrong usage; with one it stands in the status."""
    assert house.run("edition", word, MONDAY).code == 2
    said = house.run("edition", word, MONDAY, "--reason", "the printer burns", "--by", "ann")
    assert said.code == 0
    status = house.json("send", "status", MONDAY)
    assert status["state"] in ("held", "skipped")
    assert status["reason"] == "the printer burns"
    assert "the printer burns" in house.run("edition", "plan", MONDAY).out


def test_hold_of_what_was_skipped(house: House) -> None:
    """Past that: told, with where to look."""
    house.run("edition", "skip", MONDAY, "--reason", "no news")
    said = house.run("edition", "hold", MONDAY, "--reason", "wait")
    assert said.code == 1
    assert f"newsletter send status {MONDAY}" in said.err
