"""What readers want to have of a list: their places on lists, with sections, a pause, and whether they may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, insert, or_, select, update

from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscriber's place on one list. `sections` are slugs, None wants all; `until` ends implied consent;
    `tracked` says that they agreed that their own opens and clicks are seen.
    """

    list_id: int
    list: str
    state: str
    source: str
    basis: str
    until: datetime | None
    paused_until: datetime | None
    sections: tuple[str, ...] | None
    tracked: bool
    since: datetime
    changed_at: datetime

    @property
    def on(self) -> bool:
        """They are on the list, or asked to be."""
        return self.state != "unsubscribed"


def _rows(*which: ColumnElement[bool]) -> Select[Any]:
    of_lists = select(t.list_.c.slug, t.subscription).join(t.list_, t.list_.c.id == t.subscription.c.list_id)
    return of_lists.where(*which).order_by(t.list_.c.slug)


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        list_id=row.list_id, list=row.slug, state=row.state, source=row.source, basis=row.basis, until=row.until,
        paused_until=row.paused_until, sections=None if row.sections is None else tuple(row.sections.split()),
        tracked=row.tracked, since=row.since, changed_at=row.changed_at,
    )  # fmt: skip


def of(tx: Tx, subscriber_id: int) -> tuple[Subscription, ...]:
    """Every list that a subscriber is or was on."""
    return of_each(tx, [subscriber_id]).get(subscriber_id, ())


def of_each(tx: Tx, subscriber_ids: Sequence[int]) -> Mapping[int, tuple[Subscription, ...]]:
    """The same of up to a thousand subscribers, by their ids."""
    found: dict[int, tuple[Subscription, ...]] = {}
    for row in tx.execute(_rows(t.subscription.c.subscriber_id.in_(subscriber_ids))):
        found[row.subscriber_id] = (*found.get(row.subscriber_id, ()), _subscription(row))
    return found


def find(tx: Tx, subscriber_id: int, list_id: int) -> Subscription | None:
    """A subscriber's place on a list, or None."""
    row = tx.execute(_rows(_place(subscriber_id, list_id))).one_or_none()
    return None if row is None else _subscription(row)


def prefer(
    tx: Tx,
    subscriber_id: int,
    list_id: int,
    *,
    sections: Sequence[str] | None,
    paused_until: datetime | None,
    tracked: bool,
    now: datetime,
) -> None:
    """Write down what a reader wants to have of a list that they are on."""
    tx.execute(
        update(t.subscription)
        .where(_place(subscriber_id, list_id))
        .values(
            sections=None if sections is None else " ".join(sections),
            paused_until=paused_until,
            tracked=tracked,
            changed_at=now,
        )
    )


def come_back(tx: Tx, subscriber_id: int, list_id: int, now: datetime) -> bool:
    """Put a subscription that was left back as it was; True where that was news."""
    done = tx.execute(
        update(t.subscription)
        .where(_place(subscriber_id, list_id), t.subscription.c.state == "unsubscribed")
        .values(state="active", changed_at=now)
    )
    return done.rowcount == 1


def put(tx: Tx, subscriber_id: int, given: Subscription, now: datetime) -> None:
    """Have a subscriber on a list as `given` has it, unless they are on it already."""
    values = {
        "state": given.state, "source": given.source, "basis": given.basis, "until": given.until,
        "paused_until": given.paused_until, "sections": None if given.sections is None else " ".join(given.sections),
        "tracked": given.tracked, "since": given.since, "changed_at": now,
    }  # fmt: skip
    place = _place(subscriber_id, given.list_id)
    there = tx.execute(select(t.subscription.c.state).where(place)).scalar_one_or_none()
    if there is None:
        tx.execute(insert(t.subscription).values(list_id=given.list_id, subscriber_id=subscriber_id, **values))
    elif there != "active":
        tx.execute(update(t.subscription).where(place).values(**values))


def held(tx: Tx, address_key: int, list_slug: str) -> bool:
    """Whether the address must not be mailed, whatever its owner wants to have of this list."""
    scope = or_(t.suppression.c.scope == "all", t.suppression.c.scope == list_slug)
    found = exists().where(t.suppression.c.address_key == address_key, scope)
    return bool(tx.execute(select(found)).scalar_one())


def _place(subscriber_id: int, list_id: int) -> Any:
    return and_(t.subscription.c.subscriber_id == subscriber_id, t.subscription.c.list_id == list_id)
