"""Who may ask: this machine, by its own name, to look. What stands around every answer."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.settings import on_this_machine

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SANDBOX: Final = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
"""No scripts. The same origin lets the page, not the mail, keep its place when it is loaded again."""

MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' http: https: data:; base-uri 'none'; "
    f"form-action 'none'; frame-ancestors 'self'; {_SANDBOX}"
)
MAIL_POLICY_NO_IMAGES: Final = MAIL_POLICY.replace("img-src 'self' http: https: data:", "img-src 'none'")

_ALWAYS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),  # what is shown changes while it is looked at, pictures too
)


class Guard:
    """ASGI middleware. A page may show embargoed stories, so it is for this machine alone.

    The listener is on loopback; a browser on this machine could still be led here by a foreign page whose name resolves
    to loopback (DNS rebinding), and then says that name in Host.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refused = _refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                for name, value in _ALWAYS:
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, framed)


def _refused(scope: Scope) -> PlainTextResponse | None:
    client = scope.get("client")
    here = on_this_machine(f"http://{Headers(scope=scope).get('host', '')}/")
    if not here or (client and not ip_address(client[0]).is_loopback):
        return PlainTextResponse("a preview is for the machine it runs on: open its 127.0.0.1 address\n", 403)
    if scope["method"] not in {"GET", "HEAD"}:
        return PlainTextResponse("a preview is only looked at\n", 405, {"Allow": "GET, HEAD"})
    return None
