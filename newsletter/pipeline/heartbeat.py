"""A sign of life of the scheduler: a row, a file, and an address to ping, so that a monitor sees a dead clock."""

from __future__ import annotations

import os
import socket
import urllib.request
from datetime import datetime

import structlog

from newsletter.errors import StoreError
from newsletter.pipeline.context import Context
from newsletter.storage import clock

log = structlog.get_logger()

PING_TIMEOUT_S = 5


def beat(context: Context, now: datetime) -> None:
    """Leave a sign of life. What a monitor does not answer, or a full disk, is logged and stops nothing."""
    with context.store.write() as tx:
        clock.beat(tx, socket.gethostname(), os.getpid(), now)
    try:
        (context.settings.var / "heartbeat").write_text(f"{now.isoformat()}\n", encoding="ascii")
    except OSError as error:
        log.warning("no heartbeat file", error=error.strerror)
    if context.settings.heartbeat_url is not None:
        _ping(context.settings.heartbeat_url)


def end(context: Context) -> None:
    """Say goodbye: the silence that follows is meant."""
    try:
        with context.store.write() as tx:
            clock.end_beat(tx, socket.gethostname(), context.clock())
    except StoreError as error:
        log.warning("no goodbye", error=str(error))


def _ping(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=PING_TIMEOUT_S):  # noqa: S310  settings take http and https only
            pass
    except OSError as error:
        log.warning("heartbeat not heard", error=type(error).__name__)
