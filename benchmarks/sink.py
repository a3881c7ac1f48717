"""What stands in for SendGrid in a measurement: reads each request whole, counts its readers, answers 202.

It checks nothing, so that it is not what is measured; the sandbox, which checks everything, is what tests send to.
A thread for each connection, kept as long as the client likes. `GET /` tells what was counted and begins to count anew.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
import time
from dataclasses import asdict, dataclass

_READER = b'"delivery_id":'
_BUFFER = 1 << 20


@dataclass
class Counts:
    """What came since it was last asked for. `in_flight` is the most requests that waited for an answer at once."""

    requests: int = 0
    readers: int = 0
    bytes: int = 0
    connections: int = 0
    in_flight: int = 0


class Sink:
    """Counts over all connections."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._lock = threading.Lock()
        self._counts = Counts()
        self._waiting = 0

    def serve(self, listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        buffer = bytearray(_BUFFER)
        with self._lock:
            self._counts.connections += 1
        with connection:
            while (got := connection.recv_into(buffer)) > 0:
                buffer = self._request(connection, buffer, got)

    def _request(self, connection: socket.socket, buffer: bytearray, got: int) -> bytearray:
        """Read one request from its first bytes on, and answer it; gives the buffer, which may have grown."""
        while (end := buffer.find(b"\r\n\r\n", 0, got)) < 0:
            got += connection.recv_into(memoryview(buffer)[got:])
        head = bytes(buffer[:end]).lower()
        whole = end + 4 + _length(head)
        if whole > len(buffer):
            buffer = buffer + bytearray(whole - len(buffer))
        view = memoryview(buffer)
        while got < whole:
            got += connection.recv_into(view[got:])
        if head.startswith(b"get "):
            connection.sendall(_answer("200 OK", json.dumps(self._taken()).encode()))
            return buffer
        number = self._count(buffer.count(_READER, end, whole), whole)
        if self._latency_s:
            time.sleep(self._latency_s)
        with self._lock:
            self._waiting -= 1
        connection.sendall(_answer("202 Accepted", b"", f"X-Message-Id: bench-{number}"))
        return buffer

    def _count(self, readers: int, length: int) -> int:
        """Count a request that is read and not answered yet; gives its number."""
        with self._lock:
            counts = self._counts
            self._waiting += 1
            counts.in_flight = max(counts.in_flight, self._waiting)
            counts.requests += 1
            counts.readers += readers
            counts.bytes += length
            return counts.requests

    def _taken(self) -> dict[str, int]:
        with self._lock:
            taken, self._counts = self._counts, Counts()
        return asdict(taken)


def _length(head: bytes) -> int:
    return next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)


def _answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def main() -> None:
    parser = argparse.ArgumentParser(description="Accept every request and count its readers.")
    parser.add_argument("--latency-ms", type=float, default=0)
    asked = parser.parse_args()
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    Sink(asked.latency_ms / 1000).serve(listening)


if __name__ == "__main__":
    main()
