"""An edition and a story that hold everything a page can print: with them the templates are tried at the start."""

from __future__ import annotations

from datetime import UTC, date, datetime

from newsletter.model import (
    Brief,
    BulletList,
    CalendarEntry,
    Correction,
    Extras,
    Image,
    Item,
    Newsletter,
    Note,
    Organisation,
    Paragraph,
    Quote,
    Section,
    Source,
    Span,
    Sponsor,
    Status,
    Story,
)
from newsletter.pipeline.archived import (
    Corrected,
    Corrects,
    EditionPage,
    Holding,
    StoryPage,
    StreamPage,
    edition_page,
    shown,
    story_page,
    stretch,
)
from newsletter.pipeline.recalling import Recalled
from newsletter.storage.archive import Gone
from newsletter.stories.printed import Beside, Picture

_ON = date(2026, 5, 4)
_AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
_WORDS = (
    Span(text="Words, "), Span(text="strong", strong=True), Span(text="linked", emphasis=True, href="https://example.org"),
)  # fmt: skip
_IMAGE = Image(src="a.png", alt="What is seen", credit="Ann Roe")
_BLOCKS = (
    Paragraph(spans=_WORDS),
    Paragraph(spans=_WORDS, run_in="The agreement", voice=True),
    BulletList(items=(Item(spans=_WORDS, run_in="One", children=(Item(spans=_WORDS),)),), ordered=True, start=2),
    Quote(paragraphs=(_WORDS,)),
    _IMAGE,
    Image(src="https://example.org/b.png", alt="Elsewhere"),
)
_GONE = Gone(id=1, name="trial/2026-05-04-alert", newsletter="trial", date=_ON, at=_AT, document="")
_STORY = Story(
    slug="2026-05-04-trial", path="", date=_ON, headline="Headline", section="all", blocks=_BLOCKS,
    status=Status.APPROVED, digest="", byline="Ann Roe", image=_IMAGE, url="https://example.org",
    sources=(Source(outlet="The Outlet", access="subscription", url="https://example.org/1"),),
)  # fmt: skip
_CORRECTS = Corrects(headline="Headline", day="May 3, 2026", slug=None)
_FIX = Correction(slug="fix", corrects="2026-05-04-trial", headline="Headline", on=_ON, blocks=_BLOCKS)


def pages(newsletter: Newsletter, organisation: Organisation) -> tuple[EditionPage, StoryPage, StreamPage]:
    """One of each, in the language and with the parts of a newsletter."""
    sponsors = tuple(
        Sponsor(slug=place, label="Sponsored", blocks=_BLOCKS, place=place, url="https://example.org", image=_IMAGE)
        for place in ("lead", "all", "end")
    )
    extras = Extras(
        note=Note(blocks=_BLOCKS, by="Ann Roe"), sponsors=sponsors, corrections=(_FIX,),
        briefs=(Brief(spans=_WORDS, outlet="The Outlet", access="subscription"),),
        calendar=(CalendarEntry(title="Day", starts=_ON, place="Here", url="https://example.org"),),
    )  # fmt: skip
    beside = Beside(
        subject="Subject", preheader="", sections=(Section(slug="all", title="All"),), extras=extras,
        pictures={"a.png": Picture(name="a-0000000000000000-1072.png", width=536, height=268)},
    )  # fmt: skip
    found = Recalled(
        gone=_GONE, beside=beside, stories=(("all", _STORY),), headlines=("Headline",), whole=True, withdrawn=False,
        since=None,
    )  # fmt: skip
    fixed = Corrected(on=_ON, at=_AT, day="May 4, 2026", view=shown(_STORY, newsletter), slug="fix")
    corrections = {_STORY.slug: (fixed,)}
    corrects = {"fix": _CORRECTS, _STORY.slug: _CORRECTS}
    held = [Holding(newsletter=newsletter, gone=_GONE, day="May 4, 2026")]
    return (
        edition_page(
            newsletter, organisation, found, corrections=corrections, corrects=corrects, older=_GONE, newer=_GONE
        ),
        story_page(newsletter, found, "all", _STORY, held=held, corrections=corrections, corrects=_CORRECTS),
        StreamPage(
            newsletter=newsletter, editions=(stretch(newsletter, found),), corrections=corrections, older="2026-05-03"
        ),
    )
