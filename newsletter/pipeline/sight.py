"""What there is to see of an edition as it would go now, in one look: message, proof, what waits, or a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.errors import ContentError, Fault, NewsletterError
from newsletter.model import (
    Approval,
    Edition,
    EditionState,
    Finding,
    Level,
    Message,
    Newsletter,
    Standing,
    Status,
    Story,
    Waiting,
)
from newsletter.pipeline import composing, gathering, variants
from newsletter.pipeline.context import Context, Target
from newsletter.rendering.appearance import Scheme, appearance
from newsletter.rendering.links import bare
from newsletter.rendering.proof.weight import Weight, weigh
from newsletter.storage import editions
from newsletter.stories.load import Desk

UNAPPROVED = (Standing.DRAFT, Standing.READY, Standing.CHANGED, Standing.UNSEALED)
"""Stories that somebody may still be writing, which a preview shows where it is asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is to see of an edition in one look. `fault` stands in the mail's place, in words; then there is no
    message, edition or weight.

    missing    what the edition lacks that is no finding: too few stories
    again      nothing would go: what is shown are stories that went before, so that there is something to see
    broken     faults of story files that the edition would not hold anyway
    """

    name: str
    look: str
    newsletter: Newsletter | None = None
    planned_at: datetime | None = None
    state: EditionState = EditionState.OPEN
    edition: Edition | None = None
    message: Message | None = None
    findings: tuple[Finding, ...] = ()
    weight: Weight | None = None
    waiting: tuple[Waiting, ...] = ()
    missing: tuple[str, ...] = ()
    again: bool = False
    broken: tuple[Fault, ...] = ()
    fault: str = ""

    @property
    def stops(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.STOP)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is not Level.STOP)

    def html(self, scheme: Scheme, *, styles: bool) -> str:
        """The mail as a client shows it, its links with their targets, so that looking counts nothing; our own pictures
        come from this machine, those that the mail carries too.
        """
        if self.message is None:
            return ""
        here = bare(self.message)
        for picture in self.message.pictures:
            here = here.replace(f'src="{picture.src}"', f'src="/images/{picture.name}"')
        return appearance(here, scheme=scheme, styles=styles)


def see(
    context: Context, target: Target, now: datetime, desk: Desk, look: str | None, *, drafts: bool = False
) -> Sight:
    """An edition of a desk as it would be now, in a look; where nothing would go, as if nothing had gone before. No
    stories at all, a template or picture at fault, files without which it must not go are its `fault`.
    """
    gathering.refuse_correction(context, target)
    if look is not None:
        target = replace(target, newsletter=replace(target.newsletter, template=look))
    newsletter = target.newsletter
    shown = replace(desk, stories=as_if_approved(desk.stories, now)) if drafts else desk
    gathered, missing = _gathered(context, target, now, shown)
    waiting, again = gathered.assembly.waiting, False
    if gathered.assembly.edition is None:
        gathered = gathering.gather(context, target.with_few(), now, desk=shown, afresh=True)
        again = gathered.assembly.edition is not None
    sight = Sight(
        name=target.id, look=newsletter.template, newsletter=newsletter, planned_at=gathered.planned_at,
        state=_state(context, target), waiting=waiting, again=again,
    )  # fmt: skip
    broken = tuple(fault for file in desk.broken for fault in file.faults if fault not in gathered.faults)
    if gathered.faults:
        return replace(sight, fault=str(ContentError(gathered.faults)), broken=broken)
    if gathered.assembly.edition is None:
        return replace(sight, fault="; ".join(missing), broken=broken)
    try:
        composed = composing.compose(
            context, newsletter, gathered.assembly.edition, variants.tracking(newsletter, agreed=False)
        )
    except NewsletterError as error:
        return replace(sight, fault=str(error), broken=broken)
    findings = (*composed.findings, *gathering.desk_findings(context, gathered, now))
    return replace(
        sight, edition=composed.edition, message=composed.message, missing=missing,
        weight=weigh(composed.message, newsletter.clicks),
        findings=tuple(sorted(findings, key=lambda finding: finding.level is not Level.STOP)), broken=broken,
    )  # fmt: skip


def as_if_approved(stories: Iterable[Story], now: datetime) -> tuple[Story, ...]:
    """The stories, with those that nobody approved yet as if somebody had just now; killed ones stay killed."""
    return tuple(
        replace(
            story, status=Status.APPROVED, approval=Approval(by="nobody: a preview", at=now, digest=story.digest)
        )
        if story.standing in UNAPPROVED
        else story
        for story in stories
    )  # fmt: skip


def _gathered(
    context: Context, target: Target, now: datetime, desk: Desk
) -> tuple[gathering.Gathered, tuple[str, ...]]:
    """The edition with as many stories as there are, and what speaks against its going like this."""
    whole = gathering.gather(context, target, now, desk=desk)
    if whole.assembly.edition is None and whole.assembly.chosen:
        return gathering.gather(context, target.with_few(), now, desk=desk), whole.assembly.problems
    return whole, whole.assembly.problems


def _state(context: Context, target: Target) -> EditionState:
    with context.store.read() as tx:
        row = editions.find(tx, target.id)
    return row.state if row else EditionState.OPEN
