"""An edition becomes a message, and the message is proofed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import ProofError
from newsletter.model import Edition, Finding, Level, Message, Newsletter
from newsletter.pipeline.context import Context, Target
from newsletter.rendering import render
from newsletter.rendering.proof import proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A rendered edition and what the proof says of it."""

    edition: Edition
    message: Message
    findings: tuple[Finding, ...]

    @property
    def stops(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.STOP)


def compose(context: Context, newsletter: Newsletter, edition: Edition) -> Composed:
    """Render and proof an edition. Raises RenderError for a template that cannot be rendered."""
    settings = context.settings
    message = render(
        edition,
        newsletter,
        context.organisation,
        templates=settings.templates,
        base_url=settings.base_url,
        images=settings.content / "images",
    )
    findings = proof(
        message,
        edition,
        newsletter,
        context.organisation,
        loopback=settings.on_loopback,
        templates=settings.templates,
    )
    return Composed(edition=edition, message=message, findings=findings)


def write_files(context: Context, target: Target, message: Message) -> tuple[Path, Path]:
    """A message as files in `var/preview/`: HTML and plain text."""
    folder = context.settings.var / "preview"
    folder.mkdir(parents=True, exist_ok=True)
    name = target.id.replace("/", "-")
    html, text = folder / f"{name}.html", folder / f"{name}.txt"
    html.write_text(message.html, encoding="utf-8")
    text.write_text(message.text, encoding="utf-8")
    return html, text


def require_proof(composed: Composed) -> None:
    """Raise ProofError with every finding that stops, so that nothing unproofed is sent or frozen."""
    if composed.stops:
        raise ProofError(f"{composed.edition.id} may not go:\n{in_lines(composed.stops)}")


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
