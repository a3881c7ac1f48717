"""What the clock asks of the ledger and leaves in it: facts of editions, steps done once, story moves, heartbeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, insert, select, update

from newsletter.model import TO_READERS, EditionFacts, EditionState, SendState, Step
from newsletter.storage import canary
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new
from newsletter.storage.editions import signatures

_UNDER_WAY = [
    state.value for state in (EditionState.SENDING, EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.HELD)
]


def take_step(tx: Tx, name: str, step: str, now: datetime) -> bool:
    """Claim a step of the clock, or a notice of one kind; True for the one that may carry it out."""
    return bool(insert_new(tx, t.step, [{"edition": name, "name": step, "at": now}], returning="name"))


def step_at(tx: Tx, name: str, step: str) -> datetime | None:
    """When a step was taken, if it was."""
    return tx.execute(select(t.step.c.at).where(t.step.c.edition == name, t.step.c.name == step)).scalar_one_or_none()


def give_back_step(tx: Tx, name: str, step: str) -> bool:
    """A step that could not be carried out may be taken again; True where it had been taken."""
    done = tx.execute(delete(t.step).where(t.step.c.edition == name, t.step.c.name == step))
    return done.rowcount == 1


def with_steps(tx: Tx, one: Step, other: Step) -> tuple[str, ...]:
    """The editions for which both steps were taken."""
    also = t.step.alias()
    both = select(t.step.c.edition).join(also, also.c.edition == t.step.c.edition)
    wanted = both.where(t.step.c.name == one.value, also.c.name == other.value).order_by(t.step.c.edition)
    return tuple(tx.execute(wanted).scalars())


def facts(tx: Tx, since: datetime) -> Mapping[str, EditionFacts]:
    """What the clock needs of each edition from a day on, and of each that is still on its way."""
    first = (since - timedelta(days=1)).date()  # an edition's date is its newsletter's: in America it is yesterday yet
    rows = tx.execute(select(t.edition).where((t.edition.c.date >= first) | t.edition.c.state.in_(_UNDER_WAY))).all()
    steps = _steps(tx, since)
    # A step (the reminder) may come before the edition has a row of its own.
    loose = {name: done for name, done in steps.items() if name not in {row.name for row in rows}}
    found = {
        row.name: EditionFacts(
            id=row.name,
            state=EditionState(row.state),
            reason=row.reason,
            fingerprint=row.fingerprint,
            tested=last_test(tx, row.id),
            signed_by=signatures(tx, row.id, row.fingerprint) if row.fingerprint else (),
            steps=steps.get(row.name, frozenset()),
            frozen_at=row.frozen_at,
            send=_live_state(tx, row.id),
            active_at=_active_at(tx, row.id),
            waits_until=_waits_until(tx, row.id),
            finished_at=row.finished_at,
        )
        for row in rows
    }
    return found | {name: EditionFacts(id=name, state=EditionState.OPEN, steps=done) for name, done in loose.items()}


def _steps(tx: Tx, since: datetime) -> dict[str, frozenset[Step]]:
    known = {step.value for step in Step}
    steps: dict[str, set[Step]] = {}
    for row in tx.execute(select(t.step).where(t.step.c.at >= since)):
        if row.name in known:
            steps.setdefault(row.edition, set()).add(Step(row.name))
    return {name: frozenset(done) for name, done in steps.items()}


def last_test(tx: Tx, edition_id: int) -> str | None:
    """The fingerprint of the newest test of which a batch was accepted; the edition's own where it was a test of the
    main variant that it is frozen with.
    """
    main = t.variant.alias()
    return tx.execute(
        select(case((main.c.id.is_not(None), t.edition.c.fingerprint), else_=t.message.c.fingerprint))
        .select_from(t.message)
        .join(t.variant, t.variant.c.message_id == t.message.c.id)
        .join(t.batch, t.batch.c.variant_id == t.variant.c.id)
        .join(t.send, t.send.c.id == t.batch.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .outerjoin(
            main,
            (main.c.edition_id == t.edition.c.id) & (main.c.message_id == t.message.c.id) & (main.c.place == 1),
        )
        .where(t.send.c.edition_id == edition_id, t.send.c.kind == "test", t.batch.c.state == "accepted")
        .order_by(t.send.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _live_state(tx: Tx, edition_id: int) -> SendState | None:
    state = tx.execute(
        select(t.send.c.state).where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
    ).scalar_one_or_none()
    return None if state is None else SendState(state)


def _waits_until(tx: Tx, edition_id: int) -> datetime | None:
    """Until when the rest of a live send waits for its canary; None where it does not."""
    live = select(t.send.c.id).where(
        t.send.c.edition_id == edition_id, t.send.c.canary_count > 0, t.send.c.rest_at.is_(None)
    )
    send_id = tx.execute(live).scalar_one_or_none()
    found = canary.standing(tx, send_id) if send_id is not None else None
    return found.rest_from if found else None


def _active_at(tx: Tx, edition_id: int) -> datetime | None:
    """When the live send last moved: started, resumed, a batch claimed, answered or settled."""
    row = tx.execute(
        select(
            func.max(t.send.c.moved_at),
            func.max(t.attempt.c.claimed_at),
            func.max(t.attempt.c.finished_at),
            func.max(t.batch.c.settled_at),
        )
        .select_from(t.send)
        .outerjoin(t.batch, t.batch.c.send_id == t.send.c.id)
        .outerjoin(t.attempt, t.attempt.c.batch_id == t.batch.c.id)
        .where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
    ).one()
    return max((instant for instant in row if instant is not None), default=None)


def watch(tx: Tx, schedules: Mapping[str, str], now: datetime) -> Mapping[str, datetime]:
    """From when on each newsletter's schedule counts; one that is new or was changed counts from now."""
    known = {row.newsletter: row for row in tx.execute(select(t.watch))}
    for slug, schedule in schedules.items():
        if slug not in known:
            insert_new(tx, t.watch, [{"newsletter": slug, "schedule": schedule, "since": now}])
        elif known[slug].schedule != schedule:
            tx.execute(update(t.watch).where(t.watch.c.newsletter == slug).values(schedule=schedule, since=now))
    return watched(tx)


def watched(tx: Tx) -> Mapping[str, datetime]:
    """From when on each newsletter's schedule counts, as it was last noted."""
    return {row.newsletter: row.since for row in tx.execute(select(t.watch))}


def ledger_since(tx: Tx) -> datetime:
    """When this ledger was made."""
    made: datetime = tx.execute(select(t.ledger.c.created_at)).scalar_one()
    return made


def note_standings(tx: Tx, standings: Sequence[tuple[str, str, str, str]], now: datetime) -> int:
    """Append to the log each story whose standing or digest is news: (slug, standing, digest, by). Gives how many."""
    newest = select(func.max(t.story_move.c.id)).group_by(t.story_move.c.slug)
    rows = tx.execute(select(t.story_move).where(t.story_move.c.id.in_(newest)))
    last = {row.slug: (row.to_state, row.digest) for row in rows}
    news = [
        {
            "slug": slug, "at": now, "from_state": last.get(slug, ("", ""))[0], "to_state": standing, "by": by,
            "digest": digest,
        }
        for slug, standing, digest, by in standings
        if last.get(slug) != (standing, digest)
    ]  # fmt: skip
    if news:
        tx.execute(insert(t.story_move), news)
    return len(news)


def beat(tx: Tx, host: str, pid: int, now: datetime) -> None:
    """Say that the scheduler of a host is alive."""
    row = {"host": host, "pid": pid, "at": now}
    if not insert_new(tx, t.heartbeat, [row], returning="host"):
        tx.execute(update(t.heartbeat).where(t.heartbeat.c.host == host).values(pid=pid, at=now))


def end_beat(tx: Tx, host: str, now: datetime) -> None:
    """Say that a process ended in order: its silence is no alarm. It begins anew with its next beat."""
    tx.execute(update(t.heartbeat).where(t.heartbeat.c.host == host).values(pid=0, at=now))


def beats(tx: Tx) -> Mapping[str, datetime]:
    """The last sign of life of each host's scheduler, and of each worker as `HOST worker`."""
    return {row.host: row.at for row in tx.execute(select(t.heartbeat).order_by(t.heartbeat.c.host))}


def ended(tx: Tx) -> frozenset[str]:
    """Those whose last sign of life was their goodbye."""
    return frozenset(tx.execute(select(t.heartbeat.c.host).where(t.heartbeat.c.pid == 0)).scalars())


def any_beat_before(tx: Tx, moment: datetime) -> bool:
    """Whether somebody has been silent for so long that they will not come back."""
    return tx.execute(select(t.heartbeat.c.host).where(t.heartbeat.c.at < moment).limit(1)).first() is not None


def forget_beats(tx: Tx, before: datetime) -> None:
    """Forget hosts that were not heard since."""
    tx.execute(delete(t.heartbeat).where(t.heartbeat.c.at < before))
