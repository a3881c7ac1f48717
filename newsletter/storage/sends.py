"""Sends as rows: the freeze, and where each send stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, insert, literal, select, update

from newsletter.model import TO_READERS, SendKind, SendState
from newsletter.storage import balance, canary, eligibility, former, recipients
from newsletter.storage import tables as t
from newsletter.storage.database import Tx
from newsletter.storage.eligibility import Mailing
from newsletter.storage.variants import Allotment


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRow:
    """A send as the ledger has it. `list` is empty where it goes to editors."""

    id: int
    edition_id: int
    edition: str
    list_id: int | None
    list: str
    kind: SendKind
    state: SendState
    reason: str
    subject: str
    candidates: int
    errors_in_a_row: int
    started_at: datetime | None
    finished_at: datetime | None
    canary_count: int
    rest_at: datetime | None

    @property
    def rest_waits(self) -> bool:
        """Whether batch 1, its canary, is the only one that may be claimed."""
        return self.canary_count > 0 and self.rest_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a send is made from: variants and who gets which, whom they are mailed to, batches of at most `batch_size`
    deliveries; `canary` are the address keys of those who get it first, if they are on the list, so long before the
    rest.
    """

    edition_id: int
    mailing: Mailing
    allotment: Allotment
    subject: str
    batch_size: int
    canary: frozenset[int] = frozenset()
    canary_wait: timedelta = timedelta()


def freeze(tx: Tx, plan: Plan, now: datetime) -> int:
    """Write down who gets an edition, as one set operation; gives the send's id. Counted and verified."""
    mailing, allotment = plan.mailing, plan.allotment
    send_id = new(tx, plan.edition_id, mailing.list_id, "live", plan.subject, now)
    ahead = canary.on_list(tx, mailing, plan.canary)[: plan.batch_size]
    rows = eligibility.candidates(mailing, allotment.number(mailing.printed))
    recipients.write_down(
        tx, send_id, allotment.variants, rows, counts_under=plan.edition_id, batch_size=plan.batch_size, ahead=ahead
    )
    if ahead:
        canary.note(tx, send_id, plan.canary_wait)
    return send_id


def new(tx: Tx, edition_id: int, list_id: int | None, kind: SendKind, subject: str, now: datetime) -> int:
    """A send without recipients, to be filled in the same transaction; gives its id."""
    done = tx.execute(
        insert(t.send)
        .values(
            edition_id=edition_id, list_id=list_id, kind=kind, state=SendState.PENDING.value, subject=subject,
            candidates=0, created_at=now,
        )
        .returning(t.send.c.id)
    )  # fmt: skip
    send_id: int = done.scalar_one()
    return send_id


def add_direct(
    tx: Tx,
    kind: SendKind,
    *,
    edition_id: int,
    variant_id: int,
    subject: str,
    editors: Sequence[tuple[str, int]],
    now: datetime,
) -> int:
    """A test or a notice to editors (address, address key): one batch, counted under no edition's promise."""
    send_id = new(tx, edition_id, None, kind, subject, now)
    tx.execute(
        insert(t.delivery),
        [{"send_id": send_id, "address_key": key, "address": address, "batch_number": 1} for address, key in editors],
    )
    recipients.insert_batches(tx, send_id, (variant_id,))
    tx.execute(update(t.send).where(t.send.c.id == send_id).values(candidates=len(editors)))
    return send_id


def unfreeze(tx: Tx, edition_id: int) -> bool:
    """Take back the send to readers of which nothing was ever claimed; False where something was."""
    sends = select(t.send.c.id).where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
    touched = tx.execute(
        select(func.count()).select_from(t.batch).where(t.batch.c.send_id.in_(sends), t.batch.c.attempt > 0)
    ).scalar_one()
    if touched:
        return False
    ids = list(tx.execute(sends).scalars())
    former.give_back(tx, ids)
    for table in (t.batch, t.delivery):
        tx.execute(delete(table).where(table.c.send_id.in_(ids)))
    tx.execute(delete(t.send).where(t.send.c.id.in_(ids)))
    return True


def find(tx: Tx, send_id: int, *, lock: bool = False, shared: bool = False) -> SendRow:
    """A send by its id. With `lock`, other transactions that lock it wait until this one has ended.

    With `shared`, only those wait that lock it for themselves alone: it stays as it is, and nothing of it may be
    written here. Never both in one transaction: of two that do so each would wait for the other.
    """
    if lock or shared:  # on SQLite a write already excludes others, and FOR UPDATE says nothing
        tx.execute(select(t.send.c.id).where(t.send.c.id == send_id).with_for_update(read=not lock))
    return _rows(tx, t.send.c.id == send_id)[0]


def live(tx: Tx, edition: str) -> SendRow | None:
    """The send of an edition to its readers, if it was frozen: the live one, or that of a correction."""
    found = _rows(tx, and_(t.edition.c.name == edition, t.send.c.kind.in_(TO_READERS)))
    return found[0] if found else None


def paused(tx: Tx) -> tuple[SendRow, ...]:
    """The sends to readers that wait for a person."""
    return tuple(_rows(tx, and_(t.send.c.kind.in_(TO_READERS), t.send.c.state == SendState.PAUSED.value)))


def of_edition(tx: Tx, edition: str) -> tuple[SendRow, ...]:
    """All sends of an edition, the live one first, then its corrections, then those to editors, oldest first."""
    corrections = select(t.correction.c.edition_id).where(
        t.correction.c.corrected_id == select(t.edition.c.id).where(t.edition.c.name == edition).scalar_subquery()
    )
    about = and_(t.send.c.kind == "correction", t.send.c.edition_id.in_(corrections))
    found = _rows(tx, (t.edition.c.name == edition) | about)
    return tuple(sorted(found, key=lambda row: (row.list_id is None, row.edition != edition, row.id)))


def _rows(tx: Tx, where: object) -> list[SendRow]:
    rows = tx.execute(
        select(t.send, t.edition.c.name.label("edition"), t.list_.c.slug.label("list"))
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .outerjoin(t.list_, t.list_.c.id == t.send.c.list_id)
        .where(where)  # type: ignore[arg-type]  # a condition of SQLAlchemy, whose type is wider than its argument's
        .order_by(t.send.c.id)
    )
    return [
        SendRow(
            id=r.id, edition_id=r.edition_id, edition=r.edition, list_id=r.list_id, list=r.list or "", kind=r.kind,
            state=SendState(r.state), reason=r.reason, subject=r.subject, candidates=r.candidates,
            errors_in_a_row=r.errors_in_a_row, started_at=r.started_at, finished_at=r.finished_at,
            canary_count=r.canary_count, rest_at=r.rest_at,
        )
        for r in rows
    ]  # fmt: skip


def move(tx: Tx, send_id: int, since: Sequence[SendState], to: SendState, *, reason: str = "", now: datetime) -> bool:
    """Compare and set the state of a send; True where it was in one of `since`."""
    values: dict[str, object] = {"state": to.value, "reason": reason, "moved_at": now}
    if to is SendState.SENDING:
        values |= {"started_at": func.coalesce(t.send.c.started_at, now), "errors_in_a_row": 0, "finished_at": None}
    if to in (SendState.SENT, SendState.PARTIAL, SendState.CANCELLED):
        values["finished_at"] = now
    done = tx.execute(
        update(t.send).where(t.send.c.id == send_id, t.send.c.state.in_([s.value for s in since])).values(**values)
    )
    return done.rowcount == 1


def count_errors(tx: Tx, send_id: int, *, failed: int, succeeded: int) -> int:
    """Count errors in a row over all processes; any success starts anew. Gives the count."""
    value = literal(failed) if succeeded else t.send.c.errors_in_a_row + failed
    done = tx.execute(
        update(t.send).where(t.send.c.id == send_id).values(errors_in_a_row=value).returning(t.send.c.errors_in_a_row)
    )
    count: int = done.scalar_one()
    return count


def cancel_pending(tx: Tx, send_id: int, now: datetime) -> int:
    """Exclude as `cancelled` everybody whose batch was not claimed; gives how many readers."""
    # The batches first: what is claimed at this moment must not be counted as cancelled.
    stopped = tx.execute(
        update(t.batch)
        .where(t.batch.c.send_id == send_id, t.batch.c.state == "pending")
        .values(state="cancelled", settled_by="cancel", settled_at=now)
        .returning(t.batch.c.number)
    )
    numbers = list(stopped.scalars())
    readers = 0
    for start in range(0, len(numbers), 1000):
        done = tx.execute(
            update(t.delivery)
            .where(
                t.delivery.c.send_id == send_id,
                t.delivery.c.outcome.is_(None),
                t.delivery.c.batch_number.in_(numbers[start : start + 1000]),
            )
            .values(outcome="excluded", reason="cancelled")
        )
        readers += done.rowcount
    return readers


def settle_state(tx: Tx, send_id: int, now: datetime) -> SendState:
    """Where a send stands once its batches are looked at: finished when none is pending or claimed.

    With batches in doubt it is `partial`; when the last of them is settled it becomes `sent`. A cancelled send stays
    cancelled. The numbers are balanced before anything is called finished.
    """
    row = find(tx, send_id, lock=True)
    if row.state is SendState.CANCELLED:
        cancel_pending(tx, send_id, now)  # a request in flight may have come back as not sent
    states = balance.batch_states(tx, send_id)
    if row.state in (SendState.CANCELLED, SendState.PENDING) or any(
        states.get(state) for state in ("pending", "claimed")
    ):
        return row.state
    balance.report(tx, send_id, with_events=False)  # refuses to be made where the numbers do not add up
    done = SendState.PARTIAL if states.get("in_doubt") else SendState.SENT
    if row.state is not done:
        move(tx, send_id, [row.state], done, now=now)
    return done


def mailable_count(tx: Tx, send_id: int) -> int:
    """Readers in the batches of a send, as they were made."""
    count: int = tx.execute(
        select(func.coalesce(func.sum(t.batch.c.size), 0)).where(t.batch.c.send_id == send_id)
    ).scalar_one()
    return count
