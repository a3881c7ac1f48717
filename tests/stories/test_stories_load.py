"""The desk: every file listed, faults kept apart, and what has not changed not parsed again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.errors import ContentError
from newsletter.model import Organisation
from newsletter.stories import load
from newsletter.stories.load import Desk, load_stories

TEXT = """---
headline: {headline}
section: trade
status: {status}
newsletters: [daily]
go_live: 2026-05-04T06:00
image: {{src: images/p.gif, alt: A port}}
sources: [{{outlet: Metro Times}}]
approved: {{by: ann, at: 2026-05-04T05:10:00-04:00, digest: sha256:{zeros}}}
---
It *said* [so](https://example.org) (Metro Times).

- **One:** two
  - three

1. four

> five

![six](images/p.gif "seven")
"""


@pytest.fixture
def write(content: Path) -> Callable[..., Path]:
    (content / "images" / "p.gif").write_bytes(b"GIF89a\x20\x03\x90\x01" + b"\0" * 20)

    def write(name: str, headline: str = "H", status: str = "ready") -> Path:
        path = content / "stories" / name
        path.write_text(TEXT.format(headline=headline, status=status, zeros="0" * 64), encoding="utf-8")
        return path

    return write


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were parsed, in order."""
    names: list[str] = []
    real = load.parse_story

    def watched(path: Path, *given: object, **named: object) -> object:
        names.append(path.name)
        return real(path, *given, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(load, "parse_story", watched)
    return names


@pytest.fixture
def desk(content: Path, organisation: Organisation) -> Callable[..., Desk]:
    return lambda **given: load_stories(content, given.get("organisation", organisation), cache=content.parent / "c")


def test_one_bad_file_does_not_stop_the_others(write, desk) -> None:
    """Good files are listed by name, bad ones with their faults."""
    write("2026-05-05-b.md")
    write("2026-05-04-a.md")
    write("2026-05-04-bad.md", headline="A: B", status="live")
    write("notes.txt")
    write(".hidden.md")
    found = desk()
    assert [story.slug for story in found.stories] == ["2026-05-04-a", "2026-05-05-b"]
    assert [(fault.path.rpartition("/")[2], fault.line) for fault in found.faults] == [
        ("2026-05-04-bad.md", 2), ("2026-05-04-bad.md", 4),
    ]  # fmt: skip
    assert not found.approved_faults


def test_a_bad_file_that_is_approved_is_known(write, desk) -> None:
    """It would be missing from an edition in silence."""
    write("2026-05-04-bad.md", headline="A: B", status="approved")
    found = desk()
    assert [file.status for file in found.broken] == ["approved"]
    assert found.approved_faults == found.faults


def test_what_cannot_be_read_is_told(write, desk, content: Path) -> None:
    """A link to nowhere, a folder named like a story, a binary file."""
    (content / "stories" / "2026-05-04-a.md").symlink_to("nowhere")
    (content / "stories" / "2026-05-04-b.md").mkdir()
    (content / "stories" / "2026-05-04-c.md").write_bytes(b"\x00\x01")
    found = desk()
    assert [file.slug for file in found.broken] == ["2026-05-04-a", "2026-05-04-b", "2026-05-04-c"]
    assert "cannot be read" in found.faults[0].problem


def test_no_folder(tmp_path: Path, organisation: Organisation) -> None:
    """A content folder without stories names the setting."""
    with pytest.raises(ContentError, match="NEWSLETTER_CONTENT"):
        load_stories(tmp_path / "elsewhere", organisation)


def test_the_cache_gives_the_same_stories(write, desk, parsed: list[str]) -> None:
    """Every field survives the cache, lines and sizes included, and nothing is parsed a second time."""
    write("2026-05-04-a.md")
    write("2026-05-05-b.md", headline='"a\u2028b \\u0085"')
    first = desk()
    parsed.clear()
    again = desk()
    assert (again, parsed) == (first, [])
    assert repr(again) == repr(first)  # lines of blocks, which equality leaves out


def test_what_changed_is_parsed_again(write, desk, parsed: list[str]) -> None:
    """An edited file, a new one; one that is gone is gone."""
    write("2026-05-04-a.md")
    write("2026-05-04-b.md")
    gone = write("2026-05-04-c.md")
    desk()
    parsed.clear()
    write("2026-05-04-b.md", headline="Other")
    write("2026-05-04-d.md")
    gone.unlink()
    assert [story.headline for story in desk().stories] == ["H", "Other", "H"]
    assert parsed == ["2026-05-04-b.md", "2026-05-04-d.md"]


def test_an_edit_that_keeps_size_and_time_is_seen(write, desk) -> None:
    """A restored time of change does not hide an edit."""
    path = write("2026-05-04-a.md", headline="One")
    before = path.stat()
    desk()
    write("2026-05-04-a.md", headline="Two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [story.headline for story in desk().stories] == ["Two"]


def test_another_picture_is_seen(write, desk, content: Path) -> None:
    """The size and the digest of a story follow its image files; a picture that is gone is a fault."""
    write("2026-05-04-a.md")
    (first,) = desk().stories
    (content / "images" / "p.gif").write_bytes(b"GIF89a\x10\x00\x10\x00" + b"\0" * 20)
    (second,) = desk().stories
    assert (second.image.width, second.digest != first.digest) == (16, True)
    (content / "images" / "p.gif").unlink()
    assert "is not there" in desk().faults[0].problem


def test_another_organisation_is_seen(write, desk, organisation: Organisation) -> None:
    """What settings decide (voices, outlets, zone) is decided anew when they change."""
    write("2026-05-04-a.md")
    desk()
    (story,) = desk(organisation=replace(organisation, outlets=())).stories
    assert [each.outlet for each in story.citations] == ["Metro Times"]


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"{}\n[]\n", None], ids=["empty", "binary", "foreign", "cut"])
def test_a_damaged_cache_is_as_none(write, desk, content: Path, damage: bytes | None) -> None:
    """The cache only saves time."""
    write("2026-05-04-a.md")
    first = desk()
    cache = content.parent / "c"
    cache.write_bytes(cache.read_bytes()[:-40] if damage is None else damage)
    assert desk() == first


def test_a_cache_that_cannot_be_written(write, content: Path, organisation: Organisation) -> None:
    """Stories are listed all the same."""
    write("2026-05-04-a.md")
    (content.parent / "file").write_text("x")
    assert len(load_stories(content, organisation, cache=content.parent / "file" / "c").stories) == 1
