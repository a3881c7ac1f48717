"""What spam filters hold against a mail: its sender's domain, its words, pictures without words. Only shown, never a
stop but for a mail that is nothing but a picture: filters weigh many things, and reputation more than words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from newsletter.model import Finding
from newsletter.rendering.proof.case import Case, Said, bare_words, excerpt, stop, warn
from newsletter.rendering.words import texts_of

FREE_MAIL: Final = re.compile(
    r"(?:gmail|googlemail|yahoo|ymail|aol|outlook|hotmail|live|msn|icloud|me|mac|gmx|web|proton|protonmail|zoho|mail|yandex)"
    r"\.(?:com|de|net|me|ru|fr|at|ch|co\.uk|co\.jp|ca|it|es)\Z",
    re.IGNORECASE,
)
"""Domains where anybody gets an address. Their DMARC lets nobody else send in their name, and big mailboxes refuse it
(Gmail's and Yahoo's requirements for senders since 2024).
"""

PHRASES: Final = (
    # what is sought, and why filters know it: a list of ours, after the kinds of words that SpamAssassin looks for
    (re.compile(r"\b(?:act|order|apply|buy) now\b", re.I), "pressure"),
    (re.compile(r"\blimited[- ]time (?:offer|only)\b|\boffer expires\b|\bwhile supplies last\b", re.I), "pressure"),
    (
        re.compile(r"\b100 ?% (?:free|satisfied|guaranteed)\b|\brisk[- ]free\b|\bno (?:obligation|catch)\b", re.I),
        "promise",
    ),
    (re.compile(r"\bmoney[- ]back guarantee\b|\b(?:double|triple) your (?:money|income)\b", re.I), "promise"),
    (re.compile(r"\b(?:cash bonus|easy money|extra income|get rich|lowest price)\b", re.I), "money"),
    (
        re.compile(
            r"\b(?:dear (?:friend|customer|sir or madam)|you have (?:won|been selected)|congratulations, you)\b", re.I
        ),
        "scam",
    ),
    (re.compile(r"\bthis (?:is not|isn[’']t) spam\b|\bverify your account\b", re.I), "scam"),
    (re.compile(r"\${3,}|€{3,}|£{3,}"), "money"),
)

_FEIGNED: Final = re.compile(r"\s*(?:re|fwd?|aw)\s*:", re.IGNORECASE)
_SHOUTS: Final = re.compile(r"!(?:\s*!)+|[!?]{3,}")

RATIO: Final = 0.004
"""Characters of text for a pixel of pictures: SpamAssassin's rules HTML_IMAGE_RATIO_02 and _04 lie below it."""


def sender_domain(case: Case) -> Iterator[Finding]:
    """Not a free mail provider, whose DMARC policy a mail service fails."""
    domain = case.newsletter.sender.address.rpartition("@")[2]
    if FREE_MAIL.match(domain):
        problem = (
            f"mail from {domain} that {domain} did not send fails DMARC, and big mailboxes refuse it; set "
            "sender.address to one of your own domain, and this one as reply_to"
        )
        yield warn("sender-domain", problem, case.settings)


def filter_words(case: Case) -> Iterator[Finding]:
    """Phrases that filters know, in what editors wrote; a subject that shouts or feigns an answer."""
    yield from _subject(case)
    for said in case.said:
        for pattern, kind in PHRASES:
            found = pattern.search(said.text)
            if found:
                problem = f"{excerpt(said.text, *found.span())}: filters take “{found[0]}” for {_KINDS[kind]}"
                yield warn("filter-words", f"{problem}; say it in other words, if you can", said.where)
    for story in case.edition.stories:
        if _all_capitals(story.headline):
            yield _shouted(f"the headline “{story.headline[:60]}”", case.where(story.slug, story.headline))


_KINDS: Final = {
    "pressure": "an advertisement that hurries",
    "promise": "an advertisement that promises",
    "money": "an advertisement for money",
    "scam": "the words of a fraud",
}


def _subject(case: Case) -> Iterator[Finding]:
    words, where = case.message.subject, case.where(case.edition.lead.slug, case.edition.lead.headline)
    if _all_capitals(words):
        yield _shouted("the subject", where)
    if _SHOUTS.search(words) or words.count("!") > 1:
        yield warn("filter-words", "the subject has many exclamation marks; one is enough, none is better", where)
    if _FEIGNED.match(words):
        begin = words.partition(":")[0]
        problem = f"the subject begins with “{begin}:”, as if it answered; filters and readers mind; begin otherwise"
        yield warn("filter-words", problem, where)


def _shouted(what: str, where: str) -> Finding:
    return warn("filter-words", f"{what} is all in capitals, which filters take for shouting; write it in small", where)


def _all_capitals(words: str) -> bool:
    """More than ten letters in more than one word, none of them small (SpamAssassin's SUBJ_ALL_CAPS asks as much)."""
    letters = [char for char in words if char.isalpha() and char.upper() != char.lower()]
    return len(letters) > 10 and len(words.split()) > 1 and all(char.isupper() for char in letters)


def image_share(case: Case) -> Iterator[Finding]:
    """Words beside the pictures: a mail that is a picture says nothing where pictures are blocked."""
    pictures = [image for image in case.page.all("img") if not image.hidden]
    if not pictures:
        return
    said = [Said(text, "") for story in case.edition.stories for block in story.blocks for text in texts_of(block)]
    if not any(bare_words(each.text).strip() for each in said):
        problem = "the stories have pictures and no words beside them; write what the pictures show"
        yield stop("image-share", problem, case.edition.lead.path)
        return
    area = sum(_pixels(image.attributes) for image in pictures)
    ratio = len(case.page.visible) / area if area else 1.0
    if ratio < RATIO:
        problem = (
            f"{len(case.page.visible):,} characters of text stand beside {area:,} pixels of pictures, and filters ask "
            f"for {round(RATIO * area):,}; leave a picture out, or write more"
        )
        yield warn("image-share", problem, case.template)


def _pixels(attributes: dict[str, str]) -> int:
    width, height = attributes.get("width", ""), attributes.get("height", "")
    if not width.isdigit():
        return 0
    return int(width) * (int(height) if height.isdigit() else round(int(width) * 0.6))
