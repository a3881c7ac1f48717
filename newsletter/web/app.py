"""The application: which addresses there are, and which answer each error gets."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse

from newsletter.audience.tokens import BadTokenError
from newsletter.errors import StoreError
from newsletter.pipeline.clicking import Redirects
from newsletter.pipeline.context import Context
from newsletter.storage import schema
from newsletter.web import access, hooks, images, joining, leaving, links, metrics, preferences, reports, style
from newsletter.web.api.app import PREFIX, create_api
from newsletter.web.archive import routes as archive
from newsletter.web.archive.site import Site
from newsletter.web.frame import Answered, Frame
from newsletter.web.pages import Pages
from newsletter.web.postman import Postman

log = structlog.get_logger()

RETRY_AFTER_S = 60
"""After how long a client may ask again when the database did not answer."""


def create_app(context: Context) -> FastAPI:
    """The ASGI application over a wired house; run it by `server.serve`.

    Raises RenderError where a template under `templates/web` cannot be filled: better at the start than in front of
    a reader. Templates, stylesheet and content are read once; a change shows after the next start.
    """
    pages = Pages(
        context.settings.templates,
        organisation=context.organisation,
        root=urlsplit(context.settings.base_url).path,
    )
    # No slash is added or taken by a redirect: one-click clients follow none (RFC 8058, section 3.1).
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.redirects = Redirects(context)
    counted = metrics.Metrics(context, app.state.redirects.waiting)
    app.router.routes.append(links.route(app.state.redirects))
    app.include_router(metrics.routes(context, counted))
    app.include_router(hooks.routes(context, counted))
    app.include_router(joining.routes(context, pages))
    app.include_router(leaving.routes(context, pages))
    app.include_router(preferences.routes(context, pages))
    app.include_router(access.routes(context, pages))
    app.include_router(reports.routes(context, pages))
    app.include_router(archive.routes(Site(context, pages)))
    app.include_router(images.routes(context.settings.published))
    app.include_router(style.routes(pages.style, context.newsletters.values()))
    app.mount(PREFIX, create_api(context))
    _add_health(app, context)
    _add_errors(app, pages)
    app.state.postman = Postman(context)
    answered = _then_letters(counted.answered, app.state.postman)
    app.add_middleware(Frame, failure=pages.problem(500), answered=answered)
    return app


def _then_letters(answered: Answered, postman: Postman) -> Answered:
    """After each answer to a post, which may have put out a letter: no module of routes has to think of it."""

    def and_post(route: str, method: str, status: int, took_s: float) -> None:
        answered(route, method, status, took_s)
        if method not in {"GET", "HEAD"} and 200 <= status < 400 and not route.startswith("/hooks/"):
            postman.soon()

    return and_post


def _add_health(app: FastAPI, context: Context) -> None:
    @app.api_route("/healthz", methods=["GET", "HEAD"])
    def health() -> Response:
        """200 where the database answers and has our tables; 503 otherwise."""
        try:
            with context.store.read() as tx:
                answers = schema.version(tx) is not None
        except StoreError as error:
            log.error("not healthy", error=str(error))
            answers = False
        return PlainTextResponse("ok\n") if answers else PlainTextResponse("the database does not answer\n", 503)


def _add_errors(app: FastAPI, pages: Pages) -> None:
    """Each error has one answer wherever it comes from, so that a wrong token looks like any other wrong address."""

    def page(status: int, headers: dict[str, str] | None = None) -> Response:
        return HTMLResponse(pages.problem(status), status, headers)

    @app.exception_handler(HTTPException)
    async def no_such_thing(_: Request, error: HTTPException) -> Response:
        return page(error.status_code, dict(error.headers or {}))

    @app.exception_handler(BadTokenError)
    async def bad_token(_: Request, __: BadTokenError) -> Response:
        return page(404)

    @app.exception_handler(StoreError)
    async def no_store(_: Request, error: StoreError) -> Response:
        log.error("the database does not answer", error=str(error))
        return page(503, {"Retry-After": str(RETRY_AFTER_S)})
