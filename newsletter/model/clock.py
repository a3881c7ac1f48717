"""What the clock knows and what it asks to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from newsletter.model.instants import aware
from newsletter.model.sends import SendState

GRACE = timedelta(minutes=10)
"""How late a send is still on time."""


class EditionState(StrEnum):
    """Where an edition stands. It moves by compare-and-set only, and each move is kept with a reason and a name."""

    OPEN = "open"
    FROZEN = "frozen"
    SIGNED_OFF = "signed off"
    SENDING = "sending"
    SENT = "sent"
    PARTIAL = "partial"
    HELD = "held"
    SKIPPED = "skipped"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What the clock does once for an edition, besides moving its state."""

    REMIND = "remind"
    DRAFT_TEST = "draft test"
    FROZEN_TEST = "frozen test"
    REPORT = "report"
    COMPLAINTS = "complaints"
    """Some have come, and were not yet held against what was delivered; given back when they were."""
    SUM_EVENTS = "sum events"
    """From then on its events are summed and deleted; one that comes later counts only where it is a reader's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    """What the ledger knows of one edition, as the clock needs it.

    `tested` is the fingerprint of the last test that went to the editors, `signed_by` who signed the present
    fingerprint, `steps` what was done already (a new freeze gives `frozen test` back), `frozen_at` when it was last
    frozen, `send` the state of its live send, `active_at` when that send last moved: started, resumed, a batch claimed
    or settled, `waits_until` the end of the wait between its canary and the rest, while that is awaited.
    """

    id: str
    state: EditionState
    reason: str = ""
    fingerprint: str | None = None
    tested: str | None = None
    signed_by: tuple[str, ...] = ()
    steps: frozenset[Step] = frozenset()
    frozen_at: datetime | None = None
    send: SendState | None = None
    active_at: datetime | None = None
    waits_until: datetime | None = None
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        aware("frozen_at", self.frozen_at)
        aware("active_at", self.active_at)
        aware("waits_until", self.waits_until)
        aware("finished_at", self.finished_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the clock sees of the ledger: all editions from `since`, when it was made, by their ids.

    A scheduled date from `since` on that is missing from `editions` has no row yet, and gets one. `watched_since` says
    from when on a newsletter's schedule counts where that is later: it was added, or its schedule was changed.
    """

    since: datetime
    editions: Mapping[str, EditionFacts] = field(default_factory=dict)
    watched_since: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aware("since", self.since)
        for slug, instant in self.watched_since.items():
            aware(f"watched_since of {slug}", instant)


class ActionKind(StrEnum):
    """What the tick is asked to carry out."""

    REMIND = "remind"
    DRAFT_TEST = "draft test"
    FREEZE = "freeze"
    FROZEN_TEST = "frozen test"
    SEND = "send"
    RESUME = "resume"
    PAUSE_STALE = "pause stale"
    HOLD = "hold"
    SKIP = "skip"
    MISS = "miss"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that is due now for one edition; `planned_at` is when that edition should go, `reason` is for people,
    `late` says that it goes after the grace.
    """

    kind: ActionKind
    newsletter: str
    edition: str
    planned_at: datetime
    reason: str
    late: bool = False
