"""The SendGrid library's own HTTP client, with six things mended that would break our promises.

- It follows a redirect as a GET, which answers 200 with nothing sent: here no redirect is followed.
- A failure to connect and a failure afterwards raise the same URLError: here the first is a `ConnectError`, since only
  it says that nothing was accepted.
- A body that is cut short hides a status that was read: here the status stands.
- It keeps each call's `request_headers` for the next: none are passed here.
- Its timeout counts for each socket operation, so a trickle of bytes holds a request for ever: here the whole request
  has a deadline, which is the lease of the claim it was made under.
- It asks the machine's proxy for this machine's own addresses too, where `no_proxy` is not set: mail for the sandbox
  would leave the machine, and reach nobody.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message as Headers
from ipaddress import ip_address
from typing import IO
from urllib.parse import urlsplit

from python_http_client import Client
from python_http_client.exceptions import HTTPError

from newsletter.sending import plan


class ConnectError(OSError):
    """The connection was never made (refused, no such host, TLS): nothing can have been accepted."""


class _Cut:
    """Breaks a request off: whoever reads or writes its socket fails at once."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None

    def __call__(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):  # closed a moment ago
                # not SSLSocket's own shutdown, after which it would read what is encrypted as plain text
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


_of_thread = threading.local()
"""`cut` breaks off the request of this thread, which has one at a time."""


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    _of_thread.cut = _Cut()
    timer = threading.Timer(seconds, _of_thread.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise ConnectError(str(error)) from error
        _of_thread.cut.sock = self.sock


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise ConnectError(str(error)) from error
        _of_thread.cut.sock = self.sock


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


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


def opener() -> urllib.request.OpenerDirector:
    """What makes the requests, by way of the proxies that the environment names at this moment."""
    return urllib.request.build_opener(_Handler(), _SecureHandler(), _NoRedirect(), _Proxies())


_OPENER = opener()

_BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read: SendGrid's are small, a proxy's error page may be anything."""


class _Answer:
    """An HTTP answer whose body was read as far as it came: the status is certain once its line was read."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self._status, self._headers, self._body = status, headers, body

    def getcode(self) -> int:
        return self._status

    def info(self) -> Headers:
        return self._headers

    def read(self) -> bytes:
        return self._body


def _read(response: IO[bytes]) -> bytes:
    try:
        return response.read(_BODY_LIMIT)
    except (OSError, http.client.HTTPException):
        return b""  # reset or cut short while reading: what the status said stands


class StrictClient(Client):  # type: ignore[misc]  # the library has no types
    """python_http_client's Client over an opener that follows no redirect and tells when nothing was connected."""

    def _build_client(self, name: str | None = None) -> StrictClient:
        return StrictClient(
            host=self.host,
            version=self._version,
            request_headers=dict(self.request_headers),
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(self, opener: object, request: urllib.request.Request, timeout: float | None = None) -> _Answer:
        del opener  # the library builds one that follows redirects
        seconds = timeout or self.timeout
        with _within(plan.lease(seconds).total_seconds()):
            try:
                response = _OPENER.open(request, timeout=seconds)
            except urllib.error.HTTPError as error:
                with error:  # it holds the connection
                    raise HTTPError(error.code, error.reason, _read(error), error.headers) from None
            with response:
                return _Answer(response.getcode(), response.info(), _read(response))
