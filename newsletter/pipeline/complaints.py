"""Complaints come for days: those that are told after the morning's report are held against what was delivered, too.

The webhook notes of which editions some have come; a look-out counts, so that no request of the webhook waits for it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from newsletter.model import AlertKind, Step, complaints, graded
from newsletter.pipeline import alerts
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, balance, clock, events, sends
from newsletter.storage import alerts as kept
from newsletter.tracking import troubles


def note(tx: Tx, deliveries: Collection[int], now: datetime) -> None:
    """Note that somebody complained about these copies."""
    editions = events.editions(tx, sorted(deliveries)) if deliveries else {}
    for edition in sorted(set(editions.values())):
        clock.take_step(tx, edition, Step.COMPLAINTS, now)


def look(context: Context) -> None:
    """Tell operators of editions with too many complaints, once; again where what warned has become an alarm.

    Before its report nothing is told: of the first hundred mails three complaints say nothing yet. Raises StoreError.
    """
    with context.store.read() as tx:
        waiting = clock.with_steps(tx, Step.COMPLAINTS, Step.REPORT)
    for edition in waiting:
        with context.store.write() as tx:
            mine = clock.give_back_step(tx, edition, Step.COMPLAINTS)  # first: who complains from now on is noted anew
        if mine:
            _look(context, edition)


def _look(context: Context, edition: str) -> None:
    with context.store.read() as tx:
        live = sends.live(tx, edition)
        report = balance.report(tx, live.id) if live else None
        told = kept.find(tx, edition, AlertKind.COMPLAINTS)
    text = dict(troubles(report)).get(AlertKind.COMPLAINTS) if report else None
    if report is None or text is None:
        return
    if told and graded(complaints(report)) == "alarm" and not told.text.startswith("ALARM"):
        alerts.clear(context, AlertKind.COMPLAINTS, about=edition)
    alerts.alert(context, AlertKind.COMPLAINTS, about=edition, text=text)
