"""The variants of an edition: the whole of it, and what those get who chose some of its sections or agreed to be seen.

A variant is made only for choices that readers of the list have made, as far as this edition tells them apart
(docs/decisions/0047).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.model import ClickMode, Edition, Finding, Newsletter, Tracking, levelled
from newsletter.pipeline import composing
from newsletter.pipeline.composing import Composed
from newsletter.pipeline.context import Context
from newsletter.rendering.wording import wording
from newsletter.storage.variants import Choice
from newsletter.stories.subject import preheader_of, subject_of

MOST = 64
"""Sets of sections that have a variant of their own, beside the whole edition. Each takes a moment to render, proof and
store; who chose a rarer set gets the whole edition.
"""

Sections = tuple[str, ...]
"""Slugs in the edition's order; empty for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A variant and what became of it: `choices` are those who get it, and `readers` how many made them."""

    sections: Sections
    tracking: Tracking
    composed: Composed
    choices: tuple[Choice, ...] = ()
    readers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """All variants of an edition, the main one first: the whole edition, as it goes to those who agreed to nothing.

    `rare` counts the sets of sections beyond MOST, and `rare_readers` those who chose one of them and get it whole.
    """

    all: tuple[Variant, ...]
    findings: tuple[Finding, ...]
    rare: int = 0
    rare_readers: int = 0

    @property
    def main(self) -> Composed:
        return self.all[0].composed

    @property
    def fingerprint(self) -> str:
        """Of the one message, where there is one variant; else over all: their messages, tracking and sections."""
        if len(self.all) == 1:
            return self.main.message.fingerprint
        parts = [[v.composed.message.fingerprint, v.tracking.word, *v.sections] for v in self.all]
        return f"sha256:{hashlib.sha256(json.dumps(parts, separators=(',', ':')).encode()).hexdigest()}"

    @property
    def choices(self) -> Mapping[Choice, int]:
        """The place in `all` of what each choice gets."""
        return {choice: place for place, variant in enumerate(self.all) for choice in variant.choices}


def printed(edition: Edition | None) -> Sections:
    """The sections of which an edition has stories."""
    return tuple(part.section.slug for part in edition.sections if part.stories) if edition else ()


def tracking(newsletter: Newsletter, *, agreed: bool) -> Tracking:
    """What is seen of readers who agreed that it is, or of all others."""
    clicks: ClickMode = newsletter.clicks
    if clicks == "individual" and not agreed:
        clicks = "aggregate"
    return Tracking(clicks=clicks, opens=newsletter.opens == "all" or (newsletter.opens == "consented" and agreed))


# --- which there are --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """A variant before it is composed."""

    sections: Sections
    tracking: Tracking
    choices: tuple[Choice, ...] = ()
    readers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sets:
    """The sets of sections that have a variant, each with those who chose it; and how many are too rare to have one."""

    kept: Mapping[tuple[int, ...], int]
    rare: int
    rare_readers: int


def _sets(counts: Mapping[Choice, int], whole: tuple[int, ...]) -> _Sets:
    readers: dict[tuple[int, ...], int] = {}
    for choice, people in counts.items():
        if choice.sections not in ((), whole):
            readers[choice.sections] = readers.get(choice.sections, 0) + people
    ranked = sorted(readers.items(), key=lambda item: (-item[1], item[0]))
    rare = ranked[MOST:]
    return _Sets(kept=dict(ranked[:MOST]), rare=len(rare), rare_readers=sum(people for _, people in rare))


def _outlines(newsletter: Newsletter, slugs: Sections, counts: Mapping[Choice, int], sets: _Sets) -> list[_Outline]:
    """The main variant first, then the others by their sections. Choices of rare sets are the main's."""
    whole, main = tuple(range(len(slugs))), tracking(newsletter, agreed=False)
    found: dict[tuple[Sections, Tracking], _Outline] = {((), main): _Outline(sections=(), tracking=main)}
    for choice, people in sorted(counts.items(), key=lambda item: (item[0].sections != whole, item[0].sections)):
        if choice.sections != whole and choice.sections not in sets.kept:
            continue
        sections = () if choice.sections == whole else tuple(slugs[place] for place in choice.sections)
        key = (sections, tracking(newsletter, agreed=choice.tracked))
        before = found.get(key, _Outline(sections=sections, tracking=key[1]))
        found[key] = replace(before, choices=(*before.choices, choice), readers=before.readers + people)
    return list(found.values())


def edition_of(newsletter: Newsletter, edition: Edition, sections: Sections, context: Context) -> Edition:
    """The edition with the stories of some sections; what stands beside the stories belongs to everybody.

    Its subject stays: it is the edition's name, and what an editor wrote. But a subject that was made of the lead would
    promise a story that is not there, so that without the lead it is made of the first story that is.
    """
    if not sections:
        return edition
    words = wording(newsletter.language, context.settings.templates)
    parts = tuple(part for part in edition.sections if part.section.slug in sections)
    part = replace(edition, sections=parts)
    if part.lead != edition.lead and not edition.subject_at:
        part = replace(part, subject=subject_of(newsletter, part.lead, edition.date, words))
    if not edition.preheader_at:
        part = replace(part, preheader=preheader_of(newsletter, part.stories, part.subject, words))
    return part


# --- making them ------------------------------------------------------------------------------------------------------


def make(
    context: Context,
    newsletter: Newsletter,
    edition: Edition,
    counts: Mapping[Choice, int],
    before: Variants | None = None,
) -> Variants:
    """Render and proof each variant that somebody gets, and the main one; those of `before` are not made again.

    Raises what `composing.compose` raises.
    """
    slugs = printed(edition)
    sets = _sets(counts, tuple(range(len(slugs))))
    made = {(v.sections, v.tracking.clicks): v.composed for v in (before.all if before else ())}

    def composed(of: _Outline) -> Composed:
        key = (of.sections, of.tracking.clicks)  # opens change no byte
        if key not in made:
            part = edition_of(newsletter, edition, of.sections, context)
            made[key] = composing.compose(context, newsletter, part, tracking=of.tracking)
        return made[key]

    found = tuple(
        Variant(
            sections=of.sections, tracking=of.tracking, composed=composed(of), choices=of.choices, readers=of.readers
        )
        for of in _outlines(newsletter, slugs, counts, sets)
    )  # fmt: skip
    return Variants(
        all=found, findings=tuple(_findings(newsletter, found)), rare=sets.rare, rare_readers=sets.rare_readers
    )


def _findings(newsletter: Newsletter, variants: Sequence[Variant]) -> tuple[Finding, ...]:
    """Each finding once. One that the main variant has not says which has it."""
    where: dict[Finding, list[str]] = {}
    for variant in variants:
        for finding in variant.composed.findings:
            where.setdefault(finding, []).append(in_words(variant, newsletter))
    main = set(variants[0].composed.findings)
    told = (
        finding if finding in main else replace(finding, problem=f"{finding.problem} ({_among(names)})")
        for finding, names in where.items()
    )
    return levelled(told, {})


def _among(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"in {len(names)} variants, one is {names[0]}"


def in_words(variant: Variant, newsletter: Newsletter) -> str:
    """`Politics and Trade`, `the whole edition, clicks individual`: what it holds, and how its readers are seen."""
    titles = {section.slug: section.title for section in newsletter.sections}
    held = ", ".join(titles.get(slug, slug) for slug in variant.sections) or "the whole edition"
    return held + seen(variant.tracking)


def seen(of: Tracking) -> str:
    """How the readers of a variant are seen; empty for not at all."""
    clicks = "" if of.clicks == "none" else f"; clicks {of.clicks}"
    return clicks + ("; opens" if of.opens else "")


def in_lines(of: Variants, newsletter: Newsletter) -> Iterator[str]:
    """The lines of a plan: nothing where everybody gets the same."""
    if len(of.all) > 1:
        width = max(len(f"{variant.readers:,}") for variant in of.all)
        heads = ["Variants   ", *[" " * 11] * (len(of.all) - 1)]
        for head, variant in zip(heads, of.all, strict=True):
            yield f"{head}{variant.readers:>{width},}  {in_words(variant, newsletter)}"
    if of.rare:
        yield (
            f"           {of.rare_readers:,} more chose one of {of.rare:,} rarer sets of sections, and get the whole: "
            f"at most {MOST} sets have a variant of their own"
        )
