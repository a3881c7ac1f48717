"""Kept connections: one carries many requests, and none loses or doubles a batch when its server closes it."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from ledger_gateway import Talk, raw_server, read_request, reset, until
from sending_samples import outgoing

from newsletter.errors import GatewayError, InDoubt, NotSent
from newsletter.sending import kept, plan
from newsletter.sending.sendgrid import SendGrid

OK = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m1\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Talks with each connection in a thread of its own; counts connections, and the requests that it read whole."""

    def __init__(self, talk: Callable[[Server, socket.socket], None]) -> None:
        self._talk = talk
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self.requests = 0
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, StopIteration):
            self._talk(self, connection)

    def read(self, connection: socket.socket) -> None:
        """Wait for a request, and read it whole."""
        first = connection.recv(1, socket.MSG_PEEK)
        if not first:
            raise ConnectionError("the client has closed")
        read_request(connection)
        self.requests += 1

    def close(self) -> None:
        with contextlib.suppress(OSError):  # not everywhere; where it may be, it ends the wait of accept
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            connection.close()


@contextmanager
def server(talk: Callable[[Server, socket.socket], None]) -> Iterator[Server]:
    made = Server(talk)
    try:
        yield made
    finally:
        made.close()


def forever(answer: bytes = OK) -> Callable[[Server, socket.socket], None]:
    """Answers each request of a connection with these bytes."""

    def talk(server: Server, connection: socket.socket) -> None:
        while True:
            server.read(connection)
            connection.sendall(answer)

    return talk


def once(after: Talk) -> Callable[[Server, socket.socket], None]:
    """Answers one request, then does this with the connection that its client keeps."""

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        after(connection)

    return talk


def test_two_requests_on_one_connection() -> None:
    """A connection is made once."""
    with server(forever()) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for number in range(3):
            assert gateway.submit(outgoing(number=number + 1)).message_id == "m1"
        assert (there.connections, there.requests) == (1, 3)


@pytest.mark.parametrize("status", ["400 Bad Request", "401 No", "429 Slow", "503 Busy", "302 Found", "200 OK"])
def test_an_answer_that_is_no_success_keeps_the_connection_too(status: str) -> None:
    """What was answered is another matter than the connection."""
    with server(forever(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode())) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for _ in range(2):
            with pytest.raises(GatewayError):
                gateway.submit(outgoing())
        assert (there.connections, there.requests) == (1, 2)


def test_requests_at_once_have_a_connection_each() -> None:
    """No two requests share one at a time, and those that were made are used again."""
    together = threading.Barrier(4)

    def talk(server: Server, connection: socket.socket) -> None:
        while True:
            server.read(connection)
            together.wait(5)
            connection.sendall(OK)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for _ in range(3):
            threads = [threading.Thread(target=gateway.submit, args=(outgoing(),)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert (there.connections, there.requests) == (4, 12)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(lambda _: None, id="closed"),
        pytest.param(reset, id="reset"),
        pytest.param(lambda connection: connection.shutdown(socket.SHUT_WR), id="half closed"),
        pytest.param(lambda connection: connection.sendall(b"HTTP/1.1 408 Timeout\r\n\r\n"), id="said something"),
    ],
)
def test_a_connection_that_its_server_closed_while_idle(after: Talk) -> None:
    """It is found closed before a byte of the next request is written: that goes over a new one, once."""
    closed = threading.Event()

    def then(connection: socket.socket) -> None:
        after(connection)
        connection.close()
        closed.set()

    with server(once(then)) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for number in range(3):
            closed.clear()
            assert gateway.submit(outgoing(number=number + 1)).message_id == "m1"
            assert closed.wait(5)
            time.sleep(0.02)
        assert (there.connections, there.requests) == (3, 3)


def test_an_answer_that_closes() -> None:
    """`Connection: close` is obeyed at once."""
    answer = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with server(forever(answer)) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for _ in range(3):
            gateway.submit(outgoing())
        assert (there.connections, there.requests) == (3, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 202 Accepted\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nshort",
    ],
)
def test_an_answer_whose_end_is_the_connections_end(answer: bytes) -> None:
    """Nothing goes over a connection of which nobody knows where its last answer ends."""

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(answer)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        for _ in range(2):
            gateway.submit(outgoing())
        assert (there.connections, there.requests) == (2, 2)


@pytest.mark.parametrize("count", [1, 1000])
def test_a_connection_closed_once_the_request_has_begun_is_in_doubt(count: int) -> None:
    """It may have been read and acted on: nothing is sent again, whether the connection was new or kept."""

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        connection.recv(10)  # the next request has begun
        reset(connection)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        gateway.submit(outgoing(count))
        with pytest.raises(InDoubt, match="after the request had begun"):
            gateway.submit(outgoing(count))
        assert (there.connections, there.requests) == (1, 1)
        gateway.submit(outgoing(count))
        assert there.connections == 2


def test_no_answer_over_a_kept_connection() -> None:
    """The timeout holds there too; the connection is not used again, or a late answer would be taken for the next."""

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)
        time.sleep(0.8)
        connection.sendall(OK)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 0.4)
        gateway.submit(outgoing())
        with pytest.raises(InDoubt):
            gateway.submit(outgoing())
        gateway.submit(outgoing())
        assert there.connections == 2


def test_the_deadline_holds_over_a_kept_connection() -> None:
    """Ten timeouts, however busily the answer trickles in."""

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 0.2)
        gateway.submit(outgoing())
        began = time.monotonic()
        with pytest.raises(InDoubt):
            gateway.submit(outgoing())
        assert 1.9 < time.monotonic() - began < 4


def test_a_connection_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server may be closing it at this moment, which would leave the request in doubt."""
    with server(forever()) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        gateway.submit(outgoing())
        monkeypatch.setattr(kept, "IDLE_S", 0.01)
        time.sleep(0.02)
        gateway.submit(outgoing())
        assert (there.connections, there.requests) == (2, 2)


def test_a_server_that_went_away() -> None:
    """Its kept connection is closed, and a new one refused: certainly not accepted."""
    with server(once(lambda _: None)) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        gateway.submit(outgoing())
    time.sleep(0.05)
    with pytest.raises(NotSent):
        gateway.submit(outgoing())


def test_a_gateway_that_nobody_needs_closes_its_connections() -> None:
    """Without being told."""
    gone = threading.Event()

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        if connection.recv(1) == b"":
            gone.set()

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        gateway.submit(outgoing())
        assert not gone.is_set()
        del gateway
        gc.collect()
        assert gone.wait(5)


def test_a_server_that_closes_at_any_moment_gets_no_batch_twice() -> None:
    """Each batch is read at most once; one that was accepted was read; whatever is not certain is in doubt."""
    moment = iter(range(1000))

    def talk(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        time.sleep((next(moment) % 8) * 0.0005)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url, 5)
        accepted = doubtful = 0
        for number in range(200):
            try:
                gateway.submit(outgoing(3, number=number + 1))
                accepted += 1
            except InDoubt:
                doubtful += 1
            time.sleep((number % 5) * 0.0005)
        assert accepted + doubtful == 200
        assert until(lambda: accepted <= there.requests <= accepted + doubtful)


def certificate(folder: Path) -> Path:
    """For 127.0.0.1, signed by itself: with it goes its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_connection_with_tls_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What TLS says for itself (its tickets come with the first answer) costs no connection."""
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def talk(server: Server, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            while True:
                read_request(secure)
                server.requests += 1
                secure.sendall(OK)

    with server(talk) as there:
        gateway = SendGrid("SG.x", there.url.replace("http:", "https:"), 5)
        for number in range(3):
            assert gateway.submit(outgoing(1000, number=number + 1)).message_id == "m1"
        assert (there.connections, there.requests) == (1, 3)


def test_who_connects_too_slowly_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole time of a request was over before it was connected: nothing was written, so nothing was accepted."""
    monkeypatch.setattr(plan, "LEASE_FACTOR", 0.2)
    real = socket.create_connection

    def slow(*arguments: object, **options: object) -> socket.socket:
        time.sleep(0.4)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", slow)
    asked: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        asked.append(connection.recv(1))

    with raw_server(talk) as url, pytest.raises(NotSent, match="connecting took the whole time"):
        SendGrid("SG.key", url, timeout_s=1.0).submit(outgoing())
    assert asked in ([], [b""])
