"""Claim before call: a batch is ours, committed, before its request is made.

A row moves only by compare-and-set, so two workers on one batch are harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, Text, and_, bindparam, cast, func, insert, null, select, update

from newsletter.model import Batch, Owner, Recipient
from newsletter.storage import answers, canary, former
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, by_index, gathered
from newsletter.storage.eligibility import departure
from newsletter.storage.sends import SendRow

AnyRow = Row[*tuple[Any, ...]]

Sign = Callable[[int], str]
"""Gives the token of a subscriber id, which stands in the mail's own links (0: an editor's inert one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Batches that are now ours, each with the variant it carries."""

    batches: tuple[tuple[Batch, int], ...]
    next_at: datetime | None
    """When to ask again: when a batch that waits for its time may go, or now where nobody was left in what was taken;
    None where nothing is left to do, or nothing of the numbers that were asked for.
    """


def ledger_uid(tx: Tx) -> str:
    """What makes delivery ids ours: two installations may share one account at the ESP."""
    uid: str = tx.execute(select(t.ledger.c.uid)).scalar_one()
    return uid


def known_ledgers(tx: Tx) -> Mapping[str, int]:
    """Whose delivery ids are ours, up to which number: this ledger's, and those that it had before it was restored."""
    return {**former.last_deliveries(tx), ledger_uid(tx): _ANY_NUMBER}


_ANY_NUMBER = 10**18


def delivery_number(known: Mapping[str, int], name: str) -> int | None:
    """The row of a delivery id, or None where it is of another ledger, of none, or of a row that a restore lost."""
    uid, dash, tail = name.partition("-")
    readable = dash and tail.isascii() and tail.isdigit() and len(tail) < 19
    return int(tail) if readable and int(tail) <= known.get(uid, -1) else None


def claim(  # noqa: PLR0913  all but two by name
    tx: Tx,
    send: SendRow,
    *,
    owner: Owner,
    lease: timedelta,
    limit: int,
    sign: Sign,
    now: datetime,
    numbers: Sequence[int] | None = None,
) -> Claimed:
    """Claim up to `limit` batches of a send in the order of their numbers; with `numbers`, none but these.

    Suppressions, departures and pauses are looked at once more, so that an unsubscribe during the send wins; a batch of
    which nobody is left is settled as `empty` and not given out. While the rest waits for its canary, only that is
    claimed.
    """
    rows = _take(tx, _pending(send, limit, now, numbers), owner, lease, now)
    people = _recipients(tx, send, [row.number for row in rows], sign, now) if rows else {}
    batches = []
    for row in rows:
        if row.number in people:
            batches.append((_batch(row, send, people[row.number]), row.variant_id))
        else:
            answers.settle(tx, row.id, "empty", by="nobody left", receipt="", now=now)
    waits_until = _next_at(tx, send.id) if not rows and numbers is None else None
    return Claimed(batches=tuple(batches), next_at=now if rows else waits_until)


def _may_go(send: SendRow) -> ColumnElement[bool]:
    """Which batches of a send wait to be claimed by whoever asks; while the rest waits, its canary alone."""
    waiting = and_(t.batch.c.send_id == send.id, t.batch.c.state == "pending")
    return and_(waiting, t.batch.c.number == canary.BATCH) if send.rest_waits else waiting


def _pending(send: SendRow, limit: int, now: datetime, numbers: Sequence[int] | None) -> Select[int]:
    wanted = (
        select(t.batch.c.id)
        .where(_may_go(send), t.batch.c.not_before.is_(None) | (t.batch.c.not_before <= now))
        .order_by(t.batch.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)  # on SQLite the immediate transaction already excludes others
    )
    return wanted if numbers is None else wanted.where(t.batch.c.number.in_(numbers))


def _take(tx: Tx, wanted: Select[int], owner: Owner, lease: timedelta, now: datetime) -> Sequence[AnyRow]:
    ids = list(tx.execute(wanted).scalars())
    if not ids:
        return []
    taken = tx.execute(
        update(t.batch)
        .where(t.batch.c.id.in_(ids), t.batch.c.state == "pending")
        .values(state="claimed", attempt=t.batch.c.attempt + 1, not_before=None)
        .returning(t.batch.c.id, t.batch.c.number, t.batch.c.attempt, t.batch.c.variant_id)
    )
    rows = sorted(taken, key=attrgetter("number"))
    tx.execute(
        insert(t.attempt),
        [
            {
                "batch_id": row.id, "number": row.attempt, "host": owner.host, "boot": owner.boot, "pid": owner.pid,
                "process_start": owner.process_start, "claimed_at": now, "claimed_uptime_s": owner.uptime_s,
                "lease_until": now + lease,
            }
            for row in rows
        ],
    )  # fmt: skip
    return rows


def _batch(row: AnyRow, send: SendRow, recipients: Sequence[Recipient]) -> Batch:
    return Batch(
        id=row.id, edition=send.edition, kind=send.kind, number=row.number, attempt=row.attempt,
        recipients=tuple(recipients),
    )  # fmt: skip


def _recipients(
    tx: Tx, send: SendRow, numbers: Sequence[int], sign: Sign, now: datetime
) -> Mapping[int, list[Recipient]]:
    """Who is still to be mailed, by batch number; who is not any more is excluded with the reason."""
    head = f"{ledger_uid(tx)}-"
    found: dict[int, list[Recipient]] = {}
    excluded: list[dict[str, object]] = []
    by_index(tx)
    for number, *columns in tx.execute(gathered(tx, _people(send, numbers, now))):
        staying = found[number] = []
        # Unpacked and by place: this loop runs once for each reader of a send.
        for row_id, subscriber_id, address, name, reason in zip(*map(orjson.loads, columns), strict=True):
            if reason is None:
                staying.append(Recipient(f"{head}{row_id}", subscriber_id, address, name, sign(subscriber_id)))
            else:
                excluded.append({"of": row_id, "why": reason})
    if excluded:
        tx.execute(_EXCLUDE, excluded)
    return {number: people for number, people in found.items() if people}


_EXCLUDE = (
    update(t.delivery).where(t.delivery.c.id == bindparam("of")).values(outcome="excluded", reason=bindparam("why"))
)


def _people(send: SendRow, numbers: Sequence[int], now: datetime) -> Select[Any]:
    """Batch number, delivery, subscriber, address, name, why not (or NULL)."""
    return (
        select(
            t.delivery.c.batch_number,
            t.delivery.c.id,
            func.coalesce(t.delivery.c.subscriber_id, 0),
            func.coalesce(t.subscriber.c.address, t.delivery.c.address, ""),
            func.coalesce(t.subscriber.c.name, ""),
            departure(send.list, now)
            if send.list_id is not None
            else cast(null(), Text),  # PostgreSQL asks for its type
        )
        .outerjoin(t.subscriber, t.subscriber.c.id == t.delivery.c.subscriber_id)
        .outerjoin(
            t.subscription,
            and_(
                t.subscription.c.subscriber_id == t.delivery.c.subscriber_id,
                t.subscription.c.list_id == send.list_id,
            ),
        )
        .where(
            t.delivery.c.send_id == send.id,
            t.delivery.c.batch_number.in_(numbers),
            t.delivery.c.outcome.is_(None),
        )
    )


def _next_at(tx: Tx, send_id: int) -> datetime | None:
    return tx.execute(
        select(func.min(t.batch.c.not_before)).where(t.batch.c.send_id == send_id, t.batch.c.state == "pending")
    ).scalar_one_or_none()


def recover(tx: Tx, gone: Callable[[Owner], bool], now: datetime) -> tuple[tuple[str, int], ...]:
    """Put in doubt each claimed batch whose owner is gone or whose lease is over; gives (edition, batch number).

    `gone` says for certain that a process of this host does not live any more; of another host it never says so.
    """
    rows = tx.execute(
        select(t.attempt, t.batch.c.number.label("batch"), t.edition.c.name.label("edition"))
        .join(t.batch, and_(t.batch.c.id == t.attempt.c.batch_id, t.batch.c.attempt == t.attempt.c.number))
        .join(t.send, t.send.c.id == t.batch.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(t.batch.c.state == "claimed")
    ).all()
    lost = []
    for row in rows:
        owner = Owner(host=row.host, boot=row.boot, pid=row.pid, process_start=row.process_start)
        if row.lease_until > now and not gone(owner):
            continue
        why = "the lease is over" if row.lease_until <= now else "the process that sent it is gone"
        tx.execute(
            update(t.batch)
            .where(t.batch.c.id == row.batch_id, t.batch.c.state == "claimed", t.batch.c.attempt == row.number)
            .values(state="in_doubt")
        )
        tx.execute(
            update(t.attempt)
            .where(t.attempt.c.batch_id == row.batch_id, t.attempt.c.number == row.number)
            .values(outcome="in doubt", error=why, finished_at=now)
        )
        lost.append((row.edition, row.batch))
    return tuple(lost)


def owners(tx: Tx, send_id: int) -> tuple[Owner, ...]:
    """The processes that hold claims of a send now."""
    rows = tx.execute(
        select(t.attempt.c.host, t.attempt.c.boot, t.attempt.c.pid, t.attempt.c.process_start)
        .join(t.batch, and_(t.batch.c.id == t.attempt.c.batch_id, t.batch.c.attempt == t.attempt.c.number))
        .where(t.batch.c.send_id == send_id, t.batch.c.state == "claimed")
        .distinct()
    )
    return tuple(Owner(host=r.host, boot=r.boot, pid=r.pid, process_start=r.process_start) for r in rows)


def pending(tx: Tx, send: SendRow) -> tuple[tuple[int, datetime | None], ...]:
    """Id and earliest time of each batch of a send that waits to be claimed, by number."""
    rows = tx.execute(select(t.batch.c.id, t.batch.c.not_before).where(_may_go(send)).order_by(t.batch.c.number))
    return tuple((row.id, row.not_before) for row in rows)


def is_open(tx: Tx, send_id: int) -> bool:
    """Whether any batch of a send waits or is in somebody's hands."""
    found = select(t.batch.c.id).where(t.batch.c.send_id == send_id, t.batch.c.state.in_(["pending", "claimed"]))
    return tx.execute(found.limit(1)).first() is not None


def places(tx: Tx, batch_ids: Sequence[int]) -> dict[int, list[int]]:
    """Numbers of batches by their send; those that are gone, as after a new freeze, are left out."""
    found: dict[int, list[int]] = {}
    wanted = select(t.batch.c.send_id, t.batch.c.number).where(t.batch.c.id.in_(batch_ids)).order_by(t.batch.c.id)
    for send_id, number in tx.execute(wanted):
        found.setdefault(send_id, []).append(number)
    return found
