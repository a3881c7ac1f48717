"""The report's numbers balance, and each rate says what it is a share of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.model import CanaryStanding, SendReport
from newsletter.tracking import report_document, report_table

START = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


def report(**changes: Any) -> SendReport:
    facts: dict[str, Any] = {
        "edition": "daily/2026-05-04", "list": "daily", "kind": "live", "state": "sent",
        "candidates": 2503, "accepted": 2500, "excluded": {"unsubscribed": 2, "suppressed:bounce": 1}, "refused": {},
        "in_doubt": 0, "pending": 0, "batches": {"accepted": 3}, "started_at": START,
        "finished_at": START.replace(minute=31), "facts": {"delivered": 2400, "bounced": 5, "complained": 1},
    }  # fmt: skip
    return SendReport(**{**facts, **changes})


def test_the_document_has_the_shape_that_programs_read() -> None:
    """interface.md's `send status`; instants in UTC. 2500 + 3 = 2503."""
    assert report_document(report()) == {
        "edition": "daily/2026-05-04", "list": "daily", "kind": "live", "state": "sent", "candidates": 2503,
        "accepted": 2500,
        "excluded": {"unsubscribed": 2, "suppressed:bounce": 1}, "refused": {}, "in_doubt": 0, "pending": 0,
        "batches": {"accepted": 3}, "started_at": "2026-05-04T10:30:00+00:00",
        "finished_at": "2026-05-04T10:31:00+00:00",
        "facts": {"delivered": 2400, "bounced": 5, "complained": 1}, "sent_twice": 0, "canary": None,
    }  # fmt: skip


def test_the_table() -> None:
    """Every candidate, the sum, and what events told, with each denominator in words."""
    assert (
        report_table(report())
        == """\
daily/2026-05-04: live send to daily, sent
started 2026-05-04 10:30:00 UTC, finished 2026-05-04 10:31:00 UTC
batches: 3 accepted

  candidates             2,503  subscriptions active at the freeze
    accepted             2,500  99.9 % of candidates
    excluded                 3
      unsubscribed           2
      suppressed:bounce      1
    refused                  0
    in doubt                 0
    pending                  0

  2,500 + 3 + 0 + 0 + 0 = 2,503 candidates

  of the accepted
    delivered      2,400  96.0 % of accepted
    bounced            5  0.20 % of accepted
    complained         1  0.04 % of delivered"""
    )


@pytest.mark.parametrize(
    ("complained", "word"), [(2, ""), (3, "warning: 0.10 %"), (8, "warning"), (9, "ALARM: 0.30 %")]
)
def test_complaints_warn_at_a_thousandth_and_alarm_at_three(complained: int, word: str) -> None:
    """0.1 % of 3,000 are 3, 0.3 % are 9."""
    table = report_table(report(candidates=3000, accepted=3000, excluded={},
                                facts={"delivered": 3000, "complained": complained}))  # fmt: skip
    assert word in table
    assert ("warning" in table or "ALARM" in table) is bool(word)


def test_complaints_before_any_delivery_is_told_still_alarm() -> None:
    """Without `delivered` events the accepted are the denominator, and it says so."""
    assert "0.40 % of accepted complained" in report_table(report(facts={"complained": 10}))


def test_a_send_that_has_not_begun() -> None:
    """No division by nothing; no share that is none. 3 pending = 3."""
    table = report_table(report(state="pending", candidates=3, accepted=0, excluded={}, pending=3, batches={},
                                started_at=None, finished_at=None, facts={}))  # fmt: skip
    assert "0 + 0 + 0 + 0 + 3 = 3 candidates" in table
    assert "of the accepted" not in table
    assert "started" not in table


def test_an_empty_send() -> None:
    """0 = 0."""
    table = report_table(report(candidates=0, accepted=0, excluded={}, batches={}, facts={}))
    assert "no share: none candidates" not in table
    assert "0 + 0 + 0 + 0 + 0 = 0 candidates" in table


def test_a_broken_promise_is_said() -> None:
    """Readers with events of two attempts stand in both forms."""
    broken = report(sent_twice=4)
    assert "SENT TWICE: 4 readers" in report_table(broken)
    assert report_document(broken)["sent_twice"] == 4


def test_nearly_all_is_not_all() -> None:
    """A rate is never rounded to 0 or 100 when it is not."""
    table = report_table(report(candidates=100_001, accepted=100_000, excluded={"unsubscribed": 1},
                                facts={"delivered": 99_999, "bounced": 1}))  # fmt: skip
    assert "over 99.9 % of accepted" in table
    assert "under 0.01 % of accepted" in table


def canary(**changes: Any) -> CanaryStanding:
    facts: dict[str, Any] = {
        "readers": 3, "state": "accepted", "accepted_at": START, "rest_from": START.replace(minute=40),
        "rest_waits": True,
    }  # fmt: skip
    return CanaryStanding(**{**facts, **changes})


@pytest.mark.parametrize(("changes", "line"), [
    ({}, "canary: 3 readers accepted at 2026-05-04 10:30:00 UTC, the rest from 2026-05-04 10:40:00 UTC"),
    ({"readers": 1, "state": "claimed", "accepted_at": None, "rest_from": None},
     "canary: 1 reader claimed, the rest waits for it"),
    ({"state": "in_doubt", "accepted_at": None},
     "canary: 3 readers in doubt, the rest from 2026-05-04 10:40:00 UTC"),
])  # fmt: skip
def test_a_canary_in_the_table(changes: dict[str, Any], line: str) -> None:
    """Where it stands, and from when on the rest goes."""
    assert report_table(report(state="sending", canary=canary(**changes))).splitlines()[3] == line


def test_a_canary_in_the_document() -> None:
    """Instants in UTC, null where there is none yet."""
    assert report_document(report(canary=canary(rest_from=None)))["canary"] == {
        "readers": 3, "state": "accepted", "accepted_at": "2026-05-04T10:30:00+00:00", "rest_from": None,
    }  # fmt: skip
