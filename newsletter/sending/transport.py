"""The SendGrid library's own HTTP client, with three things mended that would break our promises.

- It follows a redirect as a GET, which answers 200 with nothing sent: here no redirect is followed.
- A failure to connect and a failure afterwards raise the same URLError: here the first is a `ConnectError`, since only
  it says that nothing was accepted.
- It keeps each call's `request_headers` for the next: none are passed here.
"""

from __future__ import annotations

import http.client
import urllib.request
from email.message import Message as Headers
from typing import IO, Any

from python_http_client import Client


class ConnectError(OSError):
    """The connection was never made (refused, no such host, TLS): nothing can have been accepted."""


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise ConnectError(str(error)) from error


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise ConnectError(str(error)) from error


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

    def _make_request(self, opener: object, request: urllib.request.Request, timeout: float | None = None) -> Any:
        del opener  # the library builds one that follows redirects
        ours = urllib.request.build_opener(_Handler(), _SecureHandler(), _NoRedirect())
        return super()._make_request(ours, request, timeout=timeout)
