"""Whom SendGrid mails no more is suppressed here too; and an address is let in again on both sides, for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_house import House

from newsletter.errors import ConfigError, NotSent, Refused, UsageError
from newsletter.model import ConsentEvent
from newsletter.pipeline import leaving, readers, suppressing
from newsletter.sandbox import Sandbox
from newsletter.sandbox.suppressions import LISTS, Suppressions
from newsletter.sending.suppressions import PAGE, Listed
from newsletter.storage import consent, roster

SINCE = 1_770_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sandbox"
    made.mkdir()
    return made


@pytest.fixture
def esp(folder: Path, house: House) -> Iterator[Sandbox]:
    """A sandbox with two bounces and one of each other kind, which the house goes through."""
    held = Suppressions(folder)
    for name in LISTS:
        held.add(name, f"{name}@example.org", SINCE)
    held.add("bounces", "Bounces2@example.org", SINCE + 1)
    held.add("bounces", "no address", SINCE)
    with Sandbox(folder, port=0, webhook_url=None) as started:
        house.through(started.url)
        yield started


def held(house: House, address: str) -> list[tuple[str, str, str]]:
    with house.store.read() as tx:
        return [row[1:4] for row in roster.suppressions(tx, readers.identify(house.context, address).key)]


def test_pull(house: House, esp: Sandbox) -> None:
    """Each list by its reason, with SendGrid's own date; blocked ones are not suppressed; twice is once."""
    first, second = suppressing.pull(house.context), suppressing.pull(house.context)
    found = {each.list: (each.reason, each.listed, each.news, each.unreadable) for each in first}
    assert found == {
        "bounces": ("bounce", 3, 2, 1),
        "spam_reports": ("complaint", 1, 1, 0),
        "invalid_emails": ("invalid", 1, 1, 0),
        "unsubscribes": ("unsubscribe", 1, 1, 0),
    }
    assert [each.news for each in second] == [0, 0, 0, 0]
    assert held(house, "bounces2@example.org") == [("all", "bounce", "SendGrid's bounces")]
    assert held(house, "blocks@example.org") == []
    with house.store.read() as tx:
        (row,) = roster.suppressions(tx, readers.identify(house.context, "bounces@example.org").key)
    assert row[4].timestamp() == SINCE


def test_a_long_list(sqlite_house: House, folder: Path) -> None:
    """Page after page."""
    lists = Suppressions(folder)
    for number in range(PAGE * 2):
        lists.add("spam_reports", f"r{number}@example.org", SINCE)
    with Sandbox(folder, port=0, webhook_url=None) as sandbox:
        sqlite_house.through(sandbox.url)
        assert suppressing.pull(sqlite_house.context)[1].news == PAGE * 2


def test_slow_down() -> None:
    """It waits as long as SendGrid says, a few times, and asks again; any other trouble is told at once."""
    from datetime import timedelta

    answers: list[object] = [
        NotSent("slow", status=429, retry_after=timedelta(seconds=7)),
        NotSent("slow", status=429, retry_after=timedelta(hours=2)),
        (),
    ]
    slept: list[float] = []

    def ask() -> tuple[Listed, ...]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return ()

    assert suppressing._patiently(ask, slept.append) == ()
    assert slept == [7, 60]
    answers[:] = [NotSent("slow", status=429)] * 6
    with pytest.raises(NotSent):
        suppressing._patiently(ask, slept.append)
    assert len(slept) == 7
    answers[:] = [NotSent("cannot be reached"), ()]
    with pytest.raises(NotSent):
        suppressing._patiently(ask, slept.append)


def test_lift(house: House, esp: Sandbox, folder: Path) -> None:
    """Off both sides: SendGrid would drop what we send otherwise."""
    suppressing.pull(house.context)
    lifted = suppressing.lift(house.context, "Bounces@example.org", why="", by="ann")
    assert lifted == (("all", "bounce"),)
    assert held(house, "bounces@example.org") == []
    assert "bounces@example.org" not in [each["email"] for each in Suppressions(folder).of("bounces")]
    assert suppressing.lift(house.context, "bounces@example.org", why="", by="ann") == ()
    assert suppressing.pull(house.context)[0].news == 0


@pytest.mark.parametrize("reason", ["complaint", "unsubscribe", "erased"])
def test_a_wish_is_lifted_for_a_reason(house: House, esp: Sandbox, reason: str) -> None:
    """What people decided themselves; their consent log keeps the reason."""
    leaving.suppress(house.context, ["ann@example.org"], reason=reason, source="test")
    with pytest.raises(UsageError, match="--reason"):
        suppressing.lift(house.context, "ann@example.org", why="", by="b.low")
    assert held(house, "ann@example.org") == [("all", reason, "test")]
    suppressing.lift(house.context, "ann@example.org", why="her letter of 3 May", by="b.low")
    assert held(house, "ann@example.org") == []
    with house.store.read() as tx:
        (entry,) = consent.of(tx, readers.identify(house.context, "ann@example.org").key)
    assert (entry.event, entry.list, entry.source) == (ConsentEvent.CHANGED, "all", "b.low")
    assert entry.detail == f"may be mailed again (was {reason}): her letter of 3 May"


def test_nothing_is_lifted_here_alone(house: House, folder: Path) -> None:
    """Where SendGrid does not answer or does not let us, ours stays."""
    leaving.suppress(house.context, ["ann@example.org"], reason="bounce", source="test")
    with Sandbox(folder, port=0, webhook_url=None) as sandbox:
        house.through(sandbox.url)
        house.reload(SENDGRID_API_KEY="SG.forbidden")
        with pytest.raises(Refused):
            suppressing.lift(house.context, "ann@example.org", why="", by="ann")
    with pytest.raises(NotSent):
        suppressing.lift(house.context, "ann@example.org", why="", by="ann")
    assert held(house, "ann@example.org")


def test_without_a_key(sqlite_house: House) -> None:
    """Says which."""
    sqlite_house.reload(SANDBOX="", SENDGRID_API_KEY="")
    with pytest.raises(ConfigError, match="right Suppressions"):
        suppressing.pull(sqlite_house.context)
