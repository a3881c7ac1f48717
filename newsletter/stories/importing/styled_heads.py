"""Run-in heads where a text has styles: what is bold and ends in a colon is one, whatever its words are."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.model import Organisation, Spans, plain
from newsletter.stories.importing.heads import CHARACTER_LIMIT, WORD_LIMIT, read_head, voice_of
from newsletter.stories.importing.styled import cut
from newsletter.stories.markdown import split_run_in
from newsletter.stories.spans import squash, tidy


@dataclass(frozen=True, slots=True)
class Headed:
    """A passage as head and the spans after it. Without a head, `spans` are all; `doubt` says what to look at."""

    head: str | None
    spans: Spans
    doubt: str | None = None


def bold_head(spans: Spans) -> Headed | None:
    """The head that the style makes certain: strong text with a colon, or strong text that trails off ("However …")."""
    head, rest = split_run_in(list(spans))
    if head is not None:
        return Headed(head, rest)
    count = next((at for at, span in enumerate(spans) if not span.strong or span.href), len(spans))
    lead = squash(plain(spans[:count]))
    if lead.endswith("…") and spans[count:] and len(lead) <= CHARACTER_LIMIT and len(lead.split()) <= WORD_LIMIT:
        return Headed(lead, tidy(spans[count:]))
    return None


def read_styled_head(
    spans: Spans, organisation: Organisation, *, first: bool = False, bold_only: bool = False
) -> Headed:
    """The head of a paragraph or an item: by its style, else by its form as in plain text.

    `bold_only` is for a text that has bold heads: there, what is not bold is no head, but for the organisation's
    voices. A head with a link in it is left in the text, since a head carries none.
    """
    certain = bold_head(spans)
    if certain is not None:
        return certain
    text = plain(spans)
    reading = read_head(text, organisation, first=first)
    if reading.head is None:
        return Headed(None, spans, None if bold_only else reading.doubt)
    if bold_only and voice_of(reading.head, organisation) != "known":
        return Headed(None, spans)
    start = len(text) - len(reading.rest)
    if any(span.href for span in cut(spans, 0, start)):
        return Headed(None, spans, f"“{reading.head}:” is kept as text, not as a run-in head: it has a link")
    return Headed(reading.head, tidy(cut(spans, start)), reading.doubt)
