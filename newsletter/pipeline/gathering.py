"""Which stories make an edition: files from `stories`, what went before from `storage`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.errors import ContentError, Fault, RenderError, UsageError
from newsletter.model import ENGLISH_WORDING, Finding, Level, Newsletter, Standing, Wording, levelled
from newsletter.pipeline.context import Context, Target
from newsletter.rendering.wording import wording
from newsletter.storage import Tx, corrections, editions
from newsletter.stories.assemble import Assembly, History, assemble, with_extras
from newsletter.stories.checks import check_story, check_together
from newsletter.stories.extras.checks import check_extras
from newsletter.stories.extras.load import all_faults, load_supply
from newsletter.stories.extras.supply import Known, Supply
from newsletter.stories.load import Desk, load_stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """An edition as it would be made now, with the whole desk and the supply of extras that it was made from."""

    target: Target
    planned_at: datetime
    assembly: Assembly
    desk: Desk
    supply: Supply = field(default_factory=Supply)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of files that the edition must not go without: approved stories, its sheet, sponsors, calendar."""
        return (*self.desk.approved_faults, *self.supply.faults)


def read_desk(context: Context, before: Desk | None = None) -> Desk:
    """All story files, with the faults of those that cannot be read. `before` is what this process read last."""
    settings = context.settings
    return load_stories(settings.content, context.organisation, cache=settings.story_cache, before=before)


def read_supply(context: Context, target: Target) -> Supply:
    """What editors keep for an edition beside its stories."""
    return load_supply(
        context.settings.content, target.newsletter, on=target.date, suffix=target.suffix, known=_known(context)
    )


def supply_faults(context: Context) -> tuple[Fault, ...]:
    """The faults of all that editors keep for editions beside stories."""
    return all_faults(context.settings.content, _known(context))


def _known(context: Context) -> Known:
    images = context.settings.content / "images"
    return Known(organisation=context.organisation, newsletters=context.newsletters, images=images)


def history(tx: Tx, newsletter: Newsletter) -> History:
    """What went to a newsletter's list before, and when its editions went."""
    gone = editions.gone(tx, newsletter.list)
    return History(sent=gone.slugs, dates=gone.dates, edition_times=editions.went_at(tx, newsletter.slug))


def gather(
    context: Context,
    target: Target,
    now: datetime,
    *,
    at: datetime | None = None,
    desk: Desk | None = None,
    afresh: bool = False,
) -> Gathered:
    """Assemble an edition as of `now`, for the time `at`: its schedule's where that is still to come, else now.

    The desk is read, unless it was just now. `afresh`: as if nothing had gone before, to be looked at alone.
    """
    planned = at or max(target.planned_at or now, now)
    desk, supply = desk or read_desk(context), read_supply(context, target)
    with context.store.read() as tx:
        before = History() if afresh else history(tx, target.newsletter)
    words = _wording(context, target.newsletter)
    assembly = assemble(
        target.newsletter,
        desk.stories,
        on=target.date,
        planned_at=planned,
        now=now,
        history=before,
        suffix=target.suffix,
        wording=words,
    )
    whole = with_extras(assembly, target.newsletter, supply, on=target.date, at=max(planned, now), wording=words)
    return Gathered(target=target, planned_at=planned, assembly=whole, desk=desk, supply=supply)


def _wording(context: Context, newsletter: Newsletter) -> Wording:
    """The newsletter's language; where its catalogue is at fault, English, for a plan that says so when it renders."""
    try:
        return wording(newsletter.language, context.settings.templates)
    except RenderError:
        return ENGLISH_WORDING


def refuse_correction(context: Context, target: Target) -> None:
    """Raise UsageError for an edition that is the mail of a correction: no stories are gathered for it."""
    with context.store.read() as tx:
        mail = corrections.mail(tx, target.id)
    if mail is not None:
        word = f"`newsletter send correction {mail.corrected} --story {mail.slug}`"
        raise UsageError(f"{target.id} is the mail of a correction, and holds nothing else: {word}")


def require_readable(gathered: Gathered) -> None:
    """Raise ContentError for files that cannot be read: an edition must not go without them in silence."""
    if gathered.faults:
        raise ContentError(gathered.faults)


def desk_findings(context: Context, gathered: Gathered, now: datetime) -> tuple[Finding, ...]:
    """The desk checks of the stories, corrections and extras that an edition would hold, what it must not go without,
    and the broken seals of stories that it lacks.
    """
    edition = gathered.assembly.edition
    found: list[Finding] = [*gathered.assembly.findings, *_broken_seals(gathered)]
    levels = gathered.target.newsletter.proof
    if edition is None:
        return levelled(found, levels)
    boxed = {correction.slug for correction in gathered.assembly.corrections}
    for story in (*edition.stories, *(story for story in gathered.desk.stories if story.slug in boxed)):
        found.extend(
            check_story(
                story, newsletters=tuple(context.newsletters.values()), outlets=context.organisation.outlets, now=now
            )
        )
    extras = check_extras(edition, context.organisation.outlets)
    return levelled([*found, *check_together(edition.stories), *extras], levels)


def _broken_seals(gathered: Gathered) -> Iterator[Finding]:
    """Stories that would go if their approval held: who approved one expects it in the edition."""
    waiting = {item.slug: item.reason for item in gathered.assembly.waiting}
    for story in gathered.desk.stories:
        if story.slug in waiting and story.standing in (Standing.CHANGED, Standing.UNSEALED):
            where = f"{story.path}:{story.lines.get('approved', story.lines.get('status', 1))}"
            problem = f"it does not go: {waiting[story.slug]}"
            yield Finding(check="seal", level=Level.WARN, problem=problem, where=where)
