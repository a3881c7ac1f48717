"""An edition beside the last ones of its newsletter: what each rate was when they were as old as it is now.

At the same age, since opens, clicks and complaints come for days: an edition of this morning would always look poor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from newsletter.model import EditionReport, EventKind, Figures, Readers, Tracking, Usual
from newsletter.storage import Tx, balance, reports, sends

Trackings = tuple[Tracking, ...]


def opened(seen_of: Trackings) -> Trackings:
    """Those by which opens are seen."""
    return tuple(each for each in seen_of if each.opens)


def named(seen_of: Trackings) -> Trackings:
    """Those by which clicks tell who."""
    return tuple(each for each in seen_of if each.clicks == "individual")


def counted(seen_of: Trackings) -> Trackings:
    """Those by which clicks are counted, whoever it was."""
    return tuple(each for each in seen_of if each.clicks != "none")


def delivered_of(tx: Tx, send_id: int, among: Trackings, every: Trackings, told: int) -> int | None:
    """Delivered copies of the variants with some of a send's trackings; None of none. Of all it is what was told."""
    if not among:
        return None
    return told if among == every else reports.delivered(tx, send_id, among)


def usual(tx: Tx, newsletter: str, live: sends.SendRow, now: datetime, limit: int) -> tuple[Mapping[str, Usual], int]:
    """By rate what is usual, and of how many editions that is; nothing for a correction, or what has not begun."""
    if live.started_at is None or live.kind != "live" or not limit:
        return {}, 0
    age, shares = now - live.started_at, dict[str, list[float]]()
    earlier = reports.earlier(tx, newsletter, live.started_at, limit)
    for each in earlier:
        for name, rate in _as_it_was(tx, each, each.started_at + age).rates.items():
            if rate.share is not None:
                shares.setdefault(name, []).append(rate.share)
    return {name: of for name, found in shares.items() if (of := Usual.of(found))}, len(earlier)


def _as_it_was(tx: Tx, of: reports.Earlier, until: datetime) -> EditionReport:
    """An earlier edition's rates at an instant; what was accepted, and whose opens are seen, is as it is now."""
    facts = reports.facts_until(tx, of.send_id, until)
    seen_of = reports.trackings(tx, of.send_id)

    told = facts.get(EventKind.DELIVERED, 0)

    def seen(kind: EventKind, among: Trackings) -> Readers | None:
        whole = delivered_of(tx, of.send_id, among, seen_of, told)
        human = reports.readers_until(tx, of.send_id, kind, until) if whole else 0
        return None if whole is None else Readers(human=human, raw=human, whole=whole)

    clicks = reports.clicks_until(tx, of.edition_id, of.send_id, until) if counted(seen_of) else None
    return EditionReport(
        send=replace(balance.report(tx, of.send_id, with_events=False), facts=facts),
        subject="",
        as_of=until,
        waiting=0,
        deferred=0,
        opens=seen(EventKind.OPENED, opened(seen_of)),
        followers=seen(EventKind.CLICKED, named(seen_of)),
        clicks=None if clicks is None else Figures(human=clicks, raw=clicks),
        countable=delivered_of(tx, of.send_id, counted(seen_of), seen_of, told) or 0,
    )
