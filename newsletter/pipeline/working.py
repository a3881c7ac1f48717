"""A worker: it runs batches whose jobs it gets from the queue, beside as many others as there are.

The job only says which batches; claim, request and record are those of any send, so a job that comes twice, late or for
batches that somebody else has finds nothing to do.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from functools import partial

import structlog

from newsletter.errors import NewsletterError, StoreError
from newsletter.model import SendState
from newsletter.pipeline import exchanging, heartbeat, sending
from newsletter.pipeline.context import Context
from newsletter.sending import owner, queue
from newsletter.sending.dispatch import dispatch
from newsletter.sending.gateway import Gateway
from newsletter.storage import claims, clock, sends

log = structlog.get_logger()

BEAT_EVERY_S = 20.0
TRY_AGAIN_S = 5.0
"""After how long a worker looks for a queue again that it has lost."""

JOBS_AT_ONCE = 2
"""While one waits for its last answers the other has requests to make; they share the requests in flight."""


def work(context: Context, *, stop: threading.Event) -> None:
    """Run batches from the queue until `stop` is set; those in hand are finished first. Raises ConfigError."""
    gateway = context.gateway()
    beating = threading.Thread(target=_beat, args=(context, stop), name="beat", daemon=True)
    beating.start()
    log.info("worker started", concurrency=context.settings.send_concurrency)
    while not stop.is_set():
        try:
            queue.work(
                context.store.libpq_address,
                partial(run_batches, context, gateway, stop),
                at_once=min(JOBS_AT_ONCE, context.settings.send_concurrency),
                stop=stop,
            )
        except StoreError as error:
            log.error("queue lost", error=str(error))
            stop.wait(TRY_AGAIN_S)
    beating.join()
    log.info("worker stopped")


def _beat(context: Context, stop: threading.Event) -> None:
    """Signs of life, and what only a process of this host can see: claims whose owner here is gone."""
    name = f"{socket.gethostname()} worker"
    while True:
        now = context.clock()
        try:
            with context.store.write() as tx:
                clock.beat(tx, name, os.getpid(), now)
                for edition, number in claims.recover(tx, owner.is_gone, now):
                    log.error("batch in doubt", edition=edition, batch=number, error="its process is gone")
        except StoreError as error:
            log.error("no heartbeat", error=str(error))
        if stop.wait(BEAT_EVERY_S):
            break
    heartbeat.end(context, name)


def run_batches(context: Context, gateway: Gateway, stop: threading.Event, batch_ids: Sequence[int]) -> None:
    """Claim, hand over and record what a job names; whatever goes wrong is logged, and the ledger knows."""
    try:
        with context.store.read() as tx:
            places = claims.places(tx, batch_ids)
        for send_id, numbers in places.items():
            _run(context, gateway, stop, send_id, numbers)
    except NewsletterError as error:
        log.error("job not done", batch_ids=list(batch_ids), error=str(error))


def _run(context: Context, gateway: Gateway, stop: threading.Event, send_id: int, numbers: Sequence[int]) -> None:
    part = exchanging.Part(context, send_id)
    dispatch(
        partial(part.exchange, numbers=numbers),
        gateway,
        concurrency=max(1, context.settings.send_concurrency // JOBS_AT_ONCE),
        clock=context.clock,
        stop=stop,
    )
    with context.store.read() as tx:
        over = sends.find(tx, send_id).state is SendState.SENDING and not claims.is_open(tx, send_id)
    if over:
        sending.finish(context, send_id)
