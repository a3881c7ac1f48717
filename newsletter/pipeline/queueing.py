"""Which batches wait in the queue for a worker: those of a live send that is sending, where the settings say so.

A job is put in the ledger's own transaction, so the two never disagree for long; what is missing all the same (a queue
that was lost, a worker that died) the next tick puts again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from newsletter.errors import StoreError
from newsletter.model import SendState
from newsletter.pipeline.context import Context
from newsletter.sending import queue
from newsletter.storage import Store, Tx, claims, sends
from newsletter.storage.database import driver, take_turns

PORTION = 16
"""Batches of one job. A job takes as much of a worker's time as a batch, so one for each would halve its pace; what a
worker that dies had not claimed yet waits until it is missed.
"""


def for_workers(context: Context, send: sends.SendRow) -> bool:
    """Whether a send's batches are run by workers. Mail to editors goes at once, from here."""
    return context.settings.queue == "workers" and send.list_id is not None


def put_missing(context: Context, tx: Tx, send_id: int) -> int:
    """Jobs for the batches of a send that wait and have none; gives how many batches."""
    send = sends.find(tx, send_id)
    if not for_workers(context, send) or send.state is not SendState.SENDING:
        return 0
    busy = queue.alive(driver(tx))
    return _put(tx, [row for row in claims.pending(tx, send) if row[0] not in busy])


def put_again(context: Context, tx: Tx, send: sends.SendRow, batch_ids: Collection[int]) -> int:
    """Jobs for those of these batches that wait again: the one that tried them just now is as good as done."""
    if not for_workers(context, send) or send.state is not SendState.SENDING:
        return 0
    return _put(tx, [row for row in claims.pending(tx, send) if row[0] in batch_ids])


def _put(tx: Tx, waiting: Sequence[tuple[int, datetime | None]]) -> int:
    by_time: dict[datetime | None, list[int]] = {}
    for batch_id, at in waiting:
        by_time.setdefault(at, []).append(batch_id)
    jobs = [
        queue.Job(batch_ids=tuple(ids[start : start + PORTION]), not_before=at)
        for at, ids in by_time.items()
        for start in range(0, len(ids), PORTION)
    ]
    if jobs:
        queue.put(driver(tx), jobs)
    return len(waiting)


def end_stalled(tx: Tx) -> int:
    """End the jobs of dead workers, so that what the ledger still has pending gets a new one."""
    return queue.end_stalled(driver(tx))


def make(store: Store) -> None:
    """Make the queue's tables where there are none, or where they are of another version of Procrastinate."""
    with store.write() as tx:
        take_turns(tx)
        queue.make(driver(tx))


def ensure(store: Store) -> None:
    """Make the queue of a database that has none yet; refuse one of another version. Raises StoreError."""
    with store.read() as tx:
        connection = driver(tx)
        ready, there = queue.is_ready(connection), queue.exists(connection)
    if ready:
        return
    if there:
        raise StoreError("the queue's tables are of another version of this program: run `newsletter db upgrade`")
    make(store)
