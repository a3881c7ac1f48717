"""The mails that are looked at: what the shipped stories make in each look, one of hard cases, one of every part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from browser_extras import EXTRAS
from browser_visit import Given

from newsletter.model import PARTS, Edition, Logo, Message, Newsletter, Section, SectionStories, Standing, Story
from newsletter.pipeline import planning
from newsletter.pipeline.composing import folders
from newsletter.pipeline.context import Context, target
from newsletter.rendering import render
from newsletter.rendering.published import MEDIA_TYPES
from newsletter.rendering.theme import COLOURS, resolve
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.stories.load import load_stories
from newsletter.stories.parse import parse_story

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "content" / "images"
SITE = "http://127.0.0.1:8000"
"""The base URL of the house that renders; nothing listens there."""
AT = f"{SITE}/mail"
EDITIONS = {
    "daily/2026-05-04": datetime(2026, 5, 4, 10, 30, tzinfo=UTC),
    "friday/2026-05-08": datetime(2026, 5, 8, 16, 0, tzinfo=UTC),
    "daily-alert/2026-05-05": datetime(2026, 5, 5, 16, 0, tzinfo=UTC),
}
HARD = (Path(__file__).parent / "hard.md").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class MailPage:
    """A rendered mail, as a page at `AT` with its pictures."""

    newsletter: Newsletter
    message: Message
    published: Path

    @property
    def pictures(self) -> dict[str, Given]:
        """Every picture that was published, at the address that mails name."""
        return {
            f"{SITE}/images/{path.name}": Given(path.read_bytes(), MEDIA_TYPES[path.suffix[1:]])
            for path in self.published.iterdir()
        }

    def page(self) -> dict[str, Given]:
        """What a mail program has to show: the mail alone, without its pictures."""
        return {AT: Given(self.message.html.encode(), "text/html; charset=utf-8")}

    def colours(self, scheme: str) -> set[str]:
        """The theme's colours in a scheme."""
        theme = resolve(self.newsletter.theme, newsletter=self.newsletter.slug)
        return {theme[f"dark_{name}" if scheme == "dark" else name].lower() for name in COLOURS}


def open_house(folder: Path) -> Context:
    """The shipped content and templates, wired; what it writes is in `folder`."""
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(ROOT / "content"), "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
            "NEWSLETTER_VAR": str(folder / "var"), "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
            "NEWSLETTER_SANDBOX": "1", "NEWSLETTER_BASE_URL": SITE,
        },
        Path("none"),
    )  # fmt: skip
    return open_context(settings, lambda: EDITIONS["daily/2026-05-04"])


def mail_pages(folder: Path) -> Mapping[str, MailPage]:
    """`daily`, `friday`, `daily-alert`, `hard` and `full`, by name."""
    context = open_house(folder)
    try:
        shipped = {words.partition("/")[0]: _planned(context, words, now) for words, now in EDITIONS.items()}
    finally:
        context.store.close()
    return {**shipped, "hard": _hard(context), "full": _full(context)}


def _planned(context: Context, words: str, now: datetime) -> MailPage:
    plan = planning.plan(context, target(context, words, now), now)
    assert plan.composed is not None, plan.missing
    return MailPage(
        newsletter=plan.target.newsletter, message=plan.composed.message, published=context.settings.published
    )


def _hard(context: Context) -> MailPage:
    newsletter = context.newsletters["daily"]
    story = _story(context)
    edition = Edition(
        newsletter="daily",
        date=date(2026, 5, 4),
        subject="Hard cases",
        preheader="Every kind of block, words too long for a phone, and a picture at its widest.",
        sections=(SectionStories(section=newsletter.sections[0], stories=(story,)),),
    )
    message = render(
        edition, newsletter, context.organisation,
        templates=context.settings.templates, base_url=SITE, images=folders(context),
    )  # fmt: skip
    return MailPage(newsletter=newsletter, message=message, published=context.settings.published)


def _full(context: Context) -> MailPage:
    """A magazine with every part, from right to left: a logo, a pair of cards, a picture beside a story."""
    friday = context.newsletters["friday"]
    sections = (Section(slug="alert", title="Alerts"), *friday.sections)
    newsletter = replace(
        friday, parts=PARTS, archive="public", direction="rtl", language="ar", sections=sections,
        logo=Logo(src="images/lathe.png", alt="A ring on a lathe", width=96, height=60),
    )  # fmt: skip
    desk = load_stories(context.settings.content, context.organisation)
    stories = [story for story in desk.stories if story.standing is Standing.APPROVED]
    short = [
        replace(story, section="trade", slug=f"{story.slug}-short", blocks=story.blocks[:1]) for story in stories[:2]
    ]
    edition = Edition(
        newsletter="friday",
        date=date(2026, 5, 8),
        subject="Every part",
        preheader="Every part of an edition, from the masthead to the footer, and from right to left.",
        sections=tuple(
            SectionStories(
                section=section,
                stories=tuple(story for story in [*short, *stories] if story.section == section.slug)[:3],
            )
            for section in newsletter.sections
        ),
        extras=EXTRAS,
    )
    message = render(
        edition, newsletter, context.organisation,
        templates=context.settings.templates, base_url=SITE, images=folders(context),
    )  # fmt: skip
    return MailPage(newsletter=newsletter, message=message, published=context.settings.published)


def _story(context: Context) -> Story:
    path = context.settings.content / "stories" / "2026-05-04-hard.md"
    return parse_story(path, HARD.encode(), organisation=context.organisation, images=IMAGES, shown="hard.md")
