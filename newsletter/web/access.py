"""GET /m/{token}: what the link of a letter lets its reader do, and the forms there: their data, another address,
erasure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from newsletter.model import Newsletter
from newsletter.pipeline import access
from newsletter.pipeline.access import Asked, Opened
from newsletter.pipeline.context import Context
from newsletter.rendering import dates
from newsletter.web import limiting, posted
from newsletter.web.pages import Pages, one_of_each_language

Form = Annotated[Mapping[str, str], Depends(posted.read)]
"""As the argument of a route."""

_AT: Final = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
_DATA: Final[dict[str, Any]] = {
    "known": True, "address": "ann@example.org", "name": "Ann Roe", "since": _AT,
    "lists": [
        {"list": "daily", "state": state, "source": "", "basis": "implied", "until": _AT, "paused_until": _AT,
         "sections": ["a"], "tracked": True, "since": _AT, "changed_at": _AT}
        for state in ("active", "pending", "unsubscribed")
    ],
    "consent": [
        {"at": _AT, "list": "daily", "event": event, "basis": "express", "until": None, "wording": "Words.",
         "source": "form", "detail": "Words."}
        for event in ("requested", "confirmed", "withdrawn", "imported", "changed")
    ],
    "suppressions": [{"scope": "all", "reason": "bounce", "source": "event", "since": _AT}],
    "copies": [
        {"edition": "daily/2026-05-04", "subject": "Subject", "list": "daily", "kind": "live", "outcome": "accepted",
         "reason": "", "at": _AT, "receipt": "", "delivery_id": "x-1",
         "events": [{"at": _AT, "kind": "delivered", "url": "", "reason": "", "received_at": _AT, "raw": {}}]}
    ],
    "letters": [
        {"kind": "access", "address": None, "state": "sent", "created_at": _AT, "expires_at": _AT, "used_at": None}
    ],
    "other_events": [{}],
}  # fmt: skip


def routes(context: Context, pages: Pages) -> APIRouter:
    """The links of letters. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router = APIRouter()
    limiter = limiting.Limiter()
    titles = {newsletter.list: newsletter.title for newsletter in context.newsletters.values()}
    show = partial(page, pages, titles)
    _try_out(context, show)

    @router.api_route("/m/{token}", methods=["GET", "HEAD", "POST"])
    def letter(request: Request, token: str) -> Response:
        """GET shows; POST makes the address of the letter the reader's, where the letter was about that."""
        found = access.confirm_address(context, token) if request.method == "POST" else access.opened(context, token)
        return show(found, token)

    @router.api_route("/m/{token}/data.json", methods=["GET", "HEAD"])
    def data(token: str) -> Response:
        """Everything that is held about the reader, to be taken away."""
        found = access.opened(context, token)
        if found.data is None:
            return show(found, token)
        return Response(
            json.dumps(found.data, indent=2, ensure_ascii=False, default=_plain) + "\n",
            media_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )

    @router.api_route("/m/{token}/address", methods=["GET", "HEAD", "POST"])
    def address(request: Request, token: str, form: Form) -> Response:
        """POST asks for a letter to another address; only its link makes that the reader's."""
        if request.method != "POST":
            return show(access.opened(context, token), token)
        typed = form.get("address", "")
        asked = access.ask_address(context, token, typed) if limiter.allows(request, "letter") else "later"
        return show(access.opened(context, token), token, asked=asked, typed=typed)

    @router.api_route("/m/{token}/erase", methods=["GET", "HEAD", "POST"])
    def erase(request: Request, token: str, form: Form) -> Response:
        """POST erases the reader, where they said that they mean it."""
        found = access.opened(context, token)
        if request.method != "POST" or found.data is None:
            return show(found, token)
        if form.get("sure") != "yes":
            return show(found, token, unsure=True)
        return show(access.erase(context, token) or Opened(kind="access", over=True), token)

    return router


def page(
    pages: Pages,
    titles: dict[str, str],
    of: Opened,
    token: str,
    *,
    asked: Asked | None = None,
    typed: str = "",
    unsure: bool = False,
) -> Response:
    """The page of a letter's link: over, of a new address, everything that is held, or that this was erased."""
    newsletter = of.newsletter
    if of.data is not None:
        status = 422 if asked in {"none", "same"} or unsure else 429 if asked == "later" else 200
        words = pages.fill(
            "own-data.html.j2", newsletter,
            data=of.data, token=token, titles=titles, asked=asked, typed=typed, unsure=unsure,
            day=partial(_day, pages, newsletter),
        )  # fmt: skip
        return HTMLResponse(words, status)
    state = "over" if of.over else "erased" if of.kind == "access" else "changed" if of.done else "ask"
    words = pages.fill("letter.html.j2", newsletter, state=state, masked=of.masked, token=token)
    return HTMLResponse(words, 410 if of.over else 200)


def _day(pages: Pages, newsletter: Newsletter | None, at: datetime) -> str:
    zone = newsletter.zone if newsletter else UTC
    return dates.day(at.astimezone(zone).date(), newsletter.language if newsletter else pages.language)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _try_out(context: Context, show: partial[Response]) -> None:
    """Fill the pages in each state and each language."""
    for newsletter in one_of_each_language(context.newsletters.values()):
        of = Opened(kind="access", over=False, newsletter=newsletter, data=_DATA)
        for asked in (None, "sent", "same", "none", "later"):
            show(of, "token", asked=asked, unsure=asked is None)
        show(Opened(kind="access", over=True, newsletter=newsletter), "token")
        show(Opened(kind="access", over=False, newsletter=newsletter, done=True), "token")
        show(Opened(kind="address", over=False, newsletter=newsletter, done=True), "token")
        show(Opened(kind="address", over=False, newsletter=newsletter, masked="a•••@e•••.org"), "token")
