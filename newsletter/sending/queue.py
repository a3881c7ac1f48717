"""The queue of batches that wait for a worker, in the ledger's own PostgreSQL: Procrastinate's only home.

A job says "batches 17 to 32 may go" and nothing more: the ledger decides whether they do, so a job that is lost,
doubled or late does no harm. Jobs are put in the caller's transaction, and lie in a PostgreSQL schema of their own, so
that the queue can be dropped whole and made anew: the next tick puts jobs for all batches that wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString

from newsletter.errors import StoreError

# Procrastinate and the driver take 0.1 s to load, which commands on SQLite need not wait for.
if TYPE_CHECKING:
    import psycopg
    from procrastinate import PsycopgConnector

SCHEMA = "newsletter_queue"
QUEUE = "batches"
TASK = "send_batches"

BEAT_EVERY_S = 3.0
SILENT_FOR_S = 10
"""The batch of a worker that gave no sign of life for so long gets another job. If the worker lives after all, no harm
is done: what it has claimed is its own, and the other job finds that.
"""

DEAD_AFTER_S = 600
"""The jobs of a worker that was silent for so long are ended: it does not come back to end them itself."""

POLL_S = 5.0
"""How often a worker looks by itself; a new job wakes it at once."""

STOP_LOOK_S = 0.1

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Batches that a worker may send, not before a time where one is given."""

    batch_ids: tuple[int, ...]
    not_before: datetime | None = None


def is_ready(connection: Connection) -> bool:
    """Whether the queue's tables are those of this program."""
    found = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [SCHEMA]
    ).fetchone()
    return found is not None and found[0] == _version()


def exists(connection: Connection) -> bool:
    """Whether there is a queue at all, of whatever version."""
    return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [SCHEMA]).fetchone() is not None


def make(connection: Connection) -> None:
    """Make the queue's tables, or make them anew where they are of another version: what waited is put again."""
    if is_ready(connection):
        return
    with _translated():
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        with inside(connection):
            connection.execute(_tables())
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{_version()}'")


def _tables() -> LiteralString:
    from procrastinate.schema import SchemaManager  # noqa: PLC0415  see above

    return SchemaManager.get_schema()


def _version() -> str:
    return "procrastinate " + hashlib.sha256(_tables().encode()).hexdigest()[:12]


@contextmanager
def _translated() -> Iterator[None]:
    """What Procrastinate or the driver raises, in words for an operator."""
    import psycopg  # noqa: PLC0415  see above
    from procrastinate.exceptions import ProcrastinateException  # noqa: PLC0415

    try:
        yield
    except (ProcrastinateException, psycopg.Error) as error:
        cause = str(error.__cause__ or error).strip().partition("\n")[0]
        raise StoreError(
            f"the queue in PostgreSQL cannot be used ({cause}): run `newsletter db upgrade`, as a user who may create "
            f"the schema {SCHEMA}"
        ) from error


@contextmanager
def inside(connection: Connection) -> Iterator[None]:
    """Procrastinate names its tables without their schema, and looks for them along the search path. Raises StoreError
    for whatever goes wrong inside.
    """
    row = connection.execute("SELECT current_setting('search_path')").fetchone()
    before = row[0] if row else "public"
    connection.execute("SELECT set_config('search_path', %s, true)", [f"{SCHEMA}, {before}"])
    with _translated():
        yield  # after an error the transaction is over, and the setting with it
    connection.execute("SELECT set_config('search_path', %s, true)", [before])


def put(connection: Connection, jobs: Sequence[Job]) -> None:
    """Put jobs in the transaction of `connection`: they are there when it commits."""
    from procrastinate import App, SyncPsycopgConnector  # noqa: PLC0415  see above

    app = App(connector=SyncPsycopgConnector())  # never opened: it only says how jobs are written
    by_time: dict[datetime | None, list[Job]] = {}
    for job in jobs:
        by_time.setdefault(job.not_before, []).append(job)
    with inside(connection):
        for at, of in by_time.items():
            deferrer = app.configure_task(TASK, queue=QUEUE, schedule_at=at, connection=connection)
            arguments: list[dict[str, Any]] = [{"batches": list(job.batch_ids)} for job in of]
            deferrer.batch_defer(*arguments)


_HEARD_OF = (
    "EXISTS (SELECT 1 FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id "
    "AND worker.last_heartbeat > now() - make_interval(secs => %s))"
)


def alive(connection: Connection) -> frozenset[int]:
    """The batches that have a job which waits, or is being done by a worker that lives."""
    with inside(connection):
        rows = connection.execute(
            "SELECT jsonb_array_elements_text(args -> 'batches')::bigint FROM procrastinate_jobs AS job "
            f"WHERE task_name = %s AND (status = 'todo' OR status = 'doing' AND {_HEARD_OF})",
            [TASK, SILENT_FOR_S],
        ).fetchall()
    return frozenset(row[0] for row in rows)


def end_stalled(connection: Connection) -> int:
    """End the jobs of workers that have been silent for long; gives how many. They are never tried again."""
    with inside(connection):
        done = connection.execute(
            f"DELETE FROM procrastinate_jobs AS job WHERE job.status = 'doing' AND NOT {_HEARD_OF}", [DEAD_AFTER_S]
        )
    return done.rowcount


Run = Callable[[Sequence[int]], None]


def work(address: str, run: Run, *, at_once: int, stop: threading.Event) -> None:
    """Do jobs until `stop` is set; those in hand are finished first. `run` gets the batches' ids, in threads.

    `address` is libpq's. Raises StoreError where the queue cannot be reached or is lost on the way.
    """
    import psycopg  # noqa: PLC0415  see above
    from procrastinate.exceptions import ProcrastinateException  # noqa: PLC0415

    try:
        asyncio.run(_work(address, run, at_once, stop))
    except (ProcrastinateException, psycopg.Error) as error:
        cause = error.__cause__ or error
        raise StoreError(f"the queue in PostgreSQL does not answer ({cause}): workers wait, and try again") from error


async def _work(address: str, run: Run, at_once: int, stop: threading.Event) -> None:
    # Procrastinate runs plain functions in the loop's own threads, of which there are few on a small machine.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(at_once, thread_name_prefix="job"))
    from procrastinate import App  # noqa: PLC0415  see above

    app = App(connector=_connector(address))

    @app.task(name=TASK, queue=QUEUE)
    def send_batches(batches: list[int]) -> None:
        run(batches)

    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=at_once,
                fetch_job_polling_interval=POLL_S,
                delete_jobs="always",  # the ledger remembers; a queue that only grows is slow
                install_signal_handlers=False,  # `stop` is set by whoever runs us
                update_heartbeat_interval=BEAT_EVERY_S,
                stalled_worker_timeout=DEAD_AFTER_S,
            )
        )
        while not stop.is_set() and not working.done():
            await asyncio.sleep(STOP_LOOK_S)
        if not working.done():
            working.cancel()  # Procrastinate finishes what is in hand
            await asyncio.wait({working})
            return
        await working


def _connector(address: str) -> PsycopgConnector:
    from procrastinate import PsycopgConnector  # noqa: PLC0415  see above

    return PsycopgConnector(
        conninfo=address,
        min_size=2,
        max_size=4,
        kwargs={
            # The queue may be lost whole, so its commits need not wait for the disk. The ledger's do.
            "options": f"-c search_path={SCHEMA} -c synchronous_commit=off",
        },
    )
