"""A gateway without logic, scripted in one line; and servers on loopback that answer as one raw text says."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from newsletter.errors import GatewayError
from newsletter.model import Receipt, SendKind
from newsletter.sending.gateway import Outgoing


class FakeGateway:
    """Accepts everything and keeps it; what stands in `script` comes first, an error a request.

    `FakeGateway(NotSent("slow down"), None, InDoubt("reset"))`: the second request is accepted.
    """

    def __init__(self, *script: GatewayError | None) -> None:
        self.script: list[GatewayError | None] = list(script)
        self.accepted: list[Outgoing] = []
        self.asked: list[Outgoing] = []
        self._lock = threading.Lock()

    def submit(self, outgoing: Outgoing) -> Receipt:
        with self._lock:
            self.asked.append(outgoing)
            error = self.script.pop(0) if self.script else None
            if error is not None:
                raise error
            self.accepted.append(outgoing)
            return Receipt(message_id=f"m{len(self.accepted)}")

    @property
    def live(self) -> list[str]:
        """The addresses of all live mail that was accepted, as often as it was."""
        return self.of_kind("live")

    def of_kind(self, kind: SendKind) -> list[str]:
        """The addresses of all mail of a kind that was accepted."""
        return [
            person.address
            for outgoing in self.accepted
            if outgoing.batch.kind == kind
            for person in outgoing.batch.recipients
        ]

    @property
    def subjects(self) -> list[str]:
        """The subjects of all mail to editors that was accepted."""
        return [outgoing.envelope.subject for outgoing in self.accepted if outgoing.batch.kind != "live"]


Talk = Callable[[socket.socket], None]


def says(raw: bytes) -> Talk:
    """Reads the request to its end, then answers with these bytes and closes."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(raw)

    return talk


def answers(status: str, body: bytes = b"", *headers: str) -> Talk:
    """A whole HTTP answer: `answers("503 Service Unavailable", b"<html>")`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def read_request(connection: socket.socket) -> bytes:
    """A request whole. Raises ConnectionError where the client has closed before its end."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _more(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise ConnectionError("the client has closed")
    return got


def reset(connection: socket.socket) -> None:
    """Breaks the connection with a RST, what was sent before may be lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def raw_server(talk: Talk) -> Iterator[str]:
    """A server that has this talk with each connection; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.02)
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                talk(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopped.set()
        thread.join()
        listening.close()


def until(true: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Whether it came true within the time."""
    deadline = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
