"""What an edition is frozen from, before anything is written: gathered, checked, its variants rendered and proofed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from newsletter.errors import ProofError, UsageError
from newsletter.model import Edition, Level, Newsletter
from newsletter.pipeline import composing, gathering, guards, variants
from newsletter.pipeline.context import Context, Target
from newsletter.pipeline.variants import Variants
from newsletter.storage import Tx, messages, roster
from newsletter.storage.eligibility import Mailing
from newsletter.storage.variants import Allotment, Choice, choices, fix


class TooFewStoriesError(UsageError):
    """An edition has fewer stories than its newsletter asks; what happens then is the newsletter's policy."""


def prepare(context: Context, target: Target, now: datetime, *, at: datetime | None = None) -> Variants:
    """Gather and check an edition, render and proof its variants as the list stands.

    Raises ContentError, TooFewStoriesError, RenderError, ProofError, ConfigError.
    """
    gathering.refuse_correction(context, target)
    guards.require_redirect(context, target.newsletter)
    gathered = gathering.gather(context, target, now, at=at)
    gathering.require_readable(gathered)
    edition = gathered.assembly.edition
    if edition is None:
        raise TooFewStoriesError(f"{target.id}: " + "; ".join(gathered.assembly.problems))
    stops = [f for f in gathering.desk_findings(context, gathered, now) if f.level is Level.STOP]
    if stops:
        raise ProofError(f"{target.id} may not go:\n{composing.in_lines(stops)}")
    counts = counted(context, target.newsletter, edition, gathered.planned_at)
    made = variants.make(context, target.newsletter, edition, counts)
    composing.require_proof(target.id, made.findings)
    return made


def mailing(
    context: Context,
    newsletter: Newsletter,
    edition: Edition,
    list_id: int,
    at: datetime,
    edition_id: int | None = None,
) -> Mailing:
    """What readers of a newsletter's list would be mailed with an edition that goes `at` that time."""
    return Mailing(
        list_id=list_id, list_slug=newsletter.list, edition_id=edition_id, loopback=context.settings.on_loopback,
        at=at, printed=variants.printed(edition),
    )  # fmt: skip


def counted(context: Context, newsletter: Newsletter, edition: Edition, at: datetime) -> Mapping[Choice, int]:
    """How many readers of a newsletter's list made which choice that this edition tells apart."""
    with context.store.read() as tx:
        list_id = roster.list_id(tx, newsletter.list)
        return choices(tx, mailing(context, newsletter, edition, list_id, at)) if list_id is not None else {}


def keep(tx: Tx, edition_id: int, made: Variants, now: datetime) -> Allotment:
    """The messages stored, and who gets which."""
    rows = tuple(messages.keep(tx, edition_id, v.composed.message, now, tracking=v.tracking) for v in made.all)
    fix(tx, edition_id, [(row, variant.sections) for row, variant in zip(rows, made.all, strict=True)])
    return Allotment(variants=rows, choices=made.choices)
