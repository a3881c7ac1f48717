"""A worker: it runs batches whose jobs it gets from the queue, beside as many others as there are.

The job only says which batch; claim, request and record are those of any send, so a job that comes twice, late or for a
batch that somebody else has finds nothing to do.
"""

from __future__ import annotations

import os
import socket
import threading
from functools import partial

import structlog

from newsletter.errors import NewsletterError, StoreError
from newsletter.pipeline import exchanging, heartbeat, sending
from newsletter.pipeline.context import Context
from newsletter.sending import owner, queue
from newsletter.sending.dispatch import carry
from newsletter.sending.gateway import Gateway
from newsletter.storage import claims, clock

log = structlog.get_logger()

BEAT_EVERY_S = 20.0
TRY_AGAIN_S = 5.0
"""After how long a worker looks for a queue again that it has lost."""

SENDS_KEPT = 8
"""Sends whose message and envelope a worker keeps at once: more go out at the same time in few newsrooms."""


def work(context: Context, *, stop: threading.Event) -> None:
    """Run batches from the queue until `stop` is set; those in hand are finished first. Raises ConfigError."""
    worker = _Worker(context, context.gateway())
    beating = threading.Thread(target=_beat, args=(context, stop), name="beat", daemon=True)
    beating.start()
    log.info("worker started", concurrency=context.settings.send_concurrency)
    while not stop.is_set():
        try:
            queue.work(
                context.store.libpq_address,
                worker.run_batch,
                concurrency=context.settings.send_concurrency,
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


class _Worker:
    """What a worker keeps between jobs: one gateway, and the part it has in each send it met."""

    def __init__(self, context: Context, gateway: Gateway) -> None:
        self._context, self._gateway = context, gateway
        self._runs: dict[int, exchanging.Part] = {}

    def run_batch(self, batch_id: int) -> None:
        """Claim, hand over and record one batch; whatever goes wrong is logged, and the ledger knows."""
        try:
            self._run_batch(batch_id)
        except NewsletterError as error:
            log.error("job not done", batch_id=batch_id, error=str(error))

    def _run_batch(self, batch_id: int) -> None:
        with self._context.store.read() as tx:
            found = claims.place(tx, batch_id)
        if found is None:
            return
        send_id, number = found
        run = self._run_of(send_id)
        if not carry(partial(run.exchange, numbers=[number]), self._gateway, clock=self._context.clock):
            return
        with self._context.store.read() as tx:
            is_open = claims.is_open(tx, send_id)
        if not is_open:
            sending.finish(self._context, send_id)

    def _run_of(self, send_id: int) -> exchanging.Part:
        if send_id not in self._runs:
            if len(self._runs) >= SENDS_KEPT:
                self._runs.clear()
            self._runs[send_id] = exchanging.Part(self._context, send_id)
        return self._runs[send_id]
