"""A CSV file of readers → people, and each row that cannot be one, by its line; and people → a CSV file."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TextIO

from newsletter.audience.identity import BadAddressError, Identity, identifier
from newsletter.errors import ContentError, Fault

ADDRESS_COLUMNS = ("email", "e-mail", "email address", "e-mail address", "mail", "address")
NAME_COLUMNS = (("name",), ("full name",), ("first name", "last name"), ("first name",), ("last name",))
_LONGEST_NAME = 200
_AT_ONCE = 10_000
_LONGEST_FIELD = 131_072
"""Signs: the csv module's own limit. A longer field is a quotation mark that nobody closed."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet would take for a formula if it began a cell, some also in its wide East Asian form
(https://owasp.org/www-community/attacks/CSV_Injection), with what keeps it from that.
"""


class Remark(NamedTuple):
    """What is to be said of a line: that it was rejected, or only a word to whoever keeps the file. Without its
    address, since reports are kept and logged.
    """

    line: int
    problem: str
    rejected: bool = True


@dataclass(frozen=True, slots=True)
class People:
    """Good rows by columns, as databases take a million of them, and what is to be said of the others. `lines` count
    from 1, the header being the first; `keys` are address keys.
    """

    lines: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    reserved: list[bool] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def read_people(lines: Iterable[str], key: bytes, *, shown: str) -> Iterator[People]:
    """The rows of a CSV file, in order, some thousands at a time.

    The header names a column `email` and, if there is one, `name`.
    Commas, semicolons and tabs part the columns, whichever the header has. Raises ContentError for a file of the wrong
    shape: without an address column, with two of them, before the first row, or where it stops being CSV, since nobody
    could say whom the rest holds.
    """
    numbered = iter(lines)
    header = next(numbered, "").removeprefix("\ufeff")
    delimiter = max(",;\t", key=header.count)
    names = [_column_name(cell) for cell in next(csv.reader([header], delimiter=delimiter), [])]
    address_at = _address_at(names, shown)
    name_at = next(
        ([names.index(name) for name in wanted] for wanted in NAME_COLUMNS if set(wanted) <= set(names)), []
    )  # fmt: skip
    csv.field_size_limit(_LONGEST_FIELD)
    # Strict: a quotation mark that is never closed would otherwise swallow every reader after it into one name.
    return _rows(csv.reader(numbered, delimiter=delimiter, strict=True), address_at, name_at, key, shown)


def _column_name(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell).strip().strip('"').lower().replace("_", " ").split())


def _address_at(names: list[str], shown: str) -> int:
    found = [name for name in ADDRESS_COLUMNS if name in names]
    if not found:
        listed = ", ".join(name for name in names if name)[:120] or "nothing"
        problem = f"the first line must name the columns, one of them `email`; it names {listed}"
        raise ContentError((Fault(shown, 1, problem),))
    if names.count(found[0]) > 1:
        problem = f"two columns are called `{found[0]}`: rename or take out the one that has not the addresses"
        raise ContentError((Fault(shown, 1, problem),))
    return names.index(found[0])


def _rows(
    reader: Iterator[list[str]], address_at: int, name_at: Sequence[int], key: bytes, shown: str
) -> Iterator[People]:
    identify, people, line = identifier(key), People(), 2
    try:
        for row in reader:
            _take(people, line, row, address_at, name_at, identify)
            line = 2 + reader.line_num  # type: ignore[attr-defined]  # csv.reader has it; its iterator type does not say so
            if len(people.lines) >= _AT_ONCE or len(people.remarks) >= _AT_ONCE:
                yield people
                people = People()
    except csv.Error as error:
        problem = f"is not CSV from here on ({error}): see whether a quotation mark is missing; nothing was imported"
        raise ContentError((Fault(shown, line, problem),)) from error
    yield people


def _take(
    people: People,
    line: int,
    row: list[str],
    address_at: int,
    name_at: Sequence[int],
    identify: Callable[[str], Identity],
) -> None:
    try:
        address, key, reserved = identify(revived(row[address_at]))
    except (BadAddressError, IndexError) as error:
        if any(cell.strip() for cell in row):
            has_one = len(row) > address_at and row[address_at].strip()
            people.remarks.append(Remark(line, f"not an address: {error}" if has_one else "it has no address"))
        return
    people.lines.append(line)
    people.keys.append(key)
    people.addresses.append(address)
    people.names.append(clean_name(_name(row, name_at)))
    people.reserved.append(reserved)


def _name(row: list[str], name_at: Sequence[int]) -> str:
    if len(name_at) == 1 and name_at[0] < len(row):
        return revived(row[name_at[0]])
    return " ".join([revived(row[at]) for at in name_at if at < len(row)])


def clean_name(typed: str) -> str:
    """A name as it is kept: on one line, without what cannot be printed, of 200 signs at most."""
    if typed.isprintable() and "  " not in typed:  # as nearly all are: of white space, only the space is printable
        return typed.strip()[:_LONGEST_NAME]
    printable = "".join(c if c.isprintable() else " " for c in typed)
    return " ".join(printable.split())[:_LONGEST_NAME]


def defused(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that would begin like one begins with an apostrophe."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def revived(cell: str) -> str:
    """A cell as it was before it was defused; any other cell as it is."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


def write(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write rows as CSV under the names of their columns, each cell defused; gives how many."""
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([defused(cell) for cell in row])
        count += 1
    return count
