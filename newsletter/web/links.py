"""GET and HEAD /r/{code}: our own redirect, from a link in a mail to the target that was stored with it.

It is the busiest address there is, at the minute in which an edition arrives: a link that is known is answered without
a thread, and without what FastAPI would do for a page.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from newsletter.pipeline.clicking import Redirects

PATH: Final = "/r/{code}"

TEST: Final = frozenset({b"t", b"t="})
"""In the query of a test's links."""


def route(redirects: Redirects) -> Route:
    """The redirect. A code that is none of ours is a 404 like any other; nothing in the request chooses a target."""

    async def redirect(request: Request) -> Response:
        """302, which no browser or proxy keeps without being told to: a target may be corrected."""
        code = request.path_params["code"]
        target = redirects.known(code) or await run_in_threadpool(redirects.find, code)
        if target is None:
            raise HTTPException(404)
        if request.method == "GET" and not is_test(request.scope["query_string"]):
            redirects.follow(
                code,
                agent=request.headers.get("User-Agent", ""),
                visitor=visitor(request),
                ahead="prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")),
            )
        return Response(status_code=302, headers={"Location": target})

    return _Named(PATH, redirect, methods=["GET", "HEAD"])


class _Named(Route):
    """A route that says which it is, as FastAPI's do: the log and the metrics ask for its pattern."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self}


def is_test(query: bytes) -> bool:
    """Whether the link is one of a test, whatever somebody put after it."""
    return not TEST.isdisjoint(query.split(b"&"))


def visitor(request: Request) -> str:
    """What tells one visitor from another for two seconds: where they ask from, and with which program.

    Behind a proxy all ask from its address, and it says for whom (the last of X-Forwarded-For, which it wrote itself).
    Where it does not say so they cannot be told apart; empty then.
    """
    client = request.client.host if request.client else ""
    behind = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if not behind and _is_here(client):
        return ""
    return "|".join((client, behind, request.headers.get("User-Agent", ""), request.headers.get("Accept-Language", "")))


def _is_here(client: str) -> bool:
    try:
        return ip_address(client).is_loopback
    except ValueError:  # a socket of this machine has no address
        return True
