"""GET and POST /u/{token}: how a reader leaves, by a press of a button here or in the mail program (RFC 8058)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.web.pages import Pages


def routes(context: Context, pages: Pages) -> APIRouter:
    """The unsubscribe link. A token that is none of ours raises BadTokenError, which is answered as any 404 is."""
    router = APIRouter()

    @router.api_route("/u/{token}", methods=["GET", "HEAD", "POST"])
    def unsubscribe(request: Request, token: str) -> Response:
        """GET and HEAD change nothing, since scanners follow links; POST leaves at once, however often it comes.

        What the POST carries is not looked at: `List-Unsubscribe=One-Click`, form-encoded or multipart, comes from
        mail programs, nothing from our own button, and some programs send no body, no cookie and no type at all.
        """
        act = readers.leave if request.method == "POST" else readers.leaving
        leaving = act(context, token)
        newsletter = next((n for n in context.newsletters.values() if n.title == leaving.title), None)
        return HTMLResponse(pages.unsubscribe(leaving, newsletter))

    return router
