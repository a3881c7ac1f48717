"""What holds for every text: nothing raises, nothing is lost, writing and reading back changes nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from importing_samples import AMG, draft_texts, unlined, visible

from newsletter.errors import ContentError
from newsletter.stories.importing import Imported, fingerprint, import_text, normalise
from newsletter.stories.parse import parse_story
from newsletter.stories.write import story_text

# Pieces that the rules look at, so that the search comes near their borders; and any text at all.
PIECES = [
    *("\n", "\n\n", "\r\n", "\u2028", " ", "  ", "\u00a0", "\t", "\u200b", "e\u0301", "\u202f", "5", "5\u00a0km"),
    *("• ", "- ", "* ", "– ", "o ", "◦ ", "  • ", "    ◦ ", "1. ", "# ", "> ", "[", "](x)", "`", "<b>", "&amp;", "\\"),
    *("The deal: ", "Key findings:", "The AMG says: ", "Q: ", "9:30", "https://example.org", ":", ": ", "**", "_"),
    *("“", "”", "‘", '"', "(", ")", ".", " .", " ,", ". . .", "…", "?", "—", "U.S.", "$5", "***", "---", "==="),
    *("Input Stories", "View More", "Ports Reopen", "Gates opened at noon.", "ships", "a person at a lathe", "Ports"),
    *("(The Daily Ledger, subscription)", "(R-XX)", "â€™", "word " * 12),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)


def read(text: str) -> Imported | None:
    imported = read_or_refusal(text)
    return imported if isinstance(imported, Imported) else None


def read_or_refusal(text: str) -> Imported | ContentError:
    try:
        return import_text(text, AMG)
    except ContentError as error:
        return error


@given(TEXTS)
@example("a . . . . b ( “ c” ) .5\u00a0\u00a0km")
def test_normalising_twice_changes_nothing(text: str) -> None:
    """The result is in its one form."""
    once = normalise(text)
    assert normalise(once) == once


@given(TEXTS)
def test_no_text_raises_but_what_holds_no_story(text: str) -> None:
    """The one refusal is for a text without a story, and it says so."""
    found = read_or_refusal(text)
    assert isinstance(found, Imported) or "there is no" in str(found)


@given(TEXTS)
def test_no_letter_or_digit_is_lost(text: str) -> None:
    """Each is in a headline, a block or a dropped line, as often as before; but for `o`, which may be a bullet."""
    found = read(text)
    if found is None:
        return
    kept = [words for draft in found.stories for words in draft_texts(draft)]
    dropped = [dropped.text for dropped in found.dropped]
    before, after = visible([text]), visible([*kept, *dropped])
    before.pop("o", None), after.pop("o", None)
    assert before == after


@given(TEXTS)
def test_a_draft_written_as_a_file_reads_back_the_same(text: str) -> None:
    """Import, write, parse is the identity on headline and blocks, and the fingerprint knows the story again."""
    found = read(text)
    for draft in found.stories if found else ():
        if draft.blocks:
            written = story_text(headline=draft.headline or "None yet", section="trade", blocks=draft.blocks)
            story = parse_story(
                Path("2026-05-04-x.md"), written.encode(), organisation=AMG, images=Path("images"), shown="x.md"
            )
            assert story.headline == (draft.headline or "None yet")
            assert [unlined(block) for block in story.blocks] == [unlined(block) for block in draft.blocks]
            assert fingerprint(draft.headline, story.blocks) == draft.fingerprint


@given(TEXTS)
def test_lines_in_reports_are_lines_of_the_text(text: str) -> None:
    """Counted from 1; a warning of the whole file has line 0."""
    found = read(text)
    count = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    if found is not None:
        assert all(1 <= dropped.line <= count for dropped in found.dropped)
        assert all(0 <= doubt.line <= count for doubt in found.warnings)
        assert list(found.warnings) == sorted(found.warnings, key=lambda doubt: doubt.line)


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


@pytest.mark.parametrize("line", ["a b.\n\n", "• a\n", "a\u00a0b ", "Ab: c\n"])
def test_a_large_text_takes_time_in_proportion(line: str) -> None:
    """Fifty thousand bytes of the same line again and again are read in a second; squared, in minutes."""
    started = time.process_time()
    read("Ports Reopen\n\n" + line * (50_000 // len(line)))
    assert time.process_time() - started < 10
