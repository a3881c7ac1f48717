"""Each case of the fixtures of HTML, Markdown, mails and Word: a source and what an import makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from importing_cases import written
from importing_samples import AMG, notation
from test_import_fixtures import cut
from word_samples import word_file

from newsletter.errors import ContentError
from newsletter.stories.importing import import_file

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = {"html": "page.html", "markdown": "story.md", "word": "story.docx"}
CASE = re.compile(
    r"^=== (?P<title>.+)\n(?P<text>(?:.*\n)*?)--- expected\n(?P<expected>(?:(?!=== ).*\n)*)", re.MULTILINE
)


def files() -> list[tuple[str, Path]]:
    return [(kind, path) for kind in NAMES for path in sorted((FIXTURES / kind).glob("*.txt"))]


def cases() -> list[object]:
    return [
        pytest.param(kind, case["text"], case["expected"], id=f"{kind}/{path.stem}: {case['title']}")
        for kind, path in files()
        for case in CASE.finditer(path.read_text(encoding="utf-8"))
    ]


def read(kind: str, text: str) -> list[str]:
    raw = word_file(text) if kind == "word" else text.encode()
    try:
        return notation(import_file(raw, AMG, shown=NAMES[kind]))
    except ContentError as error:
        return [f"ERROR {error}"]


@pytest.mark.parametrize(("kind", "text", "expected"), cases())
def test_a_case_reads_as_its_notation(kind: str, text: str, expected: str) -> None:
    """Every fact is expected, in order; a warning by the beginning of its message, an error by a part of it."""
    wanted = [line for line in written(expected).splitlines() if line]
    found = read(kind, written(text.removesuffix("\n")))
    assert [cut(line, want) for line, want in zip(found, wanted, strict=False)] + found[len(wanted) :] == wanted


@pytest.mark.parametrize(("kind", "path"), files())
def test_no_case_of_a_file_is_overlooked(kind: str, path: Path) -> None:
    """Each `===` line of a fixture file is a case: a missing `--- expected` would hide one."""
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"^=== ", text, re.MULTILINE)) == len(CASE.findall(text)) > 0, kind
