"""A sign of life of the scheduler: a row, a file, and an address to ping, so that a monitor sees a dead clock."""

from __future__ import annotations

import os
import socket
import threading
import urllib.request
from datetime import datetime

import structlog

from newsletter.errors import StoreError
from newsletter.model import AlertKind
from newsletter.pipeline import alerts, guards
from newsletter.pipeline.context import Context
from newsletter.storage import clock

log = structlog.get_logger()

PING_TIMEOUT_S = 5


def beat(context: Context, now: datetime) -> None:
    """Leave a sign of life, and look whether the wall clock and the restore guard's file are as they should be.

    What a monitor does not answer, or a full disk, is logged and stops nothing. Raises StoreError.
    """
    host = socket.gethostname()
    with context.store.write() as tx:
        newest = max(clock.beats(tx).values(), default=None)
        clock.beat(tx, host, os.getpid(), now)
        wrong = context.timekeeper.look(now, context.uptime(), newest)
        if wrong is not None:
            log.error("clock jumped", reason=wrong)
            alerts.keep(tx, AlertKind.CLOCK_WRONG, about=host, text=wrong, now=now)
    guards.try_remember_epoch(context)  # what another machine has counted
    try:
        (context.settings.var / "heartbeat").write_text(f"{now.isoformat()}\n", encoding="ascii")
    except OSError as error:
        log.warning("no heartbeat file", error=error.strerror)
    if context.settings.heartbeat_url is not None:
        # in a thread: a send does not wait for a monitor
        threading.Thread(target=_ping, args=(context.settings.heartbeat_url,), name="ping").start()


def end(context: Context, name: str | None = None) -> None:
    """Say goodbye, as this host's scheduler or under a name of its own: the silence that follows is meant."""
    try:
        with context.store.write() as tx:
            clock.end_beat(tx, name or socket.gethostname(), context.clock())
    except StoreError as error:
        log.warning("no goodbye", error=str(error))


def _ping(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=PING_TIMEOUT_S):  # noqa: S310  settings take http and https only
            pass
    except OSError as error:
        log.warning("heartbeat not heard", error=type(error).__name__)
