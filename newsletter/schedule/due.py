"""What is due now: each edition's steps, in their order.

Around each edition, in this order (T is its planned time, L its `late_until`)::

    T − 90 min   REMIND         what is missing
    T − 60 min   DRAFT_TEST     a test that says it is a draft
    T − 15 min   FREEZE         then FROZEN_TEST at once, where these bytes were not tested yet
    T            SEND           if enough people signed, marked late from T + 10 min on; else HOLD
    after L      MISS           whatever has not begun to be sent

Steps run in order, and a missed one is made up before the next, as long as it is of use: after the freeze a reminder
of what is missing and a test of a draft are of none, and are left out. A person who signs, releases or freezes changes
the edition's state, and the next tick goes on from there; what is held goes on only by a person's word.

Whoever carries the actions out goes through them in order, and where one fails or turns out otherwise (a freeze that
holds the edition, a test that cannot go out) leaves that edition's other actions for the next tick. `FROZEN_TEST` in
one tick with `FREEZE` is to be compared first: the fingerprint is only known then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from newsletter.model import (
    EDITION_ID,
    GRACE,
    Action,
    ActionKind,
    EditionFacts,
    EditionState,
    LedgerView,
    Newsletter,
    SendState,
    Step,
    edition_id,
)
from newsletter.schedule.planned import Slot, goes_until, late_deadline, local_instant, planned_time, slots

REMIND_BEFORE = timedelta(minutes=90)
DRAFT_TEST_BEFORE = timedelta(minutes=60)
FREEZE_BEFORE = timedelta(minutes=15)
REPORT_AT = time(6)
"""Local time of the report, on the day after the send was finished."""

BY_HAND = timedelta(days=1)
"""So long an edition that somebody froze after `late_until` is theirs, to be signed and sent by hand."""

LULL = timedelta(minutes=10)
"""A send past `late_until` that has not moved for so long was interrupted. Longer than a batch may take (5 minutes:
ten times the timeout of 30 s), so that a slow send, or one begun by hand, is not taken for it."""

_SIGNATURES = {"none": 0, "one": 1, "two": 2}
_LONG = frozenset({ActionKind.SEND, ActionKind.RESUME})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One edition at one moment."""

    now: datetime
    newsletter: Newsletter
    facts: EditionFacts
    at: datetime
    until: datetime

    def action(self, kind: ActionKind, reason: str, *, late: bool = False) -> Action:
        return Action(
            kind=kind,
            newsletter=self.newsletter.slug,
            edition=self.facts.id,
            planned_at=self.at,
            reason=reason,
            late=late,
        )

    def local(self, instant: datetime) -> str:
        return f"{instant.astimezone(self.newsletter.zone):%H:%M}"


def due_actions(
    now: datetime, newsletters: Iterable[Newsletter], holidays: Mapping[date, str], ledger: LedgerView
) -> tuple[Action, ...]:
    """Everything that is due at `now`. Carried out wholly, it leaves nothing due at the same instant.

    Each edition's actions are in order; what takes long (SEND, RESUME) stands behind what is quick, so that one
    newsletter's send does not hold up another's freeze. A newsletter whose file is gone gets no action.
    """
    of_newsletter: dict[str, list[EditionFacts]] = {}
    for facts in ledger.editions.values():
        of_newsletter.setdefault(facts.id.partition("/")[0], []).append(facts)
    actions: list[Action] = []
    for newsletter in newsletters:
        actions.extend(_scheduled(now, newsletter, holidays, ledger))
        for facts in of_newsletter.get(newsletter.slug, ()):
            actions.extend(_from_the_send_on(now, newsletter, facts))
    return tuple(sorted(actions, key=lambda action: (action.kind in _LONG, action.planned_at)))


# --- up to the send -------------------------------------------------------------------------------------------------


def _scheduled(
    now: datetime, newsletter: Newsletter, holidays: Mapping[date, str], ledger: LedgerView
) -> Iterator[Action]:
    if newsletter.schedule is None:
        return
    zone = newsletter.zone
    first, last = ledger.since.astimezone(zone).date(), now.astimezone(zone).date()
    for slot in slots(newsletter.schedule, holidays, first, last):
        name = edition_id(newsletter.slug, slot.date)
        facts = ledger.editions.get(name)
        if facts is not None and facts.state not in _UP_TO_THE_SEND:
            continue
        at = planned_time(newsletter, slot.date)
        watched = ledger.watched_since.get(newsletter.slug, ledger.since) if facts is None else ledger.since
        if at < max(watched, ledger.since):
            continue
        facts = facts or EditionFacts(id=name, state=EditionState.OPEN)
        case = _Case(now=now, newsletter=newsletter, facts=facts, at=at, until=late_deadline(newsletter, slot.date))
        yield from _skipped(case, slot) if slot.skipped else _UP_TO_THE_SEND[facts.state](case)


def _skipped(case: _Case, slot: Slot) -> Iterator[Action]:
    if case.facts.state in {EditionState.OPEN, EditionState.HELD}:
        if case.now >= case.at - REMIND_BEFORE:
            yield case.action(ActionKind.SKIP, slot.skipped)
    elif case.now >= local_instant(case.newsletter, slot.date + timedelta(days=1), time()):
        # Somebody froze it for a holiday: theirs to send by hand, all day long.
        yield case.action(ActionKind.MISS, f"{slot.skipped}: frozen, and not sent by hand on that day")


def _open(case: _Case) -> Iterator[Action]:
    if case.now > case.until:
        yield case.action(ActionKind.MISS, f"it was not frozen by {case.local(case.until)} (late_until)")
    elif case.now >= case.at - FREEZE_BEFORE:
        yield case.action(ActionKind.FREEZE, f"goes at {case.local(case.at)}")
        yield case.action(ActionKind.FROZEN_TEST, "the frozen bytes, where they were not tested yet")
        yield from _send_or_hold(case, signed=_SIGNATURES[case.newsletter.sign_off] == 0)
    else:
        freeze = case.local(case.at - FREEZE_BEFORE)
        if case.now >= case.at - REMIND_BEFORE and Step.REMIND not in case.facts.steps:
            yield case.action(ActionKind.REMIND, f"goes at {case.local(case.at)}, is frozen at {freeze}")
        if case.now >= case.at - DRAFT_TEST_BEFORE and Step.DRAFT_TEST not in case.facts.steps:
            yield case.action(ActionKind.DRAFT_TEST, f"a draft, until the freeze at {freeze}")


def _frozen(case: _Case) -> Iterator[Action]:
    facts = case.facts
    signed = facts.state is EditionState.SIGNED_OFF or _is_signed(case)
    if case.now > case.until:
        if facts.frozen_at is not None and case.until < facts.frozen_at and case.now < facts.frozen_at + BY_HAND:
            return
        why = "the clock did not run when it could have gone" if signed else _wanted(case)
        yield case.action(ActionKind.MISS, f"not sent by {case.local(case.until)} (late_until): {why}")
        return
    if facts.fingerprint != facts.tested and Step.FROZEN_TEST not in facts.steps:
        yield case.action(ActionKind.FROZEN_TEST, "the frozen bytes were not tested yet")
    yield from _send_or_hold(case, signed=signed)


def _send_or_hold(case: _Case, *, signed: bool) -> Iterator[Action]:
    if case.now < case.at:
        return
    if not signed:
        until = case.local(case.until)
        yield case.action(ActionKind.HOLD, f"{_wanted(case)}; signed by {until} (late_until) it still goes")
    elif case.now > case.at + GRACE:
        minutes = int((case.now - case.at).total_seconds() // 60)
        yield case.action(ActionKind.SEND, f"{minutes} minutes late", late=True)
    else:
        yield case.action(ActionKind.SEND, f"planned for {case.local(case.at)}")


def _held(case: _Case) -> Iterator[Action]:
    if case.now > case.until:
        reason = case.facts.reason or "no reason was given"
        yield case.action(
            ActionKind.MISS, f"held ({reason}), and not released by {case.local(case.until)} (late_until)"
        )


def _is_signed(case: _Case) -> bool:
    return len(set(case.facts.signed_by)) >= _SIGNATURES[case.newsletter.sign_off]


def _wanted(case: _Case) -> str:
    asked, found = _SIGNATURES[case.newsletter.sign_off], len(set(case.facts.signed_by))
    return f"not signed off ({found} of {asked} signatures)"


_UP_TO_THE_SEND = {
    EditionState.OPEN: _open,
    EditionState.FROZEN: _frozen,
    EditionState.SIGNED_OFF: _frozen,
    EditionState.HELD: _held,
}


# --- from the send on: every edition, on the schedule or not ----------------------------------------------------------


def _from_the_send_on(now: datetime, newsletter: Newsletter, facts: EditionFacts) -> Iterator[Action]:
    if facts.state not in {EditionState.SENDING, EditionState.SENT, EditionState.PARTIAL}:
        return
    match = EDITION_ID.match(facts.id)
    if match is None:
        return
    on = date.fromisoformat(match["date"])
    at = planned_time(newsletter, on) if newsletter.schedule else local_instant(newsletter, on, time())
    case = _Case(now=now, newsletter=newsletter, facts=facts, at=at, until=goes_until(newsletter, on))
    yield from _interrupted(case) if facts.state is EditionState.SENDING else _sent(case, on)


def _interrupted(case: _Case) -> Iterator[Action]:
    """A send that somebody began: whoever is at it already makes RESUME harmless, since batches are claimed."""
    facts = case.facts
    if facts.send is SendState.PAUSED:
        return
    if facts.send in {SendState.SENT, SendState.PARTIAL, SendState.CANCELLED}:
        yield case.action(ActionKind.RESUME, f"its send is {facts.send}; the edition is to be closed")
        return
    waited = facts.waits_until
    if waited is not None and case.now < waited:
        return  # for its canary: a wait that was planned, also past late_until
    moved_at = max((instant for instant in (facts.active_at, waited) if instant is not None), default=None)
    until = max(case.until, moved_at + LULL) if moved_at else case.until
    if case.now > until:
        yield case.action(
            ActionKind.PAUSE_STALE,
            f"interrupted, and past {case.local(case.until)} (late_until): "
            f"newsletter send resume {facts.id} or newsletter send cancel {facts.id}",
        )
    else:
        yield case.action(ActionKind.RESUME, "its send is not finished")


def _sent(case: _Case, on: date) -> Iterator[Action]:
    finished_at = case.facts.finished_at
    sent_on = finished_at.astimezone(case.newsletter.zone).date() if finished_at else on
    due_at = local_instant(case.newsletter, sent_on + timedelta(days=1), REPORT_AT)
    if Step.REPORT not in case.facts.steps and case.now >= due_at:
        yield case.action(ActionKind.REPORT, f"the morning after {sent_on.isoformat()}")
