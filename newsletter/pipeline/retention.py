"""What is kept for how long: events and hits become sums, then deliveries do; foreign events go.

In portions, each a transaction of its own that adds up and deletes: a send beside it waits for some 50 ms, and whatever
stops in the middle goes on at the next tick.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from newsletter.pipeline import judging
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, delivery_sums, judgements, sums
from newsletter.tracking import RULES, url_index

log = structlog.get_logger()

PORTIONS = 20
"""Of each kind, in one tick: a send of a million readers is summed in a few minutes."""

ROWS = 1000
"""Deliveries, hits or foreign events in one portion."""

Portion = Callable[[Tx, datetime, datetime], int]
"""Does one portion of what came before the first instant, at the second; gives how many rows that were."""


def look_after(context: Context, stop: threading.Event) -> None:
    """What a tick does with all that was told: labels what is new, sums and deletes what is old."""
    judging.judge_new(context, stop)
    tidy(context, stop)


def tidy(context: Context, stop: threading.Event) -> dict[str, int]:
    """Sum and delete what is too old to keep, as much as a tick has time for; gives the rows of each kind."""
    now = context.clock()
    events_before = now - timedelta(days=context.settings.keep_events_days)
    deliveries_before = now - timedelta(days=context.settings.keep_deliveries_days)
    done = {
        "events": _portions(context, _events, events_before, stop),
        "hits": _portions(context, _hits, events_before, stop),
        "foreign": _portions(context, _foreign, events_before, stop),
        "deliveries": _portions(context, _deliveries, deliveries_before, stop),
    }
    if any(done.values()):
        log.info("summed", **done)
    return done


def _portions(context: Context, portion: Portion, before: datetime, stop: threading.Event) -> int:
    done = 0
    for _ in range(PORTIONS):
        if stop.is_set():
            break
        with context.store.write() as tx:
            rows = portion(tx, before, context.clock())
        done += rows
        if not rows:
            break
    return done


def _events(tx: Tx, before: datetime, now: datetime) -> int:
    portion = sums.next_events(tx, before, now)
    if portion is None:
        return 0
    judging.label(tx, judgements.of_batch(tx, portion.send_id, portion.batch_number, RULES))
    return sums.sum_events(tx, portion, url_index)


def _hits(tx: Tx, before: datetime, _now: datetime) -> int:
    return sums.sum_hits(tx, before, ROWS)


def _foreign(tx: Tx, before: datetime, _now: datetime) -> int:
    return sums.forget_foreign(tx, before, ROWS)


def _deliveries(tx: Tx, before: datetime, now: datetime) -> int:
    portion = delivery_sums.next_deliveries(tx, before, ROWS)
    if portion is None:
        return 0
    judging.label(tx, judgements.of_deliveries(tx, portion.deliveries, RULES))
    return delivery_sums.sum_deliveries(tx, portion, index=url_index, now=now)
