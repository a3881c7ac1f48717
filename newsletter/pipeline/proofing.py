"""The whole proof of an edition: the message, its stories, whom it would reach, and, if asked, what its links answer.

Each check is one row: what it found, or that it found nothing, is switched off, or could not look.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from newsletter.asking import Kind, Reply
from newsletter.errors import Fault, RenderError
from newsletter.model import (
    DESK_CHECKS,
    FIXED,
    GUARDS,
    LINK_ANSWERS,
    MESSAGE_CHECKS,
    Finding,
    Level,
    Newsletter,
    Story,
    levelled,
)
from newsletter.pipeline import composing
from newsletter.pipeline.context import Context
from newsletter.rendering.links import ascii_address
from newsletter.rendering.proof import links_to_ask, placeholder
from newsletter.stories.links import links_of

WIDTH = 80
"""Columns of the table."""

_LEVELS = {Kind.GONE: Level.STOP}
"""What an answer does; all others are shown. A server that refuses machines, or sleeps, may well answer readers."""


def stop(check: str, problem: str, where: str) -> Finding:
    """A finding that stops the edition."""
    return Finding(check=check, level=Level.STOP, problem=problem, where=where)


def settings_file(newsletter: Newsletter) -> str:
    """The file with a newsletter's own settings, as findings name it."""
    return f"content/newsletters/{newsletter.slug}.toml"


def content(newsletter: Newsletter, problems: Iterable[str]) -> Iterator[Finding]:
    """Too few stories, or one of a frozen edition that must not go any more."""
    yield from (stop("content", problem, settings_file(newsletter)) for problem in problems)


def unreadable(faults: Iterable[Fault]) -> Iterator[Finding]:
    """Files without which the edition must not go."""
    for fault in faults:
        yield stop("file", fault.problem, f"{fault.path}:{fault.line}" if fault.line else fault.path)


def unrendered(newsletter: Newsletter, error: RenderError) -> Finding:
    """A template that cannot be rendered; the error names it and the line."""
    return stop("render", str(error), f"templates/email/{newsletter.template}.mjml.j2")


def audience(newsletter: Newsletter, mailable: int, odd: str | None) -> Iterator[Finding]:
    """Nobody, or an odd number of readers."""
    if not mailable:
        yield stop("audience", f"nobody on the list {newsletter.list!r} can be mailed", settings_file(newsletter))
    elif odd:
        yield stop("audience", odd, settings_file(newsletter))


def ledger(refused: str) -> Iterator[Finding]:
    """A database that came back from a backup: nothing may go from it yet."""
    if refused:
        yield stop("ledger", refused, "the database")


def in_words(finding: Finding) -> str:
    """A finding in one line. Of what stops for another reason than a file's text, the place is in the words."""
    return finding.problem if finding.check in GUARDS else f"{finding.where}: {finding.problem}"


# --- links ----------------------------------------------------------------------------------------------------------


def ask_edition(context: Context, newsletter: Newsletter, composed: composing.Composed) -> tuple[Finding, ...]:
    """What the links of a message answer."""
    links = links_to_ask(composed.message, composed.edition, newsletter, context.organisation)
    return levelled(answers(links, context.ask(links)), newsletter.proof)


def ask_stories(context: Context, stories: Iterable[Story]) -> tuple[Finding, ...]:
    """What the links of stories answer."""
    links: dict[str, str] = {}
    for story in stories:
        for url, where in links_of(story):
            if not placeholder(url):
                links.setdefault(ascii_address(url), where)
    return levelled(answers(links, context.ask(links)), {})


def answers(links: Mapping[str, str], replies: Iterable[Reply]) -> Iterator[Finding]:
    """A finding for each answer that is not well; one for all of them where nobody answered at all."""
    known = tuple(replies)
    if len(known) > 1 and all(reply.kind is Kind.SILENT for reply in known):
        problem = f"none of {len(known)} links answers, the first: {known[0].words}; has this machine a network?"
        yield Finding(check=LINK_ANSWERS, level=Level.WARN, problem=problem, where=links[known[0].url])
        return
    for reply in known:
        if reply.kind is not Kind.FINE:
            level = _LEVELS.get(reply.kind, Level.WARN)
            problem = f"the link to {reply.url}: {reply.words}; {_CURES[reply.kind]}"
            yield Finding(check=LINK_ANSWERS, level=level, problem=problem, where=links[reply.url])


_CURES = {
    Kind.GONE: "find the page's new address, or take the link out",
    Kind.ELSEWHERE: "open it, and write the address that is meant",
    Kind.ERROR: "open it in a browser",
    Kind.SILENT: "open it in a browser",
    Kind.REFUSED: "open it in a browser: can readers reach it?",
}


# --- the rows -------------------------------------------------------------------------------------------------------


def rows(findings: Iterable[Finding], newsletter: Newsletter, *, composed: bool, asked: bool) -> dict[str, str]:
    """How each check ended: `stop`, `warn`, `ok`, `off`, or `not looked at`."""
    worst: dict[str, str] = {}
    for finding in findings:
        if worst.get(finding.check) != Level.STOP.value:
            worst[finding.check] = finding.level.value
    ended = dict.fromkeys([*GUARDS, *MESSAGE_CHECKS, *DESK_CHECKS, LINK_ANSWERS, *worst], "ok")
    if not composed:
        ended |= dict.fromkeys([*MESSAGE_CHECKS, *DESK_CHECKS], "not looked at")
    if not asked:
        ended[LINK_ANSWERS] = "not looked at"
    ended |= {check: "off" for check, level in newsletter.proof.items() if level == "off" and check not in FIXED}
    return ended | worst


def in_table(findings: Iterable[Finding], ended: Mapping[str, str]) -> Iterator[str]:
    """The proof for a terminal of 80 columns: level, check, where and what; then the checks that found nothing."""
    width = max([len(finding.check) for finding in findings], default=0)
    margin = " " * (7 + width)
    for finding in findings:
        head = f"{finding.level.value:5} {finding.check:{width}} "
        yield head + finding.where
        yield from textwrap.wrap(
            finding.problem, WIDTH, initial_indent=margin, subsequent_indent=margin, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
    for word in ("ok", "off", "not looked at"):
        names = ", ".join(check for check, how in ended.items() if how == word)
        if names:
            yield from textwrap.wrap(
                f"{word}: {names}", WIDTH, subsequent_indent=" " * (len(word) + 2), break_on_hyphens=False
            )


def document(
    edition: str, fingerprint: str | None, findings: Iterable[Finding], ended: Mapping[str, str]
) -> dict[str, Any]:
    """The proof for `--json`."""
    found = tuple(findings)
    return {
        "edition": edition,
        "fingerprint": fingerprint,
        "missing": list(dict.fromkeys(in_words(finding) for finding in found if finding.level is Level.STOP)),
        "findings": [composing.finding_document(finding) for finding in found],
        "checks": dict(ended),
    }
