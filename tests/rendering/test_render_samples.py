"""The stories and newsletters that ship are rendered and pass the proof, as `make demo` needs it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rendering_samples import ROOT, TEMPLATES, folders

from newsletter.errors import ContentError
from newsletter.model import Edition, Level, Newsletter, Organisation, SectionStories, Story
from newsletter.rendering import render
from newsletter.rendering.proof import proof
from newsletter.settings.content import load_newsletters, load_organisation
from newsletter.stories.parse import parse_story

CONTENT = ROOT / "content"
ORGANISATION = load_organisation(CONTENT)
NEWSLETTERS = load_newsletters(CONTENT, ORGANISATION)


def stories(organisation: Organisation) -> list[Story]:
    """Every shipped story that can be read; whether it may go is not asked here."""
    read = []
    for path in sorted((CONTENT / "stories").glob("*.md")):
        try:
            read.append(
                parse_story(
                    path,
                    path.read_bytes(),
                    organisation=organisation,
                    images=CONTENT / "images",
                    shown=path.relative_to(ROOT).as_posix(),
                )
            )
        except ContentError:
            continue
    return read


@pytest.mark.parametrize("newsletter", NEWSLETTERS.values(), ids=lambda newsletter: newsletter.slug)
def test_the_shipped_stories_pass_the_proof(newsletter: Newsletter, tmp_path: Path) -> None:
    """While mail goes to the sandbox: nothing stops; what warns is a place that no reader can reach."""
    found = stories(ORGANISATION)
    edition = Edition(
        newsletter=newsletter.slug,
        date=date(2026, 5, 4),
        subject="What makers need to know this morning",
        preheader="Ports reopen, a permit clock moves on, and what the heat rule asks of plants now.",
        sections=tuple(
            SectionStories(section=section, stories=tuple(one for one in found if one.section == section.slug))
            for section in newsletter.sections
        ),
    )
    message = render(
        edition,
        newsletter,
        ORGANISATION,
        templates=TEMPLATES,
        base_url="http://127.0.0.1:8000",
        images=folders(tmp_path, CONTENT / "images"),
    )
    findings = proof(message, edition, newsletter, ORGANISATION, loopback=True)
    assert [finding for finding in findings if finding.level is Level.STOP] == []
    assert {finding.check for finding in findings} <= {"links", "images"}
