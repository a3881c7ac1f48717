"""Web servers on this machine, and a rule that lets them be asked: names lead to 127.0.0.1, where ports are open."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from newsletter.asking import Places
from newsletter.asking.places import Address


@dataclass
class Site:
    """A server that answers by `pages`, and remembers what it was asked for: (method, path, Host)."""

    port: int
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def url(self, path: str, host: str = "mills.example.org") -> str:
        return f"http://{host}:{self.port}{path}"


Page = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, **heads: str) -> Page:
    def page(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in heads.items():
            request.send_header(name, value)
        request.end_headers()

    return page


def only_get(request: BaseHTTPRequestHandler) -> None:
    answers(405 if request.command == "HEAD" else 200)(request)


def sleeps(request: BaseHTTPRequestHandler) -> None:
    time.sleep(5)


def drips(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no single read takes long."""
    for _ in range(60):
        request.wfile.write(b"H")
        time.sleep(0.1)


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


@contextmanager
def site(pages: dict[str, Page], tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    found = Site(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.command, self.path, self.headers["Host"]))
            try:
                pages.get(self.path.partition("?")[0], answers(404))(self)
            except OSError:
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815  http.server's name

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def here(*open_ports: int, names: dict[str, str] | None = None) -> Places:
    """127.0.0.1 may be asked at these ports, everything else may not. Names lead there but for those of `names`."""
    addresses = names or {}

    def resolve(name: str) -> tuple[Address, ...]:
        return (ip_address(addresses.get(name, "127.0.0.1")),)

    return Places(resolve=resolve, allows=lambda machine, port: str(machine) == "127.0.0.1" and port in open_ports)
