"""Checks of what people need who do not see the mail, or not as it was drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from newsletter.model import Finding
from newsletter.rendering.proof.case import Case, bare_words, stop
from newsletter.rendering.proof.page import Element

_TABLE: Final = re.compile(r"<table\b[^>]*>", re.IGNORECASE)
_PRESENTATION: Final = re.compile(r"\brole=[\"']?(?:presentation|none)\b", re.IGNORECASE)

_LAYOUT: Final = frozenset(["presentation", "none", "table"])

_VAGUE: Final = frozenset(
    ["here", "click here", "click", "link", "this link", "more", "read more", "learn more", "view more", "see more"]
)
"""Links that say nothing where they are read out alone (WCAG 2.4.4), as screen readers do."""


def language(case: Case) -> Iterator[Finding]:
    """`lang` and `dir` on <html>, and on a wrapper too, since Gmail drops <html>; a title."""
    for name, value in (("lang", case.newsletter.language), ("dir", case.newsletter.direction)):
        for what, tags in (("<html>", ("html",)), ("a wrapper in the body", ("div", "table", "td"))):
            if not any(element.attributes.get(name) == value for element in case.page.all(*tags)):
                yield stop("language", f'{what} lacks {name}="{value}"; start the template with <mjml>', case.template)
    if not any(title.text for title in case.page.all("title")):
        yield stop("language", "<title> is empty; give the edition a subject", case.settings)


def table_roles(case: Case) -> Iterator[Finding]:
    """role="presentation" on each layout table, in Outlook's conditional comments too. A table with <th> is data."""
    shown = list(case.page.all("table"))
    data = {next((holder for holder in cell.above() if holder.tag == "table"), None) for cell in case.page.all("th")}
    bare = [table for table in shown if table not in data and table.attributes.get("role") not in _LAYOUT]
    hidden = [tag for comment in case.page.comments for tag in _TABLE.findall(comment) if not _PRESENTATION.search(tag)]
    count = len(bare) + len(hidden)
    if count:
        story = bare[0].story if bare else None
        problem = f'{count} of {len(shown)} tables lack role="presentation" and would be read out cell by cell; add it'
        where = case.frame(_opening(bare[0]) if bare else hidden[0])
        yield stop("table-roles", problem, where if story is None else f"{where} (in {story})")


def headings(case: Case) -> Iterator[Finding]:
    """One h1, no level left out, none empty, and each story's headline an h3."""
    found = list(case.page.all("h1", "h2", "h3", "h4", "h5", "h6"))
    levels = [int(heading.tag[1]) for heading in found]
    if levels.count(1) != 1:
        yield stop("headings", f"there are {levels.count(1)} h1; the masthead has the one", case.template)
    for before, heading in zip([0, *levels], found, strict=False):
        if int(heading.tag[1]) > before + 1 and before:
            problem = f"<{heading.tag}> “{heading.text[:40]}” follows <h{before}>: a level is left out"
            yield stop("headings", problem, case.template)
        if not heading.text:
            yield stop("headings", f"a <{heading.tag}> is empty; print it only where it has words", case.template)
    stories = {bare_words(heading.text) for heading in found if heading.tag == "h3"}
    for story in case.edition.stories:
        if bare_words(story.headline) not in stories:
            yield stop("headings", f"the headline “{story.headline[:60]}” is not an <h3>", case.template)


def alternatives(case: Case) -> Iterator[Finding]:
    """Each picture has an alt; a story's picture says something there."""
    for image in case.page.all("img"):
        alt = image.attributes.get("alt")
        if alt is None or (not alt.strip() and image.story):
            src = image.attributes.get("src", "")
            problem = f"the picture {src.rsplit('/', 1)[-1]} has no alt text; say in words what it shows"
            yield stop("alt", problem, case.where_shown(image))


def link_texts(case: Case) -> Iterator[Finding]:
    """Each link says where it goes."""
    for link in case.page.all("a"):
        words = " ".join([link.text, *link.pictures]).strip()
        href = link.attributes.get("href", "")
        if "href" not in link.attributes and ("name" in link.attributes or "id" in link.attributes):
            continue
        if not words:
            yield stop("link-text", f"the link to {href or 'nowhere'} has no words", case.where(link.story, href))
        elif bare_words(words).strip() in _VAGUE:
            problem = f"the link “{words}” to {href} does not say where it goes; name what is there"
            yield stop("link-text", problem, case.where(link.story, href))


def ids(case: Case) -> Iterator[Finding]:
    """No id twice."""
    counted = Counter(element.attributes["id"] for element in case.page.elements if "id" in element.attributes)
    for name in (name for name, count in counted.items() if count > 1):
        problem = f'id="{name}" stands {counted[name]} times; name each thing once'
        yield stop("duplicate-ids", problem, case.frame(f'id="{name}"'))


def _opening(table: Element) -> str:
    """What tells a table from others in its template: its class, or that it is one."""
    return f'class="{table.attributes["class"]}"' if table.attributes.get("class") else "<table>"
