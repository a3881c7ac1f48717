"""What an edition prints beside its stories: each part that its newsletter switches on, from what the files have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from newsletter.model import Extras, Newsletter, SectionStories
from newsletter.stories.extras.calendar import upcoming
from newsletter.stories.extras.places import place_sponsors
from newsletter.stories.extras.supply import Supply, Unused

_WHAT = {
    "note": "an editor's note",
    "briefs": "one-liners of other news",
    "sponsors": "sponsors",
    "calendar": "a calendar",
}
"""The parts that are extras, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The extras of an edition, and what lies ready for it and does not go."""

    extras: Extras = field(default_factory=Extras)
    unused: tuple[Unused, ...] = ()


def select(
    newsletter: Newsletter, supply: Supply, chosen: tuple[SectionStories, ...], *, on: date, at: datetime
) -> Selection:
    """The extras of the edition of `on` that goes at `at` with the sections `chosen` (none where it has no stories).

    What a part that is not switched on would print is unused, with that as its reason.
    """
    sheet = supply.sheet
    sponsors, waiting = place_sponsors(newsletter, supply.bookings, chosen, on=on) if chosen else ((), ())
    entries, crowded = upcoming(newsletter, supply.calendar, on=on, at=at)
    full = Extras(
        note=sheet.note if sheet else None,
        briefs=sheet.briefs if sheet else (),
        sponsors=sponsors,
        calendar=entries,
    )
    unused = (
        *supply.stray,
        *_off(newsletter, full),
        *(waiting if "sponsors" in newsletter.parts else ()),
        *(crowded if "calendar" in newsletter.parts else ()),
    )
    return Selection(extras=_printed(newsletter, full), unused=unused)


def _printed(newsletter: Newsletter, full: Extras) -> Extras:
    """What is switched on: the fields of Extras are named as the parts are."""
    nothing = Extras()
    return replace(full, **{part: getattr(nothing, part) for part in _WHAT if part not in newsletter.parts})


def _off(newsletter: Newsletter, full: Extras) -> Iterator[Unused]:
    """What there is for parts that are not switched on: somebody wrote it, and would wonder."""
    for part, what in _WHAT.items():
        paths = sorted({each.path for each in _each(getattr(full, part))})
        if paths and part not in newsletter.parts:
            yield Unused(
                where=paths[0] if len(paths) == 1 else paths[0].rpartition("/")[0],
                reason=f"{newsletter.title} does not print {what}: put "
                f'"{part}" among `parts` in content/newsletters/{newsletter.slug}.toml',
            )


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
