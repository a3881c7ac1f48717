"""Keys of the API as rows: of a key its hash alone is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Row, select, update

from newsletter.model import ApiKey, ApiScope
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new

USE_NOTED = timedelta(hours=1)
"""A key's use is written down once in this time: a program may ask many times a second."""


def new(tx: Tx, name: str, digest: str, scopes: Iterable[ApiScope], now: datetime) -> bool:
    """Add a key; False where the name is taken, by a revoked one too."""
    row = {"name": name, "hash": digest, "scopes": " ".join(sorted(scopes)), "created_at": now}
    return bool(insert_new(tx, t.api_key, [row], returning="id"))


def find(tx: Tx, digest: str) -> ApiKey | None:
    """The key of a hash, revoked or not."""
    row = tx.execute(select(t.api_key).where(t.api_key.c.hash == digest)).one_or_none()
    return _key(row) if row is not None else None


def everyone(tx: Tx) -> tuple[ApiKey, ...]:
    """All keys there ever were, by name."""
    return tuple(map(_key, tx.execute(select(t.api_key).order_by(t.api_key.c.name))))


def note_use(tx: Tx, key_id: int, now: datetime) -> None:
    """Write down that a key was used."""
    tx.execute(update(t.api_key).where(t.api_key.c.id == key_id).values(used_at=now))


def revoke(tx: Tx, name: str, now: datetime) -> bool:
    """Take a key back for good; True where that was news."""
    done = tx.execute(
        update(t.api_key).where(t.api_key.c.name == name, t.api_key.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return done.rowcount == 1


def _key(row: Row) -> ApiKey:  # type: ignore[type-arg]  # of the table's columns
    known = {scope.value for scope in ApiScope}
    return ApiKey(
        id=row.id, name=row.name, scopes=frozenset(ApiScope(s) for s in row.scopes.split() if s in known),
        created_at=row.created_at, used_at=row.used_at, revoked_at=row.revoked_at,
    )  # fmt: skip
