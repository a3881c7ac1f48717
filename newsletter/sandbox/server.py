"""The sockets: a request is read, answered by the routes, and the connection kept, broken or closed.

A thread for each connection. Only requests for this machine's own names are answered, so that a web page somewhere
cannot read the inbox through a name of its own that points here (DNS rebinding).
"""

from __future__ import annotations

import io
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.sandbox.acceptance import MAX_REQUEST_BYTES, Acceptance
from newsletter.sandbox.answers import Answer, Refusal, refused
from newsletter.sandbox.faults import FAULTS, Fault
from newsletter.sandbox.loopback import host_of, is_loopback
from newsletter.sandbox.routes import MAIL_SEND_PATH, Request, Routes

_READ_AT_MOST = 2 * MAX_REQUEST_BYTES
"""Bodies over the limit are read to their end and thrown away, so that the client gets to read the 413."""
_CHUNK = 1 << 20
_NO_LINGER = struct.pack("ii", 1, 0)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        acceptance = self.server.acceptance
        is_mail_send = self.command == "POST" and path == MAIL_SEND_PATH
        if is_mail_send and (fault := acceptance.script.take_unread()):
            acceptance.note("fault", None, fault=fault.kind)
            self._break_off(fault)
            return
        body = self._body()
        if isinstance(body, bytes):
            self._send(self._answer(path, body))
            return
        if is_mail_send:
            acceptance.note("refused", body.status)
        self.close_connection = True
        self._send(body)

    do_GET = do_HEAD = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = do_POST  # noqa: N815 - the library's names

    def _answer(self, path: str, body: bytes) -> Answer | None:
        if not is_loopback(host_of(self.headers.get("Host", ""))):
            return refused(421, Refusal("The sandbox answers to names of this machine only, as 127.0.0.1."))
        query = dict(parse_qsl(urlsplit(self.path).query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method=self.command, path=path, query=query, headers=headers, body=body)
        try:
            return self.server.routes.answer(request)
        except OSError as error:
            return refused(500, Refusal(f"the sandbox cannot use its folder: {error}"))

    def _body(self) -> bytes | Answer:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,15}", length):
            return refused(411, Refusal("Content-Length is required."))
        if int(length) <= MAX_REQUEST_BYTES:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                raise ConnectionAbortedError("the client went away in the middle of its request")
            return body
        left = min(int(length), _READ_AT_MOST)
        while left > 0 and (chunk := self.rfile.read(min(left, _CHUNK))):
            left -= len(chunk)
        return refused(413, Refusal("content too large"))

    def _break_off(self, fault: Fault) -> None:
        """What a fault does to a request of which nothing, or half, was read."""
        if fault.kind == "reset-while-reading":
            self.rfile.read(int(self.headers.get("Content-Length", "0")) // 2)
        self._send(FAULTS[fault.kind](_nobody, fault))

    def _send(self, answer: Answer | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        raw = self._bytes_of(answer)
        if answer.reset_after is not None:
            self.wfile.write(raw[: answer.reset_after])
            self._reset()
        elif answer.pause_s:
            for number in range(len(raw)):
                time.sleep(answer.pause_s)
                self.wfile.write(raw[number : number + 1])
        else:
            self.wfile.write(raw)

    def _bytes_of(self, answer: Answer) -> bytes:
        self.wfile, connected = io.BytesIO(), self.wfile
        try:
            self._write(answer)
            return self.wfile.getvalue()
        finally:
            self.wfile = connected

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        length = len(answer.body) if answer.promised is None else answer.promised
        if answer.status != 204:
            self.send_header("Content-Length", str(length))
        if answer.body:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if length != len(answer.body):
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _reset(self) -> None:
        """A RST in place of an orderly end: the client may lose what was sent to it, and cannot take it for an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.server.resets.add(self.connection)

    def log_message(self, *_: Any) -> None:
        """No access log: the record has it."""


def _nobody() -> Answer:
    raise RuntimeError("a fault that comes before the request was read cannot accept it")


class Server(ThreadingHTTPServer):
    """Listens on a loopback address; port 0 takes a free one."""

    request_queue_size = 128

    def __init__(self, host: str, port: int, routes: Routes, acceptance: Acceptance) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.routes = routes
        self.acceptance = acceptance
        self.connections: set[socket.socket] = set()
        self.resets: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    def stop(self) -> None:
        """Ends the loop and breaks the connections that clients keep open."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its client was faster

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """The library says goodbye first (FIN), and closes then; a reset has no goodbye."""
        if request in self.resets and isinstance(request, socket.socket):
            self.resets.discard(request)
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no news; anything else is said in a line."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            thread = threading.current_thread().name
            sys.stderr.write(f"sandbox: {type(error).__name__} in {thread}: {error}\n")
