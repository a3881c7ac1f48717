"""Labels opens and clicks as a human's or a machine's: after the events came, so that the webhook need not wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import structlog

from newsletter.pipeline.context import Context
from newsletter.storage import Tx, editions, judgements, sends
from newsletter.tracking import RULES, Seen, agent, judge

log = structlog.get_logger()

AT_ONCE = 500
"""Deliveries in one transaction: some 20 ms on SQLite, where a send waits that long."""

STRETCH = 20_000
"""Events that are looked at in one go: one or two seconds, where all of them are opens."""

AT_MOST_S = 5.0
"""After so long a tick begins no other stretch, since an edition's hour may have come: the next one goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Opens and clicks that were looked at, those that had no label before, and those whose label is another now."""

    events: int = 0
    new: int = 0
    changed: int = 0

    def __add__(self, other: Judged) -> Judged:
        return Judged(events=self.events + other.events, new=self.new + other.new, changed=self.changed + other.changed)


def label(tx: Tx, deliveries: Collection[int]) -> Judged:
    """Label all opens and clicks of a few deliveries by the rules as they are."""
    done = Judged()
    verdicts: dict[int, tuple[bool, str]] = {}
    for delivered_at, found in judgements.judgeable(tx, deliveries).values():
        mine = {**judge(delivered_at, [_seen(event) for event in found]), **_fixed(found)}
        verdicts.update(mine)
        new = sum(event.machine is None for event in found)
        same = sum((event.machine, event.why) == mine[event.id] for event in found)
        done += Judged(events=len(found), new=new, changed=len(found) - new - same)
    judgements.keep(tx, verdicts, RULES)
    return done


def _fixed(found: Iterable[judgements.Judgeable]) -> dict[int, tuple[bool, str]]:
    """Labels that stay: of a reader who was erased nothing is left to judge by."""
    return {event.id: (event.machine, event.why) for event in found if not event.raw and event.machine is not None}


def _seen(event: judgements.Judgeable) -> Seen:
    return Seen(
        id=event.id, kind=event.kind, at=event.at, url=event.url, agent=agent(event.raw), flagged=event.flagged
    )  # fmt: skip


def judge_new(context: Context, stop: threading.Event) -> Judged:
    """Label what has come since the last look, or all again where the rules are new: so much as a tick has time for."""
    done, began = Judged(), time.monotonic()
    more = True
    while more:
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
        more = stretch.more and time.monotonic() - began < AT_MOST_S
    if done.new or done.changed:
        log.info("judged", new=done.new, changed=done.changed)
    return done


def judge_sends(context: Context, send_ids: Iterable[int], *, again: bool = False) -> Judged:
    """Label whatever of these sends has no label by the rules as they are, before figures of them are shown; or `again`
    all of their opens and clicks.
    """
    done = Judged()
    for send_id in send_ids:
        with context.store.read() as tx:
            waiting = judgements.of_send(tx, send_id, None if again else RULES)
        for start in range(0, len(waiting), AT_ONCE):
            with context.store.write() as tx:
                done += label(tx, waiting[start : start + AT_ONCE])
    return done


def judge_edition(context: Context, name: str) -> Judged:
    """Label all opens and clicks of an edition anew: of its live send, of corrections of it, and of its tests."""
    with context.store.read() as tx:
        mine = [send.id for send in sends.of_edition(tx, name)]
    return judge_sends(context, mine, again=True)


def judge_all(context: Context) -> Iterator[tuple[str, Judged]]:
    """The same for every edition, newest first."""
    with context.store.read() as tx:
        names = editions.names(tx)
    for name in names:
        yield name, judge_edition(context, name)
