"""An edition becomes a message, and the message is proofed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import ProofError
from newsletter.model import NOTHING_SEEN, Edition, Finding, Level, Message, Newsletter, Story, Tracking
from newsletter.pipeline.context import Context, Target
from newsletter.rendering import links, render
from newsletter.rendering.printing import COLUMN, Printer, pictures_of_story
from newsletter.rendering.proof import pictures, proof
from newsletter.rendering.theme import defaults
from newsletter.rendering.variants import Folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A rendered edition and what the proof says of it."""

    edition: Edition
    message: Message
    findings: tuple[Finding, ...]


def compose(context: Context, newsletter: Newsletter, edition: Edition, tracking: Tracking = NOTHING_SEEN) -> Composed:
    """Render and proof an edition, for readers of whom so much is seen.

    Raises RenderError for a template that cannot be rendered.
    """
    settings = context.settings
    message = render(
        edition,
        newsletter,
        context.organisation,
        templates=settings.templates,
        base_url=settings.base_url,
        images=folders(context),
        clicks=tracking.clicks,
    )
    findings = proof(
        message,
        edition,
        newsletter,
        context.organisation,
        loopback=settings.on_loopback,
        templates=settings.templates,
        clicks=tracking.clicks,
    )
    return Composed(edition=edition, message=message, findings=findings)


def write_files(context: Context, target: Target, message: Message, look: str | None = None) -> tuple[Path, Path]:
    """A message as files in `var/preview/`: HTML with its links' targets, and plain text. `look` is named where it is
    not its newsletter's.
    """
    folder = context.settings.var / "preview"
    folder.mkdir(parents=True, exist_ok=True)
    name = target.id.replace("/", "-") + ("" if look is None else f"-{look}")
    html, text = folder / f"{name}.html", folder / f"{name}.txt"
    html.write_text(links.bare(message), encoding="utf-8")
    text.write_text(message.text, encoding="utf-8")
    return html, text


def folders(context: Context) -> Folders:
    """Where pictures come from, where they are published, and where it is noted which were made."""
    settings = context.settings
    return Folders(
        originals=settings.content / "images", published=settings.published, notes=settings.var / "cache" / "pictures"
    )


def picture_findings(context: Context, stories: Iterable[Story]) -> Iterator[Finding]:
    """What editors should know of the pictures of stories before an edition holds them: each made as for the column."""
    printer = Printer(
        places=[place for story in stories for place in pictures_of_story(story)],
        base_url=context.settings.base_url, folders=folders(context), embed=False, plate=defaults()["paper"],
    )  # fmt: skip
    for _, image in printer.places:
        printer.printed(image, COLUMN)
    for fault in printer.faults:
        where = f"{fault.path}:{fault.line}" if fault.line else fault.path
        yield Finding(check="pictures", level=Level.STOP, problem=fault.problem, where=where)
    for picture in printer.pictures:
        for problem in pictures.problems(picture):
            yield Finding(check="pictures", level=Level.WARN, problem=problem, where=picture.where)


def require_proof(edition: str, findings: Iterable[Finding]) -> None:
    """Raise ProofError with every finding that stops, so that nothing unproofed is sent or frozen."""
    stops = [finding for finding in findings if finding.level is Level.STOP]
    if stops:
        raise ProofError(f"{edition} may not go:\n{in_lines(stops)}")


def in_lines(findings: Sequence[Finding]) -> str:
    """Findings for a person, one a line: where, what."""
    return "\n".join(f"  {finding.where}: {finding.problem} [{finding.check}]" for finding in findings)


def finding_document(finding: Finding) -> dict[str, str]:
    """A finding for `--json`."""
    return {
        "check": finding.check,
        "level": finding.level.value,
        "where": finding.where,
        "problem": finding.problem,
    }
