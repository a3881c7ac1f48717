"""From a TOML table to one of the model's types: a `Shape` says which keys there are and how each is read.

A reader takes what TOML gave and returns what the model wants, or raises `Wrong` with every problem in it, each with
the key it stands at (`schedule.time`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from newsletter.settings.names import nearest

Reader = Callable[[Any], Any]


class Wrong(Exception):
    """Problems, each with the key where it stands, seen from the table or value that was read; empty is that itself."""

    def __init__(self, problem: str = "", *, inside: tuple[tuple[str, str], ...] = ()) -> None:
        self.problems = (("", problem), *inside) if problem else inside
        super().__init__("; ".join(text for _, text in self.problems))

    def under(self, key: str) -> tuple[tuple[str, str], ...]:
        """The problems as seen from one table further out."""
        return tuple(
            (key if not path else f"{key}{'' if path[0] == '[' else '.'}{path}", text) for path, text in self.problems
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The keys of a table, which of them must be there, and what is built of them.

    `build` gets the values that were given, by their keys; it may raise ValueError (the model refuses nonsense).
    """

    keys: Mapping[str, Reader]
    required: tuple[str, ...]
    build: Callable[..., Any]

    def __call__(self, value: object) -> Any:
        """What is built of the table. Raises Wrong with all that is wrong with it."""
        if not isinstance(value, dict):
            raise Wrong(f"is {kind_of(value)}; write a table with {_listed(self.keys)}")
        unknown = [(key, f"there is no such key{nearest(key, self.keys)}") for key in value if key not in self.keys]
        missing = [(key, "is missing") for key in self.required if key not in value]
        read, wrong = self._read(value)
        problems = [*unknown, *missing, *wrong]
        if not missing and not wrong:
            try:
                built = self.build(**read)
            except ValueError as error:
                problems.append(("", str(error)))
        if problems:
            raise Wrong(inside=tuple(problems))
        return built

    def _read(self, table: Mapping[str, object]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        read: dict[str, Any] = {}
        wrong: list[tuple[str, str]] = []
        for key, value in table.items():
            if key in self.keys:
                try:
                    read[key] = self.keys[key](value)
                except Wrong as error:
                    wrong.extend(error.under(key))
        return read, wrong


def several(read: Reader) -> Reader:
    """A reader of arrays; problems name the place, counted from 1."""

    def read_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"is {kind_of(value)}; write a list in [ ]")
        items: list[Any] = []
        wrong: list[tuple[str, str]] = []
        for number, item in enumerate(value, start=1):
            try:
                items.append(read(item))
            except Wrong as error:
                wrong.extend(error.under(f"[{number}]"))
        if wrong:
            raise Wrong(inside=tuple(wrong))
        return tuple(items)

    return read_all


def kind_of(value: object) -> str:
    """What TOML gave, in words for whoever wrote it."""
    if isinstance(value, bool):
        return f"{str(value).lower()}, without quotes"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{value[:60]}'"
    if isinstance(value, (date, datetime, time)):
        return f"the date or time {value.isoformat()}, without quotes"
    return "a list" if isinstance(value, list) else "a table"


def _listed(keys: Mapping[str, Reader]) -> str:
    *first, last = keys
    return f"{', '.join(first)} and {last}" if first else last
