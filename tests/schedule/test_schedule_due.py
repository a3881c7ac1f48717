"""What is due when, case by case. The daily goes at 06:30 in New York (10:30 UTC in May), late until 09:00."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.model import (
    Action,
    ActionKind,
    EditionFacts,
    EditionState,
    LedgerView,
    Mailbox,
    Newsletter,
    Schedule,
    Section,
    SendState,
    Step,
)
from newsletter.schedule import due_actions, late_deadline, next_editions, planned_time

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 5, 4)
ID = "daily/2026-05-04"
SINCE = datetime(2026, 5, 3, tzinfo=UTC)  # a Sunday


def newsletter(*, schedule: dict[str, Any] | None = None, **changes: Any) -> Newsletter:
    times: dict[str, Any] = {"days": frozenset(range(5)), "time": time(6, 30), "late_until": time(9)}
    facts: dict[str, Any] = {
        "slug": "daily", "title": "The Daily", "list": "daily", "sender": Mailbox(address="daily@example.org"),
        "zone": NEW_YORK, "sections": (Section(slug="news", title="News"),), "template": "daily",
        "schedule": Schedule(**{**times, **(schedule or {})}),
    }  # fmt: skip
    return Newsletter(**{**facts, **changes})


def local(hour: int, minute: int = 0, *, day: date = MONDAY, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), tzinfo=NEW_YORK)


def facts(state: EditionState = EditionState.OPEN, **changes: Any) -> EditionFacts:
    return EditionFacts(id=ID, state=state, **changes)


def due(
    now: datetime,
    *editions: EditionFacts,
    daily: Newsletter | None = None,
    holidays: Mapping[date, str] | None = None,
    since: datetime = SINCE,
) -> tuple[Action, ...]:
    ledger = LedgerView(since=since, editions={edition.id: edition for edition in editions})
    return due_actions(now, [daily or newsletter()], holidays or {}, ledger)


def kinds(actions: tuple[Action, ...]) -> list[str]:
    return [action.kind.value for action in actions]


REMINDED = frozenset({Step.REMIND})
DRAFTED = REMINDED | {Step.DRAFT_TEST}


@pytest.mark.parametrize(("now", "steps", "wanted"), [
    (local(4, 59, second=59), frozenset(), []),
    (local(5), frozenset(), ["remind"]),
    (local(5, 10), REMINDED, []),
    (local(5, 30), REMINDED, ["draft test"]),
    (local(5, 30), frozenset(), ["remind", "draft test"]),
    (local(6, 14, second=59), DRAFTED, []),
    (local(6, 15), DRAFTED, ["freeze", "frozen test"]),
    (local(6, 15), frozenset(), ["freeze", "frozen test"]),
    (local(6, 30), DRAFTED, ["freeze", "frozen test", "send"]),
    (local(9), frozenset(), ["freeze", "frozen test", "send"]),
    (local(9, second=1), frozenset(), ["miss"]),
])  # fmt: skip
def test_the_steps_of_an_open_edition(now: datetime, steps: frozenset[Step], wanted: list[str]) -> None:
    """In order; a missed one is made up; after the freeze, reminder and draft test are of no use."""
    assert kinds(due(now, facts(steps=steps))) == wanted
    if not steps:
        assert kinds(due(now)) == wanted  # no row yet is as good as an open one


def test_an_action_says_when_and_why() -> None:
    """The planned time is in UTC, the reason in words and local time."""
    (action,) = due(local(5))
    assert action.planned_at == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
    assert (action.newsletter, action.edition, action.late) == ("daily", ID, False)
    assert "06:30" in action.reason


@pytest.mark.parametrize(("state", "sign_off", "signed_by", "wanted"), [
    (EditionState.FROZEN, "none", (), ["send"]),
    (EditionState.FROZEN, "one", (), ["hold"]),
    (EditionState.FROZEN, "one", ("ann",), ["send"]),
    (EditionState.FROZEN, "two", ("ann",), ["hold"]),
    (EditionState.FROZEN, "two", ("ann", "ann"), ["hold"]),
    (EditionState.FROZEN, "two", ("ann", "b.low"), ["send"]),
    (EditionState.SIGNED_OFF, "two", (), ["send"]),
    (EditionState.HELD, "none", (), []),
    (EditionState.SENT, "none", (), []),
    (EditionState.SKIPPED, "none", (), []),
    (EditionState.MISSED, "none", (), []),
    (EditionState.CANCELLED, "none", (), []),
])  # fmt: skip
def test_at_its_time_it_goes_or_is_held(state: EditionState, sign_off: str, signed_by: tuple[str, ...],
                                        wanted: list[str]) -> None:  # fmt: skip
    """Enough different people must have signed; what is held or over is left alone."""
    edition = facts(state, fingerprint="f", tested="f", signed_by=signed_by, finished_at=local(6, 31))
    assert kinds(due(local(6, 30), edition, daily=newsletter(sign_off=sign_off))) == wanted
    assert kinds(due(local(6, 29), edition, daily=newsletter(sign_off=sign_off))) == []


def test_frozen_bytes_that_were_not_tested_are_tested_first() -> None:
    """At once, and before the send; once only, even where it is not known whether the test arrived."""
    untested = facts(EditionState.FROZEN, fingerprint="new", tested="old")
    assert kinds(due(local(6, 16), untested)) == ["frozen test"]
    assert kinds(due(local(6, 30), untested)) == ["frozen test", "send"]
    tried = facts(EditionState.FROZEN, fingerprint="new", tested="old", steps=frozenset({Step.FROZEN_TEST}))
    assert kinds(due(local(6, 16), tried)) == []


@pytest.mark.parametrize(("now", "late"), [
    (local(6, 30), False), (local(6, 40), False), (local(6, 40, second=1), True), (local(9), True),
])  # fmt: skip
def test_up_to_ten_minutes_are_on_time(now: datetime, *, late: bool) -> None:
    """GRACE; after it the send is marked."""
    (action,) = due(now, facts(EditionState.SIGNED_OFF, fingerprint="f", tested="f"))
    assert (action.kind, action.late) == (ActionKind.SEND, late)


@pytest.mark.parametrize(("state", "words"), [
    (EditionState.FROZEN, "not signed off (1 of 2 signatures)"),
    (EditionState.SIGNED_OFF, "the clock did not run"),
    (EditionState.HELD, "held (too few stories)"),
    (EditionState.OPEN, "not frozen by 09:00"),
])  # fmt: skip
def test_after_late_until_it_is_missed_with_a_reason(state: EditionState, words: str) -> None:
    """A person decides then; the clock does not send it any more."""
    edition = facts(state, fingerprint="f", tested="x", signed_by=("ann",), reason="too few stories")
    (action,) = due(local(9, 0, second=20), edition, daily=newsletter(sign_off="two"))
    assert action.kind is ActionKind.MISS
    assert words in action.reason


def test_without_signatures_a_late_start_freezes_tests_and_holds() -> None:
    """The order holds after downtime as well."""
    assert kinds(due(local(6, 45), daily=newsletter(sign_off="one"))) == ["freeze", "frozen test", "hold"]


def test_days_of_downtime_end_in_a_row_each() -> None:
    """Monday to Wednesday were missed; Thursday's goes on as planned."""
    actions = due(local(5, day=date(2026, 5, 7)))
    assert [(action.kind.value, action.edition[-2:]) for action in actions] == [
        ("miss", "04"), ("miss", "05"), ("miss", "06"), ("remind", "07"),
    ]  # fmt: skip


def test_what_was_before_the_ledger_is_nobodys() -> None:
    """Set up at 07:00, nothing goes late at 07:01 for 06:30, not even what was frozen by hand."""
    since = local(7)
    assert due(local(7, 1), since=since) == ()
    assert due(local(7, 1), facts(EditionState.FROZEN, fingerprint="f", tested="f"), since=since) == ()
    assert kinds(due(local(5, day=date(2026, 5, 5)), since=since)) == ["remind"]


def test_a_newsletter_that_was_added_has_missed_nothing() -> None:
    """`watched_since` of a newsletter goes before the ledger's age, but not before a row that exists."""
    ledger = LedgerView(since=SINCE - timedelta(days=90), watched_since={"daily": local(7)})
    assert due_actions(local(9, 30), [newsletter()], {}, ledger) == ()
    with_row = LedgerView(since=ledger.since, watched_since=ledger.watched_since, editions={ID: facts()})
    assert kinds(due_actions(local(9, 30), [newsletter()], {}, with_row)) == ["miss"]


@pytest.mark.parametrize(("send", "now", "active_at", "wanted"), [
    (SendState.SENDING, local(7), None, ["resume"]),
    (SendState.PENDING, local(7), None, ["resume"]),
    (None, local(7), None, ["resume"]),
    (SendState.PAUSED, local(7), None, []),
    (SendState.PAUSED, local(20), None, []),
    (SendState.SENDING, local(9), None, ["resume"]),
    (SendState.SENDING, local(9, 1), None, ["pause stale"]),
    (SendState.SENDING, local(9, 1), local(8, 58), ["resume"]),
    (SendState.SENDING, local(9, 9), local(8, 58), ["pause stale"]),
    (SendState.SENDING, local(17, 5), local(17), ["resume"]),
    (SendState.SENDING, local(6, 30, day=date(2026, 5, 6)), local(6, 31), ["pause stale", "miss"]),
    (SendState.SENT, local(20), local(7), ["resume"]),
])  # fmt: skip
def test_a_send_under_way(send: SendState | None, now: datetime, active_at: datetime | None, wanted: list[str]) -> None:
    """It is resumed until `late_until`, and after it while it moves; two days later a person decides."""
    edition = facts(EditionState.SENDING, send=send, active_at=active_at)
    found = [kind for kind in kinds(due(now, edition)) if kind not in {"freeze", "frozen test", "send"}]
    assert found == wanted


@pytest.mark.parametrize(("now", "waits_until", "wanted"), [
    (local(6, 39), local(6, 40), []),
    (local(6, 40), local(6, 40), ["resume"]),
    (local(9, 4), local(9, 5), []),
    (local(9, 5), local(9, 5), ["resume"]),
    (local(9, 15), local(9, 5), ["resume"]),
    (local(9, 16), local(9, 5), ["pause stale"]),
])  # fmt: skip
def test_the_rest_waits_for_its_canary(now: datetime, waits_until: datetime, wanted: list[str]) -> None:
    """Nothing is due until then; a wait that was planned is not staleness, and ends after `late_until` if need be."""
    edition = facts(EditionState.SENDING, send=SendState.SENDING, active_at=local(6, 30), waits_until=waits_until)
    found = [kind for kind in kinds(due(now, edition)) if kind not in {"freeze", "frozen test", "send"}]
    assert found == wanted


def test_a_send_off_the_schedule_is_resumed_too() -> None:
    """An extra edition, and one of a newsletter that is only sent by hand."""
    extra = EditionFacts(id="daily/2026-05-09-alert", state=EditionState.SENDING, active_at=local(15))
    assert kinds(due(local(15, 5, day=MONDAY), extra))[-1] == "resume"
    hand = facts(EditionState.SENDING, send=SendState.SENDING)
    ledger = LedgerView(since=SINCE, editions={ID: hand})
    no_schedule = _without_schedule()
    assert kinds(due_actions(local(23), [no_schedule], {}, ledger)) == ["resume"]
    assert kinds(due_actions(local(1, day=date(2026, 5, 5)), [no_schedule], {}, ledger)) == ["pause stale"]


def _without_schedule() -> Newsletter:
    return Newsletter(
        slug="daily", title="The Daily", list="daily", sender=Mailbox(address="daily@example.org"), zone=NEW_YORK,
        sections=(Section(slug="news", title="News"),), template="daily",
    )  # fmt: skip


@pytest.mark.parametrize("state", [EditionState.SENT, EditionState.PARTIAL])
def test_the_report_comes_the_morning_after_once(state: EditionState) -> None:
    """At 06:00 on the day after it was finished, however long the clock stood still."""
    edition = facts(state, finished_at=local(6, 31))
    tuesday = date(2026, 5, 5)
    assert "report" not in kinds(due(local(5, 59, day=tuesday), edition))
    assert "report" in kinds(due(local(6, day=tuesday), edition))
    assert "report" in kinds(due(local(6, day=date(2026, 6, 5)), edition))
    done = facts(state, finished_at=local(6, 31), steps=frozenset({Step.REPORT}))
    assert "report" not in kinds(due(local(6, day=tuesday), done))


def test_sends_stand_behind_what_is_quick() -> None:
    """One newsletter's long send does not hold up another's freeze; each edition's own order stays."""
    friday = newsletter(slug="friday", schedule={"time": time(6, 45)})
    ledger = LedgerView(since=SINCE)
    actions = due_actions(local(6, 30), [newsletter(), friday], {}, ledger)
    assert [(action.newsletter, action.kind.value) for action in actions] == [
        ("daily", "freeze"), ("daily", "frozen test"), ("friday", "freeze"), ("friday", "frozen test"),
        ("daily", "send"),
    ]  # fmt: skip


HOLIDAY = {MONDAY: "Founders’ Day"}


def test_a_holiday_is_skipped_with_its_name() -> None:
    """At the time of the reminder, so that nobody waits for it; also after downtime."""
    assert due(local(4, 59), holidays=HOLIDAY) == ()
    (action,) = due(local(5), holidays=HOLIDAY)
    assert (action.kind, action.reason) == (ActionKind.SKIP, "Founders’ Day")
    assert kinds(due(local(20), facts(), holidays=HOLIDAY)) == ["skip"]
    assert due(local(20), facts(EditionState.SKIPPED), holidays=HOLIDAY) == ()


def test_what_a_person_froze_for_a_holiday_is_theirs_to_send() -> None:
    """The clock neither sends nor skips it; at the end of the day it is missed."""
    frozen = facts(EditionState.FROZEN, fingerprint="f", tested="f")
    assert due(local(20), frozen, holidays=HOLIDAY) == ()
    assert kinds(due(local(0, day=date(2026, 5, 5)), frozen, holidays=HOLIDAY)) == ["miss"]


def test_a_holiday_may_be_no_reason() -> None:
    """`send` goes all the same."""
    assert kinds(due(local(5), holidays=HOLIDAY, daily=newsletter(schedule={"holidays": "send"}))) == ["remind"]


def test_a_holiday_shifts_to_the_next_free_day() -> None:
    """Neither a regular day nor a holiday: Thursday and Friday off both go on Sunday, as one edition."""
    shifting = newsletter(schedule={"holidays": "shift"})
    off = {date(2026, 5, 7): "One", date(2026, 5, 8): "Two", date(2026, 5, 9): "Three"}
    found = next_editions(shifting, off, local(12, day=date(2026, 5, 6)), 2)
    assert [planned.date for planned in found] == [date(2026, 5, 10), date(2026, 5, 11)]
    assert found[0].note == "in place of 2026-05-07 (One) and 2026-05-08 (Two)"
    (action,) = due(local(5, day=date(2026, 5, 7)), daily=shifting, holidays=off, since=local(12, day=date(2026, 5, 6)))
    assert action.reason == "One; shifted to 2026-05-10"
    sunday = due(local(5, day=date(2026, 5, 10)), daily=shifting, holidays=off, since=local(1, day=date(2026, 5, 10)))
    assert [(action.edition, action.kind.value) for action in sunday] == [("daily/2026-05-10", "remind")]


def test_a_newsletter_of_every_day_has_no_day_to_shift_to() -> None:
    """It says so."""
    every = newsletter(schedule={"days": frozenset(range(7)), "holidays": "shift"})
    (action,) = due(local(5), daily=every, holidays=HOLIDAY, since=local(1))
    assert action.kind is ActionKind.SKIP
    assert "no free day" in action.reason


@pytest.mark.parametrize(("day", "hour_utc"), [
    (date(2026, 3, 6), 11), (date(2026, 3, 9), 10), (date(2026, 10, 30), 10), (date(2026, 11, 2), 11),
])  # fmt: skip
def test_the_local_time_holds_when_clocks_change(day: date, hour_utc: int) -> None:
    """06:30 in New York before and after both changes of 2026 (8 March and 1 November)."""
    assert planned_time(newsletter(), day) == datetime(day.year, day.month, day.day, hour_utc, 30, tzinfo=UTC)


def test_minutes_before_are_counted_in_time_that_passes() -> None:
    """On the Sunday when 02:00 becomes 03:00, 90 minutes before 04:00 is 01:30 by the wall clock."""
    sunday = date(2026, 3, 8)
    early = newsletter(schedule={"days": frozenset({6}), "time": time(4)})
    since = local(0, day=sunday)
    assert due(local(1, 29, day=sunday), daily=early, since=since) == ()
    assert kinds(due(local(1, 30, day=sunday), daily=early, since=since)) == ["remind"]


def test_next_editions_skip_weekends_and_holidays() -> None:
    """In UTC, later than the moment asked for."""
    found = next_editions(newsletter(), {date(2026, 5, 8): "Off"}, planned_time(newsletter(), date(2026, 5, 6)), 3)
    assert [planned.date.day for planned in found] == [7, 11, 12]
    assert late_deadline(newsletter(), MONDAY) == datetime(2026, 5, 4, 13, tzinfo=UTC)
    assert next_editions(_without_schedule(), {}, SINCE, 3) == ()
    with pytest.raises(ValueError, match="no schedule"):
        planned_time(_without_schedule(), MONDAY)


def test_years_of_editions_are_looked_through_in_no_time() -> None:
    """A tick comes every 20 s: ten years of rows, of which nothing is due, take well under a second."""
    start = date(2016, 5, 4)
    days = [start + timedelta(days=number) for number in range(3652)]
    done = {
        f"daily/{day}": EditionFacts(id=f"daily/{day}", state=EditionState.SENT, steps=frozenset({Step.REPORT}),
                                     finished_at=local(7, day=day))
        for day in days
    }  # fmt: skip
    ledger = LedgerView(since=local(0, day=start), editions=done)
    begun = datetime.now(UTC)
    assert due_actions(local(4, day=days[-1]), [newsletter()], {}, ledger) == ()
    assert datetime.now(UTC) - begun < timedelta(seconds=1)
