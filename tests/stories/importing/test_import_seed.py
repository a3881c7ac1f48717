"""The kind of text that editors have: a page as copied. It is not ours to ship, so the test skips without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from importing_samples import AMG

from newsletter.model import Organisation, Paragraph
from newsletter.settings.content import load_organisation
from newsletter.stories.importing import Imported, import_file, import_report

CHECKOUT = Path(__file__).parents[3]
SEED = CHECKOUT.parent / "shared" / "seed" / "input-stories.txt"

pytestmark = pytest.mark.skipif(not SEED.exists(), reason="needs shared/seed/input-stories.txt beside the checkout")


def imported(organisation: Organisation = AMG) -> Imported:
    return import_file(SEED.read_bytes(), organisation, shown="input-stories.txt")


def test_the_seed_is_one_story_in_the_report_of_the_interface() -> None:
    """Counts, heads, citation and dropped lines are a contract with other programs."""
    report = import_report(imported(), ["content/stories/2026-05-04-x.md"])
    warnings = report.pop("warnings")
    assert report == {
        "unit": "line",
        "stories": [
            {
                "path": "content/stories/2026-05-04-x.md",
                "headline": "U.S. Partners with Mexico, Japan and EU on Critical Minerals",
                "run_ins": [
                    "The agreements",
                    "The big picture",
                    "Further efforts",
                    "Congress in action",
                    "The NAM says",
                ],
                "lists": [2, 1, 1, 1, 1],
                "citations": [{"outlet": "The Wall Street Journal", "access": "subscription"}],
            }
        ],
        "dropped": [
            {"line": 1, "text": "Input Stories"},
            {"line": 3, "text": "Input Stories"},
            {"line": 30, "text": "View More"},
        ],
    }
    assert isinstance(warnings, list)
    assert [warning["line"] for warning in warnings] == [13, 13, 25, 27]
    assert ["link" in warning["message"] for warning in warnings] == [True, True, True, False]


def test_the_shipped_organisation_reads_the_seed_alike() -> None:
    """Its voices, labels and furniture are an invented association's; nothing in them is fitted to the text."""
    shipped = load_organisation(CHECKOUT / "content")
    assert import_report(imported(shipped), [None]) == import_report(imported(), [None])


def test_the_seed_has_one_block_in_the_association_s_voice() -> None:
    """An acronym that speaks is taken for an association, whichever it is; the guess is told."""
    story = imported().stories[0]
    voices = [block.run_in for block in story.blocks if isinstance(block, Paragraph) and block.voice]
    assert voices == ["The NAM says"]


def test_the_seed_has_no_no_break_space_left() -> None:
    """Three are noted as places where a link probably was."""
    story = imported().stories[0]
    assert "\u00a0" not in repr(story.blocks)
    assert [(link.line, link.before, link.after) for link in story.possible_links] == [
        (13, "Representative", "Jamieson"),
        (13, "Greer", "said."),
        (25, "(R-MN)", "Critical"),
    ]


def test_the_seed_without_settings_keeps_its_label_off_the_headline() -> None:
    """A line that stands twice at the top is a label even where it is unknown; furniture is known by settings alone."""
    found = imported(replace(AMG, labels=(), furniture=()))
    assert found.stories[0].section_label == "Input Stories"
    assert [dropped.line for dropped in found.dropped] == [1, 3]
    assert found.warnings[0].line == 1
