"""What holds for the import of every text whatever: shared by the properties and the fuzzer."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from urllib.parse import unquote

from importing_samples import as_written, draft_texts, reread, visible

from newsletter.errors import ContentError
from newsletter.model import Organisation
from newsletter.stories.importing import Draft, Imported, fingerprint, import_report, import_text, normalise
from newsletter.stories.importing.mojibake import mend

ADDRESSED = re.compile(r"\S*(?:://|mailto:)\S*", re.IGNORECASE)


def hold(text: str, organisation: Organisation, *, multi: bool = False) -> None:
    """Fails where one of the laws does not hold for the text."""
    found = imported(text, organisation, multi=multi)
    if isinstance(found, ContentError):
        assert "there is no" in str(found)
        return
    assert found.stories
    nothing_is_lost(text, found)
    lines_are_of_the_text(text, found)
    for draft in found.stories:
        a_file_says_it_again(draft, organisation)
    json.dumps(import_report(found, [None] * len(found.stories)))
    for line in text.split("\n"):
        assert normalise(normalise(line)) == normalise(line)


def imported(text: str, organisation: Organisation, *, multi: bool) -> Imported | ContentError:
    try:
        return import_text(text, organisation, multi=multi)
    except ContentError as error:
        return error


def time_grows_with_the_text(read: Callable[[str], object], short: str, long: str) -> None:
    """`long` is four times `short`: in the processor's time it may be nine times as long, squared it would be sixteen.

    The least of up to five, since the machine has other work. Next to nothing is no measure.
    """
    once = more = math.inf
    for _ in range(5):
        once, more = (min(least, _cpu_s(read, text)) for least, text in ((once, short), (more, long)))
        if more < 0.1 or more / once < 9:
            return
    raise AssertionError(f"{more / once:.1f} times as long")


def _cpu_s(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began


def nothing_is_lost(text: str, found: Imported) -> None:
    """Each letter and digit is in a headline, a block or a dropped line, as often as before.

    `o` may be a bullet. Letters of an address are in a link's target, perhaps in another form: words with one in
    them are not looked for, and what normalising put beside them is found in the target.
    """
    mended, _ = mend(text)
    kept = [words for draft in found.stories for words in draft_texts(draft)]
    after = visible([*kept, *(dropped.text for dropped in found.dropped)])
    before = visible([ADDRESSED.sub(" ", mended)])
    for counted in (before, after):
        counted.pop("o", None)
    if ADDRESSED.search(mended):
        after |= visible(unquote(words) for words in kept)
        assert not before - after, before - after
    else:
        assert before == after, (before - after, after - before)


def lines_are_of_the_text(text: str, found: Imported) -> None:
    """Counted from 1, in order; a warning of the whole file has line 0."""
    count = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(1 <= dropped.line <= count for dropped in found.dropped)
    assert all(0 <= doubt.line <= count for doubt in found.warnings)
    for told in (found.dropped, found.warnings):
        assert list(told) == sorted(told, key=lambda each: each.line)


def a_file_says_it_again(draft: Draft, organisation: Organisation) -> None:
    """Import, write, parse is the identity on headline and blocks, and the fingerprint knows the story again."""
    if not draft.blocks:
        return
    story = reread(draft, organisation)
    assert story.headline == (draft.headline or "None yet")
    assert story.blocks == as_written(draft, organisation)
    assert fingerprint(draft.headline, story.blocks) == draft.fingerprint
    assert story.citations == draft.citations
