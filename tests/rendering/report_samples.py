"""What became of an edition that a test sends: a daily whose clicks are counted, and opens of those who agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from newsletter.model import EditionReport, Figures, LinkClicks, Read, Readers, SendReport, Usual

START = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
MORNING = datetime(2026, 5, 5, 10, 0, tzinfo=UTC)

SEND = SendReport(
    edition="daily/2026-05-04", list="daily", kind="live", state="sent", candidates=2503, accepted=2500,
    excluded={"suppressed:bounce": 2, "unsubscribed": 1}, refused={}, in_doubt=0, pending=0,
    batches={"accepted": 3}, started_at=START, finished_at=START.replace(minute=31),
    facts={
        "processed": 2500, "delivered": 2431, "bounced": 38, "blocked": 9, "deferred": 31, "opened": 310,
        "unsubscribed": 12, "complained": 2,
    },
)  # fmt: skip
"""2,500 + 3 = 2,503; of 2,500 are 2,431 + 38 + 9 = 2,478 at an end, 22 open."""

STORIES = (
    Read(position=1, slug="ports-reopen", title="Ports Reopen After Two-Day Stoppage", section="Policy and Legal",
         human=204, raw=231),
    Read(position=2, slug="dust-rule", title="House Panel Delays Dust Rule Until Fall", section="Policy and Legal",
         human=61, raw=88),
    Read(position=3, slug="apprentices", title="Apprentices Up 11% in Two Years", section="Workforce",
         human=40, raw=64),
    Read(position=4, slug="member-award", title="Zoë’s Mill Wins the Café Award", section="Member News",
         human=0, raw=0),
)  # fmt: skip

LINKS = tuple(
    LinkClicks(code=f"c{number}", number=number, url=f"https://{url}", role=role, story=story, section=section,
               human=human, raw=raw)
    for number, (url, role, story, section, human, raw) in enumerate([
        ("harbor-millers.org/news/ports-reopen", "story", "ports-reopen", "policy-legal", 180, 203),
        ("harbor-millers.org/news/dust-rule?from=mail", "story", "dust-rule", "policy-legal", 61, 88),
        ("harbor-millers.org/news/apprentices", "story", "apprentices", "workforce", 40, 64),
        ("ledger.alder-press.org/ports-deal", "source", "ports-reopen", "policy-legal", 24, 28),
        ("jury.alder-press.org/prize", "body", "member-award", "news", 0, 0),
    ], start=1)
)  # fmt: skip
"""180 + 61 + 40 + 24 = 305 by people, 203 + 88 + 64 + 28 = 383 with machines."""

SECTIONS = (
    Read(position=1, slug="policy-legal", title="Policy and Legal", section="Policy and Legal", human=265, raw=319),
    Read(position=3, slug="workforce", title="Workforce", section="Workforce", human=40, raw=64),
    Read(position=4, slug="news", title="Member News", section="Member News", human=0, raw=0),
)

USUAL = {
    "accepted": Usual(middle=0.998, lowest=0.995, highest=1.0),
    "delivered": Usual(middle=0.985, lowest=0.981, highest=0.99),
    "bounced": Usual(middle=0.0042, lowest=0.002, highest=0.0061),
    "opened": Usual(middle=0.33, lowest=0.29, highest=0.41),
    "clicks": Usual(middle=0.118, lowest=0.07, highest=0.19),
    "unsubscribed": Usual(middle=0.002, lowest=0.0, highest=0.006),
    "complained": Usual(middle=0.0004, lowest=0.0, highest=0.0009),
}

REPORT = EditionReport(
    send=SEND, subject="Ports reopen after a two-day stoppage", as_of=MORNING, waiting=22, deferred=14,
    bounces={"hard": 35, "soft": 8, "policy": 4},
    opens=Readers(human=310, raw=402, whole=900),
    clicks=Figures(human=305, raw=383), countable=2431, stories=STORIES, sections=SECTIONS, links=LINKS,
    usual=USUAL, compared=10,
)  # fmt: skip
"""Delivered 97.2 %, less than ever: 2,431 of 2,500. Two complaints of 2,431: 0.08 %, which is fine."""


def report(**changes: Any) -> EditionReport:
    """The sample with changes; those of `send` are given as a mapping."""
    send = replace(SEND, **changes.pop("send", {}))
    return replace(REPORT, send=send, **changes)
