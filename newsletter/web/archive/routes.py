"""GET /archive/…, /sitemap.xml and /robots.txt: the only addresses that anybody may find, keep and pass on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from newsletter.pipeline.archiving import NotThereError, WithdrawnError
from newsletter.web.archive.site import HTML, Answer, Site
from newsletter.web.frame import WITH_PICTURES

CACHE: Final = "public, no-cache"
"""Anybody may keep it, and asks each time whether it still holds: what is withdrawn is gone at once."""

_READ: Final = ["GET", "HEAD"]
_NAME: Final = re.compile(r"[a-z0-9-]+\Z")
"""What newsletters, keys of editions and stories are made of: what has more in it is not looked up."""


def routes(site: Site) -> APIRouter:
    """The archive. What is no page of it is answered as any wrong address is; what was withdrawn says so."""
    router = APIRouter()
    _add_lists(router, site)
    _add_feeds(router, site)
    _add_pages(router, site)
    return router


def _add_lists(router: APIRouter, site: Site) -> None:
    @router.api_route("/robots.txt", methods=_READ)
    def robots(request: Request) -> Response:
        return _answer(request, site, site.robots)

    @router.api_route("/sitemap.xml", methods=_READ)
    def sitemap(request: Request) -> Response:
        """All that robots may list, or the index of it."""
        return _answer(request, site, site.sitemap)

    @router.api_route("/sitemap-{number}.xml", methods=_READ)
    def sitemap_part(request: Request, number: str) -> Response:
        if not re.fullmatch("[1-9][0-9]{0,3}", number):
            raise HTTPException(404)
        return _answer(request, site, lambda: site.sitemap(int(number)))


def _add_feeds(router: APIRouter, site: Site) -> None:
    @router.api_route("/archive/{newsletter}/feed.xml", methods=_READ)
    def rss(request: Request, newsletter: str) -> Response:
        return _answer(request, site, lambda: site.feed(newsletter, "feed.xml"), newsletter)

    @router.api_route("/archive/{newsletter}/atom.xml", methods=_READ)
    def atom(request: Request, newsletter: str) -> Response:
        return _answer(request, site, lambda: site.feed(newsletter, "atom.xml"), newsletter)

    @router.api_route("/archive/{newsletter}/feed.json", methods=_READ)
    def json_feed(request: Request, newsletter: str) -> Response:
        return _answer(request, site, lambda: site.feed(newsletter, "feed.json"), newsletter)


def _add_pages(router: APIRouter, site: Site) -> None:
    @router.api_route("/archive/", methods=_READ)
    def index(request: Request) -> Response:
        """The newsletters that can be read here."""
        return _answer(request, site, site.index)

    @router.api_route("/archive/stories/{slug}/", methods=_READ)
    def story(request: Request, slug: str) -> Response:
        """A story; 410 where it was killed."""
        return _answer(request, site, lambda: site.story(slug), slug)

    @router.api_route("/archive/{newsletter}/", methods=_READ)
    def stream(request: Request, newsletter: str) -> Response:
        """A newsletter's stories, newest first."""
        return _answer(request, site, lambda: site.stream(newsletter), newsletter)

    @router.api_route("/archive/{newsletter}/before/{key}/", methods=_READ)
    def older(request: Request, newsletter: str, key: str) -> Response:
        """The stories before an edition."""
        return _answer(request, site, lambda: site.stream(newsletter, key), newsletter, key)

    @router.api_route("/archive/{newsletter}/{key}/", methods=_READ)
    def edition(request: Request, newsletter: str, key: str) -> Response:
        """An edition; 410 where all of its stories were killed."""
        return _answer(request, site, lambda: site.edition(newsletter, key), newsletter, key)

    @router.api_route("/archive{rest:path}", methods=_READ)
    def add_slash(rest: str) -> Response:
        """A page has one address. Whether there is one is asked there."""
        first, *names = rest.split("/")
        if not site.is_open or first or rest.endswith("/") or len(names) > 3 or not all(map(_NAME.match, names)):
            raise HTTPException(404)
        # of the names alone, which hold nothing that could lead to another house
        return RedirectResponse("/".join([f"{site.root}/archive", *names, ""]), 308, {"Cache-Control": CACHE})


def _answer(request: Request, site: Site, made: Callable[[], Answer], *names: str) -> Response:
    if not all(map(_NAME.match, names)):
        raise HTTPException(404)
    try:
        answer = made()
    except NotThereError as error:
        raise HTTPException(404) from error
    except WithdrawnError:
        return Response(site.withdrawn, 410, {"Cache-Control": CACHE}, media_type=HTML)
    headers = {
        "Cache-Control": CACHE,
        "Content-Security-Policy": WITH_PICTURES,
        "ETag": f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"',
        "X-Robots-Tag": "all",
    }
    if answer.changed_at is not None:
        headers["Last-Modified"] = format_datetime(answer.changed_at.astimezone(UTC), usegmt=True)
    if _is_known(request, headers["ETag"], answer.changed_at):
        return Response(status_code=304, headers=headers)
    return Response(answer.body, headers=headers, media_type=answer.media_type)


def _is_known(request: Request, tag: str, changed_at: datetime | None) -> bool:
    """Whether whoever asks has these bytes (RFC 9110, 13.1): by the tag; by the time only where no tag was sent."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    since = request.headers.get("if-modified-since")
    if since is None or changed_at is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, OverflowError):  # no date, or one of a year, an hour or a zone that no machine word holds
        return False
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= moment
