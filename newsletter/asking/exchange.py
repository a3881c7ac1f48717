"""One address is asked: HEAD, then GET where HEAD is not liked; redirects followed, each judged like the first."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from newsletter.asking.places import PORTS, NotAllowed, Places, Target

REDIRECTS: Final = 5
"""So many redirects are followed."""

_MOVED: Final = frozenset([301, 302, 303, 307, 308])
_HEADERS: Final = {"User-Agent": "newsletter (link check)", "Accept": "*/*", "Connection": "close"}


class Kind(StrEnum):
    """How an address answered."""

    FINE = "fine"
    ELSEWHERE = "elsewhere"
    """It leads to another site, or to the front page."""
    GONE = "gone"
    """404 or 410: there is nothing any more."""
    ERROR = "error"
    SILENT = "silent"
    """Nobody answered, or not in time."""
    REFUSED = "refused"
    """It was not asked: it leads to where nothing may be asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of asking. `words` say it for a person; `final` is the address that answered in the end."""

    url: str
    kind: Kind
    words: str
    final: str


def ask_one(url: str, places: Places, *, timeout_s: float) -> Reply:
    """How an address answers, within the time. Never raises for what a server or a name does."""
    until = time.monotonic() + timeout_s
    at = url
    try:
        for _ in range(REDIRECTS + 1):
            status, location = _answer(places.target(at), until)
            if status not in _MOVED or not location:
                return _judged(url, at, status)
            # http.client reads heads as Latin-1, and servers write UTF-8
            at = urljoin(at, quote(location.encode("latin-1", "replace"), safe=_AS_IT_IS))
    except (NotAllowed, OSError, http.client.HTTPException, ValueError) as error:
        kind, words = _failed(error, at, timeout_s)
        return Reply(url, kind, _after(url, at, words), at)
    return Reply(url, Kind.ERROR, f"it redirects more than {REDIRECTS} times", at)


def _failed(error: Exception, at: str, timeout_s: float) -> tuple[Kind, str]:
    """What an error of asking means. TimeoutError and ssl's errors are OSErrors too, and come first."""
    match error:
        case NotAllowed():
            return Kind.REFUSED, str(error)
        case TimeoutError():
            return Kind.SILENT, f"nothing came within {timeout_s:g} seconds"
        case ssl.SSLCertVerificationError():
            return Kind.ERROR, f"its certificate is not good ({error.verify_message})"
        case socket.gaierror():
            return Kind.SILENT, f"no server of the name {urlsplit(at).hostname} is known"
    return Kind.SILENT, f"nobody answers ({type(error).__name__})"


_AS_IT_IS: Final = "!#$%&'()*+,/:;=?@[]~"
"""Signs of a `Location` that stay; servers send letters there that no address has."""


def _answer(target: Target, until: float) -> tuple[int, str]:
    """Status and `Location`. GET follows a HEAD that was not answered well: many servers know no other."""
    with suppress(http.client.HTTPException, ConnectionError):
        status, location = _request("HEAD", target, until)
        if status < 400:
            return status, location
    return _request("GET", target, until)


def _request(method: str, target: Target, until: float) -> tuple[int, str]:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    path = (target.url.path or "/") + (f"?{target.url.query}" if target.url.query else "")
    with _connected(target, left) as (sock, connection), _cut_off(sock, left):
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection.request(method, path, headers=_HEADERS)
        answer = connection.getresponse()  # the head only: no body is read, however long it is
        return answer.status, answer.getheader("Location") or ""


@contextmanager
def _connected(target: Target, left: float) -> Iterator[tuple[socket.socket, http.client.HTTPConnection]]:
    """A connection to the machine that was judged, whatever its name means by now. No proxy: it would look names up."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=left)
    sock = socket.create_connection((target.machine, target.port), timeout=left)
    try:
        if target.url.scheme == "https":
            connection.default_port = PORTS["https"]  # so that `Host` has no `:443`
            context = ssl.create_default_context()
            # shaken hands later, where the time is watched
            sock = context.wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
        connection.sock = sock
        yield sock, connection
    finally:
        connection.close()
        sock.close()


@contextmanager
def _cut_off(sock: socket.socket, left: float) -> Iterator[None]:
    """End the exchange when its time is over: a socket's own timeout begins anew with each byte that drips in."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(left, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()


def _judged(url: str, at: str, status: int) -> Reply:
    if status in {404, 410}:
        return Reply(url, Kind.GONE, _after(url, at, f"there is nothing any more ({status})"), at)
    if status >= 400:
        return Reply(url, Kind.ERROR, _after(url, at, f"it answers {status}"), at)
    if _elsewhere(url, at):
        return Reply(url, Kind.ELSEWHERE, f"it leads on to {at}", at)
    return Reply(url, Kind.FINE, str(status), at)


def _elsewhere(url: str, at: str) -> bool:
    """Another site, or the front page instead of a page of it. `www.`, `https` and the like are the same place."""
    asked, answered = urlsplit(url), urlsplit(at)
    hosts = [(parts.hostname or "").removeprefix("www.") for parts in (asked, answered)]
    return hosts[0] != hosts[1] or (asked.path.strip("/") != "" and answered.path.strip("/") == "")


def _after(url: str, at: str, words: str) -> str:
    return words if at == url else f"it leads on to {at}, and there: {words}"
