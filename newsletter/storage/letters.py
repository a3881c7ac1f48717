"""Letters: mail to one reader about their own subscription. Each holds one link, which works until it expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import insert, select, update

from newsletter.storage import tables as t
from newsletter.storage.database import Tx

LetterKind = Literal["confirm", "access", "address"]
"""To confirm a subscription; to let its reader in, for what needs the address on file; to confirm a new address."""


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
    if row is None:
        return None
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
