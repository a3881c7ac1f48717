"""What commands share: the wired house, moments, questions, JSON, names."""

from __future__ import annotations

import getpass
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.errors import MistypedError, UsageError

if TYPE_CHECKING:
    from newsletter.model import SendReport
    from newsletter.pipeline.context import Context
    from newsletter.settings import Settings

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
YES = click.option("--yes", is_flag=True, help="Answer the question with yes.")
NOW = click.option("--now", "moment", metavar="ISO", help="Rehearse another moment; changes nothing.")
BY = click.option("--by", metavar="NAME", help="Who does it; your login name where it is left out.")
CONFIRM_COUNT = click.option(
    "--confirm-count", type=int, metavar="N", help="Answer the audience guard with the number of readers."
)
EDITION = click.argument("edition", metavar="EDITION")
"""`daily` (today's) or `daily/2026-05-04`."""


def open_house(*, quiet: bool = True) -> Context:
    """The wired house. Commands are quiet unless asked (NEWSLETTER_LOG=debug); what runs for long logs as set."""
    from newsletter.services import open_context
    from newsletter.settings import load_settings

    settings = load_settings()
    set_up_log(settings, quiet=quiet)
    context = open_context(settings)
    if command := click.get_current_context(silent=True):  # scheduler.py is none
        # The last to close writes SQLite's log into the database file: a copy of that file alone is whole.
        command.call_on_close(context.store.close)
    return context


def set_up_log(settings: Settings, *, quiet: bool) -> None:
    """Structured lines on stderr, one a change of state."""
    import structlog

    level = logging.getLevelNamesMapping()[settings.log.upper()]
    if quiet and level != logging.DEBUG:
        level = max(level, logging.ERROR)
    time = structlog.processors.TimeStamper(fmt="iso", utc=True)
    form = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    trace = structlog.processors.format_exc_info  # without it an exception is logged as `exc_info=true`
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, time, trace, form],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak in the same form, and never below a warning: what they say when debugged may hold readers.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, time, trace],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, form],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])


def log_fault(error: Exception) -> None:
    """The traceback of a fault of the program, for whoever set NEWSLETTER_LOG=debug."""
    import structlog

    structlog.get_logger().debug("fault", trace="".join(_traceback(error)))


def _traceback(error: Exception) -> Sequence[str]:
    import traceback

    return traceback.format_exception(error)


def login() -> str:
    """Who typed the command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def when(context: Context, moment: str | None) -> datetime:
    """The moment to rehearse, or now. A naive one is in the organisation's zone. Raises MistypedError."""
    if moment is None:
        return context.clock()
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise MistypedError(f"--now {moment!r}: write it as 2026-05-04T05:30, with a zone if you like") from error
    from newsletter.pipeline.context import FIRST_YEAR, LAST_YEAR

    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise MistypedError(f"--now {moment!r}: the years from {FIRST_YEAR} to {LAST_YEAR} can be rehearsed")
    return at if at.tzinfo else at.replace(tzinfo=context.organisation.zone)


def show_json(document: object) -> None:
    """One document on stdout; instants as ISO 8601. Where stdout is not UTF-8, what it cannot say is escaped."""
    plain = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(document, indent=2, ensure_ascii=plain, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def ask(question: str, *, yes: bool) -> None:
    """Say what will be done and ask. Raises UsageError where nobody can answer, click.Abort on a no."""
    click.echo(question, err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nothing was done: nobody is here to answer; add --yes if that is what you want")
    click.echo("Go on? [y/N] ", nl=False, err=True)  # click.confirm writes a blank to stdout, where answers go
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise click.Abort


def progress(label: str) -> Callable[[int, int], None] | None:
    """A bar with rate and time left where stderr is a terminal."""
    if not sys.stderr.isatty():
        return None
    state: dict[str, Any] = {}

    def show(done: int, whole: int) -> None:
        if "bar" not in state:
            bar = click.progressbar(
                length=whole, label=label, file=sys.stderr, show_pos=True, item_show_func=lambda rate: rate
            )
            state.update(bar=bar.__enter__(), since=time.monotonic(), first=done)
        passed = time.monotonic() - state["since"]
        rate = f"{(done - state['first']) / passed:,.0f}/s" if done > state["first"] else ""
        state["bar"].update(max(done - state["bar"].pos, 0), rate)
        if done >= whole:
            state["bar"].__exit__(None, None, None)

    return show


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set by SIGTERM and Ctrl-C, so that what is in hand is finished first."""
    stop = threading.Event()
    old = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def shown(path: Path) -> str:
    """A path as the person who typed the command would write it."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def exit_code(report: SendReport) -> int:
    """0 for a send that is done, 4 for one that is partly done or in doubt, 1 for one that is not done."""
    if report.state == "sent":
        return 0
    return 4 if report.accepted or report.in_doubt else 1
