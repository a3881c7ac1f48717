"""Which stories make an edition: files from `stories`, what went before from `storage`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import ContentError
from newsletter.model import Finding, Level, Newsletter, Standing, levelled
from newsletter.pipeline.context import Context, Target
from newsletter.storage import Tx, editions
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
    return History(sent=editions.gone(tx, newsletter.list), edition_times=editions.went_at(tx, newsletter.slug))


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


def require_readable(gathered: Gathered) -> None:
    """Raise ContentError for approved files that cannot be read: an edition must not go without them in silence."""
    if gathered.desk.approved_faults:
        raise ContentError(gathered.desk.approved_faults)


def desk_findings(context: Context, gathered: Gathered, now: datetime) -> tuple[Finding, ...]:
    """The desk checks of the stories that an edition would hold, and the broken seals of those that it lacks."""
    edition = gathered.assembly.edition
    found: list[Finding] = list(_broken_seals(gathered))
    levels = gathered.target.newsletter.proof
    if edition is None:
        return levelled(found, levels)
    for story in edition.stories:
        found.extend(
            check_story(
                story, newsletters=tuple(context.newsletters.values()), outlets=context.organisation.outlets, now=now
            )
        )
    return levelled([*found, *check_together(edition.stories)], levels)


def _broken_seals(gathered: Gathered) -> Iterator[Finding]:
    """Stories that would go if their approval held: who approved one expects it in the edition."""
    waiting = {item.slug: item.reason for item in gathered.assembly.waiting}
    for story in gathered.desk.stories:
        if story.slug in waiting and story.standing in (Standing.CHANGED, Standing.UNSEALED):
            where = f"{story.path}:{story.lines.get('approved', story.lines.get('status', 1))}"
            problem = f"it does not go: {waiting[story.slug]}"
            yield Finding(check="seal", level=Level.WARN, problem=problem, where=where)
