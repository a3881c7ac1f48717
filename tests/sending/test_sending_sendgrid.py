"""SendGrid's answers, each with what it means for a batch: the table of sending.md, walked from end to end.

`NotSent` and `Refused` say that nothing was accepted; `InDoubt` that nobody knows.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from ledger_gateway import Talk, answers, raw_server, read_request, reset, says, until
from sending_samples import outgoing

from newsletter.errors import ConfigError, GatewayError, InDoubt, NotSent, Refused
from newsletter.sandbox import Sandbox
from newsletter.sandbox.faults import FAULTS
from newsletter.sending.sendgrid import CURES, SendGrid, translated

KEY = "SG.a-key-that-must-not-be-seen"
HTML = b"<html><body><h1>Trouble</h1></body></html>"
NAMED = b'{"errors":[{"message":"no valid address","field":"personalizations.1.to.0.email","help":null}]}'


def asked(talk: Talk, *, timeout_s: float = 5.0, count: int = 3) -> GatewayError:
    """The error that this talk comes to."""
    with raw_server(talk) as url, pytest.raises(GatewayError) as caught:
        SendGrid(KEY, url, timeout_s).submit(outgoing(count))
    return caught.value


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_202_is_success() -> None:
    """The message id is the receipt."""
    with raw_server(answers("202 Accepted", b"", "X-Message-Id: m42")) as url:
        assert SendGrid(KEY, url, 5).submit(outgoing()).message_id == "m42"


def test_202_without_an_id() -> None:
    """Still accepted; the receipt is empty."""
    with raw_server(answers("202 Accepted")) as url:
        assert SendGrid(KEY, url, 5).submit(outgoing()).message_id == ""


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 No Content"])
def test_another_2xx_is_in_doubt(status: str) -> None:
    """Success is exactly 202: something else answered, or SendGrid's own sandbox mode."""
    error = asked(answers(status))
    assert isinstance(error, InDoubt)
    assert error.status == int(status[:3])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """The library would follow it as a GET, which looks like a 200 with nothing sent."""
    seen: list[bytes] = []

    def elsewhere(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with raw_server(elsewhere) as target:
        error = asked(answers(f"{status} Moved", b"", f"Location: {target}/v3/mail/send"))
    assert isinstance(error, Refused)
    assert error.positions == {}
    assert "redirects" in str(error)
    assert seen == []


def test_400_that_names_readers() -> None:
    """Those are refused by their place; the rest may go again."""
    error = asked(answers("400 Bad Request", NAMED))
    assert isinstance(error, Refused)
    assert error.positions == {1: "refused: no valid address"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":[{"message":"bad from","field":"from.email"}]}',
        b'{"errors":[{"message":"x","field":"personalizations.1.to"},{"message":"y","field":"content"}]}',
        b'{"errors":[{"message":"x","field":"personalizations.9.to"}]}',
        b'{"errors":[{"message":"x","field":null}]}',
        b'{"errors":"odd"}',
        b'{"errors":[["odd"]]}',
        b"[]",
        b"",
        HTML,
        b"\xff\xfe",
    ],
)
def test_any_other_400_refuses_nobody_for_good(body: bytes) -> None:
    """The request is at fault: the send pauses, and nobody is refused."""
    error = asked(answers("400 Bad Request", body))
    assert isinstance(error, Refused)
    assert (error.positions, error.status) == ({}, 400)


@pytest.mark.parametrize("status", sorted(CURES))
@pytest.mark.parametrize("body", [b'{"errors":[{"message":"because"}]}', HTML, b""])
def test_a_refusal_says_the_cure(status: int, body: bytes) -> None:
    """400, 401, 403, 404, 405, 413, 415: certainly not accepted, and the operator is told what to do."""
    error = asked(answers(f"{status} No", body))
    assert isinstance(error, Refused)
    assert error.positions == {}
    assert CURES[status] in str(error)
    assert ("because" in str(error)) == body.startswith(b"{")


def test_the_table_of_cures_is_whole() -> None:
    """The statuses that sending.md names as certainly not accepted."""
    assert set(CURES) == {400, 401, 403, 404, 405, 413, 415}


@pytest.mark.parametrize("status", [402, 406, 408, 409, 410, 418, 422, 500, 501, 502, 503, 504, 505, 599])
@pytest.mark.parametrize("body", [HTML, b""])
def test_anything_else_is_in_doubt(status: int, body: bytes) -> None:
    """408 and 5xx may come after SendGrid has taken the mail; what nobody documented is no safer."""
    error = asked(answers(f"{status} Odd", body))
    assert isinstance(error, InDoubt)
    assert error.status == status


def test_every_status_means_something() -> None:
    """Each status that is not a success is one of the three errors, and none of them raises another."""
    for status in range(300, 600):
        assert isinstance(translated(status, None, b"", 1), NotSent | Refused | InDoubt)


# --- 429 --------------------------------------------------------------------------------------------------------------


def slow_down(*headers: str) -> timedelta | None:
    error = asked(answers("429 Too Many Requests", b"", *headers))
    assert isinstance(error, NotSent)
    assert error.status == 429
    return error.retry_after


def test_429_with_seconds() -> None:
    """Retry-After in seconds."""
    assert slow_down("Retry-After: 17") == timedelta(seconds=17)


def test_429_with_a_date() -> None:
    """Retry-After as a date."""
    found = slow_down(f"Retry-After: {format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)}")
    assert found is not None
    assert timedelta(seconds=55) < found <= timedelta(seconds=60)


def test_429_with_the_reset() -> None:
    """X-RateLimit-Reset in seconds since 1970."""
    found = slow_down(f"X-RateLimit-Reset: {int(time.time()) + 60}")
    assert found is not None
    assert timedelta(seconds=55) < found <= timedelta(seconds=60)


@pytest.mark.parametrize(
    "header", ["Retry-After: soon", "Retry-After: -5", f"Retry-After: {'9' * 30}", "X-RateLimit-Reset: x"]
)
def test_429_with_nonsense(header: str) -> None:
    """What cannot be read is as if it were not there."""
    assert slow_down(header) is None


def test_429_with_nothing() -> None:
    """Documented to happen."""
    assert slow_down() is None


# --- the way there ----------------------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    """A refused connection: nothing can have been accepted."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotSent, match="cannot be reached"):
        SendGrid(KEY, f"http://127.0.0.1:{port}", 5).submit(outgoing())


def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy the sandbox is reached all the same; SendGrid itself is reached through the proxy."""
    with raw_server(answers("502 Bad Gateway")) as proxy, raw_server(answers("202 Accepted")) as url:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        for here in (url, url.replace("127.0.0.1", "localhost")):
            SendGrid(KEY, here, 5).submit(outgoing())
        with pytest.raises(InDoubt, match="502"):
            SendGrid(KEY, "http://api.example.org", 5).submit(outgoing())


def test_no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS has no such name. (No lookup leaves this machine: the resolver's own error is raised in its place.)"""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match="Name or service not known"):
        SendGrid(KEY, "https://api.example.org", 5).submit(outgoing())


def test_tls_that_fails() -> None:
    """A server that speaks no TLS, or whose certificate nobody knows: no request was made."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"hello, this is not TLS\r\n")

    with raw_server(talk) as url, pytest.raises(NotSent, match="cannot be reached"):
        SendGrid(KEY, url.replace("http://", "https://"), 5).submit(outgoing())


def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    """An unknown certificate is not trusted, and nothing is sent to it."""
    got: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))

    def talk(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                got.append(secure.recv(100))
        except (ssl.SSLError, OSError):
            pass

    with raw_server(talk) as url, pytest.raises(NotSent, match="certificate verify failed"):
        SendGrid(KEY, url.replace("http://", "https://"), 5).submit(outgoing())
    assert got in ([], [b""])


def self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_no_answer_in_time() -> None:
    """A timeout after connecting: it may have been accepted."""

    def silent(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(0.5)

    assert isinstance(asked(silent, timeout_s=0.2), InDoubt)


def trickle(head: bytes, tail: bytes) -> Talk:
    """Sends `head`, then `tail` a byte at a time, each sooner than any timeout, for seven seconds at most."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        with contextlib.suppress(OSError):  # the client has broken it off
            connection.sendall(head)
            for number in range(140):
                connection.sendall(tail[number : number + 1])
                time.sleep(0.05)

    return talk


def test_an_answer_that_trickles_in() -> None:
    """The timeout counts for each read; ten timeouts, the lease of the claim, are the deadline of the whole request."""
    began = time.monotonic()
    assert isinstance(asked(trickle(b"HTTP/1.1", b" " * 140), timeout_s=0.2), InDoubt)
    assert 1.9 < time.monotonic() - began < 4


def test_a_body_that_trickles_in_after_202() -> None:
    """What the status said stands."""
    head = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m7\r\nContent-Length: 1000\r\n\r\n"
    began = time.monotonic()
    with raw_server(trickle(head, b" " * 140)) as url:
        assert SendGrid(KEY, url, 0.2).submit(outgoing()).message_id == "m7"
    assert time.monotonic() - began < 4


def test_a_reset_before_the_answer() -> None:
    """The request was read, then the connection broke."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        reset(connection)

    assert isinstance(asked(talk), InDoubt)


def test_a_reset_while_the_request_is_read() -> None:
    """Broken in the middle of a large request: the head was read, so nobody knows."""

    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        reset(connection)

    assert isinstance(asked(talk, count=1000), InDoubt)


def test_closed_without_an_answer() -> None:
    """RemoteDisconnected is not the library's HTTPError."""
    assert isinstance(asked(says(b"")), InDoubt)


@pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 2", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100_000])
def test_an_answer_that_is_no_http(raw: bytes) -> None:
    """Something else listens there, but it has read the request."""
    assert isinstance(asked(says(raw)), InDoubt)


@pytest.mark.parametrize(
    ("status", "expected"), [("202 Accepted", None), ("401 Unauthorized", Refused), ("503 Busy", InDoubt)]
)
def test_a_truncated_answer(status: str, expected: type[GatewayError] | None) -> None:
    """The status stands, once its line was read: a body that is cut short hides nothing."""
    raw = f"HTTP/1.1 {status}\r\nContent-Length: 500\r\nX-Message-Id: m1\r\n\r\n{{".encode()
    if expected is None:
        with raw_server(says(raw)) as url:
            assert SendGrid(KEY, url, 5).submit(outgoing()).message_id == "m1"
    else:
        assert isinstance(asked(says(raw)), expected)


def test_a_reset_while_the_answer_is_read() -> None:
    """The same with a reset in place of an end."""

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\nX-Message-Id: m1\r\n\r\n{")
        time.sleep(0.05)
        reset(connection)

    with raw_server(talk) as url:
        assert SendGrid(KEY, url, 5).submit(outgoing()).message_id == "m1"


def test_an_endless_answer() -> None:
    """A proxy's page of any length is read up to a limit."""
    body = b"x" * 5_000_000

    def talk(connection: socket.socket) -> None:
        read_request(connection)
        with contextlib.suppress(OSError):  # the client has read enough
            connection.sendall(b"HTTP/1.1 502 Bad\r\nContent-Length: 5000000\r\n\r\n" + body)

    assert isinstance(asked(talk), InDoubt)


# --- the key ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", " ", " SG.x", "SG.x\n"])
def test_a_missing_key_is_refused_at_birth(key: str) -> None:
    """Without one the library would send "Bearer None"."""
    with pytest.raises(ConfigError, match="NEWSLETTER_SENDGRID_API_KEY"):
        SendGrid(key, "http://127.0.0.1:1", 5)


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_the_key_is_in_no_log(everything_logged: pytest.LogCaptureFixture) -> None:
    """The library logs the Authorization header at DEBUG; ours does not, nor do the errors hold it."""
    with raw_server(answers("202 Accepted")) as url:
        SendGrid(KEY, url, 5).submit(outgoing())
    error = asked(answers("401 Unauthorized", b"{}"))
    assert KEY not in everything_logged.text
    assert KEY not in repr(error) + repr(error.__cause__) + repr(vars(error.__cause__))


def test_the_key_goes_to_the_esp() -> None:
    """As a bearer, in a request that is JSON."""
    got: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        got.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    with raw_server(talk) as url:
        gateway = SendGrid(KEY, url, 5)
        gateway.submit(outgoing())
        gateway.submit(outgoing())
    for raw in got:
        head = raw.partition(b"\r\n\r\n")[0].decode().lower()
        assert head.startswith("post /v3/mail/send http/1.1")
        assert f"authorization: bearer {KEY.lower()}" in head
        assert "content-type: application/json" in head
    assert len(got) == 2


# --- the sandbox's faults ---------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", port=0, webhook_url=None, api_key=KEY) as started:
        yield started


FAULTS_OF_THE_SANDBOX: dict[str, tuple[type[GatewayError] | None, int]] = {
    "429": (NotSent, 0),
    "429-bare": (NotSent, 0),
    "429-date": (NotSent, 0),
    "429-nonsense": (NotSent, 0),
    "429-year": (NotSent, 0),
    "400": (Refused, 0),
    "401": (Refused, 0),
    "403": (Refused, 0),
    "413": (Refused, 0),
    "redirect": (Refused, 0),
    "408": (InDoubt, 0),
    "500": (InDoubt, 0),
    "502-html": (InDoubt, 0),
    "503": (InDoubt, 0),
    "504": (InDoubt, 0),
    "204": (InDoubt, 0),
    "200-html": (InDoubt, 0),
    "drop": (InDoubt, 0),
    "reset": (InDoubt, 0),
    "reset-while-reading": (InDoubt, 0),
    "accept-then-drop": (InDoubt, 2),
    "accept-then-reset": (InDoubt, 2),
    "accept-then-5xx": (InDoubt, 2),
    "accept-then-502": (InDoubt, 2),
    "accept-then-html": (None, 2),
    "accept-late": (None, 2),
    "slow": (None, 2),
    "trickle": (None, 2),
    "truncated": (None, 2),
}
"""What each comes to, and how many of two readers were taken in truth."""


def test_every_fault_of_the_sandbox_is_in_the_table() -> None:
    """A new fault needs its line."""
    assert set(FAULTS_OF_THE_SANDBOX) == set(FAULTS)


@pytest.mark.parametrize("requests_before", [0, 1], ids=["first", "later"])
@pytest.mark.parametrize("kind", FAULTS_OF_THE_SANDBOX)
def test_the_faults_of_the_sandbox(sandbox: Sandbox, kind: str, requests_before: int) -> None:
    """Each fault is what it says, on a connection that is new and on one that was used; whatever was taken in truth is
    accepted or in doubt, once, and the next request is served.
    """
    expected, taken = FAULTS_OF_THE_SANDBOX[kind]
    gateway = SendGrid(KEY, sandbox.url, 5)
    for _ in range(requests_before):
        gateway.submit(outgoing(2))
    sandbox.fault(kind, seconds=0.002)
    if expected is None:
        gateway.submit(outgoing(2))
    else:
        with pytest.raises(expected):
            gateway.submit(outgoing(2))
    assert len(sandbox.accepted()) == 2 * requests_before + taken
    gateway.submit(outgoing(2))
    assert len(sandbox.accepted()) == 2 * requests_before + taken + 2


@pytest.mark.parametrize("kind", ["slow", "accept-late"])
def test_an_answer_after_the_timeout(sandbox: Sandbox, kind: str) -> None:
    """After it there is no answer, and the mail goes out all the same: in doubt."""
    sandbox.fault(kind, seconds=0.6)
    with pytest.raises(InDoubt):
        SendGrid(KEY, sandbox.url, 0.2).submit(outgoing(1))
    assert until(lambda: len(sandbox.accepted()) == 1)


def test_a_trickle_over_the_deadline(sandbox: Sandbox) -> None:
    """Each byte comes in time, the status line does not: given up after ten timeouts, when the lease of the claim
    ends.
    """
    sandbox.fault("trickle", seconds=0.26)
    began = time.monotonic()
    with pytest.raises(InDoubt):
        SendGrid(KEY, sandbox.url, 0.3).submit(outgoing(1))
    assert 2.9 < time.monotonic() - began < 6
    assert len(sandbox.accepted()) == 1


def test_how_long_a_429_asks_to_wait(sandbox: Sandbox) -> None:
    """A date is one, a word is nothing, a year is a year: the ledger keeps it within ten minutes."""
    waits = []
    for kind in ("429", "429-date", "429-nonsense", "429-year"):
        sandbox.fault(kind, seconds=90)
        with pytest.raises(NotSent) as caught:
            SendGrid(KEY, sandbox.url, 5).submit(outgoing(1))
        waits.append(caught.value.retry_after)
    assert waits[0] == timedelta(seconds=90)
    assert waits[1] is not None
    assert timedelta(seconds=80) < waits[1] <= timedelta(seconds=90)
    assert waits[2:] == [None, timedelta(days=365)]


def test_a_wrong_key(sandbox: Sandbox) -> None:
    """The same code, refused by the key."""
    with pytest.raises(Refused, match="NEWSLETTER_SENDGRID_API_KEY") as caught:
        SendGrid("SG.another", sandbox.url, 5).submit(outgoing())
    assert caught.value.status == 401


def test_the_answer_of_http_client_is_the_one_we_know() -> None:
    """What the map covers besides OSError is http.client's own tree."""
    assert issubclass(http.client.RemoteDisconnected, ConnectionResetError)
    assert issubclass(http.client.IncompleteRead, http.client.HTTPException)
