"""A send in numbers that balance: as a table for a terminal, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from newsletter.model import CanaryStanding, EventKind, SendReport, complaints, graded

_OF_ACCEPTED = "accepted"
_OF_DELIVERED = "delivered"
_DENOMINATORS = {
    EventKind.PROCESSED: _OF_ACCEPTED,
    EventKind.DELIVERED: _OF_ACCEPTED,
    EventKind.DEFERRED: _OF_ACCEPTED,
    EventKind.BOUNCED: _OF_ACCEPTED,
    EventKind.BLOCKED: _OF_ACCEPTED,
    EventKind.DROPPED: _OF_ACCEPTED,
    EventKind.COMPLAINED: _OF_DELIVERED,
    EventKind.UNSUBSCRIBED: _OF_DELIVERED,
    EventKind.RESUBSCRIBED: _OF_DELIVERED,
}
"""What each kind's rate is a share of, in the order of the table. Opens and clicks have none: they are seen of some
readers alone, and machines make them too (`tracking.edition` has their rates).
"""
_SEEN = frozenset({EventKind.OPENED, EventKind.CLICKED})

_Row = tuple[str, str, str]
"""A label, a number, and a remark."""


def report_document(report: SendReport) -> dict[str, Any]:
    """The send as `newsletter send status --json` shows it, one entry of `sends`; instants as ISO 8601 in UTC."""
    return {
        "edition": report.edition,
        "list": report.list,
        "kind": report.kind,
        "state": report.state,
        "candidates": report.candidates,
        "accepted": report.accepted,
        "excluded": dict(report.excluded),
        "refused": dict(report.refused),
        "in_doubt": report.in_doubt,
        "pending": report.pending,
        "batches": dict(report.batches),
        "started_at": _iso(report.started_at),
        "finished_at": _iso(report.finished_at),
        "facts": dict(report.facts),
        "sent_twice": report.sent_twice,
        "canary": _canary_document(report.canary) if report.canary else None,
    }


def _canary_document(canary: CanaryStanding) -> dict[str, Any]:
    return {
        "readers": canary.readers,
        "state": canary.state,
        "accepted_at": _iso(canary.accepted_at),
        "rest_from": _iso(canary.rest_from),
    }


def report_table(report: SendReport) -> str:
    """The send in lines for a terminal: what became of each candidate, with the sum, then what events told.

    Counts are deliveries. Each rate names what it is a share of.
    """
    parts = [
        _heading(report),
        _aligned([*_accounts(report)]),
        f"  {_sum(report)}",
        _aligned([*_told(report)]),
        "\n".join(_warnings(report)),
    ]
    return "\n\n".join(part for part in parts if part.strip())


def _heading(report: SendReport) -> str:
    lines = [f"{report.edition}: {report.kind} send to {report.list or 'the editors'}, {report.state}"]
    if report.started_at:
        finished = f", finished {_clock(report.finished_at)}" if report.finished_at else ", not finished"
        lines.append(f"started {_clock(report.started_at)}{finished}")
    if report.batches:
        lines.append("batches: " + ", ".join(f"{_number(count)} {state}" for state, count in report.batches.items()))
    if report.canary:
        lines.append(_canary(report.canary))
    return "\n".join(lines)


def _canary(canary: CanaryStanding) -> str:
    readers = "1 reader" if canary.readers == 1 else f"{_number(canary.readers)} readers"
    state = canary.state.replace("_", " ") + (f" at {_clock(canary.accepted_at)}" if canary.accepted_at else "")
    rest = f"the rest from {_clock(canary.rest_from)}" if canary.rest_from else "the rest waits for it"
    return f"canary: {readers} {state}, {rest}"


def _accounts(report: SendReport) -> Iterator[_Row]:
    who = "readers who got what it corrects" if report.kind == "correction" else "subscriptions active at the freeze"
    yield "candidates", _number(report.candidates), who
    yield "  accepted", _number(report.accepted), _share(report.accepted, report.candidates, "candidates")
    yield from _reasons("excluded", report.excluded)
    yield from _reasons("refused", report.refused)
    yield "  in doubt", _number(report.in_doubt), "newsletter send resolve shows why" if report.in_doubt else ""
    yield "  pending", _number(report.pending), ""


def _reasons(label: str, counts: Mapping[str, int]) -> Iterator[_Row]:
    yield f"  {label}", _number(sum(counts.values())), ""
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"    {reason}", _number(count), ""


def _sum(report: SendReport) -> str:
    numbers = [
        report.accepted,
        sum(report.excluded.values()),
        sum(report.refused.values()),
        report.in_doubt,
        report.pending,
    ]
    return f"{' + '.join(map(_number, numbers))} = {_number(report.candidates)} candidates"


def _told(report: SendReport) -> Iterator[_Row]:
    """What events told, each kind that has happened; `delivered` always, since its lack is news."""
    if not report.accepted:
        return
    yield "of the accepted", "", ""
    for kind, denominator in _DENOMINATORS.items():
        count = report.facts.get(kind, 0)
        if count or kind is EventKind.DELIVERED:
            whole = report.accepted if denominator == _OF_ACCEPTED else report.facts.get(EventKind.DELIVERED, 0)
            yield f"  {kind}", _number(count), _share(count, whole, denominator)
    for name, count in sorted(report.facts.items()):
        if name not in _DENOMINATORS:
            yield (
                f"  {name}",
                _number(count),
                "by machines too; `newsletter report` tells them apart" if name in _SEEN else "",
            )


def _warnings(report: SendReport) -> Iterator[str]:
    if report.sent_twice:
        yield f"SENT TWICE: {_number(report.sent_twice)} readers have events of two attempts"
    rate = complaints(report)
    percent = _percent(rate.share or 0.0)
    match graded(rate):
        case "alarm":
            yield f"ALARM: {percent} of {rate.of} complained; from 0.3 % on, mailbox providers refuse mail"
        case "warn":
            yield f"warning: {percent} of {rate.of} complained; stay under 0.1 %"


def _aligned(rows: list[_Row]) -> str:
    if not rows:
        return ""
    labels = max(len(label) for label, _, _ in rows)
    numbers = max(len(number) for _, number, _ in rows)
    return "\n".join(f"  {label:<{labels}}  {number:>{numbers}}  {remark}".rstrip() for label, number, remark in rows)


def _share(count: int, whole: int, name: str) -> str:
    return f"{_percent(count / whole)} of {name}" if whole else ""


def _percent(rate: float) -> str:
    """Two digits after the point where rates are small; never rounded to 0 or to 100 when it is not."""
    if 0 < rate < 0.0001:
        return "under 0.01 %"
    shown = f"{rate * 100:.2f}" if rate < 0.1 else f"{rate * 100:.1f}"
    return "over 99.9 %" if shown == "100.0" and rate < 1 else f"{shown} %"


def _number(count: int) -> str:
    return f"{count:,}"


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()
