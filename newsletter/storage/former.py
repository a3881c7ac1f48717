"""The ids that a ledger had before it was restored, and the deliveries that each may still name.

After a restore the numbers of the deliveries that were lost are given again. Mails that went out since the backup carry
those numbers under the former id, and their events must not hit whoever has the number now.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, insert, select, update

from newsletter.model import TO_READERS
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


def keep(tx: Tx, uid: str) -> None:
    """Let an id be a former one, good for the deliveries that are here.

    Only those to readers count: what was mailed to editors since the restore has taken numbers too.
    """
    live = select(t.send.c.id).where(t.send.c.kind.in_(TO_READERS))
    last = tx.execute(select(func.max(t.delivery.c.id)).where(t.delivery.c.send_id.in_(live))).scalar_one()
    tx.execute(insert(t.former_ledger).values(uid=uid, last_delivery=last or 0))


def last_deliveries(tx: Tx) -> Mapping[str, int]:
    """Each former id with the last delivery that it may name."""
    rows = tx.execute(select(t.former_ledger.c.uid, t.former_ledger.c.last_delivery))
    return {row.uid: row.last_delivery for row in rows}


def give_back(tx: Tx, send_ids: list[int]) -> None:
    """The deliveries of these sends go: their numbers may be given again (on SQLite), and no former id names them."""
    first = tx.execute(select(func.min(t.delivery.c.id)).where(t.delivery.c.send_id.in_(send_ids))).scalar_one()
    if first is not None:
        too_far = t.former_ledger.c.last_delivery >= first
        tx.execute(update(t.former_ledger).where(too_far).values(last_delivery=first - 1))
