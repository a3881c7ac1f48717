"""Batches in doubt are settled by evidence, by policy, or by a person; never by a blind retry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from newsletter.errors import UsageError
from newsletter.model import AlertKind, SendState
from newsletter.pipeline import alerts, guards, pausing, queueing, sending
from newsletter.pipeline.context import Context
from newsletter.sending import owner, plan
from newsletter.storage import claims, doubt, evidence, sends

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a decision did: batch numbers accepted, to be sent again, and left because evidence forbids it."""

    send_id: int
    accepted: tuple[int, ...] = ()
    resent: tuple[int, ...] = ()
    left: tuple[int, ...] = ()


def probably_not_accepted(item: doubt.Doubt, now: datetime) -> bool:
    """No event after the quiet time, at whose end batches that were claimed later are heard (docs/decisions/0031)."""
    return item.quiet(now) >= plan.QUIET_TIME and heard_at_the_end(item)


def heard_at_the_end(item: doubt.Doubt) -> bool:
    """Whether the way back from the ESP is known to have worked when the quiet time ended."""
    at = item.others_heard_at
    return at is not None and item.quiet(at) >= plan.QUIET_TIME - plan.HEARD_AT_THE_END


def verdict(item: doubt.Doubt, now: datetime) -> str:
    """What the evidence says, in words for the person who decides."""
    minutes, at = _minutes(item, now), item.others_heard_at
    if at is None:
        return (
            f"no event of this batch or a later one in {minutes} minutes: is the event webhook set up? Look at the "
            "ESP's activity feed, or send a test, which is a later one"
        )
    if item.quiet(now) < plan.QUIET_TIME:
        whole = int(plan.QUIET_TIME.total_seconds() // 60)
        return f"no event yet after {minutes} minutes, while later batches are heard; wait for {whole} minutes in all"
    if heard_at_the_end(item):
        return f"probably not accepted: no event in {minutes} minutes, while later batches are heard, last {_utc(at)}"
    return (
        f"no event in {minutes} minutes, but of later batches none since {_utc(at)} either: the webhook may have "
        "broken. Send a test, whose events say whether it works"
    )


def _minutes(item: doubt.Doubt, now: datetime) -> int:
    return int(item.quiet(now).total_seconds() // 60)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def costs(readers: int) -> dict[str, str]:
    """What each decision costs if it is wrong."""
    people = "1 reader" if readers == 1 else f"{readers:,} readers"
    return {
        "resend": f"if the ESP has accepted it, {people} get it twice",
        "accept": f"if the ESP has not accepted it, {people} do not get it, and count as accepted",
        "wait": "it stays in doubt; an event that comes later still settles it",
    }


def in_words(found: Collection[doubt.Doubt], others: evidence.Others, now: datetime) -> Iterator[str]:
    """The evidence on the screen: each batch, then what was heard of the others, then what a decision costs."""
    for item in found:
        yield f"batch {item.number}: {item.readers:,} readers, attempt {item.attempt}, {item.error}"
        minutes = _minutes(item, now)
        yield f"  claimed {_utc(item.claimed_at)}, {minutes} minutes ago, by process {item.pid} on {item.host}"
        yield f"  {verdict(item, now)}"
    last = f", last {_utc(others.last_heard_at)}" if others.last_heard_at else ""
    yield f"Of the {others.accepted:,} accepted batches of this send {others.heard:,} were heard since{last}"
    for decision, cost in costs(sum(item.readers for item in found)).items():
        yield f"{'--' if decision != 'wait' else ''}{decision}: {cost}"


def document(item: doubt.Doubt, now: datetime) -> dict[str, Any]:
    """A batch in doubt and its evidence, for `--json`."""
    return {
        "batch": item.number,
        "readers": item.readers,
        "attempt": item.attempt,
        "claimed_at": item.claimed_at.isoformat(),
        "host": item.host,
        "pid": item.pid,
        "minutes": _minutes(item, now),
        "status": item.status,
        "error": item.error,
        "others_heard_at": item.others_heard_at.isoformat() if item.others_heard_at else None,
        "verdict": verdict(item, now),
        "costs": costs(item.readers),
    }


def whole(context: Context, edition: str, found: Collection[doubt.Doubt], now: datetime) -> dict[str, Any]:
    """All of them for `--json`, with what was heard of the other batches."""
    heard = others(context, edition, found) if found else None
    last = heard.last_heard_at.isoformat() if heard and heard.last_heard_at else None
    return {
        "edition": edition,
        "in_doubt": [document(item, now) for item in found],
        "others": {"accepted": heard.accepted, "heard": heard.heard, "last_heard_at": last} if heard else None,
    }


def others(context: Context, edition: str, found: Collection[doubt.Doubt]) -> evidence.Others:
    """What was heard of the edition's accepted batches since the first of these doubts was claimed."""
    with context.store.read() as tx:
        live = sends.live(tx, edition)
        assert live is not None  # `listed` has looked
        return evidence.others(tx, live.id, min(item.claimed_at for item in found))


def listed(context: Context, edition: str, numbers: Collection[int] = ()) -> tuple[doubt.Doubt, ...]:
    """The batches of an edition that are in doubt, all or those of the numbers.

    Raises UsageError where it has no send, or no batch in doubt of such a number.
    """
    now = context.clock()
    with context.store.write() as tx:
        live = sends.live(tx, edition)
        if live is None:
            raise UsageError(f"{edition} has no send yet")
        claims.recover(tx, owner.is_gone, now)
        found = tuple(_with_unlived(context, item, now) for item in doubt.doubts(tx, live.id))
    unknown = set(numbers) - {item.number for item in found}
    if unknown:
        raise UsageError(f"{edition} has no batch in doubt with the number {', '.join(map(str, sorted(unknown)))}")
    return tuple(item for item in found if not numbers or item.number in numbers)


def _with_unlived(context: Context, item: doubt.Doubt, now: datetime) -> doubt.Doubt:
    """Compare the wall clock with the uptime, on the machine that made the claim and since the same boot."""
    if item.claimed_uptime_s is None or item.boot != owner.boot():
        return item
    lived = timedelta(seconds=context.uptime() - item.claimed_uptime_s)
    return replace(item, unlived=max(now - item.claimed_at - lived, timedelta()))


def resolve(
    context: Context, edition: str, *, accept: bool, by: str, numbers: Collection[int] = (), quiet_only: bool = False
) -> Resolution:
    """Decide over batches in doubt, all or those of the numbers: take them as accepted, or send them again.

    What has evidence of acceptance is never sent again. With `quiet_only`, only what is probably not accepted is, and
    only once: what comes to be in doubt again waits for a person.
    Raises UsageError, and ConfigError or StoreError where live mail must not go.
    """
    now = context.clock()
    chosen = listed(context, edition, numbers)
    if quiet_only:
        chosen = tuple(item for item in chosen if item.doubted == 1 and probably_not_accepted(item, now))
    done: list[int] = []
    left: list[int] = []
    with context.store.write() as tx:
        live = sends.live(tx, edition)
        assert live is not None  # `listed` has looked
        live = sends.find(tx, live.id, lock=True)
        if live.state is SendState.CANCELLED and chosen and not accept:
            raise UsageError(f"{edition} is cancelled: nothing is sent again; --accept takes its batches as accepted")
        if chosen and not accept:
            guards.before_live_send(context, tx)  # what goes again is live mail like any other
        for item in chosen:
            news = (
                doubt.accept(tx, item.batch_id, by=by, now=now) if accept else doubt.resend(tx, item.batch_id, now=now)
            )
            (done if news else left).append(item.number)
        if done and not accept:
            pausing.reopen(tx, live, reason="resent in part", by=by, now=now)
            queueing.put_missing(context, tx, live.id)
            alerts.rearm(tx, edition, AlertKind.IN_DOUBT, AlertKind.NOT_ACCEPTED)  # in doubt again, it is news again
        sending.close(tx, live.id, now)
    if chosen:
        log.info("doubts resolved", edition=edition, accepted=accept, batches=done, left=left, by=by)
    return Resolution(
        send_id=live.id,
        accepted=tuple(done) if accept else (),
        resent=() if accept else tuple(done),
        left=tuple(left),
    )
