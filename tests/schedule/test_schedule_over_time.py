"""A small ledger under random clocks, downtime, crashes and people: what must hold whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model import (
    GRACE,
    Action,
    ActionKind,
    EditionFacts,
    EditionState,
    LedgerView,
    Mailbox,
    Newsletter,
    Schedule,
    Section,
    SendState,
    Step,
)
from newsletter.schedule import due_actions, late_deadline, next_editions, planned_time

HOLIDAYS = {
    date(2026, 3, 9): "Founders’ Day", date(2026, 10, 30): "Harvest Day", date(2026, 10, 31): "Second Harvest Day",
}  # fmt: skip
ENDS = {EditionState.SENT, EditionState.SKIPPED, EditionState.MISSED}


@dataclass
class Ledger:
    """Carries actions out as the pipeline would: in order, and no further for an edition where one turns out otherwise.

    `script` says what happens next: 0 all goes well; 1 a freeze finds too few stories, a send crashes, a test fails.
    """

    since: datetime
    script: list[int]
    editions: dict[str, EditionFacts] = field(default_factory=dict)
    sends: dict[str, int] = field(default_factory=dict)

    def view(self) -> LedgerView:
        return LedgerView(since=self.since, editions=dict(self.editions))

    def tick(self, now: datetime, newsletters: list[Newsletter]) -> tuple[Action, ...]:
        actions = due_actions(now, newsletters, HOLIDAYS, self.view())
        stopped: set[str] = set()
        for action in actions:
            if action.edition not in stopped and not self._carry_out(action, now):
                stopped.add(action.edition)
        return actions

    def _carry_out(self, action: Action, now: datetime) -> bool:
        goes_well = not (self.script.pop() if self.script else 0)
        edition = self.editions.get(action.edition) or EditionFacts(id=action.edition, state=EditionState.OPEN)
        self.editions[action.edition] = _after(action, edition, now, goes_well=goes_well)
        if action.kind is ActionKind.SEND:
            self.sends[action.edition] = self.sends.get(action.edition, 0) + 1
        return goes_well

    def people(self, word: str) -> None:
        """Somebody signs everything that is frozen, or releases all that is held; or nobody is there."""
        for name, edition in self.editions.items():
            if word == "sign" and edition.state is EditionState.FROZEN:
                self.editions[name] = replace(edition, state=EditionState.SIGNED_OFF, signed_by=("ann", "b.low"))
            if word == "release" and edition.state is EditionState.HELD:
                self.editions[name] = replace(edition, state=EditionState.OPEN)


def _after(action: Action, edition: EditionFacts, now: datetime, *, goes_well: bool) -> EditionFacts:
    kind = action.kind
    if kind in {ActionKind.REMIND, ActionKind.DRAFT_TEST, ActionKind.REPORT}:
        return replace(edition, steps=edition.steps | {Step(kind.value)})
    if kind is ActionKind.FREEZE:
        frozen = replace(edition, steps=edition.steps - {Step.FROZEN_TEST}, fingerprint=f"frozen {now}")
        return replace(frozen, state=EditionState.FROZEN if goes_well else EditionState.HELD)
    if kind is ActionKind.FROZEN_TEST:
        return replace(edition, tested=edition.fingerprint if goes_well else edition.tested)
    if kind in {ActionKind.SEND, ActionKind.RESUME}:
        state, send = (EditionState.SENT, SendState.SENT) if goes_well else (EditionState.SENDING, SendState.SENDING)
        return replace(edition, state=state, send=send, finished_at=now if goes_well else None, active_at=now)
    if kind is ActionKind.PAUSE_STALE:
        return replace(edition, send=SendState.PAUSED)
    ended = {ActionKind.HOLD: EditionState.HELD, ActionKind.SKIP: EditionState.SKIPPED}
    return replace(edition, state=ended.get(kind, EditionState.MISSED), reason=action.reason)


def newsletter(slug: str, zone: str, sign_off: str, holidays: str) -> Newsletter:
    return Newsletter(
        slug=slug, title=slug, list=slug, sender=Mailbox(address="daily@example.org"), zone=ZoneInfo(zone),
        sections=(Section(slug="news", title="News"),), template=slug, sign_off=sign_off,
        schedule=Schedule(
            days=frozenset(range(5)) if slug == "daily" else frozenset({4}),
            time=time(4 if slug == "friday" else 6, 30), late_until=time(9), holidays=holidays,
        ),
    )  # fmt: skip


newsletters = st.builds(
    lambda zone, sign_off, holidays: [newsletter(slug, zone, sign_off, holidays) for slug in ("daily", "friday")],
    st.sampled_from(["America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC"]),
    st.sampled_from(["none", "one", "two"]),
    st.sampled_from(["skip", "send", "shift"]),
)
starts = st.sampled_from([datetime(2026, 3, 5, 3, tzinfo=UTC), datetime(2026, 10, 28, 22, tzinfo=UTC)])
gaps = st.lists(
    st.tuples(
        st.sampled_from([20, 20, 290, 600, 900, 1800, 3600, 7200, 40_000, 90_000, 260_000]),
        st.sampled_from(["", "", "sign", "release"]),
    ),
    min_size=1,
    max_size=60,
)
scripts = st.lists(st.integers(0, 1), max_size=30)


def check_tick(
    actions: tuple[Action, ...], now: datetime, of: Mapping[str, Newsletter], sent: Mapping[str, int]
) -> None:
    kinds = [(action.edition, action.kind) for action in actions]
    assert len(set(kinds)) == len(kinds), "two actions of one kind for one edition"
    for action in actions:
        if action.kind is ActionKind.SEND:
            on = date.fromisoformat(action.edition.partition("/")[2])
            chosen = of[action.newsletter]
            assert planned_time(chosen, on) <= now <= late_deadline(chosen, on)
            assert action.late is (now > planned_time(chosen, on) + GRACE)
    assert all(count == 1 for count in sent.values()), "sent twice"


def check_ends(ledger: Ledger, chosen: list[Newsletter], end: datetime) -> None:
    for each in chosen:
        planned = [item for item in next_editions(each, HOLIDAYS, ledger.since, 400) if item.at <= end]
        for item in planned:
            edition = ledger.editions[f"{each.slug}/{item.date}"]
            paused = edition.state is EditionState.SENDING and edition.send is SendState.PAUSED
            assert edition.state in ENDS or paused, f"{edition.id} did not come to an end"
            assert edition.state is not EditionState.MISSED or edition.reason
            assert (edition.id in ledger.sends) is (paused or edition.state is EditionState.SENT)
            assert edition.state is not EditionState.SENT or Step.REPORT in edition.steps


@settings(deadline=None)
@given(newsletters, starts, gaps, scripts)
def test_whatever_the_clock_each_edition_goes_once_or_ends_with_a_reason(
    chosen: list[Newsletter], start: datetime, ticks: list[tuple[int, str]], script: list[int]
) -> None:
    """Never twice, never early, never after `late_until`; no scheduled date is passed over in silence."""
    ledger, now = Ledger(start, script), start
    of = {each.slug: each for each in chosen}
    for gap, word in ticks:
        now += timedelta(seconds=gap)
        ledger.people(word)
        check_tick(ledger.tick(now, chosen), now, of, ledger.sends)
    ledger.script = []
    end = now
    for _ in range(6):  # reports come the morning after
        now += timedelta(days=3)
        check_tick(ledger.tick(now, chosen), now, of, ledger.sends)
    check_ends(ledger, chosen, end)


@settings(deadline=None)
@given(newsletters, starts, gaps)
def test_what_was_carried_out_is_not_due_again(
    chosen: list[Newsletter], start: datetime, ticks: list[tuple[int, str]]
) -> None:
    """The same instant twice: the second finds nothing; so two schedulers ask for the same, and one does it."""
    ledger, now = Ledger(start, []), start
    for gap, word in ticks:
        now += timedelta(seconds=gap)
        ledger.people(word)
        first = due_actions(now, chosen, HOLIDAYS, ledger.view())
        assert due_actions(now, chosen, HOLIDAYS, ledger.view()) == first
        assert ledger.tick(now, chosen) == first
        assert due_actions(now, chosen, HOLIDAYS, ledger.view()) == ()


def test_a_clock_that_never_stops_sends_each_edition_on_time() -> None:
    """Every 20 s over both changes of the clocks: each step once, at its minute, none late."""
    daily = newsletter("daily", "America/New_York", "none", "skip")
    for start in (datetime(2026, 3, 5, 3, tzinfo=UTC), datetime(2026, 10, 29, 3, tzinfo=UTC)):
        ledger, now, seen = Ledger(start, []), start, []
        while now < start + timedelta(days=5):
            now += timedelta(seconds=20)
            seen += [(action.kind, now - action.planned_at) for action in ledger.tick(now, [daily])]
        wanted = {
            ActionKind.REMIND: -90, ActionKind.DRAFT_TEST: -60, ActionKind.FREEZE: -15, ActionKind.FROZEN_TEST: -15,
            ActionKind.SEND: 0, ActionKind.SKIP: -90,
        }  # fmt: skip
        for kind, offset in seen:
            if kind is not ActionKind.REPORT:
                assert offset == timedelta(minutes=wanted[kind])
        assert sum(kind is ActionKind.SEND for kind, _ in seen) == len(ledger.sends) == 2
