"""Stories → one edition of a newsletter, by rule, and the reason of each story that waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from newsletter.model import (
    ENGLISH_WORDING,
    Correction,
    Edition,
    Extras,
    Finding,
    Newsletter,
    Section,
    SectionStories,
    Standing,
    Story,
    Waiting,
    Wording,
)
from newsletter.stories import corrections
from newsletter.stories.checks import is_for
from newsletter.stories.extras.select import Selection, select
from newsletter.stories.extras.supply import Sheet, Supply
from newsletter.stories.subject import preheader_of, subject_of

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What went before: slugs that went to this newsletter's list, the date of the edition in which each story did,
    and the planned times of its earlier editions, newest first.
    """

    sent: frozenset[str] = frozenset()
    dates: Mapping[str, date] = field(default_factory=dict)
    edition_times: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """An edition, or why there is none. `chosen`, `beside` (what editors keep for it), `corrections` are what would go
    in either case; `waiting` is every other story for this newsletter, save those that went out already; `findings` are
    what must not be overlooked.
    """

    edition: Edition | None
    chosen: tuple[SectionStories, ...]
    waiting: tuple[Waiting, ...]
    problems: tuple[str, ...]
    beside: Selection = field(default_factory=Selection)
    corrections: tuple[Correction, ...] = ()
    findings: tuple[Finding, ...] = ()


def assemble(  # noqa: PLR0913  an edition depends on as much
    newsletter: Newsletter,
    stories: Iterable[Story],
    *,
    on: date,
    planned_at: datetime,
    now: datetime,
    history: History,
    suffix: str | None = None,
    wording: Wording = ENGLISH_WORDING,
) -> Assembly:
    """The edition of `on`, that goes at `planned_at` (or now, where that has passed).

    Sections come in the newsletter's order. In a section: `priority` 1 first, then 2 and so on, then stories without
    one; among equals the newest date, then the slug. Of too many for a section the last wait. Of too many for the
    edition the lead stays, and those of the weakest priority wait, from the end. A story that corrects another is none
    of these: it stands among the edition's corrections. Subject and preheader are in the words of `wording`.
    """
    stories = tuple(stories)
    waiting: list[Waiting] = []
    fit: list[Story] = []
    for story in sorted((story for story in stories if is_for(story, newsletter)), key=lambda each: each.slug):
        if story.slug in history.sent or story.corrects is not None:
            continue
        reason = _reason(story, newsletter, planned_at, now, history)
        if reason is None:
            fit.append(story)
        else:
            waiting.append(_waiting(story, reason))
    chosen, crowded = _choose(newsletter, fit)
    box = corrections.choose(
        newsletter,
        stories,
        went=history.dates,
        printed=history.sent,
        meant=lambda story: is_for(story, newsletter),
        unfit=lambda story: _unfit_from(story, newsletter, planned_at, now),
    )
    problems = _problems(newsletter, chosen, on)
    edition = None
    if not problems:
        edition = replace(_edition(newsletter, chosen, on, suffix, wording), extras=Extras(corrections=box.corrections))
    return Assembly(
        edition=edition,
        chosen=chosen,
        waiting=(*waiting, *crowded, *box.waiting),
        problems=problems,
        corrections=box.corrections,
        findings=box.findings,
    )


def with_extras(
    assembly: Assembly,
    newsletter: Newsletter,
    supply: Supply,
    *,
    on: date,
    at: datetime,
    wording: Wording = ENGLISH_WORDING,
) -> Assembly:
    """The same with the extras that the edition of `on`, which goes at `at`, prints beside its stories, and with the
    subject and preheader of its sheet where they are written there.
    """
    beside = select(newsletter, supply, assembly.chosen, on=on, at=at)
    edition, sheet = assembly.edition, supply.sheet or Sheet(path="")
    if edition is not None:
        subject = sheet.subject or edition.subject
        edition = replace(
            edition,
            extras=replace(beside.extras, corrections=assembly.corrections),
            subject=subject,
            subject_at=sheet.at("subject") if sheet.subject else "",
            preheader=sheet.preheader or preheader_of(newsletter, edition.stories, subject, wording),
            preheader_at=sheet.at("preheader") if sheet.preheader else "",
        )
    return replace(assembly, edition=edition, beside=beside)


def unfit(story: Story, newsletter: Newsletter, at: datetime) -> str | None:
    """Why a story may not go out at a moment: not approved, seal broken, embargoed, expired. None where it may.

    Asked again for the stories of a frozen edition, before its first batch goes.
    """
    standing = _standing(story, newsletter)
    if standing is not None:
        return standing
    if story.go_live is not None and story.go_live > at:
        return f"embargoed until {moment(story.go_live, newsletter.zone, at)}"
    if story.expires is not None and story.expires <= at:
        return f"expired unused on {moment(story.expires, newsletter.zone, at)}"
    return None


def moment(instant: datetime, zone: ZoneInfo, near: datetime) -> str:
    """`Mon 4 May 06:00` in the zone, with the year where it is not that of `near`."""
    local = instant.astimezone(zone)
    year = "" if local.year == near.astimezone(zone).year else f" {local.year}"
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}{year} {local:%H:%M}"


def _standing(story: Story, newsletter: Newsletter) -> str | None:
    standing = story.standing
    trusted = newsletter.approvals == "status" and standing in (Standing.CHANGED, Standing.UNSEALED)
    if standing is Standing.APPROVED or trusted:
        return None
    command = f"`newsletter story approve {story.slug} --by NAME`"
    return {
        Standing.CHANGED: f"approved, then changed: approve it again with {command}",
        Standing.UNSEALED: f"`status: approved` was typed without a seal: seal it with {command}",
        Standing.READY: f"ready, waits for approval: {command}",
        Standing.DRAFT: "a draft: set `status: ready` when it is written",
        Standing.KILLED: "killed",
    }[standing]


def _reason(story: Story, newsletter: Newsletter, planned_at: datetime, now: datetime, history: History) -> str | None:
    """Why a story does not go in this edition; None where it may."""
    if not any(section.slug == story.section for section in newsletter.sections):
        return f"its section `{story.section}` is not one of {newsletter.title}"
    reason = _unfit_from(story, newsletter, planned_at, now)
    if reason is not None or story.expires is not None:
        return reason
    since = _ready_at(story, newsletter.zone)
    passed = sum(since <= each < planned_at for each in history.edition_times)
    allowed = 0 if newsletter.gathers == "since_last" else newsletter.carry_over
    if passed <= allowed:
        return None
    editions = "one edition" if passed == 1 else f"{passed} editions"
    return f"expired unused: {editions} went without it; approve it again, or give it `expires`, to send it now"


def _unfit_from(story: Story, newsletter: Newsletter, planned_at: datetime, now: datetime) -> str | None:
    """As `unfit`, at the planned time, and now where that has passed."""
    reason = unfit(story, newsletter, planned_at)
    return unfit(story, newsletter, now) if reason is None and now > planned_at else reason


def _ready_at(story: Story, zone: ZoneInfo) -> datetime:
    """When the story could first go: approved and past its embargo. Without a seal, the day of its file counts."""
    approved = story.approval.at if story.approval else datetime.combine(story.date, time(), zone)
    return max(approved, story.go_live or approved)


def _waiting(story: Story, reason: str) -> Waiting:
    return Waiting(slug=story.slug, headline=story.headline, reason=reason)


# --- choosing -------------------------------------------------------------------------------------------------------


def _rank(story: Story) -> tuple[int, int, str]:
    return story.priority or 1000, -story.date.toordinal(), story.slug


def _choose(newsletter: Newsletter, fit: list[Story]) -> tuple[tuple[SectionStories, ...], list[Waiting]]:
    waiting: list[Waiting] = []
    ordered: list[tuple[Section, Story]] = []
    for section in newsletter.sections:
        stories = sorted((story for story in fit if story.section == section.slug), key=_rank)
        room = len(stories) if section.maximum is None else section.maximum
        ordered += [(section, story) for story in stories[:room]]
        waiting += [_waiting(story, f"no room: {section.title} takes {room}") for story in stories[room:]]
    kept = _kept([story for _, story in ordered], newsletter.maximum)
    waiting += [
        _waiting(story, f"no room: an edition of {newsletter.title} takes {newsletter.maximum}")
        for _, story in ordered
        if story.slug not in kept
    ]
    parts = (
        SectionStories(
            section=section, stories=tuple(story for at, story in ordered if at == section and story.slug in kept)
        )
        for section in newsletter.sections
    )
    return tuple(part for part in parts if part.stories), waiting


def _kept(stories: list[Story], maximum: int) -> frozenset[str]:
    """The slugs for which there is room: the lead, then by priority, then by place."""
    ranked = sorted(enumerate(stories), key=lambda pair: (pair[0] > 0, pair[1].priority or 1000, pair[0]))
    return frozenset(story.slug for _, story in ranked[:maximum])


def _problems(newsletter: Newsletter, chosen: tuple[SectionStories, ...], on: date) -> tuple[str, ...]:
    count = sum(len(part.stories) for part in chosen)
    if count == 0:
        return (f"{newsletter.title} has no story for {on.isoformat()}",)
    if count < newsletter.minimum:
        have = "1 story" if count == 1 else f"{count} stories"
        return (f"{newsletter.title} has {have} for {on.isoformat()}, and goes with {newsletter.minimum} or more",)
    return ()


def _edition(
    newsletter: Newsletter, chosen: tuple[SectionStories, ...], on: date, suffix: str | None, wording: Wording
) -> Edition:
    stories = tuple(story for part in chosen for story in part.stories)
    subject = subject_of(newsletter, stories[0], on, wording)
    return Edition(
        newsletter=newsletter.slug,
        date=on,
        subject=subject,
        preheader=preheader_of(newsletter, stories, subject, wording),
        sections=chosen,
        suffix=suffix,
    )
