"""What events and hits come to, raw and by whether a human did it: one function for whoever shows figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, exists, func, or_, select

from newsletter.model import EventKind
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

JUDGED = (EventKind.OPENED, EventKind.CLICKED)
"""The kinds of which it is judged whether a human did them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Events of one kind in a send. `machine` says whether a machine did them; None where that is not judged (yet), as
    for all kinds but `opened` and `clicked`. `deliveries` are distinct within the row: a reader of whom both a machine
    and a human opened stands in two rows.
    """

    kind: EventKind
    machine: bool | None
    events: int
    deliveries: int


def tallies(tx: Tx, send_id: int) -> tuple[Tally, ...]:
    """Every kind that was told of a send, from the raw events that are still kept and the sums of those that are not.

    Human figures are those with `machine` False, raw ones the sum of a kind's rows (of `events`; readers of either kind
    are in the facts of the report). Judge first (`pipeline.judging.judge`), or rows with None remain.
    """
    found: dict[tuple[str, bool | None], list[int]] = defaultdict(lambda: [0, 0])
    for kind, machine, events, deliveries in [*_kept(tx, send_id), *_summed(tx, send_id)]:
        row = found[kind, machine if kind in JUDGED else None]
        row[0] += events
        row[1] += deliveries
    return tuple(
        Tally(kind=EventKind(kind), machine=machine, events=events, deliveries=deliveries)
        for (kind, machine), (events, deliveries) in sorted(found.items(), key=lambda item: (item[0][0], str(item[0])))
    )
