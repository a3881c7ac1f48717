"""What is kept of an edition for the archive reads the same for good."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from stories_samples import newsletter

from newsletter.model import (
    Approval,
    Brief,
    BulletList,
    CalendarEntry,
    Citation,
    Correction,
    Edition,
    Extras,
    Image,
    Item,
    Note,
    Paragraph,
    PrintedPicture,
    Quote,
    Section,
    SectionStories,
    Source,
    Span,
    Sponsor,
    Status,
    Story,
)
from newsletter.stories import printed
from newsletter.stories.corrections import correction_edition, without_lede

KEPT = Path(__file__).parent / "printed"
AT = datetime(2026, 5, 4, 6, tzinfo=UTC)
SPANS = (
    Span(text="Plain, "),
    Span(text="strong", strong=True),
    Span(text=" linked", emphasis=True, href="https://example.org/1"),
)
IMAGE = Image(src="images/port.png", alt="A port", credit="Ann Roe", width=600, height=300)
BLOCKS = (
    Paragraph(spans=SPANS, run_in="The agreement", voice=True),
    BulletList(items=(Item(spans=SPANS, run_in="One", children=(Item(spans=SPANS),)),), ordered=True, start=3),
    Quote(paragraphs=(SPANS, SPANS)),
    IMAGE,
)  # fmt: skip
STORY = Story(
    slug="2026-05-04-ports", path="content/stories/2026-05-04-ports.md", date=date(2026, 5, 4), headline="Ports reopen",
    section="trade", blocks=BLOCKS, status=Status.APPROVED, digest="sha256:ab", priority=3, author="b.low",
    byline="Ann Roe", approval=Approval(by="ann", at=AT, digest="sha256:ab"), newsletters=("daily",), go_live=AT,
    expires=datetime(2026, 6, 1, tzinfo=UTC), image=IMAGE, url="https://example.org/ports",
    sources=(Source(outlet="The Outlet", access="subscription", url="https://example.org/o"),),
    citations=(Citation(outlet="The Outlet", access="subscription", form="prose", block=0),),
)  # fmt: skip
FIX = Correction(
    slug="2026-05-04-fix", corrects="2026-05-03-wrong", headline="Two ports", on=date(2026, 5, 3), blocks=BLOCKS[:1],
    url="https://example.org/fix", digest="sha256:cd",
)  # fmt: skip
SPONSOR = Sponsor(
    slug="roe",
    label="Sponsored",
    blocks=BLOCKS,
    place="lead",
    url="https://example.org/s",
    link_text="See",
    image=IMAGE,
)
EXTRAS = Extras(
    note=Note(blocks=BLOCKS, by="Ann Roe"),
    sponsors=(SPONSOR,),
    briefs=(Brief(spans=SPANS, outlet="The Outlet", access="registration"),),
    calendar=(
        CalendarEntry(title="A day", starts=date(2026, 5, 9), place="Here"),
        CalendarEntry(title="An hour", starts=AT, ends=datetime(2026, 5, 4, 7, tzinfo=UTC), url="https://example.org/h"),
    ),
    corrections=(FIX,),
)  # fmt: skip
EDITION = Edition(
    newsletter="daily", date=date(2026, 5, 4), suffix="alert", subject="Ports reopen", preheader="And more",
    sections=(SectionStories(section=Section(slug="trade", title="Trade"), stories=(STORY,)),), extras=EXTRAS,
)  # fmt: skip


def picture(name: str, width: int) -> PrintedPicture:
    return PrintedPicture(
        name=name, src="", original="images/port.png", where="", asked=536, shown_width=width // 2,
        shown_height=width // 4, width=width, height=width // 2, byte_count=1, original_width=width,
    )  # fmt: skip


def documents() -> dict[str, str]:
    (story, of_story), (_, of_fix) = printed.stories_of(EDITION)
    assert story == STORY
    beside = printed.document_of(EDITION, [picture("a.png", 388), picture("b.png", 1072), picture("c.png", 194)])
    return {"story": of_story, "correction": of_fix, "beside": beside}


def test_what_comes_back_is_what_went_out() -> None:
    """Stories, sections and all that stands beside them; of a picture the widest file."""
    told = documents()
    beside = printed.beside_in(told["beside"])
    story = printed.story_in(told["story"], STORY.slug)
    edition = printed.edition_of(beside, [("trade", story)], newsletter="daily", on=EDITION.date, suffix="alert")
    assert edition == EDITION
    assert beside.pictures == {"images/port.png": printed.Picture(name="b.png", width=1072, height=536)}


@pytest.mark.parametrize("name", ["story", "correction", "beside"])
def test_what_version_1_wrote_is_read(name: str) -> None:
    """Ledgers hold these documents for good. A new version writes others, and still reads these: add, never change."""
    kept = (KEPT / f"{name}-1.json").read_text(encoding="utf-8")
    for read in (printed.beside_in,) if name == "beside" else (partial(printed.story_in, slug="s"),):
        assert read(kept) == read(documents()[name])
    assert json.loads(kept) == json.loads(documents()[name]), "a new form has a new number, and a new file here"


def test_two_files_that_held_the_same() -> None:
    """Each is read under its own name."""
    assert printed.story_in(documents()["story"], "2026-05-04-twin").slug == "2026-05-04-twin"


def test_a_corrections_mail_is_kept_as_its_story_was() -> None:
    """The line that the mail has over it is the mail's own."""
    story = replace(STORY, corrects="2026-05-03-wrong")
    mail = correction_edition(
        newsletter(), story, wrong="Wrong", wrong_on=date(2026, 5, 3), on=date(2026, 5, 4), suffix="correction"
    )
    assert mail.stories[0] != story
    assert without_lede(mail.stories[0]) == story
    ((kept, _),) = printed.stories_of(mail)
    assert kept == story
