"""Checks of what a message must have: its size, the way out, who sends it, subject, preheader, plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from newsletter.model import Block, Edition, Finding, plain
from newsletter.model.letters import unfit
from newsletter.rendering.lines import LONGEST, long_lines
from newsletter.rendering.links import ascii_address, bare
from newsletter.rendering.proof.case import Case, bare_words, excerpt, stop, warn
from newsletter.rendering.proof.weight import GMAIL_CLIPS_AT, TRACKED_LINK, weigh
from newsletter.rendering.tokens import LEAVE, READER, REDIRECT_QUERY, TOKEN, TOKENS
from newsletter.rendering.words import texts_of

PREHEADER: Final = (40, 130)

_WAY_OUT: Final = re.compile(rf"https?://[^\s\[]+/{LEAVE}/\[\[{READER}\]\]")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NAME_REFUSED: Final = ',;<>()@[]:"'
"""Characters that SendGrid does not take in a sender's name."""


def size(case: Case) -> Iterator[Finding]:
    """Bytes of the HTML as it goes out against what Gmail shows; with each story's share."""
    weight = weigh(case.message, case.clicks, None if case.clicks == "aggregate" else case.page)
    if weight.share < 0.8:
        return
    parts = ", ".join(f"{slug} {100 * count / weight.total:.0f} %" for slug, count in weight.stories)
    grown = f" ({weight.html:,} and {TRACKED_LINK} for each of {weight.links} links that the ESP tracks)"
    problem = (
        f"the HTML has {weight.total:,} bytes{grown if weight.links else ''}; Gmail cuts it off at {GMAIL_CLIPS_AT:,}. "
        f"Shorten or move a story. Shares: {parts or 'no story found'}"
    )
    where = case.where(weight.stories[0][0]) if weight.stories else case.template
    yield (stop if weight.share >= 0.98 else warn)("size", problem, where)


def unsubscribe(case: Case) -> Iterator[Finding]:
    """The address where the reader leaves stands in the HTML as a link, and in the text."""
    ways_out = [link for link in case.page.all("a") if _WAY_OUT.fullmatch(link.attributes.get("href") or "")]
    if not any(link.text and not link.hidden for link in ways_out):
        problem = 'there is no unsubscribe link that is seen; put <a href="{{ edition.unsubscribe }}"> into the footer'
        yield stop("unsubscribe", problem, case.template)
    if not _WAY_OUT.search(case.message.text):
        problem = "the plain text has no unsubscribe link; put {{ edition.unsubscribe }} into it"
        yield stop("unsubscribe", problem, case.text_template)


def postal_address(case: Case) -> Iterator[Finding]:
    """The sender's postal address stands in both parts (CAN-SPAM 15 U.S.C. 7704(a)(5))."""
    address = bare_words(case.organisation.postal_address)
    if not address.strip():
        yield stop("postal-address", "the organisation has no postal address; write it", "content/organisation.toml")
        return
    for part, text, template in (
        ("HTML", case.page.visible, case.template),
        ("plain text", case.message.text, case.text_template),
    ):
        if address not in bare_words(text):
            yield stop("postal-address", f"the {part} lacks the postal address; print it in the footer", template)


def sender(case: Case) -> Iterator[Finding]:
    """A name and an address that the ESP takes."""
    mailbox = case.newsletter.sender
    if not _ADDRESS.match(mailbox.address):
        yield stop("sender", f"{mailbox.address!r} is not an address; mend sender.address", case.settings)
    if not mailbox.name.strip():
        yield stop(
            "sender", "the sender has no name, and inboxes show the bare address; set sender.name", case.settings
        )
    bad = sorted({char for char in mailbox.name if char in _NAME_REFUSED or not char.isprintable()})
    if bad:
        problem = f"the sender's name has {' '.join(bad)!r}, which SendGrid does not take; leave it out"
        yield stop("sender", problem, case.settings)


def subject(case: Case) -> Iterator[Finding]:
    """There is one, in one line."""
    words = case.message.subject
    where = case.edition.subject_at or case.where(case.edition.lead.slug, case.edition.lead.headline)
    if not words.strip():
        yield stop("subject", "the subject is empty; give the lead a headline, or set `subject`", case.settings)
    elif (char := unfit(words)) is not None:
        problem = f"the subject {words!r} has {char}, which breaks its line or turns its order; take it out"
        yield stop("subject", problem, where)


def preheader(case: Case) -> Iterator[Finding]:
    """The line after the subject: there, hidden, first in the body, of a good length, not the subject again."""
    words, shortest, longest = case.message.preheader, *PREHEADER
    where = case.edition.preheader_at or case.where(case.edition.lead.slug, case.edition.lead.headline)
    if not words.strip():
        yield stop("preheader", "there is no preheader; inboxes would show the masthead's words instead", where)
    elif bare_words(words) == bare_words(case.message.subject):
        yield stop("preheader", "the preheader says the subject again; let it say what else is in the edition", where)
    elif not case.page.hidden.startswith(" ".join(words.split())):
        problem = "the preheader is not the hidden first block of the body; include partials/preheader.mjml.j2 there"
        yield stop("preheader", problem, case.template)
    elif not shortest <= len(words) <= longest:
        yield warn("preheader", f"the preheader has {len(words)} characters; {shortest} to {longest} are shown", where)


def plain_text(case: Case) -> Iterator[Finding]:
    """The words of stories, and of what stands beside them, are in both parts; the text has each link of the HTML."""
    if not case.message.text.strip():
        yield stop("plain-text", "the plain text is empty", case.text_template)
        return
    parts = (
        ("HTML", bare_words(case.page.visible), case.template),
        ("plain text", bare_words(_without_bars(case.message.text)), case.text_template),
    )
    for path, pieces in _told(case.edition):
        for part, words, template in parts:
            lost = [piece for piece in pieces if bare_words(piece) not in words and bare_words(piece).strip()]
            if lost:
                problem = f"the {part} lacks words of {path}: “{lost[0][:60]}” ({len(lost)} of {len(pieces)} pieces)"
                yield stop("plain-text", f"{problem}; the template drops a kind of block", template)
    missing = [link.url for link in case.message.links if not _has_address(case.message.text, link.url)]
    if missing:
        problem = f"the plain text lacks {len(missing)} of the HTML's links, the first is {missing[0]}; print them"
        yield stop("plain-text", problem, case.text_template)


def _told(edition: Edition) -> Iterator[tuple[str, list[str]]]:
    """Everything that readers must be told: the file of each, and its pieces of text."""
    extras = edition.extras
    for story in edition.stories:
        yield story.path, [story.headline, *_texts(story.blocks)]
    if extras.note is not None:
        yield extras.note.path, [*_texts(extras.note.blocks), extras.note.by or ""]
    for brief in extras.briefs:
        yield brief.path, [plain(brief.spans), brief.outlet or ""]
    for sponsor in extras.sponsors:
        yield sponsor.path, [sponsor.label, *_texts(sponsor.blocks)]
    for entry in extras.calendar:
        yield entry.path, [entry.title, entry.place or ""]
    for correction in extras.corrections:
        yield correction.path, [correction.headline, *_texts(correction.blocks)]


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    return (text for block in blocks for text in texts_of(block))


def tokens(case: Case) -> Iterator[Finding]:
    """No `[[` but the known tokens; none at all in a story, for the ESP would substitute it. That of our redirect is
    known where it ends the address of a link.
    """
    for said in case.said:
        place = said.text.find("[[")
        if place >= 0:
            words = excerpt(said.text, place, place + 2)
            problem = f"{words} has [[, which the ESP takes for a reader's own value; write it as [ ["
            yield stop("tokens", problem, said.where)
    written = [said.text for said in case.said if "[[" in said.text]
    names = TOKENS - {REDIRECT_QUERY}
    for text, template in ((bare(case.message), case.template), (case.message.text, case.text_template)):
        for match in re.finditer(r"\[\[[^\[\]]{0,40}(?:\]\])?", text):
            known = TOKEN.match(match[0])
            if (known and known[1] in names) or any(match[0][:12] in words for words in written):
                continue
            where = case.frame(match[0]) if template == case.template else template
            known_here = ", ".join(f"[[{name}]]" for name in sorted(names))
            yield stop("tokens", f"{match[0]} is not substituted there; known are {known_here}", where)


def line_length(case: Case) -> Iterator[Finding]:
    """No line is too long for a mail; the ESP may break it at a place that matters."""
    for text, template in ((case.message.html, case.template), (case.message.text, case.text_template)):
        for number in long_lines(text)[:1]:
            problem = (
                f"line {number} has more than {LONGEST} bytes without a place to break it; shorten its longest word"
            )
            yield warn("line-length", problem, template)


def _without_bars(text: str) -> str:
    """The text without the bars that set the association's voice apart, which stand between words."""
    return re.sub(r"^\| ?", "", text, flags=re.MULTILINE)


def _has_address(text: str, url: str) -> bool:
    """Whether the address stands whole in the text, not as the beginning of a longer one."""
    return any(re.search(re.escape(form) + r"(?![\w/?&=#%-])", text) for form in {url, ascii_address(url)})
