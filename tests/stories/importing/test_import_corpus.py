"""The corpus of all fixtures, mutated: what holds for every text holds for these.

`NEWSLETTER_TEST_FUZZ` is the number of texts (600 where it is not set), `NEWSLETTER_TEST_FUZZ_SEED` begins another
row of them. Each text depends on seed and number alone, so that a failure can be had again by itself.
"""

from __future__ import annotations

import os
from random import Random

import importing_laws as laws
import pytest
from importing_cases import cases
from importing_mutations import mutated
from test_import_seed import SEED

from newsletter.errors import ContentError
from newsletter.stories.importing import import_file

COUNT = int(os.environ.get("NEWSLETTER_TEST_FUZZ", "600"))
BEGINNING = int(os.environ.get("NEWSLETTER_TEST_FUZZ_SEED", "0"))
PART = 100
HOUSES = [case.organisation for _, case in cases()]


def corpus() -> list[str]:
    """All texts of the fixtures, and the editors' own sample where it is beside the checkout."""
    return [case.text for _, case in cases()] + ([SEED.read_text(encoding="utf-8")] if SEED.exists() else [])


@pytest.mark.parametrize("start", range(0, COUNT, PART))
def test_the_laws_hold_for_what_is_near_the_corpus(start: int) -> None:
    """Whatever an editor's text has been through, it imports without loss, or is refused in words."""
    texts = corpus()
    for number in range(start, min(start + PART, COUNT)):
        random = Random(f"{BEGINNING} {number}")
        text = mutated(random, texts)
        try:
            laws.hold(text, random.choice(HOUSES), multi=random.random() < 0.3)
        except Exception as error:
            raise AssertionError(f"seed {BEGINNING}, number {number}: {text!r}") from error


@pytest.mark.parametrize("start", range(0, COUNT // 4, PART))
def test_files_that_were_damaged_are_read_or_refused(start: int) -> None:
    """Bytes of any kind raise nothing but a fault that names the file."""
    texts = corpus()
    for number in range(start, start + PART):
        random = Random(f"{BEGINNING} {number} bytes")
        raw = bytearray(random.choice(texts).encode(random.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"])))
        for _ in range(random.randint(1, 20)):
            raw[random.randrange(len(raw))] = random.randrange(256)
        assert refusal(bytes(raw)).startswith("page.txt: "), number


def refusal(raw: bytes) -> str:
    """What the import says of a file that it refuses, or the file's name where it reads it."""
    try:
        import_file(raw, HOUSES[0], shown="page.txt")
    except ContentError as refused:
        return str(refused)
    return "page.txt: "
