"""Each case of the fixtures: a text and what an import makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from importing_samples import AMG, notation

from newsletter.errors import ContentError
from newsletter.stories.importing import import_text

FIXTURES = Path(__file__).parent / "fixtures"
CASE = re.compile(r"^=== (?P<title>.+)\n(?P<text>(?:.*\n)*?)---\n(?P<expected>(?:(?!=== ).*\n)*)", re.MULTILINE)
SHORTHAND = str.maketrans({"␠": " ", "⇥": "\t", "⍽": "\u00a0"})


def cases() -> list[object]:
    return [
        pytest.param(case["text"], case["expected"], id=f"{path.stem}: {case['title']}")
        for path in sorted(FIXTURES.glob("*.txt"))
        if path.stem != "README"
        for case in CASE.finditer(path.read_text(encoding="utf-8"))
    ]


def written(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text.translate(SHORTHAND))


def read(text: str) -> list[str]:
    try:
        return notation(import_text(text, AMG))
    except ContentError as error:
        return [f"ERROR {error}"]


@pytest.mark.parametrize(("text", "expected"), cases())
def test_a_case_reads_as_its_notation(text: str, expected: str) -> None:
    """Every fact is expected, in order; a warning by the beginning of its message, an error by a part of it."""
    wanted = [line for line in written(expected).splitlines() if line]
    found = read(written(text.removesuffix("\n")))
    assert [cut(line, want) for line, want in zip(found, wanted, strict=False)] + found[len(wanted) :] == wanted


def cut(line: str, want: str) -> str:
    if want.startswith("W ") and line.startswith(want):
        return want
    if want.startswith("ERROR ") and line.startswith("ERROR ") and want.removeprefix("ERROR ") in line:
        return want
    return line


def test_no_case_of_a_file_is_overlooked() -> None:
    """Each `===` line of a fixture file is a case: a missing `---` would hide one."""
    for path in FIXTURES.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        if path.stem != "README":
            assert len(re.findall(r"^===", text, re.MULTILINE)) == len(CASE.findall(text)) > 0, path.name
