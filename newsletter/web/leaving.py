"""GET and POST /u/{token}: how a reader leaves, by a press of a button here or in the mail program (RFC 8058)."""

from __future__ import annotations

from itertools import product
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from newsletter.model import Newsletter
from newsletter.pipeline import leaving
from newsletter.pipeline.context import Context
from newsletter.pipeline.leaving import Leaving
from newsletter.web.pages import Pages, one_of_each_language

_TRIALS: Final = tuple(
    Leaving(title="Title", masked=masked, inert=inert, left=left, undo=undo, back=back, here=here)
    for masked, (inert, left, undo, back, here) in product(
        ("a•••@e•••.org", ""),
        (
            (False, False, False, False, True),
            (False, True, True, False, True),
            (False, True, False, False, True),
            (False, False, False, True, True),
            (False, True, False, False, False),
            (True, False, False, False, True),
        ),
    )
)


def routes(context: Context, pages: Pages) -> APIRouter:
    """The unsubscribe link. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router = APIRouter()
    for trial, newsletter in product(_TRIALS, one_of_each_language(context.newsletters.values())):
        page(pages, trial, newsletter, "token")

    def shown(of: Leaving, token: str, *, late: bool = False) -> Response:
        newsletter = next((n for n in context.newsletters.values() if n.title == of.title), None)
        return HTMLResponse(page(pages, of, newsletter, token, late=late))

    @router.api_route("/u/{token}", methods=["GET", "HEAD", "POST"])
    def unsubscribe(request: Request, token: str) -> Response:
        """GET and HEAD change nothing, since scanners follow links; POST leaves at once, however often it comes.

        What the POST carries is not looked at: `List-Unsubscribe=One-Click`, form-encoded or multipart, comes from
        mail programs, nothing from our own button, and some programs send no body, no cookie and no type at all. Our
        own button has `?page` in its address.
        """
        if request.method != "POST":
            return shown(leaving.leaving(context, token), token)
        by: leaving.By = "page" if "page" in request.query_params else "one-click"
        return shown(leaving.leave(context, token, by), token)

    @router.api_route("/u/{token}/undo", methods=["GET", "HEAD", "POST"])
    def undo(request: Request, token: str) -> Response:
        """POST takes back that the reader left just now; GET and HEAD show how things are."""
        if request.method != "POST":
            return shown(leaving.leaving(context, token), token)
        of = leaving.undo(context, token)
        return shown(of, token, late=not of.back)

    return router


def page(pages: Pages, leaving: Leaving, newsletter: Newsletter | None, token: str, *, late: bool = False) -> str:
    """The page behind an unsubscribe link: the question with its button, the confirmation, or that it is a test.

    `newsletter` gives the look, and is None where the list has no newsletter any more; `late` says that there was
    nothing to be undone any more.
    """
    state = "test" if leaving.inert else "back" if leaving.back else "left" if leaving.left else "ask"
    return pages.fill(
        "unsubscribe.html.j2", newsletter,
        state=state, title=leaving.title, masked=leaving.masked, token=token, undo=leaving.undo, here=leaving.here,
        late=late,
    )  # fmt: skip
