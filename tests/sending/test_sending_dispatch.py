"""Every gateway is used in one way; the loop that keeps requests in flight; the decisions of a send."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_gateway import FakeGateway
from sending_samples import outgoing

from newsletter.errors import GatewayError, InDoubt, NotSent, Refused, StoreError
from newsletter.model import Owner, Receipt
from newsletter.sandbox import Sandbox
from newsletter.sending import owner, plan
from newsletter.sending.dispatch import Work, dispatch
from newsletter.sending.gateway import Gateway, Outcome, Outgoing
from newsletter.sending.sendgrid import SendGrid

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


# --- the contract of a gateway ----------------------------------------------------------------------------------------


@dataclass
class Contract:
    """A gateway, how to make its next answer fail, and what it has accepted."""

    gateway: Gateway
    fail: Callable[[str], None]
    accepted: Callable[[], list[str]]


ERRORS: dict[str, GatewayError] = {
    "429": NotSent("slow down", status=429),
    "401": Refused("no", status=401),
    "400": Refused("no", status=400, positions={0: "refused: no"}),
    "503": InDoubt("busy", status=503),
}


@pytest.fixture(params=["fake", "sendgrid"])
def contract(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    if request.param == "fake":
        fake = FakeGateway()
        yield Contract(
            fake,
            lambda kind: fake.script.append(ERRORS[kind]),
            lambda: [p.delivery_id for each in fake.accepted for p in each.batch.recipients],
        )
        return
    with Sandbox(tmp_path / "sandbox", port=0, webhook_url=None) as sandbox:
        yield Contract(
            SendGrid("SG.test", sandbox.url, 5),
            sandbox.fault,
            lambda: [each.custom_args["delivery_id"] for each in sandbox.accepted()],
        )


def test_a_gateway_gives_a_receipt(contract: Contract) -> None:
    """One batch, one receipt, each delivery once."""
    assert contract.gateway.submit(outgoing(3)).message_id
    assert contract.accepted() == ["ab12cd34-0", "ab12cd34-1", "ab12cd34-2"]


@pytest.mark.parametrize("kind", list(ERRORS))
def test_a_gateway_raises_what_is_certain(contract: Contract, kind: str) -> None:
    """The three errors, with their status, and nothing else; afterwards it works again."""
    contract.fail(kind)
    with pytest.raises(type(ERRORS[kind])) as caught:
        contract.gateway.submit(outgoing(2))
    assert caught.value.status == int(kind)
    if isinstance(caught.value, Refused):
        assert set(caught.value.positions) == ({0} if kind == "400" else set())
    assert contract.accepted() == []
    contract.gateway.submit(outgoing(2))
    assert len(contract.accepted()) == 2


def test_a_gateway_is_used_by_several_threads(contract: Contract) -> None:
    """No request's words leak into another's."""
    threads = [
        threading.Thread(target=contract.gateway.submit, args=(outgoing(2, number=number),)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contract.accepted()) == 16


# --- the loop ---------------------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """An `exchange` over a list of batches, that keeps what it is told."""

    waiting: list[Outgoing]
    told: list[Outcome] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    next_at: list[datetime] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    def exchange(self, outcomes: Sequence[Outcome], free: int) -> Work:
        if self.fails:
            raise self.fails.pop(0)
        self.told += outcomes
        self.free.append(free)
        given, self.waiting = tuple(self.waiting[:free]), self.waiting[free:]
        if given or not self.next_at:
            return Work(batches=given, next_at=None)
        return Work(batches=(), next_at=self.next_at.pop(0))


def run(ledger: Ledger, gateway: Gateway, *, concurrency: int = 2, stop: threading.Event | None = None) -> None:
    dispatch(ledger.exchange, gateway, concurrency=concurrency, clock=lambda: NOW, stop=stop or threading.Event())


def numbers(ledger: Ledger) -> list[int]:
    return sorted(outcome.batch.number for outcome in ledger.told)


def test_every_batch_is_handed_over_and_told() -> None:
    """The loop ends when nothing is left, and every outcome was recorded."""
    ledger = Ledger([outgoing(1, number=n) for n in range(7)])
    run(ledger, FakeGateway(NotSent("no"), None, InDoubt("reset")))
    assert numbers(ledger) == list(range(7))
    assert sum(isinstance(outcome.answer, Receipt) for outcome in ledger.told) == 5
    assert all(outcome.finished_at == NOW for outcome in ledger.told)


def test_no_more_requests_than_asked() -> None:
    """At most `concurrency` in flight, and that many where there is work."""
    flying, most, lock = 0, 0, threading.Lock()

    class Counting:
        def submit(self, outgoing: Outgoing) -> Receipt:
            nonlocal flying, most
            with lock:
                flying += 1
                most = max(most, flying)
            time.sleep(0.02)
            with lock:
                flying -= 1
            return Receipt(message_id="m")

    run(Ledger([outgoing(1, number=n) for n in range(12)]), Counting(), concurrency=3)
    assert most == 3


def test_a_fault_of_ours_is_in_doubt() -> None:
    """What no gateway may raise must not look like a batch that was never sent."""

    class Broken:
        def submit(self, outgoing: Outgoing) -> Receipt:
            raise KeyError("oops")

    ledger = Ledger([outgoing(1)])
    run(ledger, Broken())
    (outcome,) = ledger.told
    assert isinstance(outcome.answer, InDoubt)
    assert isinstance(outcome.answer.__cause__, KeyError)


def test_stop_finishes_what_is_in_flight() -> None:
    """Nothing new is claimed; what was handed over is waited for and recorded."""
    stop = threading.Event()

    class Stopping:
        def submit(self, outgoing: Outgoing) -> Receipt:
            stop.set()
            time.sleep(0.05)
            return Receipt(message_id="m")

    ledger = Ledger([outgoing(1, number=n) for n in range(9)])
    run(ledger, Stopping(), stop=stop)
    assert numbers(ledger) == [0, 1]
    assert len(ledger.waiting) == 7


def test_the_loop_waits_for_a_time() -> None:
    """Where nothing may go now it asks again when something may."""
    ledger = Ledger([], next_at=[NOW + timedelta(milliseconds=60), NOW])
    begun = time.monotonic()
    run(ledger, FakeGateway())
    assert 0.1 <= time.monotonic() - begun < 2
    assert len(ledger.free) == 3


def test_what_the_ledger_could_not_record_is_tried_once_more() -> None:
    """A ledger that fails while requests are in flight: their answers are known, and are not thrown away."""
    ledger = Ledger([outgoing(1, number=n) for n in range(4)])

    class Failing:
        def submit(self, outgoing: Outgoing) -> Receipt:
            time.sleep(0.01)
            if outgoing.batch.number == 0:
                ledger.fails.append(StoreError("locked"))
            return Receipt(message_id="m")

    with pytest.raises(StoreError):
        run(ledger, Failing())
    assert numbers(ledger) == [0, 1]


# --- decisions --------------------------------------------------------------------------------------------------------


@given(attempt=st.integers(1, 500), seconds=st.one_of(st.none(), st.integers(-1000, 10**6)))
def test_the_next_attempt_is_soon_but_not_at_once(attempt: int, seconds: int | None) -> None:
    """Within ten minutes whatever a header says, and never in the past; doubling where nothing is said."""
    after = None if seconds is None else timedelta(seconds=seconds)
    at = plan.next_attempt(NotSent("no", retry_after=after), attempt, NOW)
    assert timedelta(seconds=1) <= at - NOW <= timedelta(minutes=10)
    if seconds is None:
        assert at - NOW == timedelta(seconds=min(2**attempt, 120))


@pytest.mark.parametrize(
    ("error", "stops", "counts"),
    [
        (NotSent("refused connection"), False, True),
        (NotSent("slow down", status=429), False, False),
        (InDoubt("reset"), False, True),
        (Refused("key", status=401), True, False),
        (Refused("one reader", status=400, positions={0: "no"}), False, False),
    ],
)
def test_what_pauses_a_send(error: GatewayError, stops: bool, counts: bool) -> None:
    """A request refused as a whole at once; failures in a row; a 429 only for whom waiting did not help."""
    assert plan.stops_send(error) is stops
    assert plan.counts_as_error(error, 1) is counts
    assert plan.counts_as_error(NotSent("slow down", status=429), 3)


def test_the_quiet_time_is_longer_than_a_lease() -> None:
    """At the default timeout: 30 min against 10 × 30 s."""
    assert plan.lease(30) == timedelta(minutes=5) < plan.QUIET_TIME


# --- owners -----------------------------------------------------------------------------------------------------------


def test_this_process_lives() -> None:
    """And is itself, whenever it is asked."""
    here = owner.this_process()
    assert here == owner.this_process()
    assert here.process_start
    assert not owner.is_gone(here)


def test_one_uptime_for_all_processes() -> None:
    """Another process of this machine counts from the same moment."""
    before = owner.uptime_s()
    words = [sys.executable, "-c", "from newsletter.sending import owner; print(owner.uptime_s())"]
    said = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert before < said < owner.uptime_s()


@pytest.mark.parametrize("change", [{"pid": 4_000_000}, {"boot": "another"}, {"process_start": "1"}])
def test_a_process_that_is_gone(change: dict[str, object]) -> None:
    """No such pid, an earlier boot, or a pid that somebody else has now."""
    here = owner.this_process()
    fields = {name: getattr(here, name) for name in ("host", "boot", "pid", "process_start")}
    assert owner.is_gone(Owner(**(fields | change)))


def test_of_another_host_nobody_can_say() -> None:
    """Then the lease decides."""
    assert not owner.is_gone(Owner(host="elsewhere", boot="b", pid=1, process_start="1"))
