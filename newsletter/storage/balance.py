"""The numbers of a send, which balance: candidates = accepted + excluded + refused + in doubt + pending.

A delivery follows its batch unless it is an exception, so that recording a batch is one row, not a thousand.
"""

from __future__ import annotations

from sqlalchemy import and_, func, select, true

from newsletter.model import SendReport, SendState
from newsletter.storage import canary, delivery_sums, sums
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


def exceptions(tx: Tx, send_id: int, outcome: str) -> dict[str, int]:
    """Deliveries that do not follow their batch (`excluded` or `refused`), counted by reason; summed ones too."""
    rows = tx.execute(
        select(t.delivery.c.reason, func.count().label("people"))
        .where(t.delivery.c.send_id == send_id, t.delivery.c.outcome == outcome)
        .group_by(t.delivery.c.reason)
        .order_by(t.delivery.c.reason)
    )
    return _plus({row.reason: row.people for row in rows}, delivery_sums.by_reason(tx, send_id, outcome))


def _plus(kept: dict[str, int], summed: dict[str, int]) -> dict[str, int]:
    return {name: kept.get(name, 0) + summed.get(name, 0) for name in sorted(kept.keys() | summed.keys())}


def batch_states(tx: Tx, send_id: int) -> dict[str, int]:
    """How many batches of a send stand in each state."""
    rows = tx.execute(
        select(t.batch.c.state, func.count().label("batches"))
        .where(t.batch.c.send_id == send_id)
        .group_by(t.batch.c.state)
        .order_by(t.batch.c.state)
    )
    return {row.state: row.batches for row in rows}


def settled_count(tx: Tx, send_id: int) -> int:
    """Readers in batches that are neither pending nor claimed: how far a send has come."""
    count: int = tx.execute(
        select(func.coalesce(func.sum(t.batch.c.size), 0)).where(
            t.batch.c.send_id == send_id, t.batch.c.state.not_in(["pending", "claimed"])
        )
    ).scalar_one()
    return count


def _people_by_state(tx: Tx, send_id: int) -> dict[str, int]:
    """Deliveries that follow their batch, by its state: the batches' sizes less the exceptions in them."""
    sizes = tx.execute(
        select(t.batch.c.state, func.sum(t.batch.c.size).label("people"))
        .where(t.batch.c.send_id == send_id)
        .group_by(t.batch.c.state)
    )
    people = {row.state: row.people for row in sizes}
    exceptions = tx.execute(
        select(t.batch.c.state, func.count().label("people"))
        .join(
            t.delivery,
            and_(t.delivery.c.send_id == t.batch.c.send_id, t.delivery.c.batch_number == t.batch.c.number),
        )
        .where(t.delivery.c.send_id == send_id, t.delivery.c.outcome.is_not(None))
        .group_by(t.batch.c.state)
    )
    for row in exceptions:
        people[row.state] -= row.people
    for state, count in delivery_sums.by_reason(tx, send_id, delivery_sums.UNMAILED).items():
        people[state] -= count
    return people


def report(tx: Tx, send_id: int, *, with_events: bool = True) -> SendReport:
    """A send in numbers that balance; SendReport refuses to be made where they do not.

    What became of its deliveries is looked up for each of them; who needs none of it says so.
    """
    row = tx.execute(
        select(t.send, t.edition.c.name.label("edition"), t.list_.c.slug.label("list"))
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .outerjoin(t.list_, t.list_.c.id == t.send.c.list_id)
        .where(t.send.c.id == send_id)
    ).one()
    people = _people_by_state(tx, send_id)
    return SendReport(
        edition=row.edition,
        list=row.list or "",
        kind=row.kind,
        state=row.state,
        candidates=row.candidates,
        accepted=people.get("accepted", 0),
        excluded=exceptions(tx, send_id, "excluded"),
        refused=exceptions(tx, send_id, "refused"),
        in_doubt=people.get("in_doubt", 0),
        pending=people.get("pending", 0) + people.get("claimed", 0),
        batches=batch_states(tx, send_id),
        started_at=row.started_at,
        finished_at=row.finished_at,
        facts=_facts(tx, send_id) if with_events else {},
        sent_twice=_sent_twice(tx, send_id) if with_events else 0,
        canary=canary.standing(tx, send_id) if row.canary_count else None,
    )


def _facts(tx: Tx, send_id: int) -> dict[str, int]:
    rows = tx.execute(
        select(t.fact.c.kind, func.count().label("people"))
        .join(t.delivery, t.delivery.c.id == t.fact.c.delivery_id)
        .where(t.delivery.c.send_id == send_id)
        .group_by(t.fact.c.kind)
        .order_by(t.fact.c.kind)
    )
    return _plus({row.kind: row.people for row in rows}, delivery_sums.facts(tx, send_id))


def _sent_twice(tx: Tx, send_id: int) -> int:
    """Readers with events of more than one attempt. Only batches that were tried again are looked at."""
    tried_again = select(t.batch.c.id).where(t.batch.c.send_id == send_id, t.batch.c.attempt > 1).limit(1)
    if tx.execute(tried_again).first() is None:
        return 0
    late_from = sums.late_from(tx, send_id)
    again = (
        select(t.event.c.delivery_id)
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .join(
            t.batch,
            and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number),
        )
        .where(t.delivery.c.send_id == send_id, t.batch.c.attempt > 1, t.event.c.attempt > 0)
        .where(t.event.c.received_at < late_from if late_from else true())
        .group_by(t.event.c.delivery_id)
        .having(func.count(t.event.c.attempt.distinct()) > 1)
        .subquery()
    )
    count: int = tx.execute(select(func.count()).select_from(again)).scalar_one()
    return count + sums.sent_twice(tx, send_id)


def last_mailed_count(tx: Tx, newsletter: str, *, before: int) -> int | None:
    """Readers in the batches of a newsletter's last edition that went, other than `before`; None without one."""
    last = tx.execute(
        select(t.send.c.id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(
            t.edition.c.newsletter == newsletter,
            t.edition.c.id != before,
            t.send.c.kind == "live",
            t.send.c.state.in_([SendState.SENT.value, SendState.PARTIAL.value]),
        )
        .order_by(t.send.c.finished_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if last is None:
        return None
    count: int = tx.execute(select(func.sum(t.batch.c.size)).where(t.batch.c.send_id == last)).scalar_one()
    return count
