"""Editions go out while their processes are killed; then what the readers got is counted in the sandbox's own record.

`Chaos.edition()` is one edition from story files to the last event: processes are started, killed as drawn, and started
again; what is left in doubt is settled by events, and sent again where, after all events came, there is none.
"""

from __future__ import annotations

import multiprocessing
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from zoneinfo import ZoneInfo

import chaos_roles
from chaos_points import Kill
from chaos_roles import Part
from ledger_clock import HandClock
from ledger_house import House, at
from sqlalchemy import text

from newsletter.model import EditionState
from newsletter.pipeline import doubts
from newsletter.sandbox import Sandbox, spool
from newsletter.storage import Store

PRELOADED = ["chaos_roles", "newsletter.services", "newsletter.web.app", "psycopg", "procrastinate", "uvicorn"]
"""A process that is forked from these begins to work at once; one that imports them would be killed before it does."""

TO_BEGIN = (EditionState.OPEN, EditionState.FROZEN)
STANDS = (EditionState.SENT, EditionState.PARTIAL)
FAULTS = (
    "500",
    "502-html",
    "503",
    "504",
    "drop",
    "accept-then-drop",
    "accept-then-5xx",
    "truncated",
    "401",
    "429-bare",
)
ANY_MOMENT = "any moment"
LOOK_S = 0.05
LONGEST_LIFE_S = 0.5
ANSWER_S = 0.08
"""How long the sandbox takes for an answer, so that kills fall between a request and what is known of it."""

TELL_AGAIN_S = 0.5
"""The longest that the sandbox waits before it tells events again; in earnest it is half a minute."""
GIVE_UP_S = 240.0


class AheadClock(HandClock):
    """The real time, so far ahead that today's edition is due."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def go_to(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)


@dataclass
class Tally:
    """What was done, and what came of it, over all editions."""

    kills: Counter[str] = field(default_factory=Counter)
    points: set[str] = field(default_factory=set)
    editions: int = 0
    copies: int = 0
    in_doubt: int = 0
    resent: int = 0
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def kill_count(self) -> int:
        return self.kills.total()


@dataclass
class _Slot:
    """A place for one process: its role, and who holds the place now."""

    role: str
    died_at: Path
    process: BaseProcess | None = None
    kill: Kill = field(default_factory=Kill)


class Chaos:
    """A house, a sandbox, and the processes between them. `workers` of them run batches, if there are any."""

    def __init__(self, house: House, sandbox: Sandbox, port: int, *, seed: int, workers: int, kills_each: int) -> None:
        self.house, self.sandbox, self.tally = house, sandbox, Tally()
        self._port, self._kills_each = port, kills_each
        self._chance = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(PRELOADED)
        schedulers = ["tick"] * (2 if workers else 1)
        roles = ["hear", *schedulers, *["work"] * workers]
        self._hearer, *self._senders = (_Slot(role, house.folder / f"died-{n}") for n, role in enumerate(roles))
        self._corrector = _Slot("correct", house.folder / "died-correct")
        self._story = ""
        self._left = 0
        self._names = _days()

    # --- one edition --------------------------------------------------------------------------------------------------

    def edition(self, readers: list[str]) -> None:
        """One more edition to all readers, with as many kills as it takes; its result is added to the tally."""
        day = next(self._names)
        self._name = f"daily/{day.isoformat()}"
        clock = self.house.clock
        assert isinstance(clock, AheadClock)
        clock.go_to(datetime(day.year, day.month, day.day, 6, 31, tzinfo=ZoneInfo("America/New_York")))
        self._story = self.house.story(f"{day.isoformat()}-ports-{self.tally.editions}")
        self._go(readers)
        self.tally.editions += 1

    def correction(self, readers: list[str]) -> None:
        """The last edition is corrected by mail to all who got it, with as many kills again; at once by who typed it,
        and by schedulers and workers where that process was killed.
        """
        self._name = f"{self._name}-correction"
        self._story = self.house.story(f"{self._story}-put-right", corrects=self._story)
        self._go(readers, kind="correction")

    def _go(self, readers: list[str], kind: str | None = None) -> None:
        for fault in self._chance.sample(FAULTS, 3):
            self.sandbox.fault(fault, where={"edition": self._name, "batch": str(self._chance.randint(1, 9))})
        self._left = self._kills_each
        # Events that come at once hide a blind retry: the evidence is there before it can do harm.
        self._told_at_once = self._chance.random() < 0.5
        if not self._told_at_once:
            self._clear(self._hearer)
        until = time.monotonic() + GIVE_UP_S
        while self.house.state(self._name)[0] is not EditionState.SENT:
            self._run_until_it_stands(until)
            self._settle()
        self.sandbox.clear_faults()
        self._clear(self._corrector)
        self._count(readers, kind)

    def _run_until_it_stands(self, until: float) -> None:
        while self.house.state(self._name)[0] not in STANDS:
            for slot in (*self._senders, *([self._hearer] if self._told_at_once else [])):
                self._fill(slot)
            if self._name.endswith("-correction") and self.house.state(self._name)[0] in TO_BEGIN:
                self._fill(self._corrector)
            time.sleep(LOOK_S)
            if time.monotonic() > until:
                last = (self.house.folder / "processes.log").read_text("utf-8", "replace")[-6000:]
                raise AssertionError(f"{self._name} hangs in {self.house.state(self._name)}:\n{last}")
        for slot in self._senders:
            self._clear(slot)

    def _settle(self) -> None:
        """All that the sandbox has to tell is told; what it does not know of goes again."""
        time.sleep(0.15)  # a request that was on its way when its sender died may still be taken
        self._left, left = 0, self._left
        self._calm_hearer()
        assert self.sandbox.drain(30), "the sandbox could not tell its events"
        self.tally.resent += len(doubts.resolve(self.house.context, self._name, accept=False, by="ann").resent)
        self._left = left

    def _count(self, readers: list[str], kind: str | None) -> None:
        """In the sandbox's own record: each reader once; and in ours, numbers that balance."""
        got = Counter(
            each.address
            for each in self.sandbox.accepted()
            if each.custom_args["edition"] == self._name and each.custom_args.get("kind") == kind
        )
        self.tally.twice += [f"{self._name}: {address}" for address, count in got.items() if count > 1]
        self.tally.lost += [f"{self._name}: {address}" for address in readers if address not in got]
        self.tally.copies += got.total()
        report = self.house.report(self._name)
        assert (report.state, report.candidates, report.accepted) == ("sent", len(readers), len(readers)), report
        assert report.facts == {"processed": len(readers), "delivered": len(readers)}, report
        with self.house.store.read() as tx:
            in_doubt = "SELECT count(*) FROM attempt WHERE outcome = 'in doubt'"
            self.tally.in_doubt = tx.execute(text(in_doubt)).scalar_one()

    # --- processes ----------------------------------------------------------------------------------------------------

    def _fill(self, slot: _Slot) -> None:
        if slot.process is not None and slot.process.is_alive():
            return
        self._reap(slot)
        slot.kill = self._drawn(slot.role) if self._left > 0 else Kill()
        part = Part(
            environment=self.house.environment(),
            ahead=self.house.clock.ahead,  # type: ignore[attr-defined]
            kill=slot.kill,
            seen=self._seen(slot.role),
            died_at=slot.died_at,
        )
        role, *more = {
            "tick": (chaos_roles.tick_until_sent, self._name),
            "work": (chaos_roles.work,),
            "hear": (chaos_roles.hear, self._port),
            "correct": (chaos_roles.correct, "daily", self._story),
        }[slot.role]
        arguments = (role, self.house.folder / "processes.log", part, *more)
        slot.process = self._processes.Process(target=chaos_roles.live, args=arguments)
        slot.process.start()

    def _reap(self, slot: _Slot) -> None:
        if slot.process is None:
            return
        slot.process.join()
        if slot.process.exitcode == -9 and slot.kill != Kill():
            self.tally.kills[slot.died_at.read_text("utf-8") if slot.died_at.exists() else ANY_MOMENT] += 1
            self._left -= 1
        slot.died_at.unlink(missing_ok=True)
        slot.process = None

    def _clear(self, slot: _Slot) -> None:
        """A scheduler ends by itself once the edition stands; workers are ended."""
        if slot.process is None:
            return
        slot.process.join(5 if slot.role == "tick" else 0)
        if slot.process.is_alive():
            slot.kill = Kill()
            slot.process.kill()
        self._reap(slot)

    def _calm_hearer(self) -> None:
        """One that nobody kills."""
        if self._hearer.kill != Kill() or self._hearer.process is None:
            self._clear(self._hearer)
            self._fill(self._hearer)

    def _drawn(self, role: str) -> Kill:
        """Half of them at any moment; half at a named point, if it is passed soon. What is passed once an edition, as
        its freeze, has its turn while the edition is open: then the points with the fewest kills come first.
        """
        seen = self._seen(role)
        points = sorted(set(seen.read_text("utf-8").splitlines())) if seen.exists() else []
        self.tally.points |= set(points)
        if not points or self._chance.random() < 0.5:
            return Kill(after_s=self._chance.uniform(0, LONGEST_LIFE_S))
        if role == "tick" and self.house.state(self._name)[0] is EditionState.OPEN:
            fewest = min(self.tally.kills[point] for point in points)
            points = [point for point in points if self.tally.kills[point] == fewest]
        point, nth = self._chance.choice(points), self._chance.choice((1, 1, 1, 2, 4))
        return Kill(point=point, nth=nth, after_s=3 * LONGEST_LIFE_S)

    def _seen(self, role: str) -> Path:
        return self.house.folder / f"points-{role}"

    def stop(self) -> None:
        for slot in (*self._senders, self._corrector, self._hearer):
            self._clear(slot)


def _days() -> Iterator[date]:
    """Working days from Monday, 4 May 2026, on which the newsletter goes."""
    day = date(2026, 5, 4)
    while True:
        if day.weekday() < 5 and (day.month, day.day) != (5, 25):
            yield day
        day += timedelta(days=1)


@contextmanager
def chaos(
    url: str, folder: Path, *, readers: int, seed: int, workers: int = 0, kills_each: int = 8
) -> Iterator[tuple[Chaos, list[str]]]:
    """A house on a database that has its tables, ready for editions; gives it with its readers. Every third agreed that
    their opens are seen, so that each edition has two variants.
    """
    store = Store(url)
    more = {"QUEUE": "workers"} if workers else {}
    house = House(folder / "house", store, AheadClock(), SEND_CONCURRENCY=4, **more)
    house.newsletter(keys='opens = "consented"')
    house.reload()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spool.LONGEST_WAIT_S = TELL_AGAIN_S
    with Sandbox(
        folder / "house/var/sandbox", port=0, webhook_url=f"http://127.0.0.1:{port}/hooks/sendgrid"
    ) as sandbox:
        sandbox.fault("slow", times=None, seconds=ANSWER_S)
        house.through(sandbox.url)
        house.clock.go_to(at(4, 4))  # type: ignore[attr-defined]
        house.tick()  # from now on the schedule counts
        made = Chaos(house, sandbox, port, seed=seed, workers=workers, kills_each=kills_each)
        addresses = house.readers(readers)
        for address in addresses[::3]:
            house.choose(address, tracked=True)
        try:
            yield made, addresses
        finally:
            made.stop()
            store.close()
