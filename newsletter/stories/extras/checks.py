"""What the desk finds in the extras of an edition, as `stories.checks` does in its stories."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.model import Edition, Finding, Image, Level, Outlet, Sponsor, plain
from newsletter.stories.checks import Line, block_lines, check_images, check_texts
from newsletter.stories.citations import Registry
from newsletter.stories.words import NO_WORDS


def check_extras(edition: Edition, outlets: tuple[Outlet, ...]) -> tuple[Finding, ...]:
    """The findings in what editors wrote for an edition beside its stories: each text with its file and line."""
    found: list[Finding] = []
    for path, lines in _texts(edition):
        found += check_texts(path, lines)
    for path, images in _images(edition):
        found += check_images(path, images)
    return (*found, *_access(edition, outlets))


def _texts(edition: Edition) -> Iterator[tuple[str, list[Line]]]:
    for at, text in ((edition.subject_at, edition.subject), (edition.preheader_at, edition.preheader)):
        if at:
            path, _, line = at.rpartition(":")
            yield path, [(int(line), text)]
    extras = edition.extras
    if extras.note is not None:
        signed = [(extras.note.line, extras.note.by)] if extras.note.by else []
        yield extras.note.path, [*signed, *block_lines(extras.note.blocks)]
    for brief in extras.briefs:
        yield brief.path, [(brief.line, f"{plain(brief.spans)} {brief.outlet or ''}")]
    for sponsor in extras.sponsors:
        yield sponsor.path, _of_sponsor(sponsor)
    for entry in extras.calendar:
        yield entry.path, [(entry.line, f"{entry.title} {entry.place or ''}")]


def _of_sponsor(sponsor: Sponsor) -> list[Line]:
    named = (("label", sponsor.label), ("link_text", sponsor.link_text))
    lines = [(sponsor.lines.get(key, 1), text) for key, text in named if text]
    shown = [(sponsor.image.line, f"{sponsor.image.alt} {sponsor.image.credit or ''}")] if sponsor.image else []
    return [*lines, *shown, *block_lines(sponsor.blocks)]


def _images(edition: Edition) -> Iterator[tuple[str, list[Image]]]:
    extras = edition.extras
    if extras.note is not None:
        yield extras.note.path, [block for block in extras.note.blocks if isinstance(block, Image)]
    for sponsor in extras.sponsors:
        yield sponsor.path, [each for each in (sponsor.image, *sponsor.blocks) if isinstance(each, Image)]


def _access(edition: Edition, outlets: tuple[Outlet, ...]) -> Iterator[Finding]:
    registry = Registry.of(outlets, {}, NO_WORDS)
    for brief in edition.extras.briefs:
        known = registry.find(brief.outlet) if brief.outlet else None
        if known is not None and known.access is not None and brief.access is None:
            problem = f"{known.name} asks its readers for a {known.access}: add `access: {known.access}`"
            yield Finding(check="access", level=Level.WARN, problem=problem, where=f"{brief.path}:{brief.line}")
