"""GET /p/{token} and the forms on it: which newsletters, which sections, a pause, and a letter for what needs more."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from newsletter.model import Newsletter
from newsletter.pipeline import places, preferences
from newsletter.pipeline.context import Context
from newsletter.pipeline.places import Place, Preferences
from newsletter.pipeline.preferences import Done
from newsletter.pipeline.wishes import LONGEST_PAUSE, Change, Offer, Trouble, Wish, month_after
from newsletter.rendering import dates
from newsletter.web import limiting, posted
from newsletter.web.pages import Pages, one_of_each_language

Form = Annotated[Mapping[str, str], Depends(posted.read)]
"""As the argument of a route."""

STATUSES: Final = {"trouble": 422, "later": 429}

ACTS: Final = ("save", "leave", "undo", "join")
"""What a form does to one list."""


def routes(context: Context, pages: Pages) -> APIRouter:
    """The preferences. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router = APIRouter()
    limiter = limiting.Limiter()
    _try_out(context, pages)

    def answer(token: str, done: Done | None, wish: Wish | None = None) -> Response:
        shown = preferences.preferences(context, token)
        status = STATUSES.get(done.what, 200) if done is not None else 200
        headers = {"Retry-After": str(limiting.RETRY_AFTER_S)} if status == 429 else None
        return HTMLResponse(page(pages, shown, token, done, wish), status, headers)

    @router.api_route("/p/{token}", methods=["GET", "HEAD"])
    def show(token: str) -> Response:
        """Changes nothing, as scanners follow links."""
        return answer(token, None)

    @router.api_route("/p/{token}/{act}", methods=["GET", "HEAD", "POST"])
    def of_all(request: Request, token: str, act: str) -> Response:
        """POST: leave all lists, or have a link mailed. A GET is of somebody who comes back to the address, and shows
        how things are.
        """
        if act not in {"leave-all", "letter"}:
            raise HTTPException(404)
        if request.method != "POST":
            return answer(token, None)
        return answer(token, _act_on_all(context, token, act, may=_may(limiter, request, act)))

    @router.api_route("/p/{token}/{act}/{list_}", methods=["GET", "HEAD", "POST"])
    def of_one(request: Request, token: str, act: str, list_: str, form: Form) -> Response:
        """POST: one of ACTS, for one list."""
        if act not in ACTS:
            raise HTTPException(404)
        if request.method != "POST":
            return answer(token, None)
        wish, may = wish_of(form), _may(limiter, request, act)
        return answer(token, _act(context, pages, token, act, list_, wish) if may else Done(what="later"), wish)

    return router


def _may(limiter: limiting.Limiter, request: Request, act: str) -> bool:
    """What posts no letter may be done as often as anybody likes."""
    return act not in {"join", "letter"} or limiter.allows(request, "letter")


def _act_on_all(context: Context, token: str, act: str, *, may: bool) -> Done:
    if act == "leave-all":
        return preferences.leave(context, token, None)
    return preferences.let_in(context, token) if may else Done(what="later")


def _act(context: Context, pages: Pages, token: str, act: str, list_: str, wish: Wish) -> Done:
    newsletter = places.newsletter_of(context, list_)
    if act == "leave":
        return preferences.leave(context, token, list_)
    if act == "undo":
        return preferences.undo(context, token, list_)
    if act == "join":
        return preferences.join(context, token, list_, wording=_agreement(pages, newsletter, "mail"))

    def words(of: Newsletter | None, change: Change, offer: Offer) -> str:
        return said(pages, of, change, offer)

    return preferences.save(context, token, list_, wish, words=words, wording=_agreement(pages, newsletter, "tracking"))


def wish_of(form: Mapping[str, str]) -> Wish:
    """What the form says, whoever wrote it: a section is the field `section-` with its slug."""
    return Wish(
        sections=tuple(name.removeprefix("section-") for name in form if name.startswith("section-")),
        pause=form.get("pause", "keep"), date=form.get("date", ""), tracked=form.get("tracked") == "yes",
    )  # fmt: skip


def said(pages: Pages, newsletter: Newsletter | None, change: Change, offer: Offer) -> str:
    """A change in the words of its newsletter's language."""
    until = change.paused_until.astimezone(offer.zone).date() if change.paused_until else None
    titles = [offer.sections[slug] for slug in change.sections or ()]
    return _plain(
        pages, "change.txt.j2", newsletter,
        change=change, titles=titles, until=_day(pages, newsletter, until) if until else None,
    )  # fmt: skip


def _agreement(pages: Pages, newsletter: Newsletter | None, part: str) -> str:
    """What a reader agrees to, as the page prints it."""
    return _plain(pages, "agreement.html.j2", newsletter, part=part) if newsletter else ""


def _plain(pages: Pages, name: str, newsletter: Newsletter | None, **values: object) -> str:
    """A template of words alone, in one line: what it escaped for a page is as it was."""
    return " ".join(html.unescape(pages.fill(name, newsletter, **values)).split())


def _day(pages: Pages, newsletter: Newsletter | None, on: date) -> str:
    return dates.day(on, newsletter.language if newsletter else pages.language)


def page(pages: Pages, shown: Preferences, token: str, done: Done | None, wish: Wish | None) -> str:
    """The page of the preferences, with what was just done to them; after a trouble with the fields as they came."""
    newsletter, today = shown.newsletter, shown.today or date.min
    place = shown.place(done.list) if done is not None else None
    ends = {
        "week": today + timedelta(weeks=1), "fortnight": today + timedelta(weeks=2), "month": month_after(today),
    }  # fmt: skip
    return pages.fill(
        "preferences.html.j2", newsletter,
        inert=shown.inert, masked=shown.masked, places=shown.places, token=token, done=done,
        wish=wish if done is not None and done.what == "trouble" else None, title=place.title if place else "",
        ends={name: _day(pages, newsletter, end) for name, end in ends.items()},
        paused={
            each.list: _day(pages, newsletter, each.paused_until) for each in shown.places if each.paused_until
        },
        first=(today + timedelta(days=1)).isoformat(), last=(today + LONGEST_PAUSE).isoformat(),
    )  # fmt: skip


def _try_out(context: Context, pages: Pages) -> None:
    """Fill the page in each state and each language."""
    offer = Offer(sections={"a": "A", "b": "B"}, asks_tracking=True, zone=ZoneInfo("UTC"))
    at = datetime(2026, 5, 4, tzinfo=UTC)
    for newsletter in one_of_each_language(context.newsletters.values()):
        all_ = tuple(
            Place(
                list=f"{state}-{undo}", title="Title", newsletter=newsletter, state=state, offer=offer,
                sections=("a",), paused_until=at.date() if undo else None, undo=undo,
            )
            for state, undo in product(_STATES, (False, True))
        )  # fmt: skip
        shown = Preferences(inert=False, masked="a•••@e•••.org", newsletter=newsletter, places=all_, today=at.date())
        page(pages, shown, "token", None, None)
        shown = replace(shown, places=all_[1:2])
        for what in _DONE:
            page(pages, shown, "token", Done(what=what, list="active-True", words="Words."), None)
        for trouble in _TROUBLES:
            page(pages, shown, "token", Done(what="trouble", list="active-True", trouble=trouble), Wish())
        page(pages, Preferences(inert=True, newsletter=newsletter), "token", None, None)
        for sections, until in product((("a",), None), (at, None)):
            change = Change(
                sections=sections, paused_until=until, tracked=until is None, new_sections=True, new_pause=True,
                new_tracking=True,
            )  # fmt: skip
            said(pages, newsletter, change, offer)


_STATES: Final[tuple[Literal["active", "pending", "left", "other"], ...]] = ("active", "pending", "left", "other")
_DONE: Final[tuple[preferences.What, ...]] = (
    "saved", "same", "left", "left all", "back", "asked", "letter", "later", "nothing",
)  # fmt: skip
_TROUBLES: Final[tuple[Trouble, ...]] = ("sections", "date", "past", "far")
