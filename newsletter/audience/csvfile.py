"""A CSV file of readers → people, and each row that cannot be one, by its line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.audience.identity import BadAddressError, Identity, identify
from newsletter.errors import ContentError, Fault

ADDRESS_COLUMNS = ("email", "address", "e-mail", "email address", "mail")
NAME_COLUMNS = ("name", "full name")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Person:
    """One good row."""

    identity: Identity
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that cannot be taken, without its address, since reports are kept and logged."""

    line: int
    problem: str


def read_people(lines: Iterable[str], key: bytes, *, shown: str) -> Iterator[Person | Rejected]:
    """The rows of a CSV file, in order. The header names a column `email` and, if there is one, `name`.

    Commas, semicolons and tabs part the columns, whichever the header has. Lines count from 1, the header being the
    first. Raises ContentError for a file of the wrong shape: without an address column, before the first row, or where
    it stops being CSV, since nobody could say whom the rest holds.
    """
    numbered = iter(lines)
    header = next(numbered, "").removeprefix("\ufeff")
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().strip('"').lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    address_at = _column(names, ADDRESS_COLUMNS)
    if address_at is None:
        found = ", ".join(name for name in names if name)[:120] or "nothing"
        raise ContentError(
            (Fault(shown, 1, f"the first line must name the columns, one of them `email`; it names {found}"),)
        )
    name_at = _column(names, NAME_COLUMNS)
    # Strict: a quotation mark that is never closed would otherwise swallow every reader after it into one name.
    return _rows(csv.reader(numbered, delimiter=delimiter, strict=True), address_at, name_at, key, shown)


def _column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _rows(
    reader: Iterator[list[str]], address_at: int, name_at: int | None, key: bytes, shown: str
) -> Iterator[Person | Rejected]:
    seen: dict[int, int] = {}
    for line, row in _numbered(reader, shown):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= address_at or not row[address_at].strip():
            yield Rejected(line, "it has no address")
            continue
        try:
            who = identify(row[address_at], key)
        except BadAddressError as error:
            yield Rejected(line, f"not an address: {error}")
            continue
        if who.key in seen:
            yield Rejected(line, f"the same address stands in line {seen[who.key]}")
            continue
        seen[who.key] = line
        yield Person(who, _name(row, name_at), line)


def _numbered(reader: Iterator[list[str]], shown: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin in. Raises ContentError where csv itself finds no row."""
    line = 2
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = (
                f"is not CSV from here on ({error}): see whether a quotation mark is missing; nothing was imported"
            )
            raise ContentError((Fault(shown, line, problem),)) from error
        yield line, row
        line = 2 + reader.line_num  # type: ignore[attr-defined]  # csv.reader has it; its iterator type does not say so


def _name(row: list[str], name_at: int | None) -> str:
    if name_at is None or len(row) <= name_at:
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in row[name_at]).split())[:_LONGEST_NAME]
