"""Every fault of the sandbox against the whole house, on both databases: what the ledger makes of each, and that in the
end each reader has the edition once, by the sandbox's own record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from ledger_gateway import until
from ledger_house import House
from ledger_sandbox import HeardSandbox, heard_sandbox

from newsletter.pipeline import doubts, sending
from newsletter.sandbox.faults import FAULTS
from newsletter.sending.sendgrid import SendGrid
from newsletter.storage import sends

DAILY = "daily/2026-05-04"
READERS = 6


@dataclass(frozen=True, kw_only=True)
class Case:
    """What one request that meets the fault comes to: the send's state after its run, and how it goes on from there.

    again    it goes again by itself: the run ends with everybody accepted
    pause    the send waits for the cure, with nobody refused and nobody in doubt
    refused  the named reader is refused, the others go again
    doubt    it waits for evidence; `taken` says whether SendGrid has taken it in truth
    answer   it is accepted, as if nothing had been
    """

    comes_to: str
    taken: bool = False
    seconds: float = 1.0
    timeout_s: float = 5.0


AGAIN, PAUSE, REFUSED = Case(comes_to="again"), Case(comes_to="pause"), Case(comes_to="refused")
LOST, TAKEN = Case(comes_to="doubt"), Case(comes_to="doubt", taken=True)
ANSWER = Case(comes_to="answer", seconds=0.002)

CASES: dict[str, tuple[Case, ...]] = {
    "429": (AGAIN,),
    "429-bare": (AGAIN,),
    "429-date": (AGAIN,),
    "429-nonsense": (AGAIN,),
    "429-year": (AGAIN,),
    "400": (REFUSED,),
    "401": (PAUSE,),
    "403": (PAUSE,),
    "408": (LOST,),
    "413": (PAUSE,),
    "500": (LOST,),
    "502-html": (LOST,),
    "503": (LOST,),
    "504": (LOST,),
    "redirect": (PAUSE,),
    "204": (LOST,),
    "200-html": (LOST,),
    "drop": (LOST,),
    "reset": (LOST,),
    "reset-while-reading": (LOST,),
    "accept-then-drop": (TAKEN,),
    "accept-then-reset": (TAKEN,),
    "accept-then-5xx": (TAKEN,),
    "accept-then-502": (TAKEN,),
    "accept-then-html": (ANSWER,),
    "accept-late": (ANSWER, Case(comes_to="doubt", taken=True, seconds=0.5, timeout_s=0.2)),
    "slow": (ANSWER, Case(comes_to="doubt", taken=True, seconds=0.5, timeout_s=0.2)),
    "trickle": (ANSWER, Case(comes_to="doubt", taken=True, seconds=0.09, timeout_s=0.1)),
    "truncated": (ANSWER,),
}


def test_every_fault_is_in_the_table() -> None:
    """A new fault needs its line."""
    assert set(CASES) == set(FAULTS)


@pytest.fixture
def heard(house: House) -> Iterator[HeardSandbox]:
    with heard_sandbox(house) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("kind", "case"), [
    pytest.param(kind, case, id=f"{kind}-{case.comes_to}") for kind, cases in CASES.items() for case in cases
])  # fmt: skip
def test_each_reader_once(house: House, heard: HeardSandbox, kind: str, case: Case) -> None:
    """One request of three meets the fault; after the cure, the events and the decision that its outcome asks for, each
    reader is accepted once in the sandbox's record, or refused by name, and the numbers add up.
    """
    key = house.context.settings.sendgrid_api_key or ""
    house.gateway = lambda: SendGrid(key, heard.sandbox.url, case.timeout_s)
    house.clock.step = timedelta(minutes=11)  # what waits for its time, a year's Retry-After too, goes at the next look
    wanted = house.readers(READERS)
    house.story()
    send_id = house.start()
    heard.sandbox.fault(kind, seconds=case.seconds)
    sending.run(house.context, send_id)
    _as_the_case_says(house, case)

    if case.comes_to == "pause":
        sending.run(house.context, sending.resume(house.context, DAILY))
    if case.taken:
        assert until(lambda: len(heard.copies) == READERS), "SendGrid took it, sooner or later"
    assert heard.hear_all()
    _decide(house, case)

    refused = house.report().refused
    assert set(heard.copies.values()) == {1}
    assert len(heard.copies) + sum(refused.values()) == len(wanted)
    assert set(heard.copies) <= set(wanted)
    assert heard.hear_all()
    report = house.report()
    assert (report.state, report.sent_twice, report.in_doubt, report.pending) == ("sent", 0, 0, 0)
    assert report.facts == {"processed": len(heard.copies), "delivered": len(heard.copies)}


def _as_the_case_says(house: House, case: Case) -> None:
    report = house.report()
    with house.store.read() as tx:
        live = sends.live(tx, DAILY)
    assert live is not None
    in_doubt = 2 if case.comes_to == "doubt" else 0
    assert (report.in_doubt, sum(report.refused.values())) == (in_doubt, 1 if case.comes_to == "refused" else 0)
    assert report.state == {"doubt": "partial", "pause": "paused"}.get(case.comes_to, "sent")
    if case.comes_to == "pause":
        assert live.reason, "a paused send says why"
        assert report.pending >= 2
    else:
        assert report.accepted == READERS - report.in_doubt - sum(report.refused.values())


def _decide(house: House, case: Case) -> None:
    """What events have not settled by now was not taken: a person sends it again."""
    left = doubts.listed(house.context, DAILY)
    assert bool(left) == (case.comes_to == "doubt" and not case.taken)
    if left:
        done = doubts.resolve(house.context, DAILY, accept=False, by="ann")
        assert done.resent
        sending.run(house.context, done.send_id)


@pytest.mark.parametrize("seed", [1, 2])
def test_all_faults_mixed(house: House, heard: HeardSandbox, seed: int) -> None:
    """Every third request meets one fault or another, drawn: through pauses and doubts to each reader once."""
    key = house.context.settings.sendgrid_api_key or ""
    house.gateway = lambda: SendGrid(key, heard.sandbox.url, 1)
    house.clock.step = timedelta(minutes=11)
    wanted = house.readers(60)
    house.story()
    send_id = house.start()
    kinds = [kind for kind in FAULTS if kind not in {"400", "accept-late", "slow"}]
    for number, kind in enumerate(kinds):
        heard.sandbox.fault(kind, times=None, chance=0.016, seed=100 * seed + number, seconds=0.002)
    for _ in range(60):
        report = sending.run(house.context, send_id)
        assert heard.hear_all()
        if report.state == "paused":
            sending.resume(house.context, DAILY)
        elif doubts.listed(house.context, DAILY):
            doubts.resolve(house.context, DAILY, accept=False, by="ann")
        else:
            break
    met = {asked.fault for asked in heard.sandbox.asked() if asked.what == "fault"}
    assert len(met) >= 5, "the draws made no mix"
    assert heard.copies == dict.fromkeys(wanted, 1)
    report = house.report()
    assert (report.state, report.accepted, report.sent_twice) == ("sent", len(wanted), 0)
    assert report.facts == {"processed": len(wanted), "delivered": len(wanted)}
