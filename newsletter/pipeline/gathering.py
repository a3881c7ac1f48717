"""Which stories make an edition: files from `stories`, what went before from `storage`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import ContentError, UsageError
from newsletter.model import Finding, Newsletter
from newsletter.pipeline.context import Context, Target
from newsletter.storage import Tx, corrections, editions
from newsletter.stories.assemble import Assembly, History, assemble
from newsletter.stories.checks import check_story, check_together
from newsletter.stories.load import Desk, load_stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """An edition as it would be made now, with the whole desk it was made from."""

    target: Target
    planned_at: datetime
    assembly: Assembly
    desk: Desk


def read_desk(context: Context) -> Desk:
    """All story files, with the faults of those that cannot be read."""
    settings = context.settings
    return load_stories(settings.content, context.organisation, cache=settings.var / "cache" / "stories")


def history(tx: Tx, newsletter: Newsletter) -> History:
    """What went to a newsletter's list before, and when its editions went."""
    gone = editions.gone(tx, newsletter.list)
    return History(sent=gone.slugs, dates=gone.dates, edition_times=editions.went_at(tx, newsletter.slug))


def gather(context: Context, target: Target, now: datetime, *, at: datetime | None = None) -> Gathered:
    """Assemble an edition as of `now`, for the time `at`: its schedule's where that is still to come, else now."""
    planned = at or max(target.planned_at or now, now)
    desk = read_desk(context)
    with context.store.read() as tx:
        before = history(tx, target.newsletter)
    assembly = assemble(
        target.newsletter,
        desk.stories,
        on=target.date,
        planned_at=planned,
        now=now,
        history=before,
        suffix=target.suffix,
    )
    return Gathered(target=target, planned_at=planned, assembly=assembly, desk=desk)


def refuse_correction(context: Context, target: Target) -> None:
    """Raise UsageError for an edition that is the mail of a correction: no stories are gathered for it."""
    with context.store.read() as tx:
        mail = corrections.mail(tx, target.id)
    if mail is not None:
        word = f"`newsletter send correction {mail.corrected} --story {mail.slug}`"
        raise UsageError(f"{target.id} is the mail of a correction, and holds nothing else: {word}")


def require_readable(gathered: Gathered) -> None:
    """Raise ContentError for approved files that cannot be read: an edition must not go without them in silence."""
    if gathered.desk.approved_faults:
        raise ContentError(gathered.desk.approved_faults)


def desk_findings(context: Context, gathered: Gathered, now: datetime) -> tuple[Finding, ...]:
    """The desk checks of the stories and corrections that an edition would hold, and what it must not go without."""
    edition = gathered.assembly.edition
    found: list[Finding] = list(gathered.assembly.findings)
    if edition is None:
        return tuple(found)
    boxed = {correction.slug for correction in gathered.assembly.corrections}
    for story in (*edition.stories, *(story for story in gathered.desk.stories if story.slug in boxed)):
        found.extend(
            check_story(
                story, newsletters=tuple(context.newsletters.values()), outlets=context.organisation.outlets, now=now
            )
        )
    return (*found, *check_together(edition.stories))
