"""The time of an import grows with the length of its text, whatever the text."""

from __future__ import annotations

from contextlib import suppress

import importing_laws as laws
import pytest
from importing_samples import AMG

from newsletter.errors import ContentError
from newsletter.stories.importing import import_text

UNITS = {
    "paragraphs": "Dock workers ended a stoppage of two days on Monday (The Daily Ledger, subscription).\n\n",
    "wrapped lines": "Dock workers and terminal operators ended a stoppage of two days on\n",
    "short lines": "a.\n",
    "heads": "The deal: Text.\n",
    "bullets": "• One item\n  ◦ under it\n",
    "labels": "Input Stories\n\nPorts Reopen\n\nText is here.\nAnd here.\n\n",
    "titles": "Ports Reopen at Last\n\nText is here.\n\n",
    "numbered titles": "1. Ports Reopen\nText is here.\n",
    "printed twice": "Ab Cd\nAb Cd\n",
    "one line of words": "word ",
    "one word": "w",
    "parentheses": "(a) ",
    "opening ones": "(",
    "sources": "The Daily Ledger (subscription), ",
    "sources in prose": "according to The Ab Cd (subscription), ",
    "half sources": "according to the A of ",
    "no-break spaces": "a\u00a0b ",
    "spaces": "\u00a0 ",
    "dots": ". ",
    "colons": "A:",
    "stars": "**a ",
    "dashes": "A — ",
    "addresses": "survey (https://example.org/a) ",
    "half addresses": "(https://a",
    "brackets": "[a](",
    "quotation marks": "“",
    "garbled": "portâ€™s ",
    "telephones": "+1 0123-",
    "mail addresses": "a.b-c@d.",
    "zero-width": "a\u200b\u0301",
}
SIZE = 5_000
"""Characters of the shorter text; the longer has four times as many. Squared, it would take sixteen times as long."""


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("name", UNITS)
def test_four_times_the_text_takes_about_four_times_as_long(name: str, multi: bool) -> None:
    """Of the processor's time."""
    unit = UNITS[name]
    short, long = ("Ports Reopen\n\nGates opened.\n" + unit * (size // len(unit)) for size in (SIZE, 4 * SIZE))

    def read(text: str) -> None:
        with suppress(ContentError):
            import_text(text, AMG, multi=multi)

    laws.time_grows_with_the_text(read, short, long)
