"""What the files hold, parsed, before anything of it is chosen for an edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from newsletter.errors import Fault
from newsletter.model import Brief, CalendarEntry, Newsletter, Note, Organisation, Sponsor


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a file may name: newsletters with their sections, outlets, and pictures under the folder `images`."""

    organisation: Organisation
    newsletters: Mapping[str, Newsletter]
    images: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet of one edition. `subject` and `preheader` go before what the newsletter would make; `lines` has the
    line of each key.
    """

    path: str
    note: Note | None = None
    briefs: tuple[Brief, ...] = ()
    subject: str | None = None
    preheader: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, hash=False)

    def at(self, key: str) -> str:
        """`path:line` of a key."""
        return f"{self.path}:{self.lines[key]}" if key in self.lines else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A sponsor, and where and when it is booked: in these newsletters (None: all), on the days `since` to `until`,
    both included. `priority` 1 goes first; 0 is none.
    """

    sponsor: Sponsor
    newsletters: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A calendar entry and the newsletters that list it (None: all). A weekly one comes again each seven days."""

    entry: CalendarEntry
    newsletters: tuple[str, ...] | None = None
    weekly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What lies ready and does not go in an edition: its file or folder, and the reason in words for its editors."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """All that the files have for one edition. `faults` stop it, since something that its newsletter prints would be
    missing; `stray` are files that no edition will ever take.
    """

    sheet: Sheet | None = None
    bookings: tuple[Booking, ...] = ()
    calendar: tuple[Listing, ...] = ()
    faults: tuple[Fault, ...] = ()
    stray: tuple[Unused, ...] = ()


def meant_for(newsletters: tuple[str, ...] | None, newsletter: Newsletter) -> bool:
    """Whether a file that names these newsletters is for this one; None is all."""
    return newsletters is None or newsletter.slug in newsletters
