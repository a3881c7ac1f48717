"""From a file's bytes to a story, or to all of its faults."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import ContentError
from newsletter.model import Standing, Status

WHOLE = """---
headline: "Ports: Reopened"
section: trade # a comment
newsletters: [daily, friday]
status: ready
author: b.low
go_live: 2026-05-04T06:00
expires: 2026-05-05T12:00:00Z
priority: 3
sources: [{outlet: The Daily Ledger, access: subscription, url: https://example.org/a}, Metro Times]
byline: Ann Roe
url: https://example.org/story
corrects: 2026-05-01-port-tariffs
---
It said Monday (TDL, subscription).

**The AMG says:** Good.
"""


def problems(parse, text: str | bytes, name: str = "2026-05-04-ports.md") -> list[str]:
    with pytest.raises(ContentError) as error:
        parse(text, name)
    return [f"{fault.line}: {fault.problem}" for fault in error.value.faults]


def story(*lines: str, body: str = "x") -> str:
    given_keys = {line.partition(":")[0] for line in lines}
    needed = [line for line in ("headline: H", "section: trade") if line.partition(":")[0] not in given_keys]
    return "\n".join(("---", *lines, *needed, "---", body, ""))


def test_a_whole_file(parse) -> None:
    """Every key is read into its type; naive times are in the organisation's zone."""
    read = parse(WHOLE)
    assert (read.slug, read.date, read.headline) == ("2026-05-04-ports", date(2026, 5, 4), "Ports: Reopened")
    assert (read.section, read.newsletters, read.status) == ("trade", ("daily", "friday"), Status.READY)
    assert (read.author, read.byline, read.priority) == ("b.low", "Ann Roe", 3)
    assert read.go_live == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert read.expires == datetime(2026, 5, 5, 12, tzinfo=UTC)
    assert [(each.outlet, each.access) for each in read.sources] == [
        ("The Daily Ledger", "subscription"), ("Metro Times", None),
    ]  # fmt: skip
    assert (read.url, read.corrects) == ("https://example.org/story", "2026-05-01-port-tariffs")
    assert [(each.outlet, each.block) for each in read.citations] == [("The Daily Ledger", 0)]
    assert [block.line for block in read.blocks] == [15, 17]
    assert read.lines["expires"] == 8
    assert read.path == "content/stories/2026-05-04-ports.md"


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n")], ids=["BOM", "CRLF"])
def test_how_a_file_was_saved_does_not_matter(parse, change) -> None:
    """A byte order mark and Windows line ends change nothing, the digest included."""
    assert parse(change(WHOLE)) == parse(WHOLE)


@pytest.mark.parametrize("headline", ["1984", "yes", "null", "2026-05-04", "1e3", "~", "0x1F", "'it''s'"])
def test_a_headline_stays_text(parse, headline: str) -> None:
    """Scalars are read as strings."""
    assert parse(story(f"headline: {headline}")).headline == headline.replace("'it''s'", "it's")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("headline: Ports: Reopen", '2: a colon means something to YAML: put it in quotes: headline: "Ports: Reopen"'),
        (
            "headline: [S]ome say",
            "2: `[` at a value's start means something to YAML: put it in quotes: headline: \"[S]",
        ),
        ("headline: Rule #4 falls", "2: YAML takes `#4 falls` for a comment"),
        ("headline: &a b", "2: `*` or `&`"),
        ("headline: *a", "2: `*` or `&`"),
        ("headline: !!str a", "2: `!`"),
        ('headline: "a', "2: a value begins with a quotation mark"),
        ("headline:", "2: `headline` is missing"),
        ("headline: {a: b}", "2: `headline` is one line of text"),
        ("headlin: a", "2: `headlin` is not a key: did you mean `headline`?"),
        ("section: Trade & Co", "2: `section` is a name"),
        ("newsletters: [daily, X Y]", "2: `newsletters` is a name"),
        ("status: aproved", "2: `status: aproved` is not a status: did you mean `approved`?"),
        ("go_live: tomorrow", "2: `go_live` is a day and a time"),
        ("go_live: 2026-05-04", "2: `go_live` is a day and a time"),
        ("go_live: 9999-12-31T23:59", "2: `go_live` is a day and a time"),
        ("go_live: 2026-13-04T06:00", "2: `go_live` is a day and a time"),
        ("go_live: 2026-03-08T02:30", "2: `go_live`: 2026-03-08T02:30 does not exist in America/New_York"),
        ("priority: first", "2: `priority` is a whole number from 1 to 999"),
        ("priority: 0", "2: `priority` is a whole number"),
        ("url: ftp://example.org", "2: `url` begins with https://"),
        ("url: https://", "2: the link"),
        ("corrects: port-tariffs", "2: `corrects` names a story file"),
        ("sources: [{access: free}]", "2: a source names its `outlet`"),
        ("sources: [{outlet: A, acess: free}]", "2: `acess` is not a key of a source: did you mean `access`?"),
        ("sources: [[[[[x]]]]]", "2: front matter does not nest so deep"),
        ("approved: ann", "2: `approved` is a mapping"),
        ("approved: {by: ann}", "2: this seal is not whole"),
        ("approved: {by: ann, at: 2026-05-04T05:10, digest: sha256:12}", "2: this seal is not whole"),
        ("image: images/x.png", "2: `image` is a mapping"),
        ("image: {alt: x}", "2: `image` names its file"),
        ("image: {src: images/x.png, alt: x}", "2: the image 'images/x.png' is not there"),
        ("image: {src: images/../../etc/passwd, alt: x}", "2: the image 'images/../../etc/passwd' is not under"),
        ("image: {src: /etc/passwd, alt: x}", "2: the image '/etc/passwd' is not under"),
        ("image: {src: http://example.org/a.png, alt: x}", "2: the image 'http://example.org/a.png' is neither"),
        ("image: {src: https://example.org/a.png}", "2: the image 'https://example.org/a.png' has no alt"),
        ("headline: H\nheadline: I", "3: `headline` is given twice"),
        ("\tsection: x", "2: YAML cannot read this line"),
    ],
)
def test_a_fault_of_front_matter(parse, line: str, said: str) -> None:
    """Each fault is told at its line, with what to do."""
    found = problems(parse, story(line))
    assert any(text.startswith(said) for text in found), found


def test_all_faults_at_once(parse) -> None:
    """Front matter and body are told together, in the order of their lines."""
    text = story("headline: A: B", "status: live", "colour: red", "go_live: x", body="# Head\n\n[a](b)")
    assert [each.partition(":")[0] for each in problems(parse, text)] == ["2", "3", "4", "5", "8", "10"]


def test_the_story_could_never_go(parse) -> None:
    """It expires before its embargo ends."""
    text = story("go_live: 2026-05-05T06:00", "expires: 2026-05-04T06:00")
    assert problems(parse, text) == ["3: `expires` is not after `go_live`: the story could never go"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "0: the file is empty"),
        (b" \n\n", "0: the file is empty"),
        (b"PK\x03\x04\x00\x00", "0: this is not a text file"),
        (b"---\nheadline: caf\xe9\n---\n", "2: byte 0xe9 is not UTF-8"),
        (b"---\nheadline: a\x07\n---\n", "2: an invisible control character (U+0007)"),
        (b"x" * 1_000_001, "0: 1,000,001 bytes is more"),
        (b"Just text.\n", "1: a story begins with front matter"),
        (b"---\nheadline: a\n", "1: a story begins with front matter"),
    ],
)
def test_no_story_at_all(parse, raw: bytes, said: str) -> None:
    """What is no text, or has no front matter, is told as such."""
    assert problems(parse, raw)[0].startswith(said)


@pytest.mark.parametrize("name", ["ports.md", "2026-13-04-ports.md", "2026-05-04-Ports.md", "2026-05-04.md"])
def test_a_name_that_is_not_a_storys(parse, name: str) -> None:
    """Files are named by day and slug; other faults are told too."""
    found = problems(parse, story("status: x"), name)
    assert "YYYY-MM-DD-slug.md" in found[0]
    assert "not a status" in found[1]


def test_a_picture_is_looked_at(parse, content: Path) -> None:
    """Its size is read from the file, for the image of the head and those of the body."""
    (content / "images" / "p.gif").write_bytes(b"GIF89a\x20\x03\x90\x01" + b"\0" * 20)
    read = parse(story("image: {src: images/p.gif, alt: A port}", body='![B](images/p.gif "C")'))
    assert [(each.width, each.height) for each in (read.image, *read.blocks)] == [(800, 400)] * 2


def test_a_picture_that_is_none(parse, content: Path) -> None:
    """A file that is no picture, and a link that leads out of the folder, are faults."""
    (content / "images" / "p.png").write_bytes(b"not a picture")
    (content / "images" / "q.png").symlink_to("/etc/hostname")
    assert "is not a PNG" in problems(parse, story("image: {src: images/p.png, alt: A}"))[0]
    assert "leads out of" in problems(parse, story("image: {src: images/q.png, alt: A}"))[0]


def test_standing(parse) -> None:
    """The word alone is not an approval."""
    assert parse(story("status: approved")).standing is Standing.UNSEALED
    assert parse(story()).standing is Standing.DRAFT


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from(list("ab:#-[]{}&*!|>'\"%@`,? \n\t\\\u2028é1")), max_size=40), st.binary(max_size=20))
def test_nothing_whatever_raises_anything_else(parse, front: str, body: bytes) -> None:
    """Any bytes give a story or faults, never another error."""
    with suppress(ContentError):
        parse(b"---\nsection: trade\nheadline: H\n" + front.encode() + b"\n---\n" + body)
