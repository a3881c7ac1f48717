"""Many people onto a list in a few statements: rows as they arrive, what is to become of each, and then the deed.

1. `arrivals.bring` puts rows into temporary tables, which hold up nobody.
2. `arrivals.sort` puts each address once into the order of the keys, in which all that follows goes: in any other, each
   row would change another page of the tables' indexes.
3. `judge` decides what becomes of those whom the ledger knows; all others are `added`. The counts are its counts.
4. `STEPS` write it down.

The rules. Who left stays away. Who is suppressed stays so, and is put on the list all the same. Who was erased (a
suppression says so) gets neither a row nor their address back, nor does an address whose owner gave another. Who had
asked and did not confirm is on it from now on, since an import has a basis of its own; what they ticked beside it they
never confirmed. A basis is replaced by a stronger one alone, and implied consent by one that
lasts longer. A name fills a gap only. Each person who is added, confirmed or raised gets an entry in the consent log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)  # fmt: skip

from newsletter.model import Basis, ConsentEvent
from newsletter.storage import tables as t
from newsletter.storage.arrivals import arrived, judged, say
from newsletter.storage.database import Tx, insert_selected


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Onto which list people come, why we may write to them, until when (None does not end), where they are from."""

    list_id: int
    list: str
    basis: str
    until: datetime | None = None
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of people who were to come onto a list. `known` were on it already, of whom `raised` have a stronger
    basis now; `kept_out` had left it, `erased` asked to be, and `moved` gave another address: they stay away.
    `suppressed` are among all of them.
    """

    added: int
    known: int
    raised: int
    kept_out: int
    erased: int
    moved: int
    suppressed: int


_STRENGTH = {Basis.EXPRESS: 3, Basis.IMPLIED: 2, Basis.LEGACY_IMPORT: 1}


def judge(tx: Tx, terms: Terms) -> None:
    """Decide what becomes of those whom the ledger knows; a word on the line of each who was erased, or moved."""
    row, person, place = arrived.c, t.subscriber.c, t.subscription.c
    gone = (
        select(t.suppression.c.address_key, func.min(t.suppression.c.reason))  # of both, erased
        .where(t.suppression.c.reason.in_(_GONE), _arrived())
        .group_by(t.suppression.c.address_key)
    )
    insert_selected(tx, judged, ("address_key", "fate"), gone)
    words = case(*((judged.c.fate == reason, literal(said)) for reason, said in _GONE.items()), else_=literal(""))
    say(tx, select(row.line, false(), words).join(judged, judged.c.address_key == row.address_key))
    fate = case(
        (place.state.is_(None), literal("added")),
        (place.state == "unsubscribed", literal("kept_out")),
        (place.state == "pending", literal("confirmed")),
        (_is_stronger(terms), literal("raised")),
        else_=literal("known"),
    )
    gap = or_(person.address.is_(None), and_(person.name == "", row.name != ""))
    known = (
        select(row.address_key, person.id, place.basis, gap, fate)
        .select_from(arrived)
        .join(t.subscriber, person.address_key == row.address_key)
        .outerjoin(t.subscription, and_(place.list_id == terms.list_id, place.subscriber_id == person.id))
        .order_by(row.address_key)
    )
    insert_selected(tx, judged, ("address_key", "subscriber_id", "before", "gap", "fate"), known)


_GONE = {
    "erased": "asked to be erased and stays so: take the line out of where the file comes from",
    "moved": "its owner gave another address: take the line out of where the file comes from",
}
"""Reasons of suppressions whose addresses are not written back, with what is said of their lines."""


def _arrived() -> ColumnElement[bool]:
    """Of a suppression: whether its address is among those who come."""
    return exists().where(arrived.c.address_key == t.suppression.c.address_key)


def _is_stronger(terms: Terms) -> ColumnElement[bool]:
    """Whether these terms replace those of the subscription."""
    place = t.subscription.c
    new = _STRENGTH.get(Basis(terms.basis), 0) if terms.basis in list(Basis) else 0
    old = case(*((place.basis == basis.value, strength) for basis, strength in _STRENGTH.items()), else_=0)
    lasts = place.until < terms.until if terms.until is not None else false()
    return or_(old < new, and_(place.basis == terms.basis, lasts))


def counts(tx: Tx, terms: Terms) -> Added:
    """What becomes of how many, by what was judged."""
    count = tx.execute(select(func.count()).select_from(arrived)).scalar_one()
    held = select(func.count(t.suppression.c.address_key.distinct())).where(
        t.suppression.c.scope.in_(("all", terms.list)), _arrived()
    )
    judged_rows = tx.execute(select(judged.c.fate, func.count().label("people")).group_by(judged.c.fate))
    of: dict[str, int] = {row.fate: row.people for row in judged_rows}
    new_count = count - sum(of.values())
    raised = of.get("raised", 0)
    return Added(
        added=new_count + of.get("added", 0) + of.get("confirmed", 0),
        known=of.get("known", 0) + raised,
        raised=raised,
        kept_out=of.get("kept_out", 0),
        erased=of.get("erased", 0),
        moved=of.get("moved", 0),
        suppressed=tx.execute(held).scalar_one(),
    )


# --- the deed -----------------------------------------------------------------------------------------------------


_fate = func.coalesce(judged.c.fate, "added")


def _everybody(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Columns of all who arrived, by key, with what was judged of them."""
    joined = arrived.outerjoin(judged, judged.c.address_key == arrived.c.address_key)
    return select(*columns).select_from(joined).order_by(arrived.c.address_key)


def _log_consent(tx: Tx, terms: Terms) -> None:
    names = ("at", "address_key", "list", "event", "basis", "until", "source", "detail")
    before = case((_fate == "raised", literal("before: ").concat(judged.c.before)), else_=literal(""))
    rows = _everybody(
        literal(terms.at, t.Instant), arrived.c.address_key, literal(terms.list), literal(ConsentEvent.IMPORTED.value),
        literal(terms.basis), literal(terms.until, t.Instant), literal(terms.source), before,
    ).where(_fate.in_(("added", "confirmed", "raised")))  # fmt: skip
    tx.execute(insert(t.consent).from_select(names, rows))


def _insert_subscribers(tx: Tx, terms: Terms) -> None:
    names = ("address_key", "address", "name", "reserved", "created_at")
    rows = _everybody(*(arrived.c[name] for name in names[:4]), literal(terms.at, t.Instant))
    insert_selected(tx, t.subscriber, names, rows.where(judged.c.address_key.is_(None)))


def _fill_gaps(tx: Tx, _: Terms) -> None:
    """A name where there was none, and the address of who was erased and is not suppressed for it any more."""
    person = t.subscriber.c
    filled = select(judged.c.subscriber_id).where(judged.c.gap, judged.c.fate.in_(_ON_THE_LIST))
    mine = arrived.c.address_key == person.address_key
    of = {name: select(arrived.c[name]).where(mine).scalar_subquery() for name in ("name", "address", "reserved")}
    tx.execute(
        update(t.subscriber)
        .where(person.id.in_(filled))
        .values(
            name=case((person.name == "", of["name"]), else_=person.name),
            address=func.coalesce(person.address, of["address"]),
            reserved=of["reserved"],
        )
    )


_ON_THE_LIST = ("added", "confirmed", "raised", "known")


def _raise_subscriptions(tx: Tx, terms: Terms) -> None:
    place = t.subscription.c
    raised = select(judged.c.subscriber_id).where(judged.c.fate.in_(("confirmed", "raised")))
    agreed = case((place.state == "active", place.tracked), else_=false())
    tx.execute(
        update(t.subscription)
        .where(place.list_id == terms.list_id, place.subscriber_id.in_(raised))
        .values(
            state="active", basis=terms.basis, until=terms.until, source=terms.source, tracked=agreed,
            changed_at=terms.at,
        )
    )  # fmt: skip


def _insert_subscriptions(tx: Tx, terms: Terms) -> None:
    names = ("list_id", "subscriber_id", "state", "source", "basis", "until", "since", "changed_at")
    at = literal(terms.at, t.Instant)
    rows = _everybody(
        literal(terms.list_id, BigInteger), t.subscriber.c.id, literal("active"), literal(terms.source),
        literal(terms.basis), literal(terms.until, t.Instant), at, at,
    ).join(t.subscriber, t.subscriber.c.address_key == arrived.c.address_key)  # fmt: skip
    insert_selected(tx, t.subscription, names, rows.where(_fate == "added"))


STEPS: tuple[Callable[[Tx, Terms], None], ...] = (
    _log_consent, _insert_subscribers, _fill_gaps, _raise_subscriptions, _insert_subscriptions,
)  # fmt: skip
