"""An edition is frozen: its bytes, its stories and its readers, in one transaction; then it may be signed off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from newsletter.errors import ProofError, UsageError
from newsletter.model import EditionState, Newsletter, Standing, Step, Story
from newsletter.pipeline import canary, composing, gathering, guards, keeping, preparing, variants
from newsletter.pipeline.context import Context, Target
from newsletter.pipeline.variants import Variants
from newsletter.storage import Tx, balance, clock, editions, roster, sends
from newsletter.storage.variants import choices

log = structlog.get_logger()

MAY_FREEZE = (EditionState.OPEN, EditionState.HELD, EditionState.MISSED, EditionState.SKIPPED)


class AudienceError(ProofError):
    """The audience is empty, or odd enough to ask a person, who answers with the number."""

    def __init__(self, message: str, count: int) -> None:
        self.count = count
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was frozen: the fingerprint of its bytes, and how many will get it."""

    edition: str
    fingerprint: str
    stories: int
    candidates: int
    mailable: int


def freeze(
    context: Context, target: Target, *, by: str, at: datetime | None = None, confirmed: int | None = None
) -> Frozen:
    """Freeze an edition that is open or held. `confirmed` is the number that answers the audience guard.

    Raises ContentError, TooFewStoriesError, RenderError, ProofError, AudienceError, UsageError.
    """
    now = context.clock()
    made = preparing.prepare(context, target, now, at=at)
    with context.store.write() as tx:
        row = open_row(tx, target, now, at=at)
        if row.state not in MAY_FREEZE:  # looked at first: of an edition that went, nothing can be taken back
            raise UsageError(f"{target.id} is {row.state.value}: it cannot be frozen (again)")
        frozen = _freeze(context, tx, target, row, made, now, max(at or target.planned_at or now, now))
        _guard_audience(tx, target.newsletter, row, frozen.mailable, confirmed)
        editions.move(tx, row.id, MAY_FREEZE, EditionState.FROZEN, reason="", by=by, now=now)
    log.info("edition frozen", edition=target.id, fingerprint=frozen.fingerprint, mailable=frozen.mailable, by=by)
    return frozen


def refreeze(context: Context, target: Target, *, by: str, story: str, confirmed: int | None = None) -> Frozen:
    """Freeze anew with a late-breaking story, while nothing was claimed: the audience too, and nobody has signed."""
    now = context.clock()
    made = preparing.prepare(context, target, now)
    edition = made.main.edition
    if story not in {s.slug for s in edition.stories} | {c.slug for c in edition.extras.corrections}:
        raise UsageError(
            f"{target.id} would not hold {story}: see `newsletter edition plan {target.id}` for the reason"
        )
    with context.store.write() as tx:
        row = editions.find(tx, target.id, lock=True)
        since = [EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.HELD]
        if row is None or row.state not in since:
            raise UsageError(f"{target.id} is not frozen: `newsletter edition freeze {target.id}`")
        if not sends.unfreeze(tx, row.id):
            raise UsageError(f"{target.id} has begun to go out: it cannot be changed; send a correction afterwards")
        frozen = _freeze(context, tx, target, row, made, now, max(target.planned_at or now, now))
        _guard_audience(tx, target.newsletter, row, frozen.mailable, confirmed)
        editions.move(tx, row.id, since, EditionState.FROZEN, reason=f"with {story}", by=by, now=now)
        clock.give_back_step(tx, target.id, Step.FROZEN_TEST)
    log.info("edition frozen anew", edition=target.id, fingerprint=frozen.fingerprint, story=story, by=by)
    return frozen


def open_row(tx: Tx, target: Target, now: datetime, *, at: datetime | None = None) -> editions.EditionRow:
    """The edition's row, made where there is none."""
    planned = at or target.planned_at or now
    return editions.ensure(
        tx, target.id, newsletter=target.newsletter.slug, on=target.date, planned_at=planned, now=now
    )


def _freeze(
    context: Context,
    tx: Tx,
    target: Target,
    row: editions.EditionRow,
    made: Variants,
    now: datetime,
    goes_at: datetime,
) -> Frozen:
    newsletter, edition = target.newsletter, made.main.edition
    guards.check_epoch(context, tx)  # in a restored ledger, numbers of deliveries would come again
    sends.unfreeze(tx, row.id)  # a held edition may have been frozen before
    editions.clear_signatures(tx, row.id)
    list_id = roster.ensure_list(tx, newsletter.list, newsletter.title, now)
    mailing = preparing.mailing(context, newsletter, edition, list_id, goes_at, row.id)
    made = variants.make(context, newsletter, edition, choices(tx, mailing), made)  # somebody may have chosen since
    composing.require_proof(target.id, made.findings)
    editions.set_frozen(tx, row.id, edition, made.fingerprint, now)
    keeping.keep(tx, row.id, edition, made.main.message.pictures)
    plan = sends.Plan(
        edition_id=row.id,
        mailing=mailing,
        allotment=preparing.keep(tx, row.id, made, now),
        subject=edition.subject,
        batch_size=context.settings.batch_size,
        canary=frozenset(canary.keys(context, newsletter)),
        canary_wait=timedelta(minutes=newsletter.canary.wait_minutes if newsletter.canary else 0),
    )
    send_id = sends.freeze(tx, plan, now)
    mailable = sends.mailable_count(tx, send_id)
    note_standings(tx, edition.stories, now)
    return Frozen(
        edition=target.id,
        fingerprint=made.fingerprint,
        stories=len(edition.stories),
        candidates=sends.find(tx, send_id).candidates,
        mailable=mailable,
    )


def _guard_audience(
    tx: Tx, newsletter: Newsletter, row: editions.EditionRow, mailable: int, confirmed: int | None
) -> None:
    """Nobody, or an odd number of people, without somebody's word (the proof's row on the audience)."""
    if mailable == 0:
        raise AudienceError(
            f"{row.name}: nobody on the list {newsletter.list!r} can be mailed; see `newsletter lists`, or import "
            "readers with `newsletter subscribers import`",
            0,
        )
    last = balance.last_mailed_count(tx, newsletter.slug, before=row.id)
    odd = odd_audience(newsletter, row.name, mailable, last)
    if odd is not None and confirmed != mailable:
        raise AudienceError(odd, mailable)


def odd_audience(newsletter: Newsletter, name: str, mailable: int, last: int | None) -> str | None:
    """Why so many readers, beside the `last` edition's, need somebody's word; None where they need none."""
    if last is None or abs(mailable - last) <= newsletter.audience_guard * last:
        return None
    return (
        f"{name} would go to {mailable} readers, the last edition went to {last}: that differs by more than "
        f"{newsletter.audience_guard:.0%}. If it is right, say so with --confirm-count {mailable}"
    )


def note_standings(tx: Tx, stories: Sequence[Story], now: datetime, *, by: str | None = None) -> None:
    """Keep each change of a story's standing in the log, made by `by` or by whoever sealed it."""
    clock.note_standings(
        tx,
        [
            (story.slug, story.standing.value, story.digest, by or (story.approval.by if story.approval else ""))
            for story in stories
        ],
        now,
    )


def sign_off(context: Context, target: Target, *, fingerprint: str, by: str) -> bool:
    """Sign a frozen edition by its fingerprint; True once enough people have. Raises UsageError."""
    now = context.clock()
    needed = {"none": 0, "one": 1, "two": 2}[target.newsletter.sign_off]
    with context.store.write() as tx:
        row = editions.find(tx, target.id, lock=True)
        if row is None or row.fingerprint is None or row.state not in _SIGNABLE:
            raise UsageError(f"{target.id} is not frozen: there is nothing to sign off yet")
        bare = fingerprint.removeprefix("sha256:")
        if len(bare) < 4 or not row.fingerprint.removeprefix("sha256:").startswith(bare):
            raise UsageError(
                f"{target.id} has the fingerprint {row.fingerprint}, not {fingerprint}: look at the last test"
            )
        editions.sign(tx, row.id, row.fingerprint, by, now)
        enough = len(editions.signatures(tx, row.id, row.fingerprint)) >= needed
        if enough:
            editions.move(tx, row.id, _SIGNABLE, EditionState.SIGNED_OFF, reason="", by=by, now=now)
    log.info("edition signed", edition=target.id, fingerprint=row.fingerprint, by=by, enough=enough)
    return enough


_SIGNABLE = (EditionState.FROZEN, EditionState.HELD)


def stand(
    context: Context, target: Target, to: EditionState, *, reason: str, by: str, at: datetime | None = None
) -> bool:
    """Write down that an edition is held, skipped or missed, and why; False where it is past that."""
    now = context.clock()
    since = {
        EditionState.HELD: [EditionState.OPEN, EditionState.FROZEN, EditionState.SIGNED_OFF],
        EditionState.SKIPPED: [EditionState.OPEN, EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.HELD],
        EditionState.MISSED: [EditionState.OPEN, EditionState.FROZEN, EditionState.SIGNED_OFF, EditionState.HELD],
        EditionState.OPEN: [EditionState.HELD, EditionState.SKIPPED],
    }[to]
    with context.store.write() as tx:
        row = open_row(tx, target, now, at=at)
        moved = editions.move(tx, row.id, since, to, reason=reason, by=by, now=now)
    if moved:
        log.info("edition " + to.value, edition=target.id, reason=reason, by=by)
    return moved


def look_again(context: Context, target: Target, now: datetime) -> str | None:
    """Why a frozen edition must not begin after all: one of its stories was killed, revoked, changed or has expired, or
    its newsletter has another list by now.

    Looked at before the first claim (sending.md, The clock).
    """
    stories = {story.slug: story for story in gathering.read_desk(context).stories}
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
        frozen = editions.frozen_stories(tx, row.id) if row else ()
        live = sends.live(tx, target.id)
    if live is not None and live.kind == "live" and live.list != target.newsletter.list:
        return f"it was frozen for the list {live.list}, and its newsletter has the list {target.newsletter.list} now"
    for old in frozen:
        why = _why_not(stories.get(old.slug), old.digest, target.newsletter, now)
        if why is not None:
            return f"{old.slug} {why}"
    return None


def _why_not(story: Story | None, digest: str, newsletter: Newsletter, now: datetime) -> str | None:
    if story is None:
        return "is gone, or its file cannot be read any more"
    trusted = {Standing.APPROVED} | (
        {Standing.UNSEALED, Standing.CHANGED} if newsletter.approvals == "status" else set()
    )
    if story.standing not in trusted:
        return f"is {story.standing.value} now"
    if story.digest != digest:
        return "was changed after the freeze"
    if story.go_live is not None and story.go_live > now:
        return f"is embargoed until {story.go_live.astimezone(newsletter.zone):%a %d %b %H:%M}"
    if story.expires is not None and story.expires <= now:
        return f"expired at {story.expires.astimezone(newsletter.zone):%a %d %b %H:%M}"
    return None


def standing(context: Context, target: Target) -> EditionState:
    """Where an edition stands; `open` where it has no row yet."""
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
    return row.state if row else EditionState.OPEN


def require_ready(context: Context, target: Target, *, by: str) -> None:
    """Raise UsageError for a frozen edition that must not begin: a story does not hold any more, or nobody signed."""
    why_not = look_again(context, target, context.clock())
    if why_not is not None:
        stand(context, target, EditionState.HELD, reason=why_not, by=by)
        raise UsageError(f"{target.id} is held: {why_not}. Mend it and freeze again, or leave the story out")
    require_signed(context, target)


def require_signed(context: Context, target: Target) -> None:
    """Raise UsageError while a frozen edition waits for signatures that its newsletter asks for."""
    if target.newsletter.sign_off == "none" or standing(context, target) is EditionState.SIGNED_OFF:
        return
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
    mark = (row.fingerprint or "").removeprefix("sha256:")[:8] if row else ""
    raise UsageError(
        f"{target.id} waits for sign-off ({target.newsletter.sign_off}): send a test, look at it, then "
        f"`newsletter edition sign-off {target.id} {mark}`"
    )
