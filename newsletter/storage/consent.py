"""The consent log: append only, kept by address key, so that it outlives an address that is erased."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import insert, select

from newsletter.model import Basis, Consent, ConsentEvent
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new


def record(tx: Tx, entries: Sequence[Consent]) -> None:
    """Add entries to the log, and each wording once, by its sha256."""
    wordings = {
        _hash(e.wording): {"hash": _hash(e.wording), "text": e.wording, "at": e.at} for e in entries if e.wording
    }
    insert_new(tx, t.wording, list(wordings.values()))
    rows = [
        {
            "at": e.at, "address_key": e.address_key, "list": e.list, "event": e.event.value,
            "basis": e.basis.value if e.basis else "", "until": e.until,
            "wording": _hash(e.wording) if e.wording else None, "source": e.source, "detail": e.detail,
        }
        for e in entries
    ]  # fmt: skip
    if rows:
        tx.execute(insert(t.consent), rows)


def of(tx: Tx, address_key: int) -> tuple[Consent, ...]:
    """What the log says of an address, oldest first: entries that came with a change of address are in their place."""
    rows = tx.execute(
        select(t.consent, t.wording.c.text)
        .outerjoin(t.wording, t.wording.c.hash == t.consent.c.wording)
        .where(t.consent.c.address_key == address_key)
        .order_by(t.consent.c.at, t.consent.c.id)
    )
    return tuple(
        Consent(
            at=row.at, address_key=row.address_key, list=row.list, event=ConsentEvent(row.event),
            basis=Basis(row.basis) if row.basis else None, until=row.until, wording=row.text or "",
            source=row.source, detail=row.detail,
        )
        for row in rows
    )  # fmt: skip


def _hash(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()
