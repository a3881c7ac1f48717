"""One of each thing that an edition holds beside its stories."""

from __future__ import annotations

from datetime import UTC, date, datetime

from newsletter.model import (
    Block,
    Brief,
    CalendarEntry,
    Correction,
    Extras,
    Image,
    Note,
    Paragraph,
    Span,
    Sponsor,
)


def _words(words: str) -> tuple[Block, ...]:
    return (Paragraph(spans=(Span(text=words),)),)


def _sponsor(slug: str, place: str) -> Sponsor:
    return Sponsor(
        slug=slug, label="Sponsored by Roe Castings", place=place, url="https://roe.example.org/",
        blocks=_words("Rings that turn for eighty years."), link_text="See what Roe casts",
        image=Image(src="images/foundry.png", alt="A ladle", width=1072, height=670),
    )  # fmt: skip


NOTE = (Span(text="Read "), Span(text="this", href="https://amg.example.org/note"), Span(text="."))

EXTRAS = Extras(
    note=Note(blocks=(Paragraph(spans=NOTE),), by="Ann Roe"),
    sponsors=(_sponsor("a", "lead"), _sponsor("b", "trade"), _sponsor("c", "end")),
    briefs=(
        Brief(
            spans=(Span(text="Rates rise in July."),), outlet="The Harbor Journal", access="subscription",
        ),
        Brief(spans=(Span(text="Rye "), Span(text="is planted", href="https://amg.example.org/rye"), Span(text="."))),
    ),
    calendar=(
        CalendarEntry(title="Open day", starts=date(2026, 5, 11), ends=date(2026, 5, 14), place="Harlow Falls"),
        CalendarEntry(title="Questions", starts=datetime(2026, 5, 14, 18, tzinfo=UTC), url="https://amg.example.org/q"),
    ),
    corrections=(
        Correction(
            slug="b", corrects="a", headline="Rye Prices Fall", on=date(2026, 5, 1),
            blocks=_words("It fell by 1.2%."), url="https://amg.example.org/rye",
        ),
    ),
)  # fmt: skip
