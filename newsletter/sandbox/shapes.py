"""Kinds of JSON values, as a table can name them: what is wrong with a value is appended to `found`.

The wording of type errors and unknown names is SendGrid's ("Invalid type. Expected: object, given: array.").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from newsletter.sandbox.answers import Refusal

_KIND_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


class Shape(Protocol):
    """A kind of value. `path` names the value in refusals, positions counted from 0."""

    def check(self, value: object, path: str, found: list[Refusal]) -> None: ...


def _mistyped(expected: str, value: object, path: str) -> Refusal:
    given = _KIND_NAMES.get(type(value), "null")
    return Refusal(f"Invalid type. Expected: {expected}, given: {given}.", path or None)


@dataclass(frozen=True, slots=True)
class Text:
    """A string; lengths count characters."""

    minimum: int = 0
    maximum: int | None = None
    one_of: tuple[str, ...] = ()

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, str):
            found.append(_mistyped("string", value, path))
        elif len(value) < self.minimum:
            found.append(Refusal(f"The {path} value must be a string at least {self.minimum} long.", path))
        elif self.maximum is not None and len(value) > self.maximum:
            found.append(Refusal(f"The {path} value may be at most {self.maximum} characters long.", path))
        elif self.one_of and value not in self.one_of:
            found.append(Refusal(f"The {path} value must be one of: {', '.join(self.one_of)}.", path))


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer; true and false are none."""

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if type(value) is not int:
            found.append(_mistyped("integer", value, path))


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, bool):
            found.append(_mistyped("boolean", value, path))


@dataclass(frozen=True, slots=True)
class Strings:
    """An object of strings under names of the caller's choice."""

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, dict):
            found.append(_mistyped("object", value, path))
            return
        for name, entry in value.items():
            if not isinstance(entry, str):
                found.append(_mistyped("string", entry, f"{path}.{name}"))


@dataclass(frozen=True, slots=True)
class Anything:
    """An object of whatever."""

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, dict):
            found.append(_mistyped("object", value, path))


@dataclass(frozen=True, slots=True)
class Items:
    """An array of one kind."""

    item: Shape
    minimum: int = 0
    maximum: int | None = None

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, list):
            found.append(_mistyped("array", value, path))
            return
        if len(value) < self.minimum:
            found.append(Refusal(f"The {path} array must have at least {self.minimum} entry.", path))
        if self.maximum is not None and len(value) > self.maximum:
            text = f"The {path} array is limited to {self.maximum} per API request. You have provided {len(value)}."
            found.append(Refusal(text, path))
            return
        for position, entry in enumerate(value):
            self.item.check(entry, f"{path}.{position}", found)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with these names and no others; the path of the whole body is empty."""

    known: Mapping[str, Shape]
    required: tuple[str, ...] = ()

    def check(self, value: object, path: str, found: list[Refusal]) -> None:
        if not isinstance(value, dict):
            found.append(_mistyped("object", value, path))
            return
        start = f"{path}." if path else ""
        for name, entry in value.items():
            shape = self.known.get(name)
            if shape is None:
                found.append(Refusal(f"Additional property {name} is not allowed.", start + name))
            else:
                shape.check(entry, start + name, found)
        for name in self.required:
            if name not in value:
                found.append(Refusal(f"The {start + name} parameter is required.", start + name))
