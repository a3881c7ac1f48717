"""From a sheet's bytes to its note, briefs, subject and preheader, or to all of its faults."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from extras_samples import known, pixel, problems
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import ContentError
from newsletter.model import BulletList, Image, Organisation, Paragraph, plain
from newsletter.stories.extras.sheet import KEYS, parse_sheet
from newsletter.stories.extras.supply import Sheet

SHOWN = "content/editions/daily/2026-05-04.md"
WHOLE = """---
by: Ann Roe
subject: "Ports: open again"
preheader: What the stoppage cost, and who may run the cranes.
briefs:
  - text: "[Barges](https://example.org/barges) move *again*."
    outlet: The Daily Ledger
    access: subscription
  - "Oats are up."
---
Good morning, **[answer us](https://example.org/ask)**.

- One
- Two
"""


@pytest.fixture
def sheet(organisation: Organisation, content: Path):
    def parse(text: str | bytes) -> Sheet:
        raw = text if isinstance(text, bytes) else text.encode()
        return parse_sheet(raw, known=known(organisation, content), shown=SHOWN)

    return parse


def test_a_whole_sheet(sheet) -> None:
    """The body is the note, front matter the rest; each part knows its place."""
    read = sheet(WHOLE)
    assert read.note is not None
    assert [type(block) for block in read.note.blocks] == [Paragraph, BulletList]
    assert (read.note.by, read.note.path, read.note.line, read.note.blocks[0].line) == ("Ann Roe", SHOWN, 2, 11)
    assert (read.subject, read.at("subject")) == ("Ports: open again", f"{SHOWN}:3")
    assert (read.preheader, read.at("preheader")) == (
        "What the stoppage cost, and who may run the cranes.",
        f"{SHOWN}:4",
    )
    first, second = read.briefs
    assert [(span.text, span.emphasis, span.href) for span in first.spans] == [
        ("Barges", False, "https://example.org/barges"), (" move ", False, None), ("again", True, None),
        (".", False, None),
    ]  # fmt: skip
    assert (first.outlet, first.access, first.path, first.line) == ("The Daily Ledger", "subscription", SHOWN, 6)
    assert (plain(second.spans), second.outlet, second.line) == ("Oats are up.", None, 9)


def test_an_empty_sheet_is_none_of_all(sheet) -> None:
    """Front matter and body may both be empty: the edition is made of its stories alone."""
    read = sheet("---\n---\n")
    assert (read.note, read.briefs, read.subject, read.preheader) == (None, (), None, None)


def test_scalars_are_text(sheet) -> None:
    """A subject `1984` or `yes` is what was typed."""
    assert sheet("---\nsubject: 1984\npreheader: yes\n---\n").subject == "1984"
    assert sheet("---\nsubject: 1984\npreheader: yes\n---\n").preheader == "yes"


def test_a_picture_in_a_note_has_its_size(sheet, content: Path) -> None:
    """Read from its file, as a story's is."""
    (content / "images" / "dot.gif").write_bytes(pixel())
    read = sheet("---\n---\nHello.\n\n![A dot](images/dot.gif)\n")
    assert read.note is not None
    image = read.note.blocks[1]
    assert isinstance(image, Image)
    assert (image.width, image.height, image.alt) == (1, 1, "A dot")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good morning.\n", ["1: the sheet of an edition begins with front matter: a line `---`"]),
        ("---\nby: Ann\n---\n", ["2: `by` signs a note, and there is none"]),
        ("---\nnote: x\n---\n", ["2: `note` is not a key: there are by, briefs, subject, preheader"]),
        ("---\npreheadr: x\n---\n", ["2: `preheadr` is not a key: did you mean `preheader`?"]),
        ("---\nsubject: Ports: open\n---\n", ["2: a colon means something to YAML: put it in quotes: subject:"]),
        ("---\nsubject: Rule #4 falls\n---\n", ["2: YAML takes `#4 falls` for a comment: put it in quotes"]),
        ("---\nbriefs:\n  - text: Ports: open\n---\n", ["3: a colon means something to YAML: put it in quotes: text:"]),
        ("---\nbriefs:\n  - text: [Oats](https://example.org) up\n---\n", ["3: `[` at a value's start means"]),
        ('---\nbriefs:\n  - text: "Buy," says Roe: now\n---\n', ['3: `"` at a value\'s start means something to YAML']),
        ('---\nsubject: "Buy" says Roe\n---\n', [
            '2: `"` at a value\'s start means something to YAML: put it in quotes: subject: "\\"Buy\\" says Roe"',
        ]),
        ("---\nbriefs:\n  - text: Rule #4\n---\n", ["3: YAML takes `#4` for a comment: put it in quotes: text:"]),
        ("---\nbriefs:\n  - outlet: TDL\n---\n", ["3: a brief has its words: {text:"]),
        ("---\nbriefs: [{text: a, oulet: TDL}]\n---\n", ["2: `oulet` is not a key of a brief: did you mean `outlet`?"]),
        ("---\nbriefs: [{text: a, access: free}]\n---\n", ["2: `access` is the note of an outlet"]),
        ("---\nbriefs: ['[a](javascript:x)']\n---\n", ["2: the link 'javascript:x' is not one that can be sent"]),
        ("---\nbriefs: [[a]]\n---\n", ["2: `briefs` is a mapping"]),
        ("---\n---\n# Good morning\n", ["3: headings are not part"]),
        ("---\n---\n<b>Hello</b>\n\n<script>x</script>\n", ["5: HTML is not part"]),
        ("---\n---\n[x](javascript:alert)\n", ["3: the link 'javascript:alert' is not one that can be sent"]),
        ("---\n---\n![A dot](images/none.png)\n", ["3: the image 'images/none.png' is not there"]),
        ("---\n---\n![](https://example.org/a.png)\n", ["3: the image 'https://example.org/a.png' has no alt"]),
        (b"\xff\xfe", ["1: byte 0xff is not UTF-8"]),
        ("", ["0: the file is empty"]),
    ],
)  # fmt: skip
def test_a_fault(sheet, text: str | bytes, expected: list[str]) -> None:
    """Each at its line, with what to do."""
    found = problems(lambda: sheet(text))
    assert [problem[: len(want)] for problem, want in zip(found, expected, strict=True)] == expected


def test_all_faults_at_once(sheet) -> None:
    """In the order of their lines, of front matter and body alike."""
    text = "---\nbyy: Ann\nbriefs:\n  - outlet: TDL\n  - '[a](ftp://x)'\n---\n# Head\n\n[b](data:x)\n"
    assert [problem.partition(":")[0] for problem in problems(lambda: sheet(text))] == ["2", "4", "5", "7", "9"]


def test_html_in_a_brief_stands_as_it_is(sheet) -> None:
    """It is text, which the templates escape; a mark of a list is no list."""
    (brief,) = sheet('---\nbriefs: ["- <b>Oats</b> up"]\n---\n').briefs
    assert plain(brief.spans) == "- <b>Oats</b> up"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    front=st.lists(st.tuples(st.sampled_from([*KEYS, "text", "  - text"]), st.text(max_size=20)), max_size=5),
    body=st.text(alphabet=st.sampled_from("ab *_[]()!<>#-\n“”:/."), max_size=60),
)
def test_any_text_is_a_sheet_or_has_faults(sheet, front: list[tuple[str, str]], body: str) -> None:
    """No other exception, whatever is typed."""
    lines = "\n".join(f"{key}: {value}" for key, value in front)
    with suppress(ContentError):
        read = sheet(f"---\n{lines}\n---\n{body}".encode("utf-8", "surrogatepass"))
        assert all(brief.spans and brief.line > 1 for brief in read.briefs)
