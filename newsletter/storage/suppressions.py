"""Suppressions that come from elsewhere with their own time, and those that are lifted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An address that must not be mailed on any list, by its key; why, who says so, and since when."""

    address_key: int
    reason: str
    source: str
    since: datetime


def keep(tx: Tx, held: Iterable[Held]) -> int:
    """Suppress addresses on every list; gives how many were news. One that is known keeps its first entry."""
    rows = [
        {"address_key": h.address_key, "scope": "all", "reason": h.reason, "source": h.source, "since": h.since}
        for h in sorted(held, key=lambda h: h.address_key)
    ]
    return len(insert_new(tx, t.suppression, rows, returning="id"))


def lift(tx: Tx, address_key: int) -> tuple[tuple[str, str], ...]:
    """Take away all suppressions of an address; gives their scopes and reasons."""
    mine = t.suppression.c.address_key == address_key
    found = tuple(
        (row.scope, row.reason)
        for row in tx.execute(select(t.suppression.c.scope, t.suppression.c.reason).where(mine).order_by("id"))
    )
    tx.execute(delete(t.suppression).where(mine))
    return found
