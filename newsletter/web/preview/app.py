"""The addresses of a preview: its page, all looks, mails for frames, changes, and the page's own files."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse

from newsletter.pipeline.previewing import Preview
from newsletter.pipeline.sight import Sight
from newsletter.rendering.appearance import SCHEMES
from newsletter.web import images
from newsletter.web.preview.choice import Choice, Frame, chosen, frames, look_frames
from newsletter.web.preview.guard import MAIL_POLICY, MAIL_POLICY_NO_IMAGES, Guard
from newsletter.web.preview.pages import PreviewPages, Shown

WAIT_S: Final = 10.0
"""How long an answer about changes may take where nothing changes."""


def create_app(preview: Preview) -> FastAPI:
    """The ASGI application of a preview; run it by `server.showing`, on this machine alone."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages = PreviewPages()
    _add_pages(app, preview, pages)
    _add_mail(app, preview)
    app.include_router(images.routes(preview.images))

    @app.api_route("/changes", methods=["GET", "HEAD"])
    def changes(since: int = 0) -> Response:
        """The count of changes, as soon as it is another than `since`, or after ten seconds."""
        return JSONResponse({"number": preview.wait(since, WAIT_S)})

    @app.api_route("/style.css", methods=["GET", "HEAD"])
    async def style() -> Response:
        return Response(pages.style, media_type="text/css")

    @app.api_route("/preview.js", methods=["GET", "HEAD"])
    async def script() -> Response:
        return Response(pages.script, media_type="text/javascript")

    app.add_middleware(Guard)
    return app


def _add_pages(app: FastAPI, preview: Preview, pages: PreviewPages) -> None:
    @app.api_route("/", methods=["GET", "HEAD"])
    def edition(request: Request) -> Response:
        choice, number = _chosen(request), preview.number
        sight = preview.sight(choice.look, drafts=choice.drafts)
        shown = Shown(sight=sight, frames=_frames(sight, choice))
        return HTMLResponse(pages.edition(shown, choice, preview.looks(), number))

    @app.api_route("/looks", methods=["GET", "HEAD"])
    def looks(request: Request) -> Response:
        choice, number = _chosen(request, size=50), preview.number
        sights = [preview.sight(look, drafts=choice.drafts) for look in preview.looks()]
        shown = [
            Shown(sight=one, frames=look_frames(choice, one.look, _version(one)) if one.message else ())
            for one in sights
        ]
        return HTMLResponse(pages.looks(sights[0].name if sights else "", shown, choice, number))


def _add_mail(app: FastAPI, preview: Preview) -> None:
    @app.api_route("/mail/{look}", methods=["GET", "HEAD"])
    def mail(look: str, scheme: str = "light", styles: str = "on", images: str = "on", drafts: str = "") -> Response:
        """A mail as a client shows it, with a policy of its own: no script, whatever is in it."""
        sight = preview.sight(look, drafts=drafts == "1")
        if sight.message is None:
            return PlainTextResponse(f"{sight.fault}\n", 404)
        of = next((known for known in SCHEMES if known == scheme), SCHEMES[0])
        policy = MAIL_POLICY_NO_IMAGES if images == "off" else MAIL_POLICY
        html = sight.html(of, styles=styles != "off")
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def _chosen(request: Request, size: int = 75) -> Choice:
    return chosen(parse_qs(request.url.query), size=size)


def _frames(sight: Sight, choice: Choice) -> tuple[Frame, ...]:
    return frames(choice, sight.look, _version(sight)) if sight.message else ()


def _version(sight: Sight) -> str:
    """Another for another message: pictures are named by what is in them."""
    return sight.message.fingerprint.removeprefix("sha256:")[:16] if sight.message else ""
