"""Subscribers and editions a page at a time, for programs that ask the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from newsletter.storage import subscriptions
from newsletter.storage import tables as t
from newsletter.storage.database import Tx
from newsletter.storage.subscriptions import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber with all their subscriptions and suppressions (scope, reason, since). `address` is None once
    erased.
    """

    id: int
    address: str | None
    name: str
    created_at: datetime
    subscriptions: tuple[Subscription, ...]
    suppressions: tuple[tuple[str, str, datetime], ...]


def of_list(tx: Tx, list_id: int, *, after: int, limit: int, state: str | None = None) -> tuple[Person, ...]:
    """Up to `limit` people who are or were on a list, by their ids, those after `after`."""
    wanted = (
        select(t.subscriber)
        .join(t.subscription, t.subscription.c.subscriber_id == t.subscriber.c.id)
        .where(t.subscription.c.list_id == list_id, t.subscriber.c.id > after)
        .order_by(t.subscriber.c.id)
        .limit(limit)
    )
    return _people(tx, wanted if state is None else wanted.where(t.subscription.c.state == state))


def one(tx: Tx, subscriber_id: int) -> Person | None:
    """A person by their id."""
    return next(iter(_people(tx, select(t.subscriber).where(t.subscriber.c.id == subscriber_id))), None)


def by_key(tx: Tx, address_key: int) -> Person | None:
    """A person by the key of their address."""
    return next(iter(_people(tx, select(t.subscriber).where(t.subscriber.c.address_key == address_key))), None)


def rename(tx: Tx, subscriber_id: int, name: str) -> None:
    """Write down another name of a person."""
    tx.execute(update(t.subscriber).where(t.subscriber.c.id == subscriber_id).values(name=name))


def _people(tx: Tx, wanted: Select[Any]) -> tuple[Person, ...]:
    rows = tx.execute(wanted).all()
    places = subscriptions.of_each(tx, [row.id for row in rows])
    held = _suppressions(tx, [row.address_key for row in rows])
    return tuple(
        Person(
            id=row.id, address=row.address, name=row.name, created_at=row.created_at,
            subscriptions=places.get(row.id, ()), suppressions=tuple(held.get(row.address_key, ())),
        )
        for row in rows
    )  # fmt: skip


def _suppressions(tx: Tx, keys: Sequence[int]) -> dict[int, list[tuple[str, str, datetime]]]:
    found: dict[int, list[tuple[str, str, datetime]]] = {}
    rows = tx.execute(select(t.suppression).where(t.suppression.c.address_key.in_(keys)).order_by(t.suppression.c.id))
    for r in rows:
        found.setdefault(r.address_key, []).append((r.scope, r.reason, r.since))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionLine:
    """An edition in a list of them."""

    id: int
    name: str
    newsletter: str
    state: str
    reason: str
    fingerprint: str | None
    planned_at: datetime
    finished_at: datetime | None


def editions(
    tx: Tx, *, newsletter: str | None, state: str | None, before: int | None, limit: int
) -> tuple[EditionLine, ...]:
    """Up to `limit` editions, the newest row first, those before the row `before`."""
    wanted = select(t.edition).order_by(t.edition.c.id.desc()).limit(limit)
    if newsletter is not None:
        wanted = wanted.where(t.edition.c.newsletter == newsletter)
    if state is not None:
        wanted = wanted.where(t.edition.c.state == state)
    if before is not None:
        wanted = wanted.where(t.edition.c.id < before)
    return tuple(
        EditionLine(
            id=r.id, name=r.name, newsletter=r.newsletter, state=r.state, reason=r.reason,
            fingerprint=r.fingerprint, planned_at=r.planned_at, finished_at=r.finished_at,
        )
        for r in tx.execute(wanted)
    )  # fmt: skip
