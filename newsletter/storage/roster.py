"""Lists, subscribers, subscriptions and suppressions as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from newsletter.storage import eligibility
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
    """One row of an import, already identified."""

    address: str
    address_key: int
    reserved: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an import of some rows did. `kept_out` had left the list, and stay away; `known` were on it already."""

    added: int
    known: int
    kept_out: int
    suppressed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRow:
    """A person; `address` is None once erased."""

    id: int
    address_key: int
    address: str | None
    name: str
    reserved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A subscriber's place on one list."""

    list: str
    state: str
    source: str
    since: datetime
    changed_at: datetime


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
    tx: Tx, list_: int, people: Sequence[NewSubscriber], *, source: str, basis: str, now: datetime
) -> Added:
    """Put people on a list. Who left it stays away, who is suppressed stays suppressed; a name fills a gap only."""
    insert_new(
        tx,
        t.subscriber,
        [
            {
                "address_key": p.address_key,
                "address": p.address,
                "name": p.name,
                "reserved": p.reserved,
                "created_at": now,
            }
            for p in people
        ],
    )
    found = subscribers(tx, [p.address_key for p in people])
    _fill_names(tx, [p for p in people if p.name and not found[p.address_key].name])
    erased = [p for p in people if found[p.address_key].address is None]
    for person in erased:  # rare: somebody who was erased is put on a list anew
        tx.execute(
            update(t.subscriber)
            .where(t.subscriber.c.address_key == person.address_key)
            .values(address=person.address, name=person.name, reserved=person.reserved)
        )
    ids = {found[p.address_key].id for p in people}
    states = _states(tx, list_, ids)
    fresh = sorted(ids - states.keys())
    insert_new(
        tx,
        t.subscription,
        [
            {
                "list_id": list_, "subscriber_id": id_, "state": "active", "source": source, "basis": basis,
                "since": now, "changed_at": now,
            }
            for id_ in fresh
        ],
    )  # fmt: skip
    return Added(
        added=len(fresh),
        known=sum(state != "unsubscribed" for state in states.values()),
        kept_out=sum(state == "unsubscribed" for state in states.values()),
        suppressed=_suppressed_count(tx, [p.address_key for p in people]),
    )


def _fill_names(tx: Tx, people: Sequence[NewSubscriber]) -> None:
    for person in people:
        tx.execute(
            update(t.subscriber).where(t.subscriber.c.address_key == person.address_key).values(name=person.name)
        )


def subscribers(tx: Tx, keys: Sequence[int]) -> dict[int, SubscriberRow]:
    """The subscribers of these address keys, by key."""
    found: dict[int, SubscriberRow] = {}
    for part in _parts(keys):
        for r in tx.execute(select(t.subscriber).where(t.subscriber.c.address_key.in_(part))):
            found[r.address_key] = SubscriberRow(
                id=r.id, address_key=r.address_key, address=r.address, name=r.name, reserved=r.reserved
            )
    return found


def _states(tx: Tx, list_: int, ids: Iterable[int]) -> dict[int, str]:
    states: dict[int, str] = {}
    for part in _parts(sorted(ids)):
        rows = tx.execute(
            select(t.subscription.c.subscriber_id, t.subscription.c.state).where(
                t.subscription.c.list_id == list_, t.subscription.c.subscriber_id.in_(part)
            )
        )
        states.update((row.subscriber_id, row.state) for row in rows)
    return states


def _suppressed_count(tx: Tx, keys: Sequence[int]) -> int:
    known: set[int] = set()
    for part in _parts(keys):
        known.update(
            tx.execute(select(t.suppression.c.address_key).where(t.suppression.c.address_key.in_(part))).scalars()
        )
    return len(known)


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


def memberships(tx: Tx, subscriber_id: int) -> tuple[Membership, ...]:
    """Every list that a subscriber is or was on."""
    rows = tx.execute(
        select(t.list_.c.slug, t.subscription)
        .join(t.list_, t.list_.c.id == t.subscription.c.list_id)
        .where(t.subscription.c.subscriber_id == subscriber_id)
        .order_by(t.list_.c.slug)
    )
    return tuple(
        Membership(list=r.slug, state=r.state, source=r.source, since=r.since, changed_at=r.changed_at) for r in rows
    )


def unsubscribe(tx: Tx, subscriber_id: int, list_: int, *, source: str, now: datetime) -> bool:
    """Take a subscriber off a list; True where that was news."""
    done = tx.execute(
        update(t.subscription)
        .where(
            t.subscription.c.subscriber_id == subscriber_id,
            t.subscription.c.list_id == list_,
            t.subscription.c.state != "unsubscribed",
        )
        .values(state="unsubscribed", source=source, changed_at=now)
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


def new_list(tx: Tx, slug: str, title: str, now: datetime) -> None:
    """A list of that slug, which must be new (the UNIQUE constraint says so)."""
    tx.execute(insert(t.list_).values(slug=slug, title=title, created_at=now))
