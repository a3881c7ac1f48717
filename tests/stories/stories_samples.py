"""Stories and a newsletter to assemble in tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.model import Approval, Mailbox, Newsletter, Paragraph, Section, Span, Status, Story

ZONE = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 5, 4, 6, 30, tzinfo=ZONE)
DIGEST = "sha256:" + "0" * 64


def newsletter(**changes: Any) -> Newsletter:
    """A daily with two sections."""
    sections = (Section(slug="trade", title="Trade"), Section(slug="workforce", title="Workforce"))
    daily = Newsletter(
        slug="daily", title="Daily", list="daily", sender=Mailbox(address="daily@example.org"), zone=ZONE,
        sections=sections, template="briefing",
    )  # fmt: skip
    return replace(daily, **changes)


def story(slug: str = "ports", **changes: Any) -> Story:
    """An approved story of Monday 4 May 2026, sealed an hour before its edition."""
    on = changes.pop("date", date(2026, 5, 4))
    text = changes.pop("text", "Dock workers and terminal operators settled their dispute, both sides said.")
    made = Story(
        slug=f"{on.isoformat()}-{slug}", path=f"content/stories/{on.isoformat()}-{slug}.md", date=on,
        headline=f"The headline of {slug}", section="trade", status=Status.APPROVED, digest=DIGEST,
        blocks=(Paragraph(spans=(Span(text=text),), line=9),), lines={"headline": 2, "section": 3},
        approval=Approval(by="ann", at=MONDAY - timedelta(hours=1), digest=DIGEST),
    )  # fmt: skip
    return replace(made, **changes)
