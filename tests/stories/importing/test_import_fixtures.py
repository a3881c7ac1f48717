"""Each case of the fixtures: a text and what an import makes of it."""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path

import pytest
from importing_cases import Case, cases, files, read
from importing_samples import as_written, notation, reread
from stories_samples import newsletter

from newsletter.errors import ContentError
from newsletter.stories.checks import check_story
from newsletter.stories.importing import Imported, import_text

VARIATIONS = range(1, 55)
"""Of the design's table of variations."""

CASES = [pytest.param(case, id=name) for name, case in cases()]


def imported(case: Case) -> Imported | None:
    try:
        return import_text(case.text, case.organisation, multi=case.multi)
    except ContentError:
        return None


def facts(case: Case) -> list[str]:
    try:
        found = import_text(case.text, case.organisation, multi=case.multi)
    except ContentError as error:
        return [f"ERROR {error}"]
    return [*notation(found), *desk_facts(case, found)]


def desk_facts(case: Case, found: Imported) -> list[str]:
    """What the desk finds where the story goes out on the day that the file names."""
    if case.goes is None:
        return []
    daily = newsletter(language=case.organisation.language)
    now = datetime.combine(case.goes, time(6), tzinfo=case.organisation.zone)
    stories = [reread(draft, case.organisation, go_live=now) for draft in found.stories]
    findings = [each for story in stories for each in check_story(story, newsletters=(daily,), outlets=(), now=now)]
    return [f"DESK {finding.check}: {finding.problem}" for finding in findings]


@pytest.mark.parametrize("case", CASES)
def test_a_case_reads_as_its_notation(case: Case) -> None:
    """Every fact is expected, in order; a warning by the beginning of its message, an error by a part of it."""
    found, wanted = facts(case), list(case.expected)
    assert [cut(line, want) for line, want in zip(found, wanted, strict=False)] + found[len(wanted) :] == wanted


def cut(line: str, want: str) -> str:
    if want.startswith(("W ", "DESK ")) and line.startswith(want):
        return want
    if want.startswith("ERROR ") and line.startswith("ERROR ") and want.removeprefix("ERROR ") in line:
        return want
    return line


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_the_same_story_after_writing_and_reading(case: Case) -> None:
    """Whatever a text holds, its story file says it again."""
    found = imported(case)
    for draft in found.stories if found else ():
        assert reread(draft, case.organisation).blocks == as_written(draft, case.organisation)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_no_case_of_a_file_is_overlooked(path: Path) -> None:
    """Each `===` line of a fixture file is a case: a missing `---` would hide one."""
    found, count = read(path)
    assert len(found) == count > 0


def test_every_variation_has_a_case() -> None:
    """V1 to V54 of the design, each named at the beginning of a title."""
    titles = [re.match(r"(?:V\d+ )*", case.title) for _, case in cases()]
    covered = {int(number) for title in titles if title for number in re.findall(r"V(\d+)", title[0])}
    assert covered == set(VARIATIONS)
