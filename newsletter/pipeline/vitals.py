"""How the installation is doing, in numbers of one moment: for `/metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from newsletter.pipeline.context import Context
from newsletter.storage import alerts, clock, letters, schema, vitals

RECENT = timedelta(hours=24)
"""For so long after a send the age of the last event says something."""

OPEN_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """`sends` by kind and state; `silences` by host; `lag` from the newest event to its arrival here, `quiet` since
    then, both None where no send began of late; `alerts` of the last days by kind; `letter` is how long the one has
    waited that waits longest, nothing where none does.
    """

    schema: str
    sends: Mapping[tuple[str, str], int]
    batches: tuple[vitals.Batches, ...]
    silences: Mapping[str, timedelta]
    lag: timedelta | None
    quiet: timedelta | None
    alerts: Mapping[str, int]
    letter: timedelta


def take(context: Context) -> Vitals:
    """A bounded number of look-ups, however many readers there are. Raises StoreError."""
    now = context.clock()
    with context.store.read() as tx:
        send, event = vitals.last_send(tx), vitals.last_event(tx)
        recent = event if send is not None and now - send.started_at <= RECENT else None
        return Vitals(
            schema=schema.version(tx) or "",
            sends=vitals.sends(tx),
            batches=vitals.batches(tx),
            silences={host: now - at for host, at in clock.beats(tx).items()},
            lag=recent.received_at - recent.occurred_at if recent else None,
            quiet=now - recent.received_at if recent else None,
            alerts=alerts.counts(tx, now - OPEN_WITHIN),
            letter=now - (letters.oldest_waiting(tx) or now),
        )
