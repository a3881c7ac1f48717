"""The SendGrid library's own HTTP client, with what is mended in it that would break our promises or take too long.

- It follows a redirect as a GET, which answers 200 with nothing sent: here no redirect is followed.
- A failure to connect and a failure afterwards raise the same URLError: here the first is a `ConnectError`, since only
  it says that nothing was accepted.
- A body that is cut short hides a status that was read: here the status stands.
- It keeps each call's `request_headers` for the next: none are passed here.
- Its timeout counts for each socket operation, so a trickle of bytes holds a request for ever: here the whole request
  has a deadline, which is the lease of the claim it was made under.
- It asks the machine's proxy for this machine's own addresses too, where `no_proxy` is not set: mail for the sandbox
  would leave the machine, and reach nobody.
- It makes a connection for each request, and JSON by Python's own encoder: here connections are kept (`kept`), and a
  body is handed over as bytes (`Prepared`). docs/decisions/0021 has the figures.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message as Headers
from functools import cached_property
from ipaddress import ip_address
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.response import addinfourl

from python_http_client import Client
from python_http_client.exceptions import HTTPError

from newsletter.sending import deadline, plan
from newsletter.sending.kept import Kept


class ConnectError(OSError):
    """The connection was never made (refused, no such host, TLS): nothing can have been accepted."""


class Prepared(bytes):
    """A body as it goes over the wire. Whatever is not called JSON the library "encodes", and whatever is sent it puts
    into a line for its log, whether anybody reads it or not: 1 ms for a batch, with the addresses in it.
    """

    def encode(self, _encoding: str) -> Prepared:
        return self

    def __format__(self, _spec: str) -> str:
        return f"{len(self)} bytes"


_of_thread = threading.local()
"""`cut` breaks off the request of this thread, which has one at a time."""


def _watched(*arguments: Any, **options: Any) -> socket.socket:
    """A socket that the deadline can break off from the first moment: what follows may be a slow handshake."""
    sock = socket.create_connection(*arguments, **options)
    _of_thread.cut.watch(sock)
    return sock


@contextlib.contextmanager
def _connecting(connection: http.client.HTTPConnection) -> Iterator[None]:
    connection._create_connection = _watched  # type: ignore[attr-defined]  # the library's own seam
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise ConnectError(str(error)) from error
    _of_thread.cut.watch(connection.sock)
    if _of_thread.cut.is_over:
        raise ConnectError("connecting took the whole time that a request may take")


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        with _connecting(self):
            super().connect()


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        with _connecting(self):
            super().connect()


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self._kept = kept

    def http_open(self, req: urllib.request.Request) -> addinfourl:  # type: ignore[override]  # urllib asks no more of it
        return _ask(self._kept, req, "http", lambda: _Connection(req.host, timeout=req.timeout))


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self._kept = kept

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once, since to read all the authorities takes longer than a request."""
        made = ssl.create_default_context()
        made.set_alpn_protocols(["http/1.1"])
        return made

    def https_open(self, req: urllib.request.Request) -> addinfourl:  # type: ignore[override]  # urllib asks no more of it
        return _ask(
            self._kept, req, "https", lambda: _SecureConnection(req.host, timeout=req.timeout, context=self._tls)
        )


_BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read: SendGrid's are small, a proxy's error page may be anything."""


def _ask(
    kept: Kept, req: urllib.request.Request, scheme: str, make: Callable[[], http.client.HTTPConnection]
) -> addinfourl:
    """What urllib's `do_open` does, on a kept connection where there is one, and with the answer read to its end."""
    through = req._tunnel_host  # type: ignore[attr-defined]  # so urllib tells that the host is a proxy, and leads there
    where = (scheme, req.host, through)
    headers = {name.title(): value for name, value in req.header_items()}
    secret = headers.pop("Proxy-Authorization", None) if through else None
    connection = kept.take(where)
    if connection is None:
        connection = make()
        if through:
            connection.set_tunnel(through, headers={"Proxy-Authorization": secret} if secret else {})
    _of_thread.cut.watch(connection.sock)
    try:
        response = _answered(connection, req, headers)
        body = _read(response)
    except BaseException:
        connection.close()
        raise
    _of_thread.cut.watch(None)
    if response.isclosed() and connection.sock is not None:  # read to its end, and neither side wants to close
        kept.give(where, connection)
    else:
        response.close()
        connection.close()
    answer = addinfourl(io.BytesIO(body), response.headers, req.full_url, response.status)
    answer.msg = response.reason  # type: ignore[attr-defined]  # where urllib looks for it
    return answer


def _answered(
    connection: http.client.HTTPConnection, req: urllib.request.Request, headers: dict[str, str]
) -> http.client.HTTPResponse:
    try:
        connection.request(req.get_method(), req.selector, req.data, headers)
    except OSError as error:
        raise urllib.error.URLError(error) from error
    return connection.getresponse()


def _read(response: IO[bytes]) -> bytes:
    try:
        return response.read(_BODY_LIMIT)
    except (OSError, http.client.HTTPException):
        return b""  # reset or cut short while reading: what the status said stands


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        """None makes urllib raise the 3xx as an error."""
        del req, fp, code, msg, headers, newurl


class _Proxies(urllib.request.ProxyHandler):
    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> object:  # noqa: A002  the library's name
        return None if _is_loopback(urlsplit(req.full_url).hostname or "") else super().proxy_open(req, proxy, type)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def opener(kept: Kept) -> urllib.request.OpenerDirector:
    """What makes the requests, by way of the proxies that the environment names at this moment."""
    return urllib.request.build_opener(_Handler(kept), _SecureHandler(kept), _NoRedirect(), _Proxies())


class StrictClient(Client):  # type: ignore[misc]  # the library has no types
    """python_http_client's Client over an opener of ours. It posts `Prepared` bodies, which are JSON."""

    def __init__(
        self, *, opener: urllib.request.OpenerDirector, request_headers: dict[str, str], **options: Any
    ) -> None:
        # Whatever is called application/json here, the library serialises: the true type is set below.
        super().__init__(request_headers=request_headers | {"Content-Type": "prepared"}, **options)
        self._opener = opener

    def _build_client(self, name: str | None = None) -> StrictClient:
        return StrictClient(
            opener=self._opener,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(
        self, opener: object, request: urllib.request.Request, timeout: float | None = None
    ) -> addinfourl:
        del opener  # the library builds one that follows redirects
        if request.data is None:
            request.remove_header("Content-type")
        else:
            request.add_header("Content-Type", "application/json")
        seconds = timeout or self.timeout
        with deadline.within(plan.lease(seconds).total_seconds()) as _of_thread.cut:
            try:
                answer: addinfourl = self._opener.open(request, timeout=seconds)
            except urllib.error.HTTPError as error:
                with error:
                    raise HTTPError(error.code, error.reason, error.read(), error.headers) from None
            return answer
