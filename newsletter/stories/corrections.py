"""A story that corrects another: the box of the next edition, and a mail to those who got the wrong one.

A correcting story is never printed as a story: it says in a few sentences what was wrong and what is right. What is
new besides is another story's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

from newsletter.model import (
    ENGLISH_WORDING,
    Citation,
    Correction,
    Edition,
    Finding,
    Level,
    Newsletter,
    Paragraph,
    SectionStories,
    Span,
    Standing,
    Status,
    Story,
    Waiting,
    Wording,
)
from newsletter.stories.subject import preheader_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The corrections of an edition; those that wait, and why; and what must not be overlooked among these."""

    corrections: tuple[Correction, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    findings: tuple[Finding, ...] = ()


def choose(
    newsletter: Newsletter,
    stories: Iterable[Story],
    *,
    went: Mapping[str, date],
    printed: Iterable[str],
    meant: Callable[[Story], bool],
    unfit: Callable[[Story], str | None],
) -> Box:
    """The corrections of what went to the newsletter's list: `went` has the date on which each story did.

    `printed` are corrections that this list had already. `meant` says whether a story is for this newsletter, `unfit`
    why it may not go now. A correction takes no story's room, and is passed over by no number of editions.
    """
    by_slug, done = {story.slug: story for story in stories}, set(printed)
    chosen: list[Correction] = []
    waiting: list[Waiting] = []
    findings: list[Finding] = []
    for story in sorted(by_slug.values(), key=lambda each: each.slug):
        if story.corrects is None or story.slug in done or not (story.corrects in went or meant(story)):
            continue
        left_out = _left_out(story, newsletter) if story.corrects in went else None
        wrong = fault(story, by_slug, went)
        reason = wrong or _not_gone(story, newsletter, went) or left_out or unfit(story)
        if reason is None:
            chosen.append(_entry(story, went[story.corrects]))
            continue
        waiting.append(Waiting(slug=story.slug, headline=story.headline, reason=reason))
        overlooked = wrong or (story.corrects in went and not reason.startswith("embargoed"))
        if overlooked and story.standing is Standing.APPROVED:
            findings.append(_finding(story, f"this correction is not in the edition: {reason}", Level.WARN))
    return Box(corrections=tuple(chosen), waiting=tuple(waiting), findings=tuple(findings))


def fault(story: Story, by_slug: Mapping[str, Story], went: Iterable[str] = ()) -> str | None:
    """What is wrong with `corrects` itself, in words: it names nothing, itself, or another correction."""
    wrong = story.corrects
    if wrong is None:
        return None
    if wrong == story.slug:
        return "it corrects itself: `corrects` names the earlier story, which was wrong"
    if wrong not in by_slug:
        close = get_close_matches(wrong, by_slug, n=1)
        hint = f": did you mean `{close[0]}`?" if close else ""
        return None if wrong in went else f"it corrects `{wrong}`, which is no story{hint}"
    first = by_slug[wrong].corrects
    if first is not None:
        return f"it corrects `{wrong}`, which is a correction itself: write `corrects: {first}`, and say all of it anew"
    return None


def check_corrections(stories: Iterable[Story]) -> tuple[Finding, ...]:
    """The desk check of `corrects`, over all stories; killed ones are left out, but may be corrected."""
    by_slug = {story.slug: story for story in stories}
    found = ((story, fault(story, by_slug)) for story in by_slug.values() if story.status is not Status.KILLED)
    return tuple(_finding(story, problem, Level.STOP) for story, problem in found if problem is not None)


def _finding(story: Story, problem: str, level: Level) -> Finding:
    where = f"{story.path}:{story.lines.get('corrects', 1)}"
    return Finding(check="corrects", level=level, problem=problem, where=where)


def _not_gone(story: Story, newsletter: Newsletter, went: Mapping[str, date]) -> str | None:
    if story.corrects in went:
        return None
    return (
        f"it corrects `{story.corrects}`, which has not gone to the list {newsletter.list}: it waits until that has; "
        "what is not out yet is mended in its own file"
    )


def _left_out(story: Story, newsletter: Newsletter) -> str | None:
    """Why those who got the wrong story will not see the correction here, though nothing is wrong with it."""
    # a newsletter with the same list may have had it, and it alone is known by that name
    mail = f"`newsletter send correction EDITION --story {story.slug}` sends it by itself to those who got EDITION"
    if story.newsletters is not None and newsletter.slug not in story.newsletters:
        return f"its `newsletters` leave out {newsletter.slug}, whose list got `{story.corrects}`: add it, or {mail}"
    if "corrections" not in newsletter.parts:
        return f"the `parts` of {newsletter.slug}.toml leave out `corrections`: add it, or {mail}"
    return None


def _entry(story: Story, on: date) -> Correction:
    return Correction(
        slug=story.slug, corrects=story.corrects or "", headline=story.headline, on=on, blocks=story.blocks,
        url=story.url, path=story.path, digest=story.digest,
    )  # fmt: skip


# --- the mail -------------------------------------------------------------------------------------------------------


def correction_edition(
    newsletter: Newsletter,
    story: Story,
    *,
    wrong: str,
    wrong_on: date,
    on: date,
    suffix: str,
    wording: Wording = ENGLISH_WORDING,
) -> Edition:
    """The edition of a correction mail: the correcting story alone, under a line that says what it corrects.

    `wrong` is the wrong story's headline as it went out, on `wrong_on`.
    """
    lede = Paragraph(
        spans=(Span(text=wording.corrected.format(headline=wrong, date=wording.day(wrong_on)), emphasis=True),)
    )
    printed = replace(story, blocks=(lede, *story.blocks), citations=_moved(story))
    subject = wording.correction.format(headline=story.headline)
    section = next((part for part in newsletter.sections if part.slug == story.section), newsletter.sections[0])
    return Edition(
        newsletter=newsletter.slug,
        date=on,
        suffix=suffix,
        subject=subject,
        preheader=preheader_of(newsletter, (printed,), subject, wording),
        sections=(SectionStories(section=section, stories=(printed,)),),
    )


def _moved(story: Story) -> tuple[Citation, ...]:
    """The citations of a story that has got a block more at its head."""
    return tuple(replace(citation, block=citation.block + 1) for citation in story.citations)


def without_lede(printed: Story) -> Story:
    """The story of a correction's mail without the line over it: what `correction_edition` was given."""
    citations = tuple(replace(citation, block=citation.block - 1) for citation in printed.citations)
    return replace(printed, blocks=printed.blocks[1:], citations=citations)
