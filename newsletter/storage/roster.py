"""Lists, subscribers, subscriptions and suppressions as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from newsletter.storage import arrivals, eligibility, importing
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A named audience and how many are on it."""

    id: int
    slug: str
    title: str
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """Somebody who is to be put on a list, already identified."""

    address: str
    address_key: int
    reserved: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRow:
    """A person; `address` is None once erased."""

    id: int
    address_key: int
    address: str | None
    name: str
    reserved: bool


def ensure_list(tx: Tx, slug: str, title: str, now: datetime) -> int:
    """The id of a list, made where it does not exist yet."""
    insert_new(tx, t.list_, [{"slug": slug, "title": title, "created_at": now}])
    found: int = tx.execute(select(t.list_.c.id).where(t.list_.c.slug == slug)).scalar_one()
    return found


def list_id(tx: Tx, slug: str) -> int | None:
    """The id of a list, or None."""
    return tx.execute(select(t.list_.c.id).where(t.list_.c.slug == slug)).scalar_one_or_none()


def list_slug(tx: Tx, of: int) -> str | None:
    """The slug of a list, or None."""
    return tx.execute(select(t.list_.c.slug).where(t.list_.c.id == of)).scalar_one_or_none()


def lists(tx: Tx) -> tuple[ListRow, ...]:
    """All lists by their slugs, with their active subscriptions counted."""
    active = (
        select(t.subscription.c.list_id, func.count().label("active"))
        .where(t.subscription.c.state == "active")
        .group_by(t.subscription.c.list_id)
        .subquery()
    )
    rows = tx.execute(
        select(t.list_, func.coalesce(active.c.active, 0).label("active"))
        .outerjoin(active, active.c.list_id == t.list_.c.id)
        .order_by(t.list_.c.slug)
    )
    return tuple(ListRow(id=row.id, slug=row.slug, title=row.title, active=row.active) for row in rows)


def audience(
    tx: Tx, slug: str, *, loopback: bool, at: datetime, printed: tuple[str, ...] = ()
) -> dict[str | None, int]:
    """Candidates of a list by the reason against them, of an edition that goes `at` that time with stories of the
    sections `printed`; under None those who would be mailed.
    """
    of = list_id(tx, slug)
    if of is None:
        return {}
    mailing = eligibility.Mailing(
        list_id=of, list_slug=slug, edition_id=None, loopback=loopback, at=at, printed=printed
    )
    rows = eligibility.candidates(mailing).subquery()
    counted = tx.execute(select(rows.c.reason, func.count().label("people")).group_by(rows.c.reason))
    return {row.reason: row.people for row in counted}


def subscriber_count(tx: Tx) -> int:
    """How many people this database knows."""
    count: int = tx.execute(select(func.count()).select_from(t.subscriber)).scalar_one()
    return count


def add_subscribers(
    tx: Tx,
    list_: int,
    people: Sequence[NewSubscriber],
    *,
    source: str,
    basis: str,
    now: datetime,
    until: datetime | None = None,
) -> importing.Added:
    """Put people on a list, by the rules of `storage.importing`."""
    slug = tx.execute(select(t.list_.c.slug).where(t.list_.c.id == list_)).scalar_one()
    terms = importing.Terms(list_id=list_, list=slug, basis=basis, until=until, source=source, at=now)
    arrivals.open_tables(tx)
    arrivals.bring(tx, _columns(people), remarks={"line": [], "rejected": [], "problem": []})
    arrivals.sort(tx)
    importing.judge(tx, terms)
    added = importing.counts(tx, terms)
    for step in importing.STEPS:
        step(tx, terms)
    arrivals.close_tables(tx)
    return added


def _columns(people: Sequence[NewSubscriber]) -> dict[str, list[object]]:
    return {
        "line": list(range(len(people))),
        "address_key": [p.address_key for p in people],
        "address": [p.address for p in people],
        "name": [p.name for p in people],
        "reserved": [p.reserved for p in people],
        "bare": [0] * len(people),
    }


def subscribers(tx: Tx, keys: Sequence[int]) -> dict[int, SubscriberRow]:
    """The subscribers of these address keys, by key."""
    found: dict[int, SubscriberRow] = {}
    for part in _parts(keys):
        for r in tx.execute(select(t.subscriber).where(t.subscriber.c.address_key.in_(part))):
            found[r.address_key] = SubscriberRow(
                id=r.id, address_key=r.address_key, address=r.address, name=r.name, reserved=r.reserved
            )
    return found


def _parts(values: Sequence[int], size: int = 1000) -> Iterator[Sequence[int]]:
    """Databases limit the parameters of a statement (SQLite to 32,766)."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def subscriber(tx: Tx, key: int) -> SubscriberRow | None:
    """The subscriber of an address key, if there is one."""
    return subscribers(tx, [key]).get(key)


def by_id(tx: Tx, subscriber_id: int) -> SubscriberRow | None:
    """A subscriber by the number that stands in a token."""
    r = tx.execute(select(t.subscriber).where(t.subscriber.c.id == subscriber_id)).one_or_none()
    if r is None:
        return None
    return SubscriberRow(id=r.id, address_key=r.address_key, address=r.address, name=r.name, reserved=r.reserved)


def unsubscribe(tx: Tx, subscriber_id: int, list_: int, *, now: datetime) -> bool:
    """Take a subscriber off a list; True where that was news. How it came about stands in the consent log; what the
    subscription was stays, so that it can be put back.
    """
    done = tx.execute(
        update(t.subscription)
        .where(
            t.subscription.c.subscriber_id == subscriber_id,
            t.subscription.c.list_id == list_,
            t.subscription.c.state != "unsubscribed",
        )
        .values(state="unsubscribed", changed_at=now)
    )
    return done.rowcount == 1


def membership_state(tx: Tx, subscriber_id: int, list_: int) -> str | None:
    """`active`, `pending`, `unsubscribed`, or None where there is no such subscription."""
    return tx.execute(
        select(t.subscription.c.state).where(
            t.subscription.c.subscriber_id == subscriber_id, t.subscription.c.list_id == list_
        )
    ).scalar_one_or_none()


def suppress(tx: Tx, keys: Iterable[int], *, reason: str, scope: str, source: str, now: datetime) -> int:
    """Suppress addresses; gives how many were news."""
    return len(newly_suppressed(tx, keys, reason=reason, scope=scope, source=source, now=now))


def newly_suppressed(
    tx: Tx, keys: Iterable[int], *, reason: str, scope: str, source: str, now: datetime
) -> Sequence[int]:
    """Suppress addresses; gives the keys of those of whom it was news."""
    rows = [
        {"address_key": key, "scope": scope, "reason": reason, "source": source, "since": now}
        for key in sorted(set(keys))
    ]
    return insert_new(tx, t.suppression, rows, returning="address_key")


def suppressions(tx: Tx, key: int | None = None) -> tuple[tuple[int, str, str, str, datetime], ...]:
    """Address key, scope, reason, source and since, of all suppressions or of one address."""
    statement = select(t.suppression).order_by(t.suppression.c.id)
    if key is not None:
        statement = statement.where(t.suppression.c.address_key == key)
    return tuple((r.address_key, r.scope, r.reason, r.source, r.since) for r in tx.execute(statement))
