"""Labels opens and clicks as a human's or a machine's: after the events came, so that the webhook need not wait."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from newsletter.pipeline.context import Context
from newsletter.storage import Tx, judgements, sends
from newsletter.tracking import RULES, Seen, agent, judge

log = structlog.get_logger()

AT_ONCE = 500
"""Deliveries in one transaction: some 20 ms on SQLite, where a send waits that long."""

STRETCH, STRETCHES = 20_000, 10
"""Events that a tick looks at in one go, and how often at most: what is left waits for the next tick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Deliveries whose opens and clicks were labelled, and how many labels are other than before; first labels are
    none of these.
    """

    deliveries: int = 0
    events: int = 0
    changed: int = 0

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            deliveries=self.deliveries + other.deliveries,
            events=self.events + other.events,
            changed=self.changed + other.changed,
        )


def label(tx: Tx, deliveries: Collection[int]) -> Judged:
    """Label all opens and clicks of a few deliveries by the rules as they are."""
    events = changed = 0
    verdicts: dict[int, tuple[bool, str]] = {}
    for delivered_at, found in judgements.judgeable(tx, deliveries).values():
        seen = [
            Seen(id=e.id, kind=e.kind, at=e.at, url=e.url, agent=agent(e.raw), flagged=e.flagged) for e in found
        ]  # fmt: skip
        mine = judge(delivered_at, seen)
        events += len(mine)
        changed += sum(e.machine is not None and (e.machine, e.why) != mine[e.id] for e in found)
        verdicts.update(mine)
    judgements.keep(tx, verdicts, RULES)
    return Judged(deliveries=len(deliveries), events=events, changed=changed)


def judge_new(context: Context, stop: threading.Event) -> Judged:
    """Label what has come since the last look, or all again where the rules are new: so much as a tick has time for."""
    done = Judged()
    for _ in range(STRETCHES):
        with context.store.read() as tx:
            stretch = judgements.stretch(tx, RULES, STRETCH)
            waiting = judgements.within(tx, stretch, RULES)
        for start in range(0, len(waiting), AT_ONCE):
            if stop.is_set():
                return done
            with context.store.write() as tx:
                done += label(tx, waiting[start : start + AT_ONCE])
        with context.store.write() as tx:
            judgements.saw(tx, stretch, RULES)
        if not stretch.more:
            break
    if done.deliveries:
        log.info("judged", deliveries=done.deliveries, events=done.events, changed=done.changed)
    return done


def judge_sends(context: Context, send_ids: Iterable[int]) -> Judged:
    """Label whatever of these sends has no label by the rules as they are: before figures of them are shown."""
    done = Judged()
    for send_id in send_ids:
        with context.store.read() as tx:
            waiting = judgements.of_send(tx, send_id, RULES)
        for start in range(0, len(waiting), AT_ONCE):
            with context.store.write() as tx:
                done += label(tx, waiting[start : start + AT_ONCE])
    return done


def judge_edition(context: Context, name: str) -> Judged:
    """The same for an edition: its live send, corrections of it, and its tests."""
    with context.store.read() as tx:
        mine = [send.id for send in sends.of_edition(tx, name)]
    return judge_sends(context, mine)
