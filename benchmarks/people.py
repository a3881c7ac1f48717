"""Readers of a measurement: as many as are asked for, always the same, put straight into the tables."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import insert

from newsletter.audience import identity
from newsletter.pipeline.context import Context
from newsletter.storage import roster
from newsletter.storage import tables as t

NAMES = ("Ann Roe", "B. Low", "Zoë Łęcka", "O'Brien, Pat", "", "María-José Núñez", "J. van der Berg", "Reader")
"""Some need cleaning, some escaping, some nothing, and some readers have none."""

_AT_ONCE = 50_000


def address(number: int) -> str:
    """Of a reader, counted from 1; their key is made from it as an import makes it."""
    return f"reader.{number}@example.org"


def name(number: int) -> str:
    return NAMES[number % len(NAMES)]


def add(context: Context, slug: str, count: int) -> None:
    """Readers 1 to `count`, all active on a list; the subscriber's id is the reader's number."""
    key, now = (context.settings.address_key or "").encode(), context.clock()
    with context.store.write() as tx:
        list_id = roster.ensure_list(tx, slug, "Bench", now)
        for numbers in _parts(count):
            tx.execute(
                insert(t.subscriber),
                [
                    {
                        "id": number, "address_key": identity.address_key(address(number), key),
                        "address": address(number), "name": name(number), "reserved": True, "created_at": now,
                    }
                    for number in numbers
                ],
            )  # fmt: skip
            tx.execute(
                insert(t.subscription),
                [
                    {
                        "list_id": list_id, "subscriber_id": number, "state": "active", "source": "bench",
                        "basis": "express", "since": now, "changed_at": now,
                    }
                    for number in numbers
                ],
            )  # fmt: skip


def _parts(count: int) -> Iterator[range]:
    for start in range(1, count + 1, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, count + 1))
