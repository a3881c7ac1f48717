"""What the desk finds beside the stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from stories_samples import newsletter, story

from newsletter.model import (
    Brief,
    CalendarEntry,
    Edition,
    Extras,
    Image,
    Level,
    Note,
    Organisation,
    Paragraph,
    SectionStories,
    Span,
    Sponsor,
)
from newsletter.stories.extras.checks import check_extras

SHEET, SPONSOR, ENTRY = "content/editions/daily/2026-05-04.md", "content/sponsors/dell.md", "content/calendar/fair.md"


def body(text: str) -> tuple[Paragraph, ...]:
    return (Paragraph(spans=(Span(text=text),), line=12),)


def brief(text: str, **changes: str) -> Brief:
    return Brief(spans=(Span(text=text),), path=SHEET, line=5, **changes)


def sponsor(**changes: object) -> Sponsor:
    made = Sponsor(
        slug="dell", label="Sponsored by Dell", blocks=body("Castings."), place="end", path=SPONSOR,
        lines={"label": 2, "link_text": 4},
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # each value has its field's type


def found(organisation: Organisation, extras: Extras, **changes: str) -> list[tuple[str, Level, str]]:
    section = newsletter().sections[0]
    edition = Edition(
        newsletter="daily", date=date(2026, 5, 4), subject="Subject", preheader="Preheader",
        sections=(SectionStories(section=section, stories=(story(),)),), extras=extras,
    )  # fmt: skip
    findings = check_extras(replace(edition, **changes), organisation.outlets)  # type: ignore[arg-type]  # strings
    return [(each.check, each.level, each.where) for each in findings]


def test_all_is_well(organisation: Organisation) -> None:
    """Nothing to find."""
    extras = Extras(
        note=Note(blocks=body("“Good morning,” all."), by="Ann Roe", path=SHEET, line=2),
        briefs=(brief("Oats are up.", outlet="The Daily Ledger", access="subscription"),),
        sponsors=(sponsor(),),
        calendar=(CalendarEntry(title="Fair", starts=date(2026, 5, 7), place="Mill Street", path=ENTRY, line=2),),
    )
    assert found(organisation, extras) == []


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        (Extras(note=Note(blocks=body("TK about ports."), path=SHEET)), ("placeholder", Level.STOP, f"{SHEET}:12")),
        (Extras(note=Note(blocks=body("So he said.”"), path=SHEET)), ("quotes", Level.STOP, f"{SHEET}:12")),
        (Extras(note=Note(blocks=body("Hi"), by="XXX", path=SHEET, line=2)), ("placeholder", Level.STOP, f"{SHEET}:2")),
        (Extras(briefs=(brief("Lorem ipsum."),)), ("placeholder", Level.STOP, f"{SHEET}:5")),
        (Extras(briefs=(brief("Say [[name]]."),)), ("tokens", Level.STOP, f"{SHEET}:5")),
        (Extras(briefs=(brief("A <b>bold</b> one."),)), ("html", Level.WARN, f"{SHEET}:5")),
        (Extras(briefs=(brief("Oats.", outlet="TDL"),)), ("access", Level.WARN, f"{SHEET}:5")),
        (Extras(sponsors=(sponsor(label="Sponsored by TBA"),)), ("placeholder", Level.STOP, f"{SPONSOR}:2")),
        (Extras(sponsors=(sponsor(link_text="TODO"),)), ("placeholder", Level.STOP, f"{SPONSOR}:4")),
        (Extras(sponsors=(sponsor(blocks=body("A “word.")),)), ("quotes", Level.WARN, f"{SPONSOR}:12")),
        (
            Extras(sponsors=(sponsor(image=Image(src="images/dell.png", alt="dell.png", line=6)),)),
            ("alt", Level.WARN, f"{SPONSOR}:6"),
        ),
        (
            Extras(calendar=(CalendarEntry(title="Fair", starts=date(2026, 5, 7), place="TBD", path=ENTRY, line=2),)),
            ("placeholder", Level.STOP, f"{ENTRY}:2"),
        ),
    ],
)  # fmt: skip
def test_a_finding(organisation: Organisation, extras: Extras, expected: tuple[str, Level, str]) -> None:
    """With its file and line."""
    assert found(organisation, extras) == [expected]


def test_subject_and_preheader_where_an_editor_wrote_them(organisation: Organisation) -> None:
    """At the sheet's lines; what is made of stories is checked there."""
    assert found(organisation, Extras(), subject="TK", preheader="TK") == []
    written = {"subject": "TK", "subject_at": f"{SHEET}:2", "preheader": "XXX", "preheader_at": f"{SHEET}:3"}
    assert [where for _, _, where in found(organisation, Extras(), **written)] == [f"{SHEET}:2", f"{SHEET}:3"]
