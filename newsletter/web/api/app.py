"""The application under /api/v1, and its description (OpenAPI) at /api/v1/openapi.json."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.pipeline.context import Context
from newsletter.web.api import editions, lists, problems, subscribers, subscriptions
from newsletter.web.api.access import Access

PREFIX: Final = "/api/v1"

LARGEST_BODY: Final = 64 * 1024
"""Bytes: an address, a name and a few words are far less."""

_PROBLEMS: Final = {
    401: "No key, or one that is none.",
    403: "The key has not the scope.",
    404: "There is no such thing.",
    413: "The body is too large.",
    422: "The request cannot be taken as it is; `errors` says where.",
    429: "Too many requests; `Retry-After` says how long to wait, in seconds.",
    503: "The database does not answer; nothing was changed.",
}


def create_api(context: Context) -> FastAPI:
    """The API over a wired house. Whoever mounts it puts it under PREFIX."""
    api = FastAPI(
        title=f"{context.organisation.name}: newsletters",
        version=version("newsletter"),
        description="Lists, subscribers, editions and reports. Each request carries a key as a bearer token.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        root_path_in_servers=False,  # a proxy may put a path before ours: the base URL has the whole
        responses={status: _problem(words) for status, words in _PROBLEMS.items()},
        servers=[{"url": context.settings.base_url.rstrip("/") + PREFIX}],
    )
    access = Access(context)
    for part in (lists, subscribers, subscriptions, editions):
        api.include_router(part.routes(context, access))
    problems.add(api)
    api.add_middleware(Small)
    return api


def _problem(words: str) -> dict[str, Any]:
    content = {problems.MEDIA_TYPE: {"schema": problems.Problem.model_json_schema()}}
    return {"description": words, "content": content}


class Small:
    """ASGI middleware: refuses a body that is larger than any that means something, while it comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                too_large = problems.answer(413, f"a body has {LARGEST_BODY:,} bytes at most")
                await too_large(scope, receive, send)
                return

        given = False

        async def again() -> Any:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, again, send)
