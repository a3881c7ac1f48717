"""What the processes do that are going to be killed: each opens the house as the real commands do, and works."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from chaos_points import Kill, PointedGateway, PointedStore, Points

import newsletter.sending.sendgrid  # noqa: F401  loaded here, once, and not in each process
from newsletter.errors import NewsletterError
from newsletter.model import EditionState, SendState
from newsletter.pipeline import clock, correcting, freezing, sending, working
from newsletter.pipeline.context import Context, target
from newsletter.services import make_gateway, open_context
from newsletter.settings import load_settings
from newsletter.storage import sends
from newsletter.web.app import create_app
from newsletter.web.server import listen, make_server

TICK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a process is told: its settings, by how much its clock is off, how to die, and where to write down which
    points it passed, and at which it died.
    """

    environment: dict[str, str]
    ahead: timedelta
    kill: Kill
    seen: Path
    died_at: Path


def tick_until_sent(part: Part, edition: str) -> None:
    """What scheduler.py does, until an edition is sent, or waits for evidence or a person; a pause is cured at once."""
    context = _open(part)
    while True:
        clock.tick(context)
        state = freezing.standing(context, target(context, edition, context.clock()))
        if state not in (EditionState.OPEN, EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.SENDING):
            return
        if _state_of_send(context, edition) is SendState.PAUSED:
            sending.resume(context, edition)
        time.sleep(TICK_S)


def correct(part: Part, edition: str, story: str) -> None:
    """What `newsletter send correction` does, up to its last answer, or until somebody else is at it."""
    context = _open(part)
    case = correcting.find(context, edition, story)
    if case.state is EditionState.SENDING:
        return
    if case.state in freezing.MAY_FREEZE:
        correcting.freeze(context, case, by="ann")
    freezing.require_ready(context, case.target, by="ann")
    sending.run(context, sending.start(context, case.target.id, by="ann"))


def work(part: Part) -> None:
    """What `newsletter worker` does, until it is killed."""
    working.work(_open(part), stop=threading.Event())


def hear(part: Part, port: int) -> None:
    """What `newsletter serve` does: it takes events in, until it is killed."""
    with listen("127.0.0.1", port) as listener:
        make_server(create_app(_open(part))).run(sockets=[listener])


def _open(part: Part) -> Context:
    """A house whose store and gateway are points."""
    points = Points(part.kill, part.seen, part.died_at)
    if part.kill.after_s is not None:
        _die_after(part.kill.after_s)
    context = open_context(load_settings(part.environment, Path("no.env")), _clock(part.ahead))
    gateway = PointedGateway(make_gateway(context.settings), points)
    return replace(context, store=PointedStore(context.settings.database_url, points), gateway=lambda: gateway)


def _clock(ahead: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + ahead


def _die_after(seconds: float) -> None:
    import os
    import signal

    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _state_of_send(context: Context, edition: str) -> SendState | None:
    with context.store.read() as tx:
        live = sends.live(tx, edition)
    return live.state if live else None


def live(role: Callable[..., None], log: Path, part: Part, *more: object) -> None:
    """One life of a process. An error for a person (a lock, a lost connection) ends it too; the next one goes on."""
    sys.stderr = sys.stdout = log.open("a", buffering=1)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        role(part, *more)
    except NewsletterError as error:
        sys.stderr.write(f"{role.__name__}: {error}\n")
        sys.exit(1)
