"""An edition looked at while it is made: what is seen, what is read again, and that nothing ends it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ledger_house import House, at

from newsletter.errors import ContentError
from newsletter.model import EditionState
from newsletter.pipeline import previewing, sight
from newsletter.pipeline.previewing import Preview
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.stories import load

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
LEAD = "2026-05-04-ports-reopen-after-two-day-stoppage"


@pytest.fixture
def content(tmp_path: Path, prints: Path) -> Path:
    shutil.copytree(prints, tmp_path / "var")
    shutil.copytree(ROOT / "content", tmp_path / "content")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return tmp_path / "content"


@pytest.fixture
def preview(content: Path, tmp_path: Path) -> Iterator[Preview]:
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(content), "NEWSLETTER_TEMPLATES": str(tmp_path / "templates"),
            "NEWSLETTER_VAR": str(tmp_path / "var"), "NEWSLETTER_EPOCH_FILE": str(tmp_path / "epoch"),
            "NEWSLETTER_SANDBOX": "1",
        },
        Path("none"),
    )  # fmt: skip
    context = open_context(settings, lambda: NOW)
    yield Preview(context, "daily/2026-05-04")
    context.store.close()


def edit(content: Path, name: str, old: str, new: str) -> None:
    file = content / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_seen(preview: Preview) -> None:
    """The message, what it weighs and by which story, the proof, and every story that waits with its reason."""
    seen = preview.sight()
    assert seen.fault == ""
    assert seen.message is not None
    assert seen.weight is not None
    assert seen.edition is not None
    assert seen.state is EditionState.OPEN
    assert 0.3 < seen.weight.share < 0.6
    assert {slug for slug, _ in seen.weight.stories} == {story.slug for story in seen.edition.stories}
    assert sum(size for _, size in seen.weight.stories) < seen.weight.total
    assert any("Broadband" in waits.headline for waits in seen.waiting)
    assert all(waits.reason for waits in seen.waiting)


def test_the_bytes_are_those_that_would_go(preview: Preview, content: Path) -> None:
    """What is shown differs from the message only in how a client is played; the message itself is the real one."""
    seen = preview.sight()
    made = previewing.write(preview._house(), previewing.target(preview._house(), "daily/2026-05-04", NOW), NOW)
    assert seen.message is not None
    assert made.html.read_text(encoding="utf-8") == seen.message.html


def test_what_did_not_change_is_not_parsed_again(
    preview: Preview, content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all story files the one that was edited; and nothing at all where nothing was."""
    preview.sight()
    parsed: list[str] = []
    real = load.parse_story
    monkeypatch.setattr(load, "parse_story", lambda path, *a, **k: (parsed.append(path.name), real(path, *a, **k))[1])
    preview.changed()
    assert preview.sight(drafts=True).message is not None
    assert parsed == []
    edit(content, f"stories/{LEAD}.md", "Dock workers", "Dockers")
    preview.changed()
    assert "Dockers" in preview.sight(drafts=True).html("light", styles=True)
    assert parsed == [f"{LEAD}.md"]


def test_the_organisation_changes(preview: Preview, content: Path) -> None:
    """Stories are read anew then: whose voice a paragraph has is the organisation's to say."""
    before = preview.sight().html("light", styles=True)
    edit(content, "organisation.toml", 'voices = ["', 'voices = ["Not ')
    preview.changed()
    after = preview.sight().html("light", styles=True)
    assert before.count('class="box"') > after.count('class="box"')


def test_drafts(preview: Preview, content: Path) -> None:
    """Stories that nobody approved count as approved where that is asked for, killed ones never."""
    edit(content, f"stories/{LEAD}.md", "status: approved", "status: draft")
    edit(content, "stories/2026-05-04-rail-car-shortage-eases.md", "status: approved", "status: killed")
    slugs = {
        drafts: {story.slug for story in edition.stories}
        for drafts in (False, True)
        if (edition := preview.sight(drafts=drafts).edition)
    }
    assert LEAD in slugs[True] - slugs[False]
    assert "2026-05-04-rail-car-shortage-eases" not in slugs[True]


def test_too_few_stories_are_shown_all_the_same(preview: Preview, content: Path) -> None:
    """… and what is missing is said."""
    for file in sorted((content / "stories").glob("*.md"))[1:]:
        file.unlink()
    edit(content, "newsletters/daily.toml", "minimum = 3", "minimum = 2")
    seen = preview.sight()
    assert seen.message is not None
    assert seen.missing == ("The Morning Run has 1 story for 2026-05-04, and goes with 2 or more",)


def test_when_everything_went(sqlite_house: House) -> None:
    """A look is worked on in the afternoon, too: what went is shown again, and that nothing would go is said."""
    sqlite_house.tick(at(1, 12))
    sqlite_house.clock.at = at(4, 4)
    sqlite_house.readers(3)
    sqlite_house.story()
    preview = Preview(sqlite_house.context, "daily/2026-05-04")
    before = preview.sight()
    assert not before.again
    sqlite_house.tick(at(4, 6, 15))
    sqlite_house.tick(at(4, 6, 45))
    assert sqlite_house.state()[0] is EditionState.SENT
    preview.changed()
    after = preview.sight()
    assert after.again
    assert after.fault == ""
    assert after.message == before.message
    assert len(after.missing) == 1
    assert "has no story for 2026-05-04" in after.missing[0]


def test_a_bad_file_that_nobody_approved(preview: Preview, content: Path) -> None:
    """It is told beside the mail, which it does not keep from being shown."""
    edit(content, "stories/2026-05-05-broadband-grants-open.md", "headline:", "headlines:")
    file = content / "stories" / "2026-05-05-broadband-grants-open.md"
    file.write_text(file.read_text(encoding="utf-8").replace("status: approved", "status: draft"), encoding="utf-8")
    seen = preview.sight()
    assert seen.message is not None
    assert seen.broken
    assert {fault.path.rpartition("/")[2] for fault in seen.broken} == {file.name}


def test_it_never_ends(preview: Preview, content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the folders hold, and even where the program is at fault, there is something to read."""
    good = preview.sight().message
    moved = content / "stories-2"
    (content / "stories").rename(moved)
    preview.changed()
    assert "there is no such folder" in preview.sight().fault
    moved.rename(content / "stories")
    monkeypatch.setattr(previewing, "see", lambda *_, **__: 1 / 0)
    preview.changed()
    assert "ZeroDivisionError" in preview.sight().fault
    monkeypatch.setattr(previewing, "see", sight.see)
    preview.changed()
    assert preview.sight().message == good


def test_a_look_by_its_name(preview: Preview) -> None:
    """The shipped ones are found by their pairs of files; one that there is not is a fault in words."""
    assert "briefing" in preview.looks()
    assert "base" not in preview.looks()
    assert "there is no look 'nothing'; there are: alert, briefing, magazine" in preview.sight("nothing").fault


def test_a_sheet_that_cannot_be_read(preview: Preview, content: Path) -> None:
    """Without its sheet the edition must not go: its fault stands where the mail was, and no file is written."""
    edit(content, "editions/daily/2026-05-04.md", "by:", "bye:")
    assert "`bye` is not a key" in preview.sight().fault
    assert preview.sight().message is None
    house = preview._house()
    with pytest.raises(ContentError, match="`bye` is not a key"):
        previewing.write(house, previewing.target(house, "daily/2026-05-04", NOW), NOW)


def test_files_tell_what_the_desk_stops(preview: Preview, content: Path) -> None:
    """As the plan does: placeholder words are no fault of the message, and stop it all the same."""
    edit(content, "editions/daily/2026-05-04.md", "Good morning", "TK morning")
    house = preview._house()
    made = previewing.write(house, previewing.target(house, "daily/2026-05-04", NOW), NOW)
    assert [stop.check for stop in made.stops] == ["placeholder"]
