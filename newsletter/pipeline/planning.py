"""What would go out, to how many, what is missing, and what waits and why: in words, and changing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.audience.reasons import in_words
from newsletter.errors import ContentError, RenderError
from newsletter.model import EditionState, Finding, Level, Newsletter, levelled
from newsletter.pipeline import beside, canary, composing, freezing, gathering, guards, preparing, proofing, variants
from newsletter.pipeline.context import Context, Target
from newsletter.pipeline.variants import Variants
from newsletter.rendering.proof.weight import weigh
from newsletter.schedule import next_editions
from newsletter.storage import Tx, balance, editions, roster, sends
from newsletter.storage.variants import Frozen as FrozenVariant
from newsletter.storage.variants import frozen

SHOWN = 5
"""So many warnings stand in a plan; the proof has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was frozen: it goes, or went, whatever the files say by now."""

    fingerprint: str
    stories: tuple[editions.FrozenStory, ...]
    readers: int
    canary: int
    variants: tuple[FrozenVariant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPlan:
    """An edition as it stands: what it would hold, whom it would reach, and what is in its way."""

    target: Target
    now: datetime
    state: EditionState
    reason: str
    signed_by: tuple[str, ...]
    frozen: Frozen | None
    gathered: gathering.Gathered
    made: Variants | None
    findings: tuple[Finding, ...]
    audience: dict[str | None, int]
    canary: canary.Expected | None
    missing: tuple[str, ...]
    next_at: datetime | None

    @property
    def mailable(self) -> int:
        return self.audience.get(None, 0)

    @property
    def composed(self) -> composing.Composed | None:
        """The main variant."""
        return self.made.main if self.made else None

    @property
    def fingerprint(self) -> str | None:
        return self.made.fingerprint if self.made else None


_OVER = (*editions.WENT, EditionState.CANCELLED)
"""States that no freeze leads out of."""

_FIXED = (EditionState.FROZEN, EditionState.SIGNED_OFF)
"""States in which it waits to go as it was frozen."""


def plan(context: Context, target: Target, now: datetime) -> EditionPlan:
    """Look at an edition as if it were frozen at `now`. Raises nothing for what an editor can still mend.

    Raises UsageError for the mail of a correction, for which nothing is gathered.
    """
    gathering.refuse_correction(context, target)
    gathered = gathering.gather(context, target, now)
    newsletter = target.newsletter
    findings = [
        *proofing.content(newsletter, gathered.assembly.problems),
        *proofing.unreadable(gathered.faults),
    ]
    made, faults = _made(context, newsletter, gathered)
    findings += faults
    findings += [*gathering.desk_findings(context, gathered, now), *(made.findings if made else ())]
    at, slugs = gathered.planned_at, variants.printed(gathered.assembly.edition)
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
        signed = editions.signatures(tx, row.id, row.fingerprint) if row and row.fingerprint else ()
        audience = roster.audience(tx, newsletter.list, loopback=context.settings.on_loopback, at=at, printed=slugs)
        ahead = canary.expected(context, tx, newsletter, at=at, printed=slugs)
        frozen = _frozen(tx, row)
        last = balance.last_mailed_count(tx, newsletter.slug, before=row.id if row else 0)
        refused = guards.refusal(context, tx)
    mailable = audience.get(None, 0)
    asked = row is None or row.state in freezing.MAY_FREEZE
    odd = freezing.odd_audience(newsletter, target.id, mailable, last) if asked else None
    findings += proofing.audience(newsletter, mailable, odd)
    findings += proofing.ledger(refused)
    if row is not None and row.state in _FIXED:
        why_not = freezing.look_again(context, target, now)
        findings += proofing.content(newsletter, [f"it would be held: {why_not}"] if why_not else [])
    upcoming = next_editions(newsletter, context.holidays, now, 1)
    return EditionPlan(
        target=target,
        now=now,
        state=row.state if row else EditionState.OPEN,
        reason=row.reason if row else "",
        signed_by=signed,
        frozen=frozen,
        gathered=gathered,
        made=made,
        findings=levelled(findings, {}),
        audience=audience,
        canary=ahead,
        missing=tuple(dict.fromkeys(proofing.in_words(f) for f in findings if f.level is Level.STOP)),
        next_at=upcoming[0].at if upcoming else None,
    )


def _made(
    context: Context, newsletter: Newsletter, gathered: gathering.Gathered
) -> tuple[Variants | None, tuple[Finding, ...]]:
    """The rendered variants, or what keeps them from being rendered: a template, or pictures."""
    edition = gathered.assembly.edition
    if edition is None:
        return None, ()
    counts = preparing.counted(context, newsletter, edition, gathered.planned_at)
    try:
        return variants.make(context, newsletter, edition, counts), ()
    except RenderError as error:
        return None, (proofing.unrendered(newsletter, error),)
    except ContentError as error:
        return None, tuple(proofing.unreadable(error.faults))


def _frozen(tx: Tx, row: editions.EditionRow | None) -> Frozen | None:
    if row is None or row.fingerprint is None:
        return None
    live = sends.live(tx, row.name)
    return Frozen(
        fingerprint=row.fingerprint,
        stories=editions.frozen_stories(tx, row.id),
        readers=sends.mailable_count(tx, live.id) if live else 0,
        canary=live.canary_count if live else 0,
        variants=frozen(tx, row.id),
    )


def in_brief(plan_: EditionPlan) -> str:
    """The edition in one line: stories, readers, fingerprint."""
    mark = plan_.fingerprint or "not rendered"
    readers = f"{plan_.mailable:,} readers on the list {plan_.target.newsletter.list}"
    return f"{plan_.target.id}: {_stories(plan_)}, {readers}, {mark}"


def in_text(plan_: EditionPlan) -> str:
    """The plan for editors, as text."""
    return "\n".join(_lines(plan_)) + "\n"


def _lines(plan_: EditionPlan) -> Iterator[str]:
    newsletter, gathered = plan_.target.newsletter, plan_.gathered
    yield f"{newsletter.title}, {plan_.target.id}: {_when(plan_)}"
    yield ""
    waiting = [f"{item.slug}: {item.reason}" for item in gathered.assembly.waiting]
    waiting += [f"{item.where}: {item.reason}" for item in gathered.assembly.beside.unused]
    boxed = [f"{c.headline} (corrects {c.corrects} of {c.on}): {c.path}" for c in gathered.assembly.corrections]
    if plan_.frozen is not None:
        yield from _frozen_lines(plan_, plan_.frozen)
        if plan_.state in _OVER:
            yield from _list("Waiting", waiting)
            yield f"Its numbers: newsletter send status {plan_.target.id}"
            return
    if plan_.composed is not None:
        message = plan_.composed.message
        yield f"Subject    {message.subject}"
        yield f"Preheader  {message.preheader}"
    yield f"Readers    {plan_.mailable:,} on the list {newsletter.list}" + _left_out(plan_)
    if plan_.canary is not None:
        yield from canary.in_words(plan_.canary, newsletter)
    if plan_.made is not None:
        yield from variants.in_lines(plan_.made, newsletter)
    yield f"Size       {_size(plan_)}"
    yield ""
    for part in gathered.assembly.chosen:
        yield part.section.title
        for story in part.stories:
            yield f"  {story.headline}"
            yield f"    {story.path}"
        yield ""
    yield from _list("Beside the stories", beside.in_lines(gathered.assembly.beside.extras))
    yield from _list("Corrections", boxed)
    yield from _list("Missing: it does not go out like this", plan_.missing)
    # a broken seal is told where its story waits
    shown = [f for f in plan_.findings if f.level is Level.WARN and f.check != "seal"]
    warnings = [f"{f.where}: {f.problem}" for f in shown]
    more = [f"and {len(warnings) - SHOWN} more: newsletter edition proof {plan_.target.id}"]
    yield from _list("Worth a look", [*warnings[:SHOWN], *more] if len(warnings) > SHOWN else warnings)
    yield from _list("Waiting", waiting)
    yield "Ready to go." if not plan_.missing else "Not ready."


def _frozen_lines(plan_: EditionPlan, frozen: Frozen) -> Iterator[str]:
    first = f", {frozen.canary:,} of them first" if frozen.canary else ""
    several = f", in {len(frozen.variants)} variants" if len(frozen.variants) > 1 else ""
    yield f"Frozen     {frozen.fingerprint}, for {frozen.readers:,} readers{first}{several}"
    for story in frozen.stories:
        yield f"  {'Correction: ' if story.corrects else ''}{story.headline} ({story.slug})"
    yield ""
    if plan_.state in freezing.MAY_FREEZE:
        yield "What follows is what a new freeze, or `newsletter send now`, would take."
        yield ""
    elif plan_.state not in _OVER and plan_.fingerprint != frozen.fingerprint:
        yield "Something has changed since: it goes as it was frozen. What follows is what a new freeze would take; a"
        yield f"late story is taken in with `newsletter edition freeze {plan_.target.id} --after-freeze STORY`."
        yield ""


def _when(plan_: EditionPlan) -> str:
    newsletter = plan_.target.newsletter
    state = plan_.state.value + (f" ({plan_.reason})" if plan_.reason else "")
    if plan_.state is not EditionState.OPEN:
        signed = f"; signed by {', '.join(plan_.signed_by)}" if plan_.signed_by else ""
        return state + signed
    next_words = f"; the next is planned for {_local(newsletter, plan_.next_at)}" if plan_.next_at else ""
    at = plan_.target.planned_at
    if at is None:
        return f"goes when somebody sends it{next_words}"
    if at > plan_.now and plan_.next_at == at:
        return f"goes {_local(newsletter, at)}"
    return f"what would go out now{next_words}"


def _local(newsletter: Newsletter, at: datetime) -> str:
    return f"{at.astimezone(newsletter.zone):%A %-d %B, %H:%M} ({newsletter.zone.key})"


def _left_out(plan_: EditionPlan) -> str:
    reasons = [f"{count:,} ({in_words(reason)})" for reason, count in plan_.audience.items() if reason is not None]
    return f"; left out: {', '.join(reasons)}" if reasons else ""


def _stories(plan_: EditionPlan) -> str:
    count = sum(len(part.stories) for part in plan_.gathered.assembly.chosen)
    return "1 story" if count == 1 else f"{count} stories"


def _size(plan_: EditionPlan) -> str:
    if plan_.composed is None:
        return _stories(plan_)
    return f"{_stories(plan_)}, {weigh(plan_.composed.message, plan_.target.newsletter.clicks).words}"


def _list(title: str, lines: list[str] | tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  - {line}" for line in lines)
        yield ""
