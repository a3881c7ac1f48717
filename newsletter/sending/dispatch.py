"""Several requests in flight, one ledger: the loop that claims, hands over, records, and waits.

The ledger is one function, `exchange`: it takes the outcomes of finished requests and the number of free places, and
gives the next claimed batches, all in one commit, so that one fsync serves many batches. Only this loop waits.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import GatewayError, InDoubt, NewsletterError, NotSent
from newsletter.model import Receipt
from newsletter.sending import owner
from newsletter.sending.gateway import Gateway, Outcome, Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the ledger hands out: batches that are ours now. Without any, `next_at` is when to ask again; without
    that either, nothing is left to do.
    """

    batches: tuple[Outgoing, ...]
    next_at: datetime | None


LONGEST_WAIT_S = 5.0
"""How long the loop sleeps at a time while all that is left waits: so often it looks whether somebody has paused,
cancelled or resumed the send.
"""

Exchange = Callable[[Sequence[Outcome], int], Work]


def dispatch(
    exchange: Exchange,
    gateway: Gateway,
    *,
    concurrency: int,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> None:
    """Hand over everything that `exchange` gives, at most `concurrency` requests at once, until it gives no more.

    When `stop` is set nothing new is claimed, what is in flight is finished and recorded, and the loop returns.
    """
    with _collecting_little(), ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="request") as pool:
        running: set[Future[Outcome]] = set()
        finished: list[Outcome] = []
        while True:
            free = 0 if stop.is_set() else concurrency - len(running)
            try:
                work = exchange(finished, free)
            except Exception:
                _save(exchange, finished, running)
                raise
            finished = []
            running |= {pool.submit(submit, gateway, outgoing, clock) for outgoing in work.batches}
            if running:
                done, running = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                finished = [future.result() for future in done]
            elif stop.is_set() or work.next_at is None:
                return
            else:
                stop.wait(min(max((work.next_at - clock()).total_seconds(), 0.05), LONGEST_WAIT_S))


@contextlib.contextmanager
def _collecting_little() -> Iterator[None]:
    """A send makes a tuple for each reader, and whenever there are many new ones the garbage collector goes through all
    that the program holds, with every thread waiting (a tenth of a send's time). What is there at the beginning is
    left out until the end.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _save(exchange: Exchange, finished: Sequence[Outcome], running: set[Future[Outcome]]) -> None:
    """The ledger failed: what is known of requests, those in flight too, is recorded at a second try if it can be.

    What cannot be recorded stays claimed, and comes to be in doubt when this process is gone or the lease is over.
    """
    known = [*finished, *(future.result() for future in running)]
    with contextlib.suppress(NewsletterError):
        exchange(known, 0)


def submit(gateway: Gateway, outgoing: Outgoing, clock: Callable[[], datetime]) -> Outcome:
    """Hand over one batch, and give what came of it, whatever that is."""
    answer: Receipt | GatewayError
    try:
        if outgoing.until_s is not None and owner.since_boot_s() >= outgoing.until_s:  # stopped meanwhile, or asleep
            raise NotSent("the claim ran out before its request was begun")
        answer = gateway.submit(outgoing)
    except GatewayError as error:
        answer = error
    except Exception as error:  # noqa: BLE001  a fault of ours must not look like a batch that was never sent
        answer = InDoubt(f"a fault of the program while sending ({type(error).__name__}); please report it")
        answer.__cause__ = error
    return Outcome(batch=outgoing.batch, answer=answer, finished_at=clock())
