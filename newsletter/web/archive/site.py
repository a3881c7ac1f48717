"""Each page and feed of the archive as bytes: what is answered over HTTP, and what is written as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from newsletter.pipeline.archived import EditionPage, StoryPage, StreamPage
from newsletter.pipeline.archiving import Addresses, Archive, NotThereError
from newsletter.pipeline.context import Context
from newsletter.web.archive import feeds, meta, trial
from newsletter.web.archive import sitemap as maps
from newsletter.web.pages import Pages

HTML: Final = "text/html; charset=utf-8"
XML: Final = "application/xml"

_WRITERS: Final[Mapping[str, Callable[[feeds.Feed], bytes]]] = {
    "feed.xml": feeds.rss,
    "atom.xml": feeds.atom,
    "feed.json": feeds.json_feed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What stands at an address; `changed_at` is of feeds alone."""

    body: bytes
    media_type: str
    changed_at: datetime | None = None


class Site:
    """The archive's pages. Raises RenderError at birth where a template cannot be filled for one of its newsletters."""

    def __init__(self, context: Context, pages: Pages) -> None:
        self.archive = Archive(context)
        self._pages = pages
        self._organisation = context.organisation
        self.base = context.settings.base_url.rstrip("/")
        self.root = self.root_of(self.base)
        self.withdrawn = pages.fill("archive/withdrawn.html.j2", None).encode()
        for newsletter in self.archive.newsletters.values():
            edition, story, stream = trial.pages(newsletter, context.organisation)
            self._edition(edition)
            self._story(story)
            self._content(story)
            self._stream(stream, first=False)
        if self.archive.newsletters:
            self.index()

    @staticmethod
    def root_of(base_url: str) -> str:
        """The path of the base URL: empty, or `/news`, where a proxy takes it away."""
        return urlsplit(base_url).path.rstrip("/")

    @property
    def is_open(self) -> bool:
        """Whether there is an archive at all."""
        return bool(self.archive.newsletters)

    def index(self) -> Answer:
        """The newsletters that can be read. Raises NotThereError where there are none."""
        if not self.is_open:
            raise NotThereError
        named = self._organisation.name
        head = meta.Meta(
            url=f"{self.base}/archive/", site=named, title=named, description=named,
            locale=meta.locale(self._organisation.language),
        )  # fmt: skip
        newsletters = tuple(self.archive.newsletters.values())
        return _html(self._pages.fill("archive/index.html.j2", None, newsletters=newsletters, meta=head))

    def stream(self, slug: str, before: str | None = None) -> Answer:
        """A page of the stream. Raises NotThereError."""
        return self._stream(self.archive.stream(slug, before), first=before is None, before=before)

    def edition(self, slug: str, key: str) -> Answer:
        """An edition. Raises NotThereError, WithdrawnError."""
        return self._edition(self.archive.edition(slug, key))

    def story(self, slug: str) -> Answer:
        """A story. Raises NotThereError, WithdrawnError."""
        return self._story(self.archive.story(slug))

    def feed(self, slug: str, name: str) -> Answer:
        """A feed by the end of its address. Raises NotThereError."""
        found = self.archive.feed(slug)
        of, home = found.newsletter, f"{self.base}/archive/{slug}/"
        feed = feeds.Feed(
            url=f"{home}{name}", home=home, title=of.title, description=of.tagline or of.title, language=of.language,
            publisher=self._organisation.name, changed_at=found.changed_at,
            items=[self._item(page) for page in found.stories],
        )  # fmt: skip
        return Answer(body=_WRITERS[name](feed), media_type=meta.FEEDS[name], changed_at=found.changed_at)

    def sitemap(self, number: int | None = None) -> Answer:
        """The sitemap, or the index of sitemaps where one is too small; a number asks for one of them. Raises
        NotThereError.
        """
        parts = maps.parts(self.entries(self.archive.addresses(self.archive.newsletters)))
        if not self.is_open or (number is not None and not 1 <= number <= len(parts)):
            raise NotThereError
        if number is not None or len(parts) == 1:
            return Answer(body=maps.sitemap(parts[(number or 1) - 1]), media_type=XML)
        urls = [f"{self.base}/sitemap-{part}.xml" for part in range(1, len(parts) + 1)]
        return Answer(body=maps.index(urls), media_type=XML)

    def robots(self) -> Answer:
        """What robots may ask for."""
        text = maps.robots(self.base, self.root, public=self.is_open)
        return Answer(body=text.encode(), media_type="text/plain; charset=utf-8")

    def entries(self, of: Addresses) -> list[maps.Entry]:
        """What a sitemap lists."""
        found: list[maps.Entry] = [(f"{self.base}/archive/", None)]
        for slug, editions in of.editions.items():
            home = f"{self.base}/archive/{slug}/"
            found.append((home, next(iter(editions.values()), None)))
            found += [(f"{home}{key}/", on) for key, on in editions.items()]
        return found + [(f"{self.base}/archive/stories/{slug}/", on) for slug, on in of.stories.items()]

    def _stream(self, page: StreamPage, *, first: bool, before: str | None = None) -> Answer:
        of = page.newsletter
        url = f"{self.base}/archive/{of.slug}/" + (f"before/{before}/" if before else "")
        head = meta.of_newsletter(of, url, self.base, of.title)
        return _html(self._pages.fill("archive/stream.html.j2", of, page=page, first=first, meta=head))

    def _edition(self, page: EditionPage) -> Answer:
        of = page.newsletter
        title = page.title or f"{of.title}, {page.day}"
        head = meta.of_edition(page, f"{self.base}/archive/{of.slug}/{page.gone.key}/", self.base, title)
        return _html(self._pages.fill("archive/edition.html.j2", of, page=page, title=title, meta=head))

    def _story(self, page: StoryPage) -> Answer:
        head = meta.of_story(page, self._address(page), self.base)
        return _html(self._pages.fill("archive/story.html.j2", page.newsletter, page=page, meta=head))

    def _item(self, page: StoryPage) -> feeds.Item:
        image = meta.image_of(page.view, page.pictures, self.base)
        return feeds.Item(
            url=self._address(page), title=page.view.headline, html=self._content(page),
            summary=meta.summary(page.view), at=page.at, changed_at=page.changed_at, section=page.section,
            author=page.view.byline, image=image.url if image else None, external=page.view.url,
        )  # fmt: skip

    def _content(self, page: StoryPage) -> str:
        return self._pages.fill("archive/content.html.j2", page.newsletter, page=page, base=self.base).strip()

    def _address(self, page: StoryPage) -> str:
        return f"{self.base}/archive/stories/{page.story.slug}/"


def _html(text: str) -> Answer:
    return Answer(body=text.encode(), media_type=HTML)
