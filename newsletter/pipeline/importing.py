"""Files of readers: put on a list, or suppressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from newsletter.audience.csvfile import Person, Rejected, read_people
from newsletter.errors import ContentError, Fault
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import address_key, require_list, title_of
from newsletter.storage import roster

log = structlog.get_logger()

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, and the rows it could not take, by line."""

    list: str
    added: int
    known: int
    kept_out: int
    suppressed: int
    rejected: tuple[Rejected, ...]


def import_csv(
    context: Context,
    file: Path,
    list_: str,
    *,
    source: str,
    basis: str,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Put the people of a CSV file on a list, all in one transaction. Rejected rows are reported, the others taken.

    Who left the list stays away; who is suppressed stays suppressed. Raises ContentError for a file of the wrong
    shape, UsageError for a list that no newsletter has.
    """
    require_list(context, list_)
    now = context.clock()
    counts = {"added": 0, "known": 0, "kept_out": 0, "suppressed": 0}
    rejected: list[Rejected] = []
    with _opened(file) as lines, context.store.write() as tx:
        list_id = roster.ensure_list(tx, list_, title_of(context, list_), now)
        rows = read_people(lines, address_key(context), shown=str(file))
        for people, bad in _parts(rows):
            rejected += bad
            added = roster.add_subscribers(tx, list_id, _new(people), source=source, basis=basis, now=now)
            for name in counts:
                counts[name] += getattr(added, name)
            if progress is not None:
                progress(sum(counts[name] for name in ("added", "known", "kept_out")) + len(rejected))
    log.info("readers imported", list=list_, rejected=len(rejected), **counts)
    return ImportReport(list=list_, rejected=tuple(rejected), **counts)


class _opened:  # noqa: N801  used as a function is
    """The lines of a text file, whose trouble is the editor's or operator's: told with path and line."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Iterator[str]:
        try:
            raw = self._file.open("rb")
        except OSError as error:
            raise ContentError((Fault(str(self._file), 0, f"cannot be read: {error.strerror}"),)) from error
        self._raw = raw
        return self._lines()

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(self._raw, start=1):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ContentError(
                    (Fault(str(self._file), number, "is not UTF-8: save the file as CSV UTF-8 and import it again"),)
                ) from error
            if "\0" in text:
                raise ContentError((Fault(str(self._file), number, "has a NUL character: it is not a text file"),))
            yield text

    def __exit__(self, *_: object) -> None:
        self._raw.close()


def _parts(rows: Iterator[Person | Rejected]) -> Iterator[tuple[list[Person], list[Rejected]]]:
    while part := list(islice(rows, _AT_ONCE)):
        yield [row for row in part if isinstance(row, Person)], [row for row in part if isinstance(row, Rejected)]


def _new(people: Iterable[Person]) -> list[roster.NewSubscriber]:
    return [
        roster.NewSubscriber(
            address=person.identity.address,
            address_key=person.identity.key,
            reserved=person.identity.reserved,
            name=person.name,
        )
        for person in people
    ]


def suppress_csv(context: Context, file: Path, *, reason: str) -> ImportReport:
    """Suppress the addresses of a CSV file for every list, all in one transaction. Raises ContentError."""
    added = known = 0
    rejected: list[Rejected] = []
    with _opened(file) as lines, context.store.write() as tx:
        for people, bad in _parts(read_people(lines, address_key(context), shown=str(file))):
            rejected += bad
            keys = [person.identity.key for person in people]
            news = roster.suppress(tx, keys, reason=reason, scope="all", source=file.name, now=context.clock())
            added, known = added + news, known + len(keys) - news
    log.info("addresses suppressed", news=added, reason=reason)
    return ImportReport(list="", added=added, known=known, kept_out=0, suppressed=added, rejected=tuple(rejected))
