"""The folders `editions`, `sponsors` and `calendar` of a content folder → the supply of one edition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from newsletter.errors import ContentError, Fault
from newsletter.model import EDITION_ID, Newsletter, edition_id
from newsletter.stories.extras.entry import parse_entry
from newsletter.stories.extras.sheet import parse_sheet
from newsletter.stories.extras.sponsor import parse_sponsor
from newsletter.stories.extras.supply import Booking, Known, Listing, Sheet, Supply, Unused
from newsletter.stories.fields import nearest
from newsletter.stories.load import shown

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class _Named:
    """What a file is parsed from: its name without .md, its bytes, and its path as editors know it."""

    name: str
    raw: bytes
    shown: str


def load_supply(content: Path, newsletter: Newsletter, *, on: date, suffix: str | None, known: Known) -> Supply:
    """What the files have for the edition of `on`. Folders that are not there hold nothing; hidden files and those that
    do not end in .md are passed over.

    Faults of the sheet always count, and those of sponsors and calendar where the newsletter prints them.
    """
    faults: list[Fault] = []
    sheet = _sheet(content / "editions" / newsletter.slug, edition_id(newsletter.slug, on, suffix), known, faults)
    aside: list[Fault] = []
    bookings = _bookings(content, known, faults if "sponsors" in newsletter.parts else aside)
    calendar = _calendar(content, known, faults if "calendar" in newsletter.parts else aside)
    stray = tuple(_stray(content / "editions", known))
    return Supply(sheet=sheet, bookings=bookings, calendar=calendar, faults=tuple(faults), stray=stray)


def all_faults(content: Path, known: Known) -> tuple[Fault, ...]:
    """The faults of every sheet, sponsor and calendar entry, whatever edition they are for."""
    faults: list[Fault] = []
    for slug in known.newsletters:
        folder = content / "editions" / slug
        faults += _misnamed(folder)
        _all(folder, lambda file: parse_sheet(file.raw, known=known, shown=file.shown), faults)
    _bookings(content, known, faults)
    _calendar(content, known, faults)
    return tuple(faults)


def _sheet(folder: Path, edition: str, known: Known, faults: list[Fault]) -> Sheet | None:
    """The sheet of an edition. Beside it only names are looked at: one that no edition has would never be found."""
    faults += _misnamed(folder)
    path = folder / f"{edition.partition('/')[2]}.md"
    if path not in _markdown(folder):
        return None
    return next(iter(_parsed(path, lambda file: parse_sheet(file.raw, known=known, shown=file.shown), faults)), None)


def _misnamed(folder: Path) -> Iterator[Fault]:
    for path in _markdown(folder):
        if not _is_edition(f"{folder.name}/{path.stem}"):
            problem = "a sheet is named by its edition, YYYY-MM-DD.md or YYYY-MM-DD-suffix.md: rename it"
            yield Fault(shown(path), 0, problem)


def _is_edition(words: str) -> bool:
    match = EDITION_ID.match(words)
    try:
        return match is not None and date.fromisoformat(match["date"]) is not None
    except ValueError:
        return False


def _bookings(content: Path, known: Known, faults: list[Fault]) -> tuple[Booking, ...]:
    return _all(
        content / "sponsors", lambda file: parse_sponsor(file.name, file.raw, known=known, shown=file.shown), faults
    )


def _calendar(content: Path, known: Known, faults: list[Fault]) -> tuple[Listing, ...]:
    return _all(
        content / "calendar", lambda file: parse_entry(file.name, file.raw, known=known, shown=file.shown), faults
    )


def _all(folder: Path, parse: Callable[[_Named], _Read], faults: list[Fault]) -> tuple[_Read, ...]:
    return tuple(each for path in _markdown(folder) for each in _parsed(path, parse, faults))


def _parsed(path: Path, parse: Callable[[_Named], _Read], faults: list[Fault]) -> Iterator[_Read]:
    """What the file holds; nothing where it has faults, which are kept."""
    try:
        yield parse(_Named(path.stem, path.read_bytes(), shown(path)))
    except ContentError as error:
        faults.extend(error.faults)
    except OSError as error:
        faults.append(Fault(shown(path), 0, f"the file cannot be read ({error.strerror}): see who may read it"))


def _stray(folder: Path, known: Known) -> Iterator[Unused]:
    """Sheets where no edition looks for them: beside the folders, or in one that is no newsletter's."""
    for path in _markdown(folder):
        names = ", ".join(f"{folder.name}/{name}" for name in known.newsletters)
        yield Unused(where=shown(path), reason=f"no edition takes it: put it into its newsletter's folder, {names}")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and path.name not in known.newsletters and _markdown(path):
            reason = f"no edition takes its sheets, it is no newsletter: {nearest(path.name, known.newsletters)}"
            yield Unused(where=shown(path), reason=reason)


def _markdown(folder: Path) -> list[Path]:
    """The files of a folder that are read, by name."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.suffix == ".md" and path.name[0] != "." and not path.is_dir()
    )
