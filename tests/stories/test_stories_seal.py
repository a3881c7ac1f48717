"""What a seal covers, who may set it, and the edits that set and break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories_samples import newsletter

from newsletter.errors import ContentError
from newsletter.model import Approval, Organisation, Standing, Status, Story
from newsletter.stories.seal import approve, kill, may_approve, revoke

TEXT = """---
# the desk's note
headline: Ports Reopen
section: trade   # with a comment
status: ready    # another
author: b.low
priority: 2
byline: Ann Roe
sources: [{outlet: Metro Times}]
url: https://example.org/a
go_live: 2026-05-04T06:00
expires: 2026-05-05T06:00
corrects: 2026-05-01-x
image: {src: images/p.gif, alt: A port, credit: B. Low}
---
It said *so* (Metro Times).

- **One:** two
"""
AT = datetime(2026, 5, 4, 9, 10, tzinfo=UTC)
GIF = b"GIF89a\x20\x03\x90\x01" + b"\0" * 20


@pytest.fixture(autouse=True)
def picture(content: Path) -> Path:
    path = content / "images" / "p.gif"
    path.write_bytes(GIF)
    return path


def sealed(parse, text: str) -> str:
    return approve(text, Approval(by="ann", at=AT, digest=parse(text).digest))


def test_an_approved_story_stands(parse) -> None:
    """Approved, parsed again: the seal holds."""
    story = parse(sealed(parse, TEXT))
    assert story.standing is Standing.APPROVED
    assert story.approval is not None
    assert (story.approval.by, story.approval.at) == ("ann", AT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Ports Reopen", "Ports Close"),
        ("section: trade", "section: workforce"),
        ("Ann Roe", "Ann Row"),
        ("Metro Times}", "Metro Time}"),
        ("example.org/a", "example.org/b"),
        ("2026-05-04T06:00", "2026-05-04T05:00"),
        ("2026-05-05T06:00", "2026-05-05T07:00"),
        ("2026-05-01-x", "2026-05-01-y"),
        ("A port", "A harbor"),
        ("B. Low", "B. High"),
        ("*so*", "so"),
        ("*so*", "**so**"),
        ("**One:** two", "One: two"),
        ("- **One:**", "1. **One:**"),
        ("two", "three"),
    ],
)
def test_an_edit_breaks_the_seal(parse, old: str, new: str) -> None:
    """Whatever readers will see is covered."""
    assert parse(sealed(parse, TEXT).replace(old, new)).standing is Standing.CHANGED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("priority: 2", "priority: 1"),
        ("section: trade", "newsletters: [daily]\nsection: trade"),
        ("author: b.low", "author: c.high"),
        ("# the desk's note\n", ""),
        ("\n", "\r\n"),
        ("go_live: 2026-05-04T06:00", "go_live: 2026-05-04T10:00:00Z"),
        ("so* (", "so*\n("),
        ("- **One:**", "* __One:__"),
        ("headline: Ports Reopen", 'headline: "Ports  Reopen"'),
    ],
)
def test_what_readers_do_not_see_leaves_it_whole(parse, old: str, new: str) -> None:
    """Order, notes, line ends and ways of writing the same thing are not covered."""
    assert parse(sealed(parse, TEXT).replace(old, new)).standing is Standing.APPROVED


def test_another_picture_under_the_same_name_breaks_it(parse, picture: Path) -> None:
    """The bytes of images are covered."""
    text = sealed(parse, TEXT)
    picture.write_bytes(GIF + b"\0")
    assert parse(text).standing is Standing.CHANGED


def test_accents_in_either_form_are_one_text(parse) -> None:
    """NFC: a decomposed accent is the same letter."""
    one, other = TEXT.replace("two", "caf\u00e9"), TEXT.replace("two", "cafe\u0301")
    assert parse(one).digest == parse(other).digest


def test_the_digest_is_what_it_was(parse) -> None:
    """A digest that changes breaks every seal there is: `_FORM` must be raised with intent."""
    assert parse(TEXT).digest == "sha256:560f758b5855b8479ab5648fe468d6e27caa33bba6dff88b57762ed79e00e981"


def test_the_edit_is_surgical(parse) -> None:
    """Only the status and the seal change; comments, order and the body stay."""
    text = sealed(parse, TEXT)
    seal = f"{{by: ann, at: 2026-05-04T09:10:00+00:00, digest: {parse(TEXT).digest}}}"
    wanted = TEXT.replace("status: ready    # another\n", f"status: approved    # another\napproved: {seal}\n")
    assert text == wanted


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.replace("status: ready    # another\n", ""),
        TEXT.replace("status: ready", "status: 'ready'"),
        TEXT.replace("status: ready", '"status" : |\n  ready\nx_: 1').replace("x_: 1    # another\n", ""),
        TEXT.replace("author: b.low\n", "author: b.low\napproved:\n"),
        TEXT.replace("author: b.low\n", f"approved:\n  by: c\n  at: 2026-05-04T01:00:00Z\n  digest: {'0' * 64}\n"),
        TEXT.replace("---\nIt said", "approved: {by: c,\n  at: 2026-05-04T01:00:00Z}\n---\nIt said"),
    ],
    ids=["plain", "CRLF", "BOM", "no status", "quoted", "block", "empty seal", "old seal in lines", "half a seal"],
)  # fmt: skip
def test_any_form_of_file_can_be_approved_killed_and_revoked(parse, text: str) -> None:
    """The edits find status and seal however they are written, and keep everything else."""
    approved = approve(text, Approval(by="o'neil: x", at=AT, digest=parse(TEXT).digest))
    story = parse(approved)
    assert (story.standing, story.approval and story.approval.by) == (Standing.APPROVED, "o'neil: x")
    assert approved.endswith(text.partition("It said")[2])
    assert approved.count("\r\n") in (0, approved.count("\n"))
    assert parse(kill(approved)).status is Status.KILLED
    revoked = revoke(approved)
    assert (parse(revoked).status, parse(revoked).approval) == (Status.READY, None)
    assert "# the desk's note" in revoked


def test_revoking_undoes_approving(parse) -> None:
    """Back to the bytes of before."""
    assert revoke(sealed(parse, TEXT)) == TEXT


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_name_can_be_written(by: str) -> None:
    """A name with YAML's signs does not break the front matter."""
    once = approve("---\nheadline: H\n---\nx\n", Approval(by=by, at=AT, digest="sha256:" + "0" * 64))
    assert approve(once, Approval(by=by, at=AT, digest="sha256:" + "0" * 64)) == once


@pytest.mark.parametrize("text", ["no front matter", "---\nheadline: a: b\n---\n"])
def test_a_file_with_faults_is_not_edited(text: str) -> None:
    """An edit needs front matter that can be read."""
    with pytest.raises(ContentError):
        kill(text)


def test_who_may_approve(parse, organisation: Organisation) -> None:
    """The newsletter's approvers, or else the organisation's; with four eyes not the author."""
    story: Story = parse(TEXT)
    daily = newsletter()
    assert may_approve(story, "ann", organisation, [daily]) is None
    assert "not an approver of Daily: ann, b.low may" in str(may_approve(story, "cy", organisation, [daily]))
    assert may_approve(story, "cy", replace(organisation, approvers=()), [daily]) is None
    assert may_approve(story, "cy", organisation, [replace(daily, approvers=("cy",))]) is None
    assert "not an approver" in str(may_approve(story, "ann", organisation, [daily, replace(daily, approvers=("cy",))]))
    assert "not an approver" in str(may_approve(story, "cy", organisation, []))
    eyes = replace(daily, four_eyes=True)
    assert may_approve(story, "ann", organisation, [eyes]) is None
    assert "wrote this story" in str(may_approve(story, "b.low", organisation, [eyes]))
    assert "does not say who wrote it" in str(may_approve(replace(story, author=None), "ann", organisation, [eyes]))
