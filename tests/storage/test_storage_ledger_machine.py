"""The ledger as a machine: whatever happens in whatever order, the numbers balance and nobody gets it twice.

The world outside is kept beside it in plain Python: which attempts the ESP accepted, and who knows of it. The rules
may do everything that processes, the ESP and people can do, also late, twice and at once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_clock import HandClock
from ledger_postgres import Databases
from ledger_rows import FOREIGN, LEASE, ME, OTHER, Rows, event

from newsletter.model import Batch, SendState
from newsletter.storage import Store, claims, doubt, sends


@dataclass
class Request:
    """One request in flight or answered: did the ESP accept it?"""

    batch: Batch
    accepted: bool
    answered: bool = False


@dataclass
class World:
    requests: list[Request] = field(default_factory=list)
    resent: set[int] = field(default_factory=set)
    """Batches that were sent again without evidence, on somebody's word."""
    copies: Counter[str] = field(default_factory=Counter)
    """Deliveries that the ESP took, by their id."""


class Ledger(RuleBasedStateMachine):
    """Subclasses say on which database."""

    make: ClassVar[object]

    @initialize(count=st.integers(1, 9), size=st.integers(1, 4))
    def begin(self, count: int, size: int) -> None:
        self.store, self.dispose = type(self).open()  # type: ignore[attr-defined]
        self.rows = Rows(self.store, HandClock())
        self.world = World()
        self.count = count
        self.send_id = self.rows.begin(count, size=size)
        self.events = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.dispose()

    def state(self) -> SendState:
        with self.store.read() as tx:
            return sends.find(tx, self.send_id).state

    @rule(limit=st.integers(1, 3), owner=st.sampled_from([ME, OTHER, FOREIGN]), accepts=st.booleans())
    def claim_and_call(self, limit: int, owner: object, accepts: bool) -> None:
        """As the pipeline does: claims are given out while the send is sending."""
        if self.state() is not SendState.SENDING:
            return
        for batch in self.rows.claim(self.send_id, limit, owner):  # type: ignore[arg-type]
            self.world.requests.append(Request(batch, accepts))
            if accepts:
                self.world.copies.update(person.delivery_id for person in batch.recipients)

    def pick(self, data: st.DataObject) -> Request:
        return data.draw(st.sampled_from(self.world.requests))

    @precondition(lambda self: self.world.requests)
    @rule(data=st.data(), readers=st.integers(1, 4))
    def answer(self, data: st.DataObject, readers: int) -> None:
        """The answer is read, once or twice, early or late; what the ESP accepted is never told as refused."""
        request = self.pick(data)
        request.answered = True
        if request.accepted:
            self.rows.accepted(request.batch)
        elif data.draw(st.booleans()):
            self.rows.not_sent(request.batch)
        else:
            self.rows.refused(request.batch, range(min(readers, len(request.batch.recipients))))
        self.reopen()

    def reopen(self) -> None:
        """As the pipeline does where an answer came after the rest had ended, and put its batch back."""
        with self.store.write() as tx:
            if claims.is_open(tx, self.send_id):
                sends.move(tx, self.send_id, [SendState.PARTIAL], SendState.SENDING, now=self.rows.clock())

    @precondition(lambda self: self.world.requests)
    @rule(data=st.data())
    def answer_lost(self, data: st.DataObject) -> None:
        """A timeout, a reset, a 5xx."""
        self.rows.in_doubt(self.pick(data).batch)

    @precondition(lambda self: any(request.accepted for request in self.world.requests))
    @rule(data=st.data(), again=st.booleans())
    def told(self, data: st.DataObject, again: bool) -> None:
        """An event of a delivery that the ESP took."""
        request = data.draw(st.sampled_from([request for request in self.world.requests if request.accepted]))
        person = data.draw(st.sampled_from(request.batch.recipients))
        self.events += not again
        heard = event(person.delivery_id, f"e{self.events}", at=self.rows.clock(), attempt=request.batch.attempt)
        kept = self.rows.keep(heard)
        with self.store.write() as tx:
            for send_id in doubt.prove(tx, kept.batches, now=self.rows.clock()):
                sends.settle_state(tx, send_id, self.rows.clock())

    @rule(dead=st.sampled_from([ME, OTHER, None]), minutes=st.sampled_from([0, 1, 5]))
    def recover(self, dead: object, minutes: int) -> None:
        self.rows.clock.move(minutes=minutes)
        with self.store.write() as tx:
            claims.recover(tx, lambda owner: owner == dead, self.rows.clock())

    @rule(data=st.data(), accept=st.booleans())
    def decide(self, data: st.DataObject, accept: bool) -> None:
        """A person or the policy."""
        with self.store.write() as tx:
            known = doubt.doubts(tx, self.send_id)
            if not known or self.state_in(tx) is SendState.CANCELLED:
                return
            item = data.draw(st.sampled_from(known))
            if accept:
                doubt.accept(tx, item.batch_id, by="ann", now=self.rows.clock())
            elif doubt.resend(tx, item.batch_id, now=self.rows.clock()):
                self.world.resent.add(item.batch_id)
                sends.move(tx, self.send_id, [SendState.PARTIAL], SendState.SENDING, now=self.rows.clock())

    def state_in(self, tx: object) -> SendState:
        return sends.find(tx, self.send_id).state  # type: ignore[arg-type]

    @rule(number=st.integers(0, 8), how=st.sampled_from(["leave", "suppress"]))
    def leave(self, number: int, how: str) -> None:
        address = f"reader{number % self.count}@example.org"
        if how == "leave":
            self.rows.unsubscribe("daily", address)
        else:
            self.rows.suppress(address)

    @rule(to=st.sampled_from(["pause", "resume", "settle"]))
    def by_hand(self, to: str) -> None:
        now = self.rows.clock()
        with self.store.write() as tx:
            if to == "pause":
                sends.move(tx, self.send_id, [SendState.SENDING], SendState.PAUSED, now=now)
            elif to == "resume":
                sends.move(tx, self.send_id, [SendState.PAUSED], SendState.SENDING, now=now)
            else:
                sends.settle_state(tx, self.send_id, now)

    @rule(sure=st.sampled_from([True, False, False, False, False]))
    def cancel(self, sure: bool) -> None:
        if not sure:
            return
        now = self.rows.clock()
        with self.store.write() as tx:
            since = [SendState.SENDING, SendState.PAUSED]
            if sends.move(tx, self.send_id, since, SendState.CANCELLED, now=now):
                sends.cancel_pending(tx, self.send_id, now)

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def the_numbers_balance(self) -> None:
        """SendReport refuses to be made where they do not; and nobody joins or is lost."""
        if hasattr(self, "rows"):
            assert self.rows.report(self.send_id).candidates == self.count

    @invariant()
    def nobody_gets_it_twice(self) -> None:
        """The ESP took no delivery twice, unless somebody had its batch sent again without evidence."""
        if not hasattr(self, "world"):
            return
        batch_of = {p.delivery_id: r.batch.id for r in self.world.requests for p in r.batch.recipients}
        for delivery, copies in self.world.copies.items():
            assert copies == 1 or batch_of[delivery] in self.world.resent, delivery

    @invariant()
    def what_is_known_to_be_accepted_is_counted(self) -> None:
        """An acceptance whose answer was read is never lost again, nor asked about."""
        if not hasattr(self, "world"):
            return
        known = {request.batch.id for request in self.world.requests if request.accepted and request.answered}
        with self.store.read() as tx:
            for batch_id in known:
                found = tx.exec_driver_sql(f"SELECT state FROM batch WHERE id = {batch_id}").scalar_one()
                assert found in ("accepted", "cancelled"), found

    @invariant()
    def a_finished_send_has_nothing_open(self) -> None:
        if hasattr(self, "rows") and self.state() in (SendState.SENT, SendState.PARTIAL):
            report = self.rows.report(self.send_id)
            assert report.pending == 0
            assert (report.in_doubt > 0) <= (self.state() is SendState.PARTIAL)


def lives(part: int) -> settings:
    """Some of the profile's number of examples, each of 25 steps."""
    return settings(max_examples=settings.default.max_examples // part, stateful_step_count=25)


def test_the_ledger_on_sqlite(sqlite_template: Path) -> None:
    """Random lives of a send on SQLite."""

    class OnSQLite(Ledger):
        @staticmethod
        def open() -> tuple[Store, object]:
            folder = Path(tempfile.mkdtemp())
            shutil.copy(sqlite_template, folder / "ledger.db")
            return Store(f"sqlite:///{folder}/ledger.db"), lambda: shutil.rmtree(folder)

    run_state_machine_as_test(OnSQLite, settings=lives(3))


@pytest.mark.postgresql
def test_the_ledger_on_postgresql(postgres_template: Databases) -> None:
    """The same on PostgreSQL, fewer of them."""

    class OnPostgreSQL(Ledger):
        @staticmethod
        def open() -> tuple[Store, object]:
            url = postgres_template.copy()
            return Store(url), lambda: postgres_template.drop(url)

    run_state_machine_as_test(OnPostgreSQL, settings=lives(10))


def test_the_lease_is_over_within_the_machines_time() -> None:
    """The machine moves its clock by up to the lease, so that leases do end in it."""
    assert LEASE.total_seconds() <= 5 * 60
