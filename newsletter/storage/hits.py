"""Hits of our own redirect as rows: which link, when, by which program; never whose."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import insert, select, update

from newsletter.model import Hit
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


def add(tx: Tx, hits: Sequence[Hit]) -> None:
    """Keep hits."""
    rows = [
        {"code": hit.code, "at": hit.at, "agent": hit.agent, "machine": hit.machine, "why": hit.why, "rules": hit.rules}
        for hit in hits
    ]
    if rows:
        tx.execute(insert(t.hit), rows)


def relabel(tx: Tx, rules: int, label: Callable[[str], str], *, keep: Sequence[str]) -> int:
    """Label anew what was labelled by other rules; gives how many. `label` says of an agent why it is a machine.

    What was labelled for one of the reasons `keep` stays so: they cannot be seen in a hit alone.
    """
    old = t.hit.c.rules != rules
    agents = tx.execute(select(t.hit.c.agent).where(old, t.hit.c.why.not_in(keep)).distinct()).scalars().all()
    changed = 0
    for agent in agents:
        why = label(agent)
        changed += tx.execute(
            update(t.hit)
            .where(old, t.hit.c.agent == agent, t.hit.c.why.not_in(keep))
            .values(machine=bool(why), why=why, rules=rules)
        ).rowcount
    return changed + tx.execute(update(t.hit).where(old).values(rules=rules)).rowcount
