"""The cases of the fixture files (fixtures/README.txt)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from importing_samples import AMG

from newsletter.model import Organisation
from newsletter.settings.content import ORGANISATION

FIXTURES = Path(__file__).parent / "fixtures"
CASE = re.compile(r"^=== (?P<title>.+)\n(?P<text>(?:.*\n)*?)---\n(?P<expected>(?:(?!=== ).*\n)*)", re.MULTILINE)
SHORTHAND = str.maketrans({"␠": " ", "⇥": "\t", "⍽": "\u00a0"})
REQUIRED = {"name": "Makers", "short_name": "Makers", "postal_address": "1 Mill Lane", "zone": "America/New_York"}


@dataclass(frozen=True)
class Case:
    """One case: its text and what is expected of it, for which organisation and options."""

    title: str
    text: str
    expected: tuple[str, ...]
    organisation: Organisation
    multi: bool
    goes: date | None


def files() -> list[Path]:
    return [path for path in sorted(FIXTURES.glob("*.txt")) if path.stem != "README"]


def read(path: Path) -> tuple[list[Case], int]:
    """The cases of a file, and how many of its lines begin one: as many, unless a mark is missing."""
    whole = path.read_text(encoding="utf-8")
    head, _, _ = whole.partition("===")
    house = tomllib.loads(head)
    options = {"multi": house.pop("multi", False), "goes": house.pop("goes", None)}
    organisation = ORGANISATION({**REQUIRED, **house}) if house else AMG
    found = [_case(each, organisation, options) for each in CASE.finditer(whole)]
    return found, len(re.findall(r"^===", whole, re.MULTILINE))


def _case(found: re.Match[str], organisation: Organisation, options: dict[str, Any]) -> Case:
    return Case(
        title=found["title"],
        text=written(found["text"].removesuffix("\n")),
        expected=tuple(line for line in written(found["expected"]).splitlines() if line),
        organisation=organisation,
        **options,
    )


def written(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text.translate(SHORTHAND))


def cases() -> list[tuple[str, Case]]:
    """Each case with its name in reports."""
    return [(f"{path.stem}: {case.title}", case) for path in files() for case in read(path)[0]]
