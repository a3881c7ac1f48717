"""Letters: mail to one reader about their own subscription. Each holds one link, which works until it expires.

A letter waits, is claimed by one process, and ends as sent or failed. A claim whose time is over is taken again: so a
crash repeats a letter at most, and loses none (docs/decisions/0044).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from newsletter.storage import tables as t
from newsletter.storage.database import Tx

LetterKind = Literal["confirm", "access", "address"]
"""To confirm a subscription; to let its reader in, for what needs the address on file; to confirm a new address."""

A_DAY = 5
"""So many letters of a kind a reader gets in 24 hours, whatever is posted: forms are a way to bomb others with mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A letter. `address` is where it goes if that is not the subscriber's own; `list_id` is None where it is of no
    list.
    """

    id: int
    kind: LetterKind
    subscriber_id: int
    list_id: int | None
    address: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def post(
    tx: Tx,
    kind: LetterKind,
    *,
    subscriber_id: int,
    list_id: int | None,
    expires_at: datetime,
    now: datetime,
    address: str | None = None,
) -> int:
    """Put a letter out to be sent; gives its id. It is in the transaction of what it is about."""
    found: int = tx.execute(
        insert(t.letter)
        .values(
            kind=kind, subscriber_id=subscriber_id, list_id=list_id, state="waiting", address=address,
            created_at=now, expires_at=expires_at,
        )
        .returning(t.letter.c.id)
    ).scalar_one()  # fmt: skip
    return found


def find(tx: Tx, letter_id: int, kind: LetterKind) -> LetterRow | None:
    """A letter by its id, or None where there is none of that kind."""
    row = tx.execute(select(t.letter).where(t.letter.c.id == letter_id, t.letter.c.kind == kind)).first()
    return None if row is None else _letter(row)


def _letter(row: Row[*tuple[Any, ...]]) -> LetterRow:
    return LetterRow(
        id=row.id, kind=row.kind, subscriber_id=row.subscriber_id, list_id=row.list_id, address=row.address,
        created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at,
    )  # fmt: skip


def use(tx: Tx, letter_id: int, now: datetime) -> bool:
    """Note that a letter's link was used; True where that was news."""
    done = tx.execute(
        update(t.letter).where(t.letter.c.id == letter_id, t.letter.c.used_at.is_(None)).values(used_at=now)
    )
    return done.rowcount == 1


def use_all(tx: Tx, kind: LetterKind, *, subscriber_id: int, list_id: int, now: datetime) -> None:
    """Every other link of that kind is used up with one."""
    tx.execute(
        update(t.letter)
        .where(
            t.letter.c.kind == kind,
            t.letter.c.subscriber_id == subscriber_id,
            t.letter.c.list_id == list_id,
            t.letter.c.used_at.is_(None),
        )
        .values(used_at=now)
    )


def count_since(tx: Tx, kind: LetterKind, subscriber_id: int, since: datetime) -> int:
    """How many letters of a kind were put out for a reader since a moment."""
    count: int = tx.execute(
        select(func.count()).where(
            t.letter.c.kind == kind, t.letter.c.subscriber_id == subscriber_id, t.letter.c.created_at >= since
        )
    ).scalar_one()
    return count


def addresses_since(tx: Tx, since: datetime) -> tuple[str, ...]:
    """Where letters went since a moment that were not for the address on file, by whomever they were asked for."""
    rows = tx.execute(select(t.letter.c.address).where(t.letter.c.address.is_not(None), t.letter.c.created_at >= since))
    return tuple(rows.scalars())


# --- on their way -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A letter that is ours to send, for the `attempt`th time; `place` counts from 1 those of its kind for that reader
    in the 24 hours before it, itself included.
    """

    letter: LetterRow
    attempt: int
    place: int


def any_waiting(tx: Tx, now: datetime) -> bool:
    """Whether a letter may go now."""
    return tx.execute(select(t.letter.c.id).where(_may_go(now)).limit(1)).first() is not None


def oldest_waiting(tx: Tx) -> datetime | None:
    """Since when the letter has waited that waits longest; None where none does."""
    return tx.execute(
        select(func.min(t.letter.c.created_at)).where(t.letter.c.state.in_(("waiting", "claimed")))
    ).scalar_one_or_none()


def claim(tx: Tx, *, lease: timedelta, now: datetime) -> Claimed | None:
    """The letter that has waited longest is ours until the lease is over; None where none may go."""
    id_ = tx.execute(
        select(t.letter.c.id)
        .where(_may_go(now))
        .order_by(t.letter.c.created_at, t.letter.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # on SQLite the immediate transaction already excludes others
    ).scalar_one_or_none()
    if id_ is None:
        return None
    row = tx.execute(
        update(t.letter)
        .where(t.letter.c.id == id_)
        .values(state="claimed", attempt=t.letter.c.attempt + 1, not_before=now + lease)
        .returning(t.letter)
    ).one()
    letter = _letter(row)
    return Claimed(letter=letter, attempt=row.attempt, place=_place(tx, letter))


def _place(tx: Tx, letter: LetterRow) -> int:
    before = or_(
        t.letter.c.created_at < letter.created_at,
        and_(t.letter.c.created_at == letter.created_at, t.letter.c.id <= letter.id),
    )
    count: int = tx.execute(
        select(func.count()).where(
            t.letter.c.kind == letter.kind,
            t.letter.c.subscriber_id == letter.subscriber_id,
            t.letter.c.created_at > letter.created_at - timedelta(days=1),
            before,
        )
    ).scalar_one()
    return count


def _may_go(now: datetime) -> ColumnElement[bool]:
    """What waits, and what was claimed by somebody whose time is over."""
    return or_(
        and_(t.letter.c.state == "waiting", t.letter.c.not_before.is_(None) | (t.letter.c.not_before <= now)),
        and_(t.letter.c.state == "claimed", t.letter.c.not_before <= now),
    )


def settle(tx: Tx, claimed: Claimed, state: Literal["sent", "failed"]) -> None:
    """A letter has gone, or never will. An answer to an older claim than the newest changes nothing."""
    values: dict[str, object] = {"state": state, "not_before": None}
    if state == "failed":
        values["address"] = None  # its link cannot have come to anybody
    tx.execute(update(t.letter).where(*_ours(claimed)).values(values))


def put_back(tx: Tx, claimed: Claimed, not_before: datetime) -> None:
    """A letter waits again, until a moment."""
    tx.execute(update(t.letter).where(*_ours(claimed)).values(state="waiting", not_before=not_before))


def _ours(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (
        t.letter.c.id == claimed.letter.id,
        t.letter.c.attempt == claimed.attempt,
        t.letter.c.state == "claimed",
    )
