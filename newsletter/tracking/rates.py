"""Whether a send's bounces or complaints are so many that mail services would hold them against the sender."""

from __future__ import annotations

from newsletter.model import AlertKind, Rate, SendReport, bounces_high, complaints, graded


def troubles(report: SendReport) -> tuple[tuple[AlertKind, str], ...]:
    """What operators must know of the numbers of a send, in words."""
    found: list[tuple[AlertKind, str]] = []
    bounced, complained = report.facts.get("bounced", 0), complaints(report)
    if bounces_high(report):
        words = f"{bounced} of {report.accepted} copies bounced ({bounced / max(report.accepted, 1):.1%})"
        found.append((AlertKind.BOUNCES, words))
    if graded(complained) in {"warn", "alarm"}:
        found.append((AlertKind.COMPLAINTS, _complained(complained)))
    if report.sent_twice:
        found.append((AlertKind.SENT_TWICE, f"{report.sent_twice} readers got it twice, as events of them say"))
    return tuple(found)


def _complained(rate: Rate) -> str:
    """`ALARM: 9 of 3,000 delivered complained (0.30%), …`: from 0.3 % on it is an alarm, below it a warning."""
    said = f"{rate.count:,} of {rate.whole:,} {rate.of} complained ({rate.share or 0:.2%})"
    if graded(rate) == "alarm":
        return f"ALARM: {said}: from 0.3 % on, mailbox providers refuse mail"
    return f"{said}: mailbox providers ask senders to stay under 0.1 %"
