"""Checks for what no reader should see: code that was not filled in, text that was escaped or decoded twice.

What an editor wrote may look like a left-over (a story about “None of the above”, or about `{{`): the texts of the
edition are taken out first, and only what then remains is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Final

from newsletter.model import Finding
from newsletter.rendering.links import ascii_address
from newsletter.rendering.proof.case import Case, excerpt, stop, without_references

PATTERNS: Final = (
    ("a value of Jinja", re.compile(r"\{\{|\}\}")),
    ("a statement of Jinja", re.compile(r"\{%|%\}")),
    ("an MJML tag", re.compile(r"</?mj-[a-z]+")),
    ("a value that is not there", re.compile(r"\b(?:None|undefined|Undefined|NaN)\b")),
    ("an object of the program", re.compile(r"<[\w.]+ object at 0x|<(?:function|bound method|built-in method) ")),
    ("a debug escape of the compiler", re.compile(r"\\u\{[0-9a-fA-F]+\}")),
    ("an entity escaped twice", re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-fA-F]+);")),
)

MOJIBAKE: Final = re.compile(
    "â€[™œ\u009d˜”“¦\u0098\u0099\u009c]|â[\u0080\u0082][\u0080-\u00bf]|Ã[\u0080-\u00bf]|Â[\u00a0©®°·«»§]|ï»¿|\ufffd"
)
"""UTF-8 that was read as Windows-1252 or Latin-1, and U+FFFD, which says that a letter is lost."""


def left_overs(case: Case) -> Iterator[Finding]:
    """Nothing of Jinja, MJML or Python, and nothing escaped twice, in what readers see."""
    for tag in {element.tag for element in case.page.elements if element.tag.startswith("mj-")}:
        yield stop("left-overs", f"<{tag}> was not compiled; is its name right?", case.frame(f"<{tag}"))
    written = _suspicious(said.text for said in case.said)
    for text, template in _texts(case):
        rest = _without(_flat(text), written)
        for what, pattern in PATTERNS:
            found = pattern.search(rest)
            if found:
                around = excerpt(rest, *found.span())
                yield stop("left-overs", f"{around}: {found[0]} looks like {what}; mend what prints it", template)


def mojibake(case: Case) -> Iterator[Finding]:
    """No text that was decoded wrongly; nobody writes it, so it is a fault in a story as well."""
    for said in case.said:
        found = MOJIBAKE.search(said.text)
        if found:
            around = excerpt(said.text, *found.span())
            problem = f"{around} was read in a wrong encoding ({found[0]!r}); type the letter again, save as UTF-8"
            yield stop("mojibake", problem, said.where)
    written = _suspicious((said.text for said in case.said), MOJIBAKE)
    for text, template in _texts(case):
        found = MOJIBAKE.search(_without(_flat(text), written))
        if found:
            yield stop(
                "mojibake",
                f"the frame has {found[0]!r}, read in a wrong encoding; save it as UTF-8",
                _at(case, found[0], template),
            )


def _at(case: Case, words: str, template: str) -> str:
    return case.frame(words) if template == case.template else template


def _texts(case: Case) -> Iterator[tuple[str, str]]:
    """What readers see or hear, with the template it comes from."""
    yield case.page.visible, case.template
    yield case.page.hidden, case.template
    for element in case.page.elements:
        if element.tag == "title":
            yield element.text, case.template
        for name, value in element.attributes.items():
            if not name.startswith("xmlns"):
                yield value, case.template
    yield from ((css.replace("}", "} "), case.template) for _, css in case.page.sheets)
    yield from ((unescape(re.sub(r"<[^>]*>", " ", comment)), case.template) for comment in case.page.comments)
    yield re.sub(r"^\| ?", "", case.message.text, flags=re.MULTILINE), case.text_template
    yield case.message.subject, case.settings
    yield case.message.preheader, case.settings


def _suspicious(texts: Iterable[str], *patterns: re.Pattern[str]) -> tuple[str, ...]:
    """The texts with something in them that would be taken for a left-over, longest first, in each form printed."""
    looked_for = patterns or tuple(pattern for _, pattern in PATTERNS)
    chosen = {
        _flat(form)
        for text in texts
        if any(pattern.search(text) for pattern in looked_for)
        for form in (text, text.upper(), ascii_address(text) if "://" in text else text)
    }
    return tuple(sorted(chosen, key=len, reverse=True))


def _flat(text: str) -> str:
    """The text in one line, without numbers of links and the space before a French colon, as all can be compared."""
    return " ".join(without_references(text).split()).replace(" :", ":")


def _without(text: str, written: tuple[str, ...]) -> str:
    for piece in written:
        text = text.replace(piece, " ")
    return text
