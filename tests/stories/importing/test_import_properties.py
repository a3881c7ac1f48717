"""What holds for every text: nothing raises, nothing is lost, writing and reading back changes nothing."""

from __future__ import annotations

import importing_laws as laws
from hypothesis import example, given
from hypothesis import strategies as st
from importing_grammar import ANYTHING, TEXTS
from importing_samples import AMG, DASHES

from newsletter.stories.importing import import_text, normalise


@given(ANYTHING)
@example("a . . . . b ( “ c” ) .5\u00a0\u00a0km")
def test_normalising_twice_changes_nothing(text: str) -> None:
    """The result is in its one form."""
    once = normalise(text)
    assert normalise(once) == once


@given(TEXTS, st.booleans())
@example("â€™", False)
@example("1. Ports Reopen\nGates opened.\n2. Mills Hire\nTen did.", True)
def test_the_laws_of_an_import_hold_for_every_text(text: str, multi: bool) -> None:
    """No text raises but what holds no story; nothing is lost; its file says it again; lines are lines of the text."""
    laws.hold(text, AMG, multi=multi)


@given(TEXTS)
def test_the_laws_hold_for_a_house_with_marks_and_leads_of_its_own(text: str) -> None:
    """Dashes that end heads, heads without a mark, another language's words."""
    laws.hold(text, DASHES)


def test_a_second_copy_has_the_same_fingerprint() -> None:
    """Spacing, case and what was dropped do not count; words do."""
    first, second, other = (
        import_text(text, AMG).stories[0].fingerprint
        for text in (
            "Ports Reopen\n\nThe deal: Gates open.\n- One.",
            "Input Stories\nPORTS REOPEN\n\n\nThe deal:  Gates\u00a0open.\n  • One.\nView More",
            "Ports Reopen\n\nThe deal: Gates closed.\n- One.",
        )
    )
    assert first == second != other
