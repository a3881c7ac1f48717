"""An edition as it went out ↔ JSON documents: one for each of its stories, one for what stood beside them.

So the archive can show an edition years later, whatever has become of its files. Documents stay in ledgers for good:
a version of this module reads all that earlier ones wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from newsletter.model import (
    Brief,
    CalendarEntry,
    Correction,
    Edition,
    Extras,
    Note,
    PrintedPicture,
    Section,
    SectionStories,
    Sponsor,
    Status,
    Story,
)
from newsletter.stories.corrections import without_lede
from newsletter.stories.thaw import block_of, frozen_block, frozen_of, frozen_spans, image_of, spans_of, story_of

VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A published file, and its size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What an edition held beside its stories. `pictures` are all of its pictures, by `src` as their files had it."""

    subject: str
    preheader: str
    sections: tuple[Section, ...]
    extras: Extras
    pictures: Mapping[str, Picture]


def widest(*known: Mapping[str, Picture]) -> Mapping[str, Picture]:
    """Of pictures that several editions printed of the same files, the widest."""
    found: dict[str, Picture] = {}
    for src, picture in (pair for each in known for pair in each.items()):
        if src not in found or found[src].width < picture.width:
            found[src] = picture
    return found


# --- to documents -----------------------------------------------------------------------------------------------------


def document_of(edition: Edition, pictures: Iterable[PrintedPicture]) -> str:
    """What stood beside the stories of an edition; of a picture in several widths, the widest."""
    extras = edition.extras
    widest = {picture.original: picture for picture in sorted(pictures, key=lambda each: each.width)}
    return _packed(
        {
            "version": VERSION,
            "subject": edition.subject,
            "preheader": edition.preheader,
            "sections": [[part.section.slug, part.section.title] for part in edition.sections],
            "note": extras.note and {"blocks": _frozen(extras.note.blocks), "by": extras.note.by},
            "sponsors": [_frozen_sponsor(sponsor) for sponsor in extras.sponsors],
            "briefs": [[frozen_spans(brief.spans), brief.outlet, brief.access] for brief in extras.briefs],
            "calendar": [_frozen_entry(entry) for entry in extras.calendar],
            "corrections": [_frozen_correction(entry) for entry in extras.corrections],
            "pictures": {src: [of.name, of.width, of.height] for src, of in sorted(widest.items())},
        }
    )


def stories_of(edition: Edition) -> Iterator[tuple[Story, str]]:
    """Each story of an edition with its document; also those that stand in its box of corrections."""
    for story in edition.stories:
        bare = replace(without_lede(story) if story.corrects else story, lines={})
        yield bare, _packed({"version": VERSION, **frozen_of(bare)})
    for entry in edition.extras.corrections:
        story = Story(
            slug=entry.slug, path=entry.path, date=date.fromisoformat(entry.slug[:10]), headline=entry.headline,
            section="", blocks=entry.blocks, status=Status.APPROVED, digest=entry.digest, url=entry.url,
            corrects=entry.corrects,
        )  # fmt: skip
        yield story, _packed({"version": VERSION, **frozen_of(story)})


def _packed(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _frozen(blocks: Iterable[Any]) -> list[Any]:
    return [frozen_block(block) for block in blocks]


def _frozen_sponsor(of: Sponsor) -> dict[str, Any]:
    return {
        "slug": of.slug, "label": of.label, "blocks": _frozen(of.blocks), "place": of.place, "url": of.url,
        "link_text": of.link_text, "image": of.image and frozen_block(of.image),
    }  # fmt: skip


def _frozen_entry(of: CalendarEntry) -> list[Any]:
    return [of.title, of.starts.isoformat(), of.ends.isoformat() if of.ends else None, of.place, of.url]


def _frozen_correction(of: Correction) -> dict[str, Any]:
    return {
        "slug": of.slug, "corrects": of.corrects, "headline": of.headline, "on": of.on.isoformat(),
        "blocks": _frozen(of.blocks), "url": of.url, "digest": of.digest,
    }  # fmt: skip


# --- and back ---------------------------------------------------------------------------------------------------------


def story_in(document: str, slug: str) -> Story:
    """The story of a document, under the name that it had in an edition: two files may have held the same."""
    found = json.loads(document)
    del found["version"]
    return replace(story_of(found), slug=slug)


def beside_in(document: str) -> Beside:
    """What stood beside the stories."""
    found = json.loads(document)
    note = found["note"]
    return Beside(
        subject=found["subject"],
        preheader=found["preheader"],
        sections=tuple(Section(slug=slug, title=title) for slug, title in found["sections"]),
        extras=Extras(
            note=Note(blocks=_blocks(note["blocks"]), by=note["by"]) if note else None,
            sponsors=tuple(map(_sponsor, found["sponsors"])),
            briefs=tuple(
                Brief(spans=spans_of(s), outlet=outlet, access=access) for s, outlet, access in found["briefs"]
            ),
            calendar=tuple(map(_entry, found["calendar"])),
            corrections=tuple(map(_correction, found["corrections"])),
        ),
        pictures={src: Picture(name=n, width=w, height=h) for src, (n, w, h) in found["pictures"].items()},
    )


def edition_of(
    beside: Beside, stories: Sequence[tuple[str, Story]], *, newsletter: str, on: date, suffix: str | None
) -> Edition:
    """The edition again, of its stories with their sections, in order. There must be a story (ValueError)."""
    sections = tuple(
        SectionStories(section=part, stories=tuple(story for section, story in stories if section == part.slug))
        for part in beside.sections
    )
    return Edition(
        newsletter=newsletter, date=on, suffix=suffix, subject=beside.subject, preheader=beside.preheader,
        sections=sections, extras=beside.extras,
    )  # fmt: skip


def _blocks(frozen: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(map(block_of, frozen))


def _sponsor(of: dict[str, Any]) -> Sponsor:
    image = image_of(of["image"]) if of["image"] else None
    return Sponsor(**of | {"blocks": _blocks(of["blocks"]), "image": image})


def _entry(of: list[Any]) -> CalendarEntry:
    title, starts, ends, place, url = of
    return CalendarEntry(title=title, starts=_when(starts), ends=_when(ends) if ends else None, place=place, url=url)


def _when(written: str) -> date | datetime:
    return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)


def _correction(of: dict[str, Any]) -> Correction:
    return Correction(**of | {"on": date.fromisoformat(of["on"]), "blocks": _blocks(of["blocks"])})
