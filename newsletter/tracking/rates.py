"""Whether a send's bounces or complaints are so many that mail services would hold them against the sender."""

from __future__ import annotations

from newsletter.model import AlertKind, SendReport

BOUNCE_SHARE, BOUNCES_AT_LEAST = 0.05, 20
"""A twentieth of the readers, as SendGrid advises to stay under; few bounces of a small list say nothing."""

COMPLAINT_SHARE, COMPLAINTS_AT_LEAST = 0.001, 3
"""Gmail and Yahoo ask bulk senders to stay under 0.1 % (their guidelines of February 2024)."""


def troubles(report: SendReport) -> tuple[tuple[AlertKind, str], ...]:
    """What operators must know of the numbers of a send, in words."""
    found: list[tuple[AlertKind, str]] = []
    bounced, complained = report.facts.get("bounced", 0), report.facts.get("complained", 0)
    if bounced >= BOUNCES_AT_LEAST and bounced > BOUNCE_SHARE * report.accepted:
        words = f"{bounced} of {report.accepted} copies bounced ({bounced / max(report.accepted, 1):.1%})"
        found.append((AlertKind.BOUNCES, words))
    if complained >= COMPLAINTS_AT_LEAST and complained > COMPLAINT_SHARE * report.accepted:
        words = f"{complained} of {report.accepted} readers complained ({complained / max(report.accepted, 1):.2%})"
        found.append((AlertKind.COMPLAINTS, words))
    if report.sent_twice:
        found.append((AlertKind.SENT_TWICE, f"{report.sent_twice} readers got it twice, as events of them say"))
    return tuple(found)
