"""What stands around every answer: security headers, one line in the log, and a plain page when our code fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load. `img-src data:` is for the empty icon, which spares each visit a request for /favicon.ico."""

WITH_PICTURES: Final = POLICY.replace("img-src data:", "img-src 'self' data:")
"""For pages that show published pictures. A route may ask for this one in place of POLICY, and for no other."""

ALWAYS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),  # tokens stand in paths, and no other site may learn them
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
"""On every answer, beside the policy."""

_CSP: Final = "Content-Security-Policy"

UNLESS_SAID: Final = (("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex, nofollow"))
"""On every answer that does not say otherwise: whatever is new here is private until somebody decides."""


Answered = Callable[[str, str, int, float], None]
"""Told of each answer: route, method, status, seconds."""


class Frame:
    """ASGI middleware, the outermost of ours. `failure` is the page for an error that nobody foresaw.

    The log line has the route's pattern, never the path: the path of an unsubscribe link is its token.
    """

    def __init__(self, app: ASGIApp, *, failure: str, answered: Answered) -> None:
        self._app = app
        self._failure = failure
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        began = time.perf_counter()

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message)
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except ClientDisconnect:
            log.info("client went away", method=scope["method"], route=_route(scope))
            return
        except Exception:  # the last handler there is: whatever it was, the reader gets a plain page
            log.exception("unforeseen error", method=scope["method"], route=_route(scope))
            if not status:
                await HTMLResponse(self._failure, 500)(scope, receive, framed)
        took_s = time.perf_counter() - began
        self._answered(_route(scope), scope["method"], status, took_s)
        log.info("request", method=scope["method"], route=_route(scope), status=status, ms=round(took_s * 1000, 1))


def _add_headers(start: Message) -> None:
    headers = MutableHeaders(scope=start)
    headers[_CSP] = WITH_PICTURES if headers.get(_CSP) == WITH_PICTURES else POLICY
    for name, value in ALWAYS:
        headers[name] = value
    for name, value in UNLESS_SAID:
        headers.setdefault(name, value)


def _route(scope: Scope) -> str:
    """`/u/{token}` as the router has it, the path of an application below it before it; `none` where no route fits."""
    path = getattr(scope.get("route"), "path", None)
    below = scope.get("root_path", "") if scope.get("app_root_path") is not None else ""
    return "none" if path is None else below + str(path)
