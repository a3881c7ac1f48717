"""What the desk finds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from stories_samples import MONDAY, newsletter, story

from newsletter.model import Image, Level, Newsletter, Organisation, Paragraph, Section, Span, Status, Story
from newsletter.stories.checks import check_story, check_together
from newsletter.stories.citations import citations

FRIDAY = newsletter(slug="friday", title="Friday", sections=(Section(slug="long-read", title="Long"),))


def found(
    checked: Story, organisation: Organisation, newsletters: tuple[Newsletter, ...] = (newsletter(), FRIDAY)
) -> list[tuple[str, Level, int]]:
    findings = check_story(checked, newsletters=newsletters, outlets=organisation.outlets, now=MONDAY)
    assert all(each.where.startswith("content/stories/") and each.problem for each in findings)
    return [(each.check, each.level, int(each.where.rpartition(":")[2])) for each in findings]


def test_a_clean_story(organisation: Organisation) -> None:
    """Nothing to find."""
    text = "“We are back,” said Roe. “And glad.” That’s “all ‘for now’.” (1 < 2 > 0)"
    assert found(story(text=text), organisation) == []


@pytest.mark.parametrize(
    ("text", "check", "level"),
    [
        ("The agency TK said so.", "placeholder", Level.STOP),
        ("Some TKTK people.", "placeholder", Level.STOP),
        ("Some XXX people.", "placeholder", Level.STOP),
        ("Lorem ipsum dolor.", "placeholder", Level.STOP),
        ("See [[name]].", "tokens", Level.STOP),
        ("A <b>bold</b> word.", "html", Level.WARN),
        ("A note <!-- ask Ann -->.", "html", Level.WARN),
        ("**The deal:**Both sides.", "marks", Level.WARN),
        ("We are back,” said Roe.", "quotes", Level.STOP),
        ("“We are back, said Roe.", "quotes", Level.WARN),
        ('"We are back, said Roe.', "quotes", Level.WARN),
        ("It said (The Daily Ledger).", "access", Level.WARN),
    ],
)
def test_a_finding_in_the_text(text: str, check: str, level: Level, organisation: Organisation) -> None:
    """Each at its line, with its level."""
    checked = story(text=text)
    checked = story(text=text, citations=citations(checked.blocks, organisation))
    assert found(checked, organisation) == [(check, level, 9)]


def test_a_quotation_that_runs_on(organisation: Organisation) -> None:
    """Its last paragraph may close what an earlier one opened; that one is only shown."""
    blocks = tuple(
        Paragraph(spans=(Span(text=text),), line=line) for line, text in ((9, "“One."), (11, "And two.” She left."))
    )
    assert found(story(blocks=blocks), organisation) == [("quotes", Level.WARN, 9)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"headline": "H" * 111}, [("headline", Level.WARN, 2)]),
        ({"headline": "TK"}, [("placeholder", Level.STOP, 2)]),
        ({"headline": "Ports \u202enepo"}, [("invisible", Level.STOP, 2)]),
        ({"text": "A \u2067piece of it."}, [("invisible", Level.STOP, 9)]),
        ({"text": "A \u2067piece\u2069 of it, \u200fand the family \U0001f468\u200d\U0001f469."}, []),
        ({"section": "trad"}, [("section", Level.STOP, 3)]),
        ({"section": "long-read", "newsletters": ("daily",)}, [("section", Level.STOP, 3)]),
        ({"newsletters": ("dayly", "daily"), "lines": {"newsletters": 4}}, [("newsletter", Level.STOP, 4)]),
        ({"expires": MONDAY - timedelta(1), "lines": {"expires": 5}}, [("expired", Level.WARN, 5)]),
        ({"image": Image(src="images/p.png", alt="p.png", line=6)}, [("alt", Level.WARN, 6)]),
        ({"image": Image(src="images/p.png", alt="", line=6)}, [("alt", Level.STOP, 6)]),
    ],
)
def test_a_finding_in_the_front_matter(changes, expected, organisation: Organisation) -> None:
    """Each at the line of its key."""
    assert found(story(**changes), organisation) == expected


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({}, False),
        ({"date": date(2026, 5, 1)}, True),
        ({"go_live": MONDAY + timedelta(days=1)}, True),
        ({"go_live": MONDAY - timedelta(days=3)}, False),
    ],
)
def test_yesterday(changes, stale: bool, organisation: Organisation) -> None:
    """Words for a day are right on the day of the file only."""
    assert (
        ("relative-day", Level.WARN, 9) in found(story(text="It said yesterday.", **changes), organisation)
    ) is stale


def test_told_twice() -> None:
    """The same text stops, the same headline warns, killed stories do not count."""
    one, two = story("a"), story("b")
    other = story("c", headline=one.headline.upper(), text="Another text.")
    findings = check_together([one, two, other])
    assert [(each.check, each.level, each.where) for each in findings] == [
        ("twice", Level.STOP, f"{two.path}:2"),
        ("headline-twice", Level.WARN, f"{other.path}:2"),
    ]
    assert check_together([one, story("b", status=Status.KILLED)]) == ()


def test_a_correction_of_nothing() -> None:
    """`corrects` names a story that there is."""
    one = story("a")
    assert check_together([one, story("b", text="x", corrects=one.slug)]) == ()
    (finding,) = check_together([one, story("b", text="x", corrects=one.slug + "s", lines={"corrects": 7})])
    assert (finding.check, finding.level, finding.where.rpartition(":")[2]) == ("corrects", Level.STOP, "7")
    assert f"did you mean `{one.slug}`" in finding.problem


def test_corrections_in_a_ring_and_in_a_chain() -> None:
    """What was wrong is corrected, not its correction."""
    first = story("first", text="y", corrects=story("a").slug)
    chain = story("chain", text="x", corrects=first.slug)
    assert [finding.where for finding in check_together([story("a"), first, chain])] == [f"{chain.path}:1"]
    (finding,) = check_together([story("self", corrects=story("self").slug)])
    assert "it corrects itself" in finding.problem


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"approval": None, "lines": {"status": 4}}, [("seal", Level.WARN, 4)]),
        ({"digest": "sha256:other", "lines": {"approved": 5}}, [("seal", Level.WARN, 5)]),
        ({"digest": "sha256:other", "status": Status.READY}, []),
    ],
)
def test_an_approval_that_does_not_hold(changes, expected, organisation: Organisation) -> None:
    """Typed by hand, or broken by an edit: a warning at its line. A seal that holds, and none asked, are silent."""
    assert found(story(**changes), organisation) == expected
