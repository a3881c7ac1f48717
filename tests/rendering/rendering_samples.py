"""An edition to render, written for these tests: invented names, every kind of block, the awkward characters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.model import (
    PARTS,
    Answer,
    Block,
    Brief,
    BulletList,
    CalendarEntry,
    Citation,
    Correction,
    Edition,
    Extras,
    Feedback,
    Image,
    Item,
    Mailbox,
    Newsletter,
    Note,
    Organisation,
    Paragraph,
    Quote,
    Section,
    SectionStories,
    Source,
    Span,
    Sponsor,
    Status,
    Story,
)
from newsletter.rendering.variants import Folders

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
BASE_URL = "https://news.harbor-millers.org"
ZONE = ZoneInfo("America/New_York")

ORGANISATION = Organisation(
    name="Association of Harbor Millers",
    short_name="the AHM",
    postal_address="Association of Harbor Millers\n14 Quay Street, Suite 300\nPort Alder, ME 04999",
    zone=ZONE,
    url="https://harbor-millers.org/",
)

DAILY = Newsletter(
    slug="daily",
    title="The Mill Daily",
    list="daily",
    sender=Mailbox(address="daily@harbor-millers.org", name="The Mill Daily"),
    zone=ZONE,
    sections=(
        Section(slug="policy-legal", title="Policy and Legal"),
        Section(slug="workforce", title="Workforce"),
        Section(slug="news", title="Member News"),
    ),
    template="briefing",
    tagline="What happened to milling and shipping, before the first coffee",
)

DIGEST = replace(
    DAILY,
    slug="friday",
    title="The Friday Mill",
    list="friday",
    sender=Mailbox(address="friday@harbor-millers.org", name="The Friday Mill"),
    tagline="The week in five minutes",
    reason="You receive this digest because you asked for it on our site.",
    theme={
        "masthead": "band",
        "accent": "#8a3b1e",
        "dark_accent": "#e3a17f",
        "band": "#5b2a1a",
        "dark_band": "#46200f",
        "voice": "#f6efe9",
        "dark_voice": "#2e2723",
    },
)


def folders(beside: Path, originals: Path | None = None) -> Folders:
    """Pictures of `originals`, or of a folder of its own, published and noted in a folder of the test's."""
    return Folders(originals=originals or beside / "originals", published=beside / "images", notes=beside / "notes")


def text(words: str, **style: object) -> tuple[Span, ...]:
    return (Span(text=words, **style),)  # type: ignore[arg-type]


def bullets(*words: str) -> BulletList:
    return BulletList(items=tuple(Item(spans=text(entry)) for entry in words))


def story(slug: str, headline: str, section: str, *blocks: Block, **rest: object) -> Story:
    numbered = tuple(replace(block, line=8 + 2 * number) for number, block in enumerate(blocks))
    return Story(
        slug=slug,
        path=f"content/stories/2026-05-04-{slug}.md",
        date=date(2026, 5, 4),
        headline=headline,
        section=section,
        blocks=numbered,
        status=Status.APPROVED,
        digest="sha256:0",
        lines={"headline": 2, "section": 3, "url": 5, "image": 6},
        **rest,  # type: ignore[arg-type]
    )


PORTS = story(
    "ports-reopen",
    "Ports Reopen After Two-Day Stoppage",
    "policy-legal",
    Paragraph(
        spans=text(
            "Dock workers and terminal operators reached a tentative deal late Sunday, and grain moved again by noon, "
            "both sides said Monday (The Alder Ledger, subscription)."
        )
    ),
    Paragraph(
        run_in="The agreement",
        spans=text("Both sides will keep the present contract for 90 days while a mediator looks at automation:"),
    ),
    BulletList(
        items=(
            Item(spans=text("Terminals in three states reopened at noon; two more follow on Tuesday.")),
            Item(
                run_in="Night gates",
                spans=text("stay open until the backlog is gone:"),
                children=(
                    Item(spans=text("bulk carriers first,")),
                    Item(spans=text("then containers of perishable goods.")),
                ),
            ),
            Item(spans=text("“We are back at work,” said Local 88 President Ines Maro (R-ME) & crew.")),
        )
    ),
    Paragraph(
        run_in="The big picture",
        spans=(
            Span(text="The two days cost mills about $104.7 million, an "),
            Span(text="estimate by Harbor Economics", href="https://economics.harbor-millers.org/ports?y=2026&q=2"),
            Span(text=" says; the word "),
            Span(text="None", emphasis=True),
            Span(text=" of the members we asked used was “"),
            Span(text="manageable", strong=True),
            Span(text=".”"),
        ),
    ),
    Quote(
        paragraphs=(
            text("A mill can wait a day for wheat. It cannot wait a week, and neither can a bakery."),
            text("— Tove Lindqvist, Northern Mills"),
        )
    ),
    Paragraph(
        run_in="The AHM says",
        voice=True,
        spans=text("“Ports are where a loaf of bread begins,” said AHM Chief Executive Ruth Okafor."),
    ),
    bullets("“We thank both sides for talking through the night.”"),
    byline="Ann Roe",
    url="https://harbor-millers.org/news/ports-reopen",
    sources=(
        Source(outlet="The Alder Ledger", access="subscription", url="https://ledger.alder-press.org/ports-deal"),
        Source(outlet="Quay Wire", url="https://quaywire.alder-press.org/2026/05/04"),
    ),
    citations=(Citation(outlet="The Alder Ledger", access="subscription", form="parenthesis", block=0),),
    image=Image(
        src="images/port.jpg",
        alt="Cranes over stacked containers at dawn",
        credit="B. Low",
        width=1200,
        height=675,
        line=6,
    ),
)

DUST = story(
    "dust-rule",
    "House Panel Delays Dust Rule Until Fall",
    "policy-legal",
    Paragraph(
        spans=text(
            "A House panel voted 31–24 to give mills until October to meet the new limit for grain dust (H.R. 4090), "
            "according to the Capitol Sheet."
        )
    ),
    Paragraph(
        run_in="Why it matters", spans=text("Small mills had asked for time to order filters, which are scarce.")
    ),
    bullets("The limit itself, 0.5 mg/m³, does not change.", "Inspections begin in January."),
    Paragraph(run_in="What’s next", spans=text("The Senate takes it up on May 18.")),
    url="https://harbor-millers.org/news/dust-rule",
)

TARIFF = story(
    "tariff-list",
    "Tariff List Spares Milling Machinery, for Now",
    "policy-legal",
    Paragraph(spans=text("Roller mills and sifters stay off the list of goods that pay 15% from June.")),
    Paragraph(
        run_in="However …",
        spans=text("spare parts made of steel are on it, and 62% of members buy those abroad, an AHM survey found."),
    ),
)

APPRENTICES = story(
    "apprentices",
    "Apprentices Up 11% in Two Years",
    "workforce",
    Paragraph(spans=text("Mills trained 4,090 apprentices last year, 11% more than in 2024 (Labor Office).")),
    Paragraph(run_in="By the numbers", spans=()),
    BulletList(ordered=True, items=tuple(Item(spans=text(t)) for t in ("Maine: 212", "Ohio: 198", "Kansas: 187"))),
    Paragraph(run_in="Our take", voice=True, spans=text("More mills should open their doors to schools.")),
    byline="Carl Ode",
    url="https://harbor-millers.org/news/apprentices",
)

SHIFTS = story(
    "shorter-shifts",
    "Shorter Shifts, Fewer Accidents, a Study Finds",
    "workforce",
    Paragraph(spans=text("Shifts of eight hours instead of twelve cut accidents by a third in 40 plants.")),
    bullets("Costs rose 2%.", "Sick days fell by 1.4 a year."),
)

MEMBERS = story(
    "member-award",
    "Zoë’s Mill Wins the Café Award ❤️",
    "news",
    Paragraph(
        spans=(
            Span(text="The Køhler family’s mill won the prize for its rye; see the "),
            Span(text="jury’s words", href="https://jury.alder-press.org/é?p=1&x=2"),
            Span(text="."),
        )
    ),
)

EXTRAS = Extras(
    note=Note(
        blocks=(
            Paragraph(
                spans=(
                    Span(text="The ports are open, and we have "),
                    Span(text="a page of dates", href="https://harbor-millers.org/dates"),
                    Span(text=" for all who wait for grain. Write to us when your cars arrive."),
                )
            ),
        ),
        by="Ann Roe",
    ),
    sponsors=(
        Sponsor(
            slug="roe",
            label="Sponsored by Roe Castings",
            blocks=(Paragraph(spans=text("Rollers that last: cast in Maine, balanced to a hair, shipped in a week.")),),
            place="lead",
            url="https://roe-castings.org/rollers",
            link_text="See the rollers of Roe Castings",
        ),
        Sponsor(
            slug="sieves",
            label="Paid for by Alder Sieves",
            blocks=(Paragraph(spans=text("Finer flour from the same wheat.")),),
            place="workforce",
            url="https://alder-sieves.org/",
        ),
        Sponsor(
            slug="insurers",
            label="Advertisement of the Mill Insurers",
            blocks=(Paragraph(spans=text("Ask for the dust discount.")),),
            place="long-read",
        ),
    ),
    briefs=(
        Brief(
            spans=(
                Span(text="Rail rates rise "),
                Span(text="by 4% in July", href="https://quaywire.alder-press.org/rail"),
                Span(text="."),
            ),
            outlet="Quay Wire",
            access="registration",
        ),
        Brief(spans=text("Kansas plants its smallest field of rye in ten years.")),
    ),
    calendar=(
        CalendarEntry(title="Harbor Week", starts=date(2026, 5, 11), ends=date(2026, 5, 14), place="Port Alder"),
        CalendarEntry(
            title="Dust Rule: Questions and Answers",
            starts=datetime(2026, 5, 14, 14, 0, tzinfo=ZONE),
            ends=datetime(2026, 5, 14, 15, 30, tzinfo=ZONE),
            place="online",
            url="https://harbor-millers.org/dust-webinar",
        ),
    ),
    corrections=(
        Correction(
            slug="rye-corrected",
            corrects="rye-prices",
            headline="Rye Prices Fall Again",
            on=date(2026, 5, 1),
            blocks=(Paragraph(spans=text("We wrote that rye fell by 12%. It fell by 1.2%.")),),
            url="https://harbor-millers.org/news/rye-prices",
        ),
    ),
)

FULL = replace(
    DAILY,
    parts=PARTS,
    archive="public",
    feedback=Feedback(
        question="Was this edition worth your time?",
        answers=(
            Answer(label="Yes", url="https://harbor-millers.org/answer?yes"),
            Answer(label="Partly", url="https://harbor-millers.org/answer?partly"),
            Answer(label="No, and here is why", url="mailto:daily@harbor-millers.org?subject=No"),
        ),
    ),
)
"""The daily with every part switched on."""

MAGAZINE = replace(DIGEST, template="magazine", parts=PARTS, feedback=FULL.feedback, archive="public")
ALERT = replace(DAILY, slug="alert", title="Mill Alert", template="alert", tagline="", parts=(*DAILY.parts, "share"))

GAUGE = Image(
    src="https://harbor-millers.org/gauge.png", alt="A gauge at half", credit="B. Low", width=1024, height=768
)
"""A picture for the stories of the magazine."""

STORIES = (PORTS, DUST, TARIFF, APPRENTICES, SHIFTS, MEMBERS)


LONG = story(
    "rye-bread",
    "How a Town Came to Bake Its Own Rye Again",
    "workforce",
    Paragraph(spans=text("Four bakers, one mill and a school share an oven that nobody had lit since 1961.")),
    Paragraph(run_in="The oven", spans=text("holds 90 loaves. " + "It takes a day to heat and a day to cool. " * 6)),
    bullets("The school bakes on Tuesdays.", "The mill brings the flour by cart."),
    Paragraph(run_in="The AHM says", voice=True, spans=text("Visit it, and bring a loaf home.")),
    url="https://harbor-millers.org/news/rye-bread",
    image=GAUGE,
)

PICTURED = (PORTS, replace(DUST, image=GAUGE), TARIFF, APPRENTICES, replace(SHIFTS, image=GAUGE), LONG, MEMBERS)
"""The stories with a picture in a card, and beside a long one."""


def edition(*stories: Story, of: Newsletter = DAILY, **rest: object) -> Edition:
    chosen = stories or STORIES
    values: dict[str, object] = {
        "subject": "Ports reopen after a two-day stoppage",
        "preheader": "Terminals in three states work again; the dust rule waits until fall; apprentices up 11%.",
    }
    return Edition(
        newsletter=of.slug,
        date=date(2026, 5, 4),
        sections=tuple(
            SectionStories(section=section, stories=tuple(s for s in chosen if s.section == section.slug))
            for section in of.sections
        ),
        **(values | rest),  # type: ignore[arg-type]
    )
