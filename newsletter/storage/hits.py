"""Hits of our own redirect as rows: which link, when, by which program; never whose."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, insert, select, update

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


def relabel(
    tx: Tx, rules: int, label: Callable[[str], str], *, keep: Sequence[str], after: int, limit: int
) -> int | None:
    """Label anew what was labelled by other rules, of `limit` such hits with ids above `after`; gives the last id of
    them, None where there are none. `label` says of an agent why it is a machine.

    What was labelled for one of the reasons `keep` stays so: they cannot be seen in a hit alone.
    """
    rows = tx.execute(
        select(t.hit.c.id, t.hit.c.agent, t.hit.c.why)
        .where(t.hit.c.id > after, t.hit.c.rules != rules)
        .order_by(t.hit.c.id)
        .limit(limit)
    ).all()
    whys = {agent: label(agent) for agent in {row.agent for row in rows}}
    new = [(row.id, row.why if row.why in keep else whys[row.agent]) for row in rows]
    if not rows:
        return None
    tx.execute(
        update(t.hit)
        .where(t.hit.c.id == bindparam("which"))
        .values(machine=bindparam("is_machine"), why=bindparam("for_what"), rules=rules),
        [{"which": id_, "is_machine": bool(why), "for_what": why} for id_, why in new],
    )
    last: int = rows[-1].id
    return last
