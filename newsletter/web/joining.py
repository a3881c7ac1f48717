"""/s/{newsletter} and /c/{token}: the form to sign up, here or on a site of others, and the link that confirms it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from html import unescape
from typing import Final, get_args

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from newsletter.errors import UsageError
from newsletter.model import Newsletter
from newsletter.pipeline import joining
from newsletter.pipeline.context import Context
from newsletter.web import limiting, posted
from newsletter.web.pages import Pages

TRAP: Final = "comment"
"""A field that nobody sees, and that programs fill in."""

SOURCE: Final = "sign-up form"

LONGEST_ADDRESS: Final = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets."""

STATUSES: Final = {"missing": 422, "wrong": 422, "later": 429}
"""Of the form by its fault."""

_PUBLIC: Final = {"X-Robots-Tag": "all"}


def routes(context: Context, pages: Pages) -> APIRouter:
    """The way in. An unknown newsletter, and one that takes no sign-ups, is nothing at this address."""
    router = APIRouter()
    limiter = limiting.Limiter()
    _try(context, pages)

    def known(slug: str) -> Newsletter:
        found = context.newsletters.get(slug)
        if found is None or not found.sign_up:
            raise HTTPException(404)
        return found

    @router.api_route("/s/{newsletter}", methods=["GET", "HEAD"])
    def show(newsletter: str) -> Response:
        """The form."""
        return HTMLResponse(form(pages, known(newsletter)), headers=_PUBLIC)

    @router.post("/s/{newsletter}")
    async def sign_up(request: Request, newsletter: str) -> Response:
        """The same answer for whatever address there is; 422 with the form for none, 429 for too many.

        Posts from other sites are welcome: the form may stand anywhere, and no cookie goes with it.
        """
        of = known(newsletter)
        fields = await posted.read(request)
        fault = "later" if not limiter.allows(request, "sign-up") else ""
        if not fault and not fields.get(TRAP):
            fault = await run_in_threadpool(_sign_up, context, pages, of, fields)
        if fault:
            headers = {"Retry-After": str(limiting.RETRY_AFTER_S)} if fault == "later" else {}
            return HTMLResponse(form(pages, of, fields, fault=fault), STATUSES[fault], headers)
        return RedirectResponse(f"{pages.root}/s/{of.slug}/sent", 303)

    @router.api_route("/s/{newsletter}/sent", methods=["GET", "HEAD"])
    def sent(newsletter: str) -> Response:
        """What to do now. It knows of nobody."""
        return HTMLResponse(pages.fill("signed-up.html.j2", known(newsletter)))

    _confirming(router, context, pages)
    return router


def _confirming(router: APIRouter, context: Context, pages: Pages) -> None:
    @router.api_route("/c/{token}", methods=["GET", "HEAD", "POST"])
    def confirm(request: Request, token: str) -> Response:
        """GET and HEAD change nothing, since scanners follow links; POST confirms, however often it comes.

        A token that is none of ours raises BadTokenError, which is answered as any 404 is.
        """
        of = joining.joining_of(context, token)
        newsletter = next((n for n in context.newsletters.values() if n.list == of.list), None)
        if request.method == "POST":
            words = wording(pages, newsletter, tracked=of.tracked) if newsletter else ""
            of = joining.confirm(context, token, wording=words)
        return HTMLResponse(confirmation(pages, of, newsletter))


def _sign_up(context: Context, pages: Pages, newsletter: Newsletter, fields: Mapping[str, str]) -> str:
    """The fault of what was typed; empty where it was taken."""
    tracked = fields.get("tracked") == "yes" and joining.asks_for_tracking(newsletter)
    words = wording(pages, newsletter, tracked=tracked)
    printed = fields.get("wording") == mark(wording(pages, newsletter, tracked=False))
    try:
        joining.sign_up(
            context, newsletter, fields.get("email", ""), fields.get("name", ""), tracked=tracked,
            source=SOURCE if printed else f"{SOURCE} elsewhere, in words that are not ours",
            wording=words if printed else "",
        )  # fmt: skip
    except UsageError:
        return "wrong" if fields.get("email") else "missing"
    return ""


def wording(pages: Pages, newsletter: Newsletter, *, tracked: bool) -> str:
    """What the form says that they agree to, as it is printed; with the words of the box for tracking, if ticked."""
    parts = ("mail", "tracking") if tracked else ("mail",)
    return "\n".join(_words(pages, newsletter, part) for part in parts)


def _words(pages: Pages, newsletter: Newsletter, part: str) -> str:
    return " ".join(unescape(pages.fill("agreement.html.j2", newsletter, part=part)).split())


def mark(words: str) -> str:
    """What a form carries to say which words it prints: the beginning of their sha256."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def form(pages: Pages, newsletter: Newsletter, fields: Mapping[str, str] | None = None, *, fault: str = "") -> str:
    """The form, empty or as it was filled in, with a fault (`missing`, `wrong`, `later`) in words beside its field."""
    given = fields or {}
    return pages.fill(
        "sign-up.html.j2", newsletter, fault=fault, email=given.get("email", "")[:LONGEST_ADDRESS],
        person=given.get("name", "")[: joining.LONGEST_NAME], tracked=given.get("tracked") == "yes",
        **_printed(pages, newsletter),
    )  # fmt: skip


def snippet(pages: Pages, newsletter: Newsletter, base_url: str) -> str:
    """The form as HTML for a site of others: plain, without script or style, with a trap of its own."""
    action = f"{base_url.rstrip('/')}/s/{newsletter.slug}"
    return pages.fill("snippet.html.j2", newsletter, action=action, **_printed(pages, newsletter)).strip() + "\n"


def _printed(pages: Pages, newsletter: Newsletter) -> dict[str, object]:
    agreement = _words(pages, newsletter, "mail")
    asks = joining.asks_for_tracking(newsletter)
    return {
        "agreement": agreement,
        "tracking": _words(pages, newsletter, "tracking") if asks else "",
        "mark": mark(agreement),
        "trap": TRAP,
        "longest_address": LONGEST_ADDRESS,
        "longest_name": joining.LONGEST_NAME,
    }


def confirmation(pages: Pages, of: joining.Joining, newsletter: Newsletter | None) -> str:
    """The page behind the link of a letter. `newsletter` is None where the list has none any more."""
    return pages.fill(
        "confirm.html.j2", newsletter, state=of.state, title=of.title, masked=of.masked,
        agreement=_words(pages, newsletter, "mail") if newsletter else "",
        tracking=_words(pages, newsletter, "tracking") if newsletter and of.tracked else "",
    )  # fmt: skip


def _try(context: Context, pages: Pages) -> None:
    """A fault of a template is a designer's to see at the start."""
    states = get_args(joining.State)
    for newsletter in context.newsletters.values():
        pages.fill("signed-up.html.j2", newsletter)
        snippet(pages, newsletter, context.settings.base_url)
        for fault in ("", *STATUSES):
            form(pages, newsletter, fault=fault)
    for each in (None, *context.newsletters.values()):
        for state in states:
            of = joining.Joining(title="Title", list="list", masked="a•••@e•••.org", tracked=True, state=state)
            confirmation(pages, of, each)
