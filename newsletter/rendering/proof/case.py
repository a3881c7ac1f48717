"""What the checks look at: the message, read back, beside what it was made from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from newsletter.model import (
    Block,
    BulletList,
    ClickMode,
    Edition,
    Extras,
    Finding,
    Image,
    Item,
    Level,
    Message,
    Newsletter,
    Organisation,
    Paragraph,
    Quote,
    Spans,
    Story,
    plain,
)
from newsletter.rendering.proof.page import Element, Page
from newsletter.rendering.words import headed

_WORD: Final = re.compile(r"\w+")
_TELLING: Final = 3
"""Characters that words have at least by which a place in a template is known: `#` stands everywhere."""

_REFERENCE: Final = re.compile(r" ?\[\d+\]")


@dataclass(frozen=True, slots=True)
class Said:
    """A text that an editor or operator wrote, and where: `path:line`. `story` is a slug or None."""

    text: str
    where: str
    story: str | None = None


@dataclass(frozen=True)
class Case:
    """A message under proof. `page` is its HTML with the targets of links, whatever goes out in their place; `locate`
    finds `template:line` of words in its look, where templates are at hand.
    """

    message: Message
    page: Page
    edition: Edition
    newsletter: Newsletter
    organisation: Organisation
    loopback: bool
    clicks: ClickMode = "none"
    locate: Callable[[str], Sequence[str]] = field(default=lambda _: ())

    def frame(self, *needles: str) -> str:
        """The template and line that has one of these words, the first that is found; else the look's own template."""
        telling = (needle for needle in needles if len(needle) >= _TELLING)
        found = next((place for needle in telling for place in self.locate(needle)), None)
        return f"templates/email/{found}" if found else self.template

    @property
    def template(self) -> str:
        """The template to mend where the HTML's frame is at fault."""
        return f"templates/email/{self.newsletter.template}.mjml.j2"

    @property
    def text_template(self) -> str:
        return f"templates/email/{self.newsletter.template}.txt.j2"

    @property
    def settings(self) -> str:
        """The newsletter's own file."""
        return f"content/newsletters/{self.newsletter.slug}.toml"

    @cached_property
    def stories(self) -> dict[str, Story]:
        return {story.slug: story for story in self.edition.stories}

    def where(self, story: str | None, words: str = "") -> str:
        """`path:line` of the text or address that has these words: of the story, or of what stands beside the stories.
        Else the story's file, or the template.
        """
        said = [each for each in self.said if words and words in each.text]
        exact = [each for each in said if each.text == words or each.text.endswith(f"/{words}")]
        beside = [each.where for each in exact if each.story is None]
        if story not in self.stories:
            return beside[0] if beside else self.frame(words)
        own = [each.where for each in exact if each.story == story]
        near = [each.where for each in said if each.story == story]
        # a sponsor stands in the HTML of the story that it follows
        return next(iter((*own, *beside, *near)), self.stories[story].path)

    def where_shown(self, image: Element) -> str:
        """`path:line` of the place that names a picture: a published one has another name there than in the mail."""
        src = image.attributes.get("src", "")
        printed = next((picture.where for picture in self.message.pictures if picture.src == src), None)
        return printed or self.where(image.story, src.rsplit("/", 1)[-1])

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """Every text of the edition, its newsletter and the organisation, addresses and alt texts included."""
        stories = (said for story in self.edition.stories for said in _of_story(story))
        return (*stories, *_of_extras(self.edition.extras), *self._frame())

    def _frame(self) -> Iterator[Said]:
        newsletter, organisation = self.newsletter, self.organisation
        own = (newsletter.title, newsletter.tagline, newsletter.reason, newsletter.sender.name)
        titles = (section.title for section in newsletter.sections)
        yield from (Said(text, self.settings) for text in (*own, *titles) if text)
        theirs = (organisation.name, organisation.url or "", *organisation.postal_address.splitlines())
        yield from (Said(text, "content/organisation.toml") for text in theirs if text)
        lead, edition = self.edition.lead, self.edition
        for text, at in ((edition.subject, edition.subject_at), (edition.preheader, edition.preheader_at)):
            if text:
                yield Said(text, at or _line(lead, "headline"), None if at else lead.slug)


def stop(check: str, problem: str, where: str) -> Finding:
    """A finding that stops the edition."""
    return Finding(check=check, level=Level.STOP, problem=problem, where=where)


def warn(check: str, problem: str, where: str) -> Finding:
    """A finding that is only shown."""
    return Finding(check=check, level=Level.WARN, problem=problem, where=where)


def bare_words(text: str) -> str:
    """The words of a text in small letters, parted by single spaces, with one before and after; for comparing.

    The numbers of the text part's links are no words.
    """
    composed = unicodedata.normalize("NFC", without_references(text)).casefold()
    return f" {' '.join(_WORD.findall(composed))} "


def without_references(text: str) -> str:
    """The text without the numbers that stand for links in the text part (`the bill [3]`)."""
    return _REFERENCE.sub("", text)


def excerpt(text: str, start: int, end: int) -> str:
    """What stands around a place of the text, in quotation marks."""
    return f"“{' '.join(text[max(0, start - 25) : end + 25].split())}”"


def _line(story: Story, key: str) -> str:
    return f"{story.path}:{story.lines[key]}" if key in story.lines else story.path


def _of_story(story: Story) -> Iterator[Said]:
    image = story.image
    fields = {
        "headline": (story.headline,),
        "byline": (story.byline,),
        "url": (story.url,),
        "image": (image.src, image.alt, image.credit) if image else (),
        "sources": tuple(text for source in story.sources for text in (source.outlet, source.access, source.url)),
    }
    for key, texts in fields.items():
        yield from (Said(text, _line(story, key), story.slug) for text in texts if text)
    yield from _of_blocks(story.blocks, story.path, story.slug)


def _of_extras(extras: Extras) -> Iterator[Said]:
    note = extras.note
    if note is not None:
        yield from _of_line(note.path, note.line, note.by)
        yield from _of_blocks(note.blocks, note.path)
    for sponsor in extras.sponsors:
        image, path = sponsor.image, sponsor.path
        fields: dict[str, tuple[str | None, ...]] = {
            "label": (sponsor.label,),
            "url": (sponsor.url,),
            "link_text": (sponsor.link_text,),
            "image": (image.src, image.alt, image.credit) if image else (),
        }
        for key, texts in fields.items():
            yield from _of_line(path, sponsor.lines.get(key, 0), *texts)
        yield from _of_blocks(sponsor.blocks, path)
    for brief in extras.briefs:
        hrefs = (span.href for span in brief.spans)
        yield from _of_line(brief.path, brief.line, plain(brief.spans), brief.outlet, brief.access, *hrefs)
    for entry in extras.calendar:
        yield from _of_line(entry.path, entry.line, entry.title, entry.place, entry.url)
    for correction in extras.corrections:
        yield from _of_line(correction.path, 0, correction.headline, correction.url)
        yield from _of_blocks(correction.blocks, correction.path)


def _of_line(path: str, line: int, *texts: str | None) -> Iterator[Said]:
    yield from (Said(text, f"{path}:{line}" if line else path) for text in texts if text)


def _of_blocks(blocks: Iterable[Block], path: str, story: str | None = None) -> Iterator[Said]:
    for block in blocks:
        yield from _of_block(block, path, story)


def _of_block(block: Block, path: str, story: str | None) -> Iterator[Said]:
    at = f"{path}:{block.line}" if block.line else path
    if isinstance(block, Paragraph):
        yield from _of_spans(block.run_in, block.spans, at, story)
    elif isinstance(block, Quote):
        for spans in block.paragraphs:
            yield from _of_spans(None, spans, at, story)
    elif isinstance(block, BulletList):
        for item in block.items:
            yield from _of_item(item, at, path, story)
    elif isinstance(block, Image):
        yield from (Said(text, at, story) for text in (block.src, block.alt, block.credit) if text)


def _of_item(item: Item, above: str, path: str, story: str | None) -> Iterator[Said]:
    at = f"{path}:{item.line}" if item.line else above
    yield from _of_spans(item.run_in, item.spans, at, story)
    for child in item.children:
        yield from _of_item(child, at, path, story)


def _of_spans(run_in: str | None, spans: Spans, at: str, story: str | None) -> Iterator[Said]:
    yield Said(headed(run_in, spans), at, story)
    yield from (Said(span.href, at, story) for span in spans if span.href)
