"""GET and POST /u/{token}: how a reader leaves, by a press of a button here or in the mail program (RFC 8058)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from newsletter.model import Newsletter
from newsletter.pipeline import leaving
from newsletter.pipeline.context import Context
from newsletter.pipeline.leaving import Leaving
from newsletter.web.pages import Pages

_TRIALS: Final = tuple(
    Leaving(title="Title", masked=masked, inert=inert, left=left)
    for masked, inert, left in (("a•••@e•••.org", False, False), ("", False, True), ("", True, False))
)


def routes(context: Context, pages: Pages) -> APIRouter:
    """The unsubscribe link. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router = APIRouter()
    for trial in _TRIALS:
        for newsletter in (None, *context.newsletters.values()):
            page(pages, trial, newsletter)

    @router.api_route("/u/{token}", methods=["GET", "HEAD", "POST"])
    def unsubscribe(request: Request, token: str) -> Response:
        """GET and HEAD change nothing, since scanners follow links; POST leaves at once, however often it comes.

        What the POST carries is not looked at: `List-Unsubscribe=One-Click`, form-encoded or multipart, comes from
        mail programs, nothing from our own button, and some programs send no body, no cookie and no type at all.
        """
        act = leaving.leave if request.method == "POST" else leaving.leaving
        of = act(context, token)
        newsletter = next((n for n in context.newsletters.values() if n.title == of.title), None)
        return HTMLResponse(page(pages, of, newsletter))

    return router


def page(pages: Pages, leaving: Leaving, newsletter: Newsletter | None) -> str:
    """The page behind an unsubscribe link: the question with its button, the confirmation, or that it is a test.

    `newsletter` gives the look, and is None where the list has no newsletter any more.
    """
    state = "test" if leaving.inert else "left" if leaving.left else "ask"
    return pages.fill("unsubscribe.html.j2", newsletter, state=state, title=leaving.title, masked=leaving.masked)
