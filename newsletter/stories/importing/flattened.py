"""Links that plain text carries as written-out addresses: "the survey (https://…)", "the survey <https://…>",
Markdown's brackets, and bare addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from newsletter.model import Span, Spans
from newsletter.stories.importing.links import Link, read_link
from newsletter.stories.spans import tidy

ADDRESS = r"(?:https?://|mailto:)(?:[^\s()<>\[\]“”„«»\"]|\([^\s()<>]*\))+"

WRITTEN_OUT = re.compile(
    rf"\[(?P<words>[^\[\]]{{1,200}})\]\((?P<target>{ADDRESS})\)"
    rf"| ?\((?P<beside>{ADDRESS})\)| ?<(?P<pointed>{ADDRESS})>"
    r"|(?P<bare>\bhttps?://[^\s<>\[\]“”„«»\"]+)",
    re.IGNORECASE,
)

CITED = re.compile(r"\((?P<words>[^(),]{1,80})(?:,[^()]{0,40})?\)\Z")
NAMED = re.compile(
    r"(?P<words>(?:[^\W\d_a-z][\w’'&.-]{0,40} ){0,5}[^\W\d_a-z][\w’'&-]*|[\w’'&%$-]+)[”“’\"'.,;:!?)»]*\Z"
)
REACH = 160
"""Characters before an address in which the words that it belongs to are looked for."""

_PUT = "the link {href} was put on “{words}”; check that it belongs to these words and no others"


def link_spans(text: str) -> tuple[Spans, tuple[str, ...]]:
    """The text with its addresses as links, and what an editor should know of them.

    An address in brackets belongs to the words before it: the name that ends there, or the last word. A bare one is
    its own text. An address that no story may link to stays as it is.
    """
    spans: list[Span] = []
    notes: list[str] = []
    end = 0
    for found in WRITTEN_OUT.finditer(text):
        given = found["target"] or found["beside"] or found["pointed"] or _trimmed(found["bare"])
        link = read_link(given)
        notes += [link.note] if link.note else []
        if link.href is None:
            continue
        before = text[end : found.start()]
        pieces = list(_pieces(before, found, given, link))
        if found["bare"] is None and found["words"] is None:
            words = (span.text for span in pieces if span.href and span.text != _as_text(given, link))
            notes += (_PUT.format(href=link.href, words=text) for text in words)
        spans += pieces
        end = found.end() if found["bare"] is None else found.start() + len(given)
    return tidy([*spans, Span(text=text[end:])]), tuple(notes)


def relinked(spans: Spans) -> tuple[Spans, tuple[str, ...]]:
    """Spans with the addresses in their text as links, as `link_spans` has them; what is a link already stays."""
    found: list[Span] = []
    notes: list[str] = []
    for span in spans:
        if span.href is not None or not WRITTEN_OUT.search(span.text):
            found.append(span)
            continue
        inner, told = link_spans(span.text)
        start = span.text[: len(span.text) - len(span.text.lstrip())]
        end = span.text[len(span.text.rstrip()) :]
        pieces = (Span(text=start), *inner, Span(text=end))
        found += (replace(piece, strong=span.strong, emphasis=span.emphasis) for piece in pieces)
        notes += told
    return tidy(found), tuple(notes)


def _pieces(before: str, found: re.Match[str], given: str, link: Link) -> Iterator[Span]:
    """The text before an address and the link itself."""
    if found["words"]:
        yield from (Span(text=before), Span(text=found["words"], href=link.href))
        return
    if found["bare"] is not None:
        yield from (Span(text=before), Span(text=_as_text(given, link), href=link.href))
        return
    near = before[-REACH:]
    words = CITED.search(near) or NAMED.search(near)
    if words is None:
        opening, closing = found[0].lstrip()[0], found[0][-1]
        yield from (Span(text=f"{before} {opening}"), Span(text=_as_text(given, link), href=link.href))
        yield Span(text=closing)
        return
    start = len(before) - len(near) + words.start("words")
    stop = start + len(words["words"])
    yield from (Span(text=before[:start]), Span(text=before[start:stop], href=link.href), Span(text=before[stop:]))


def _as_text(given: str, link: Link) -> str:
    """What readers see of a bare address: without the wrapper or the parameters that were taken off."""
    return (link.href or given) if link.note else given


def _trimmed(address: str) -> str:
    """The address without the sentence's own marks at its end, and without a bracket that it does not open."""
    while address and (address[-1] in ".,;:!?'’*_" or (address[-1] == ")" and address.count(")") > address.count("("))):
        address = address[:-1]
    return address
