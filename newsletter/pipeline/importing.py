"""Files of readers: put on a list, or suppressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from newsletter.audience import lookalikes
from newsletter.audience.csvfile import People, Remark, read_people
from newsletter.audience.textfile import Lines, opened
from newsletter.model import Basis
from newsletter.pipeline.context import Context
from newsletter.pipeline.readers import address_key, require_list, title_of
from newsletter.storage import Tx, arrivals, roster
from newsletter.storage.importing import STEPS, Added, Terms, counts, judge

log = structlog.get_logger()

Telling = Callable[[Remark], None]
Progress = Callable[[float, int], None]
"""Takes the share of the work that is done (0 to 1), and how many rows were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file of people, and the terms on which they come onto a list. `until` ends implied consent. Where a row cannot
    be taken, a `strict` import takes nobody; a `dry_run` takes nobody in any case. `encoding` is for a file that is not
    UTF-8 and does not say so.
    """

    file: Path
    list: str
    basis: Basis
    source: str
    until: datetime | None = None
    encoding: str | None = None
    strict: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of the people of a file, and how many rows were no people. Where it was not `taken` nothing was
    written, and the counts say what would have been.
    """

    people: Added
    rejected: int
    taken: bool


def _no_word(_: Remark) -> None: ...


def _no_progress(_share: float, _rows: int) -> None: ...


def import_csv(
    context: Context, wanted: Import, *, tell: Telling = _no_word, progress: Progress = _no_progress
) -> ImportReport:
    """Put the people of a CSV file on a list, all in one transaction, by the rules of `storage.importing`.

    `tell` gets what is to be said of single lines, in their order. Raises ContentError for a file of the wrong shape,
    UsageError for a list that no newsletter has.
    """
    require_list(context, wanted.list)
    now = context.clock()
    with opened(wanted.file, wanted.encoding) as lines:
        file = _File(context, wanted.file, lines, progress)
        with context.store.staged(file.read) as tx:
            terms = _terms(tx, wanted, now)
            file.do(tx, terms, (judge,))
            people, rejected = counts(tx, terms), arrivals.rejected_count(tx)
            with arrivals.remarks(tx) as remarks:
                for remark in remarks:
                    tell(Remark(*remark))
            taken = not (wanted.dry_run or (wanted.strict and rejected))
            if taken:
                id_ = roster.ensure_list(tx, wanted.list, title_of(context, wanted.list), now)
                file.do(tx, replace(terms, list_id=id_), STEPS)
    progress(1, file.count)
    log.info("readers imported", list=wanted.list, rejected=rejected, taken=taken, added=people.added)
    return ImportReport(people=people, rejected=rejected, taken=taken)


def _terms(tx: Tx, wanted: Import, now: datetime) -> Terms:
    return Terms(
        list_id=roster.list_id(tx, wanted.list) or 0, list=wanted.list, basis=wanted.basis.value, until=wanted.until,
        source=wanted.source, at=now,
    )  # fmt: skip


class _File:
    """Reads the file into temporary tables, while others write; then does what is done with them, and tells how far it
    is: reading is half of the work, and each step after it about as long as another.
    """

    def __init__(self, context: Context, file: Path, lines: Lines, progress: Progress) -> None:
        self._key, self._shown, self._lines, self._progress = address_key(context), str(file), lines, progress
        self._size = max(file.stat().st_size, 1)
        self._done = self.count = 0

    def read(self, tx: Tx) -> None:
        arrivals.open_tables(tx)
        spellings = lookalikes.Spellings()
        for people in read_people(self._lines, self._key, shown=self._shown):
            bare = [hash(lookalikes.bare(address)) for address in people.addresses]  # numbers, for this run alone
            remarks = [*people.remarks, *_slips(people)]
            rows = _arriving(people) | {"bare": bare}
            arrivals.bring(tx, rows, remarks=_remarked(remarks), suspects=spellings.again(bare))
            self.count += len(people.lines) + len(people.remarks)
            self._progress(min(self._lines.bytes_read / self._size, 1) / 2, self.count)
        arrivals.sort(tx)
        self._stepped()
        arrivals.remark_on_spellings(tx)
        self._stepped()

    def do(self, tx: Tx, terms: Terms, steps: Sequence[Callable[[Tx, Terms], None]]) -> None:
        for step in steps:
            step(tx, terms)
            self._stepped()

    def _stepped(self) -> None:
        self._done += 1
        self._progress(0.5 + self._done / (3 + len(STEPS)) / 2, self.count)


def _arriving(people: People) -> dict[str, list[Any]]:
    return {
        "line": people.lines, "address_key": people.keys, "address": people.addresses, "name": people.names,
        "reserved": people.reserved,
    }  # fmt: skip


def _slips(people: People) -> list[Remark]:
    """A word on each address whose domain is nearly a great provider's."""
    found = ((line, lookalikes.meant(address)) for line, address in zip(people.lines, people.addresses, strict=True))
    return [Remark(line, f"is {name} meant? it is one slip from that", rejected=False) for line, name in found if name]


def _remarked(remarks: list[Remark]) -> dict[str, list[Any]]:
    return {
        "line": [each.line for each in remarks],
        "problem": [each.problem for each in remarks],
        "rejected": [each.rejected for each in remarks],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """What became of a file of addresses: how many were news, were suppressed already, and were no addresses."""

    news: int
    known: int
    rejected: int


def suppress_csv(
    context: Context, file: Path, *, reason: str, encoding: str | None = None, tell: Telling = _no_word
) -> Suppressed:
    """Suppress the addresses of a CSV file for every list, all in one transaction. Raises ContentError."""
    news = count = rejected = 0
    with opened(file, encoding) as lines, context.store.write() as tx:
        for people in read_people(lines, address_key(context), shown=str(file)):
            for each in people.remarks:
                tell(each)
            news += roster.suppress(tx, people.keys, reason=reason, scope="all", source=file.name, now=context.clock())
            count, rejected = count + len(people.keys), rejected + len(people.remarks)
    log.info("addresses suppressed", news=news, reason=reason)
    return Suppressed(news=news, known=count - news, rejected=rejected)
