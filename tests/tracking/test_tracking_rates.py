"""Bounces and complaints that mail services would hold against the sender."""

from __future__ import annotations

import pytest

from newsletter.model import AlertKind, SendReport
from newsletter.tracking import troubles


def report(accepted: int, sent_twice: int = 0, **facts: int) -> SendReport:
    return SendReport(
        edition="daily/2026-05-04", list="daily", kind="live", state="sent", candidates=accepted, accepted=accepted,
        excluded={}, refused={}, in_doubt=0, pending=0, batches={"accepted": 1}, started_at=None, finished_at=None,
        facts=facts, sent_twice=sent_twice,
    )  # fmt: skip


@pytest.mark.parametrize(("numbers", "kinds"), [
    (report(1000, bounced=50, complained=1), []),
    (report(1000, bounced=51), [AlertKind.BOUNCES]),
    (report(100, bounced=19), []),
    (report(10_000, complained=9), []),
    (report(10_000, complained=10), [AlertKind.COMPLAINTS]),
    (report(20_000, complained=11, delivered=10_000), [AlertKind.COMPLAINTS]),
    (report(100, complained=2), []),
    (report(100, complained=3), [AlertKind.COMPLAINTS]),
    (report(10_000, sent_twice=1), [AlertKind.SENT_TWICE]),
    (report(0), []),
    (report(100, sent_twice=2, bounced=40, complained=4), [
        AlertKind.BOUNCES, AlertKind.COMPLAINTS, AlertKind.SENT_TWICE,
    ]),
])  # fmt: skip
def test_troubles(numbers: SendReport, kinds: list[AlertKind]) -> None:
    """Over 5 % bounced, 0.1 % of the delivered complained, anybody twice; few of a small list say nothing."""
    assert [kind for kind, _ in troubles(numbers)] == kinds
