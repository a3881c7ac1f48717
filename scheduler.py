"""The alarm clock: APScheduler wakes one job, the job is one tick, the ledger decides.

What APScheduler is not asked to remember cannot be lost: the job lives in memory only, and whatever was missed while
this process was down is due at its first tick. See docs/decisions/0003.
"""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from newsletter.cli.common import open_house
from newsletter.cli.local import sandbox_if_asked
from newsletter.errors import NewsletterError
from newsletter.pipeline import clock, heartbeat, watching
from newsletter.pipeline.context import Context

TICK_S = 20

log = structlog.get_logger()


def main() -> int:
    """Tick until SIGTERM or SIGINT; the batches in hand are finished first. 0, or 1 where it could not start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        context = open_house(quiet=False)
        with sandbox_if_asked(context):
            _run(context, stop)
        context.store.close()  # and with it SQLite's log is written into the database file
    except NewsletterError as error:
        log.error("cannot start", error=str(error))
        return 1
    log.info("clock stopped")
    return 0


def _run(context: Context, stop: threading.Event) -> None:
    ticks = watching.Ticks(context)

    def tick() -> None:
        try:
            clock.tick(context, stop=stop)
        except Exception as error:
            log.error("tick failed", error=str(error), exc_info=not isinstance(error, NewsletterError))
            ticks.failed(error)
        else:
            ticks.done()

    scheduler = BackgroundScheduler(timezone=UTC)
    for job, seconds in ((tick, TICK_S), (watching.Watch(context).look, watching.LOOK_EVERY_S)):
        scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            next_run_time=datetime.now(UTC),  # at once: what was sending goes on
            misfire_grace_time=None,  # the default of 1 s drops a run that is late
            coalesce=True,  # ten missed ticks are one
            max_instances=1,  # a tick that sends for an hour is not overtaken by the next
        )
    scheduler.start()
    log.info("clock started", newsletters=sorted(context.newsletters), tick_s=TICK_S)
    stop.wait()
    scheduler.shutdown(wait=True)
    heartbeat.end(context)


if __name__ == "__main__":
    raise SystemExit(main())
