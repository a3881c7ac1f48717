"""The mail of a correction: to exactly those who got the wrong edition, each of them once (docs/decisions/0042).

It is an edition of its own, so that all that is true of a send is true of it: frozen bytes, batches, claims, pause,
resume, doubts, a report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

import structlog

from newsletter.audience.reasons import in_words
from newsletter.errors import ProofError, UsageError
from newsletter.model import EditionState, Level, SendReport, Status, Story, edition_id
from newsletter.pipeline import composing, desk, freezing, gathering, guards, keeping, testing, variants
from newsletter.pipeline.context import Context, Target, target
from newsletter.rendering.wording import wording
from newsletter.storage import Tx, balance, corrections, delivery_sums, editions, messages, sends
from newsletter.storage.eligibility import Mailing
from newsletter.storage.variants import Allotment, fix
from newsletter.stories.assemble import unfit
from newsletter.stories.checks import check_story
from newsletter.stories.corrections import correction_edition, fault

log = structlog.get_logger()

SUFFIX = "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A correcting story, the edition whose readers got the wrong one, and the edition that its mail is or will be."""

    story: Story
    wrong: corrections.Held
    target: Target
    state: EditionState

    @property
    def is_frozen(self) -> bool:
        return self.state in (EditionState.FROZEN, EditionState.SIGNED_OFF)


def find(context: Context, words: str, story: str) -> Case:
    """What `send correction EDITION --story STORY` means. `words` name the edition that was wrong, or its newsletter;
    the story is the correcting one, or the wrong one where one story corrects it. Raises ContentError, UsageError.
    """
    found, now = _correcting(context, desk.find(context, story)), context.clock()
    newsletter = context.newsletter(words.partition("/")[0])
    name = target(context, words, now).id if "/" in words else None
    with context.store.read() as tx:
        known = corrections.mail(tx, name) if name else None
        name = known.corrected if known else name
        held = corrections.holders(tx, found.corrects or "")
        fits = [each for each in held if (each.edition == name if name else each.newsletter == newsletter.slug)]
        if not fits:
            raise UsageError(_nobody_got(found, name or f"an edition of {newsletter.slug}", held))
        mail = corrections.mail_of(tx, fits[0].edition, found.slug)
        today = now.astimezone(newsletter.zone).date()
        on = target(context, mail.edition if mail else _free_name(tx, newsletter.slug, today), now)
        row = editions.find(tx, on.id)
    return Case(story=found, wrong=fits[0], target=on, state=row.state if row else EditionState.OPEN)


def _correcting(context: Context, story: Story) -> Story:
    every = {each.slug: each for each in gathering.read_desk(context).stories}
    if story.corrects is None:
        fits = [s for s in every.values() if s.corrects == story.slug and s.status is not Status.KILLED]
        if len(fits) != 1:
            there = f"any of {', '.join(s.slug for s in fits)} may be meant" if fits else "no story does that"
            raise UsageError(f"{story.slug} has no `corrects`. It may be what is to be corrected, and {there}")
        story = fits[0]
    wrong = fault(story, every, [story.corrects or ""])
    if wrong is not None:
        raise UsageError(f"{story.path}: {wrong}")
    return story


def _nobody_got(story: Story, where: str, held: tuple[corrections.Held, ...]) -> str:
    went = f"it went with {', '.join(each.edition for each in held)}" if held else "it has not gone out at all"
    return f"{story.corrects}, which {story.slug} corrects, did not go with {where}: {went}"


def _free_name(tx: Tx, newsletter: str, today: date) -> str:
    names = (edition_id(newsletter, today, SUFFIX if n == 1 else f"{SUFFIX}-{n}") for n in count(1))
    return next(name for name in names if editions.find(tx, name) is None)


# --- looking ----------------------------------------------------------------------------------------------------------


def compose(context: Context, case: Case) -> composing.Composed:
    """Check, render and proof a correction. Raises UsageError, RenderError, ProofError."""
    newsletter, now = case.target.newsletter, context.clock()
    guards.require_redirect(context, newsletter)
    reason = unfit(case.story, newsletter, now)
    if reason is not None:
        raise UsageError(f"{case.story.slug} may not go: {reason}")
    every, outlets = tuple(context.newsletters.values()), context.organisation.outlets
    found = check_story(case.story, newsletters=every, outlets=outlets, now=now)
    stops = [finding for finding in found if finding.level is Level.STOP]
    if stops:
        raise ProofError(f"{case.story.slug} may not go:\n{composing.in_lines(stops)}")
    edition = correction_edition(
        newsletter, case.story, wrong=case.wrong.headline, wrong_on=case.wrong.date, on=case.target.date,
        suffix=case.target.suffix or SUFFIX, wording=wording(newsletter.language, context.settings.templates),
    )  # fmt: skip
    look = replace(newsletter, template=newsletter.correction_template or newsletter.template)
    # No variants: all get the one story, and nobody is looked at while they read what was wrong.
    composed = composing.compose(context, look, edition, variants.tracking(newsletter, agreed=False))
    composing.require_proof(case.target.id, composed.findings)
    return composed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a correction would be if it went now, and to how many; of those who get none, the reasons."""

    case: Case
    composed: composing.Composed
    audience: Mapping[str | None, int]

    @property
    def readers(self) -> int:
        return self.audience.get(None, 0)


def outlook(context: Context, case: Case) -> Outlook:
    """Look at a correction as it would be frozen now, changing nothing. Raises UsageError, RenderError, ProofError."""
    composed = compose(context, case)
    with context.store.read() as tx:
        before = sends.live(tx, case.target.id) if case.is_frozen or case.state in freezing.MAY_FREEZE else None
        audience = corrections.audience(
            tx, _settled(tx, case), case.story.corrects or "", case.story.slug, at=context.clock(),
            besides=before.id if before else None,
        )  # fmt: skip
    return Outlook(case=case, composed=composed, audience=audience)


def in_text(of: Outlook) -> Iterator[str]:
    """Lines for whoever decides: what goes, whom it corrects, who gets it and who does not."""
    case, received = of.case, sum(of.audience.values())
    state = "" if case.state is EditionState.OPEN else f" ({case.state.value} already)"
    yield f"{case.target.id}{state}: {of.composed.message.subject}"
    yield f"  corrects “{case.wrong.headline}” ({case.story.corrects}) in {case.wrong.edition}"
    yield f"  goes to {of.readers:,} of the {received:,} readers who got that"
    for reason, people in of.audience.items():
        if reason is not None:
            yield f"    {people:,} left out: {in_words(reason)}"
    yield f"  {of.composed.message.fingerprint}"


def document(of: Outlook) -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "edition": of.case.target.id,
        "corrected": of.case.wrong.edition,
        "story": of.case.story.slug,
        "corrects": of.case.story.corrects,
        "subject": of.composed.message.subject,
        "fingerprint": of.composed.message.fingerprint,
        "recipients": of.readers,
        "excluded": {reason: people for reason, people in of.audience.items() if reason is not None},
    }


def send_test(context: Context, case: Case, *, to: tuple[str, ...] = ()) -> SendReport:
    """Send editors the correction as it would go, or as it is frozen. Raises what `testing.send_test` raises."""
    context.gateway()  # without a key nothing is begun
    with context.store.read() as tx:
        row = editions.find(tx, case.target.id)
        frozen = messages.of_edition(tx, row.id) if row and row.fingerprint else None
        wrong = target(context, case.wrong.edition, context.clock())
    message = frozen or compose(context, case).message
    # Before it is frozen a correction has no row of its own: its test stands with the edition that it corrects.
    return testing.send_message(context, case.target if row else wrong, message, fingerprint=message.fingerprint, to=to)


# --- freezing ---------------------------------------------------------------------------------------------------------


def freeze(context: Context, case: Case, *, by: str, confirmed: int | None = None) -> freezing.Frozen:
    """Fix the bytes and the readers of a correction; `confirmed` is the number that somebody expects.

    Raises UsageError, RenderError, ProofError, AudienceError, StoreError.
    """
    now, composed, name = context.clock(), compose(context, case), case.target.id
    message, seen = composed.message, variants.tracking(case.target.newsletter, agreed=False)
    with context.store.write() as tx:
        guards.check_epoch(context, tx)
        corrections.lock(tx, case.story.corrects or "")
        wrong, corrected = _settled(tx, case), editions.find(tx, case.wrong.edition)
        assert corrected is not None  # it has a send
        row = corrections.ensure(tx, corrected, case.story.slug, name, on=case.target.date, now=now)
        if row.name != name or row.state not in freezing.MAY_FREEZE:
            raise UsageError(f"{row.name} is {row.state.value}: somebody else began it; ask for its status")
        sends.unfreeze(tx, row.id)
        editions.clear_signatures(tx, row.id)
        variant_id = messages.keep(tx, row.id, message, now, tracking=seen)
        fix(tx, row.id, [(variant_id, ())])
        editions.set_frozen(tx, row.id, composed.edition, message.fingerprint, now)
        keeping.keep(tx, row.id, composed.edition, message.pictures)
        plan = sends.Plan(
            edition_id=row.id,
            mailing=Mailing(
                list_id=wrong.list_id or 0, list_slug=wrong.list, edition_id=row.id,
                loopback=context.settings.on_loopback, at=now,
            ),
            allotment=Allotment(variants=(variant_id,)),
            subject=message.subject,
            batch_size=context.settings.batch_size,
        )  # fmt: skip
        send_id = corrections.freeze(tx, plan, wrong, case.story.corrects or "", case.story.slug, now)
        mailable, candidates = sends.mailable_count(tx, send_id), sends.find(tx, send_id).candidates
        _require_audience(case, mailable, confirmed)
        editions.move(tx, row.id, freezing.MAY_FREEZE, EditionState.FROZEN, reason="", by=by, now=now)
    log.info("correction frozen", edition=name, corrects=case.wrong.edition, mailable=mailable, by=by)
    return freezing.Frozen(
        edition=name, fingerprint=message.fingerprint, stories=1, candidates=candidates, mailable=mailable
    )


def _require_audience(case: Case, mailable: int, confirmed: int | None) -> None:
    if mailable == 0:
        raise freezing.AudienceError(
            f"nobody who got {case.wrong.edition} can be sent a correction of it any more: they left, were not "
            "reached, or have it already",
            0,
        )
    if confirmed not in (None, mailable):
        raise freezing.AudienceError(
            f"{case.target.id} would go to {mailable} readers, and not to {confirmed}: if it is right, say so with "
            f"--confirm-count {mailable}",
            mailable,
        )


def _settled(tx: Tx, case: Case) -> sends.SendRow:
    """The send that was wrong, once it is known of everybody whether they got it. Raises UsageError."""
    name, live = case.wrong.edition, sends.live(tx, case.wrong.edition)
    assert live is not None  # it went
    states = balance.batch_states(tx, live.id)
    if states.get("claimed") or states.get("pending"):
        raise UsageError(
            f"{name} is {live.state.value}, and not everybody who will get it has it: let it end, or stop it first "
            f"with `newsletter send cancel {name}`"
        )
    if states.get("in_doubt"):
        raise UsageError(
            f"{name} has batches in doubt: nobody knows whether their readers got what is to be corrected. Settle them "
            f"first with `newsletter send resolve {name}`, or wait for their events"
        )
    if delivery_sums.begun(tx, live.id) or corrections.summed(tx, case.story.slug):
        raise UsageError(
            f"{name} went out so long ago, or the first mail of this correction did, that who got it is not kept any "
            "more (NEWSLETTER_KEEP_DELIVERIES_DAYS): say it in the next edition"
        )
    return live
