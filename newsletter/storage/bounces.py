"""How the copies for an address ended, from the events that are still kept: what the rule of soft bounces asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from newsletter.model import EventKind
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

_ENDS = (EventKind.DELIVERED, EventKind.BOUNCED, EventKind.BLOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An event that tells how a delivery ended."""

    delivery: int
    kind: EventKind
    at: datetime
    reason: str


def ends(tx: Tx, keys: Collection[int]) -> Mapping[int, Sequence[End]]:
    """What was told of the ends of all copies for these address keys, by key."""
    found: dict[int, list[End]] = defaultdict(list)
    wanted = sorted(keys)
    for start in range(0, len(wanted), 500):
        rows = tx.execute(
            select(
                t.delivery.c.address_key, t.event.c.delivery_id, t.event.c.kind, t.event.c.occurred_at,
                t.event.c.reason,
            )
            .join(t.event, t.event.c.delivery_id == t.delivery.c.id)
            .where(t.delivery.c.address_key.in_(wanted[start : start + 500]), t.event.c.kind.in_(_ENDS))
        )  # fmt: skip
        for row in rows:
            end = End(delivery=row.delivery_id, kind=EventKind(row.kind), at=row.occurred_at, reason=row.reason)
            found[row.address_key].append(end)
    return found
