"""Who is on a list, row by row: a list of a million needs no more memory than one of a thousand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from newsletter.storage import tables as t
from newsletter.storage.database import Tx

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who is on a list now."""

    address: str
    name: str
    basis: str
    until: datetime | None
    source: str
    since: datetime


@contextmanager
def of(tx: Tx, slug: str) -> Iterator[Iterator[Member]]:
    """The active subscriptions of a list whose people have an address, in the order in which they came."""
    person, place = t.subscriber.c, t.subscription.c
    rows = (
        select(person.address, person.name, place.basis, place.until, place.source, place.since)
        .join_from(t.list_, t.subscription, place.list_id == t.list_.c.id)
        .join(t.subscriber, person.id == place.subscriber_id)
        .where(t.list_.c.slug == slug, place.state == "active", person.address.is_not(None))
        .order_by(place.subscriber_id)
    )
    with tx.execute(rows.execution_options(yield_per=_AT_ONCE)) as result:
        yield (
            Member(
                address=row.address, name=row.name, basis=row.basis, until=row.until, source=row.source, since=row.since
            )
            for row in result
        )  # fmt: skip
