"""What `newsletter story import FILE --json` prints is a contract with other programs."""

from __future__ import annotations

import json

import pytest
from importing_samples import AMG

from newsletter.stories.importing import import_report, import_text
from newsletter.stories.importing.read import PAGE_STEPS, STORY_STEPS

PAGE = """Trade

Ports Reopen After Two-Day Stoppage

Dock workers ended a stoppage of two days, both sides said Monday (The Daily Ledger, subscription).

The agreement: Both sides gave way.

  • Terminals opened at noon.
  • Rep.\u00a0Ann Roe (R-XX) welcomed it.
      ◦ So did Low.

The AMG says: “It was time.”
View More

Workforce

Mills Hire Again

Ten mills hired in May.
"""


def test_a_page_of_two_stories_reports_each_with_what_was_dropped_and_guessed() -> None:
    """Keys, their order and the counting are those of the interface; items below items are not counted again."""
    report = import_report(import_text(PAGE, AMG), ["content/stories/2026-05-04-ports.md", None])
    assert json.loads(json.dumps(report)) == {
        "unit": "line",
        "stories": [
            {
                "path": "content/stories/2026-05-04-ports.md",
                "headline": "Ports Reopen After Two-Day Stoppage",
                "run_ins": ["The agreement", "The AMG says"],
                "lists": [2],
                "citations": [{"outlet": "The Daily Ledger", "access": "subscription"}],
            },
            {"path": None, "headline": "Mills Hire Again", "run_ins": [], "lists": [], "citations": []},
        ],
        "dropped": [
            {"line": 1, "text": "Trade"},
            {"line": 14, "text": "View More"},
            {"line": 16, "text": "Workforce"},
        ],
        "warnings": [
            {
                "line": 10,
                "message": "a link was probably here, between “Rep.” and “Ann” (a no-break space stood there)",
            },
            {"line": 16, "message": "another story begins here; each becomes a file of its own"},
        ],
    }


def test_a_report_needs_a_path_or_none_for_each_story() -> None:
    """A story without its path would be reported with another's."""
    with pytest.raises(ValueError, match="shorter"):
        import_report(import_text(PAGE, AMG), [None])


def test_each_step_has_a_name_of_its_own() -> None:
    """The chain is read by people."""
    names = [name for name, _ in (*PAGE_STEPS, *STORY_STEPS)]
    assert len(set(names)) == len(names)
