"""Which words of a body name a source (the variations V30 to V38 of the import's table)."""

from __future__ import annotations

import pytest

from newsletter.model import BulletList, Item, Organisation, Paragraph, Span
from newsletter.stories.citations import citations


def found(text: str, organisation: Organisation) -> list[tuple[str, str | None, str]]:
    blocks = (Paragraph(spans=(Span(text=text),)),)
    return [(each.outlet, each.access, each.form) for each in citations(blocks, organisation)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It said Monday (The Daily Ledger, subscription).", [("The Daily Ledger", "subscription", "parenthesis")]),
        ("It said (The Press Agency).", [("The Press Agency", None, "parenthesis")]),
        ("It said (E&M News, subscription).", [("E&M News", "subscription", "parenthesis")]),
        ("It said (STATEWIRE Pro, subscription), and left.", [("STATEWIRE Pro", "subscription", "parenthesis")]),
        ("Up, according to The Daily Ledger (subscription).", [("The Daily Ledger", "subscription", "prose")]),
        ("Wire X’s ENERGYDESK (subscription) reports.", [("Wire X’s ENERGYDESK", "subscription", "prose")]),
        ("Up, according to the Press Agency.", [("The Press Agency", None, "prose")]),
        ("Up, according to the Labor Office.", [("Labor Office", None, "prose")]),
        (
            "Down (Labor Office). And “[i]n remarks …” (The Press Agency).",
            [("Labor Office", None, "parenthesis"), ("The Press Agency", None, "parenthesis")],
        ),
        (
            "Up (The Daily Ledger, subscription; Metro Times).",
            [("The Daily Ledger", "subscription", "parenthesis"), ("Metro Times", None, "parenthesis")],
        ),
        ("Up (TDL, subscription).", [("The Daily Ledger", "subscription", "parenthesis")]),
        ("It said (Éclair Daily).", [("Éclair Daily", None, "parenthesis")]),
    ],
)
def test_a_source(text: str, expected: list[tuple[str, str | None, str]], organisation: Organisation) -> None:
    """A known outlet anywhere; an unknown one with its note, or at a sentence's end; an alias is its outlet."""
    assert found(text, organisation) == expected


@pytest.mark.parametrize(
    "text",
    [
        "controlling 90%, the TDL notes",
        "Rep. Pete Roe (R-XX).",
        "Rep. Pete Roe (R-XX-7).",
        "the Act (H.R. 4090).",
        "the Act (S. 12).",
        "the workers (CWA).",
        "fell (down from 52.8 to 47.1).",
        "rose (Numbers above 50 mean growth.)",
        "rose (Numbers above 50 mean growth).",
        "soot (PM2.5).",
        "a 501(c)3.",
        "a vote (Monday).",
        "according to Rep. Ann Roe.",
        "according to AMG Chief Economist Ann Roe.",
        "the Workers (Ann Roe, president).",
        "(",
        "()",
    ],
)
def test_no_source(text: str, organisation: Organisation) -> None:
    """Parties, bills, acronyms, figures, sentences, days and people are not outlets."""
    assert found(text, organisation) == []


def test_the_block_is_told(organisation: Organisation) -> None:
    """A citation says in which block it stands, items of both levels included."""
    cite = (Span(text="x (The Press Agency)."),)
    blocks = (
        Paragraph(spans=(Span(text="none"),)),
        BulletList(items=(Item(spans=cite, children=(Item(spans=cite),)),)),
    )
    assert [each.block for each in citations(blocks, organisation)] == [1, 1]
