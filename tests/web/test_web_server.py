"""The real server on loopback: raw addresses, bodies that come late, a signature over the wire, and how it stops."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_house import ROOT, House, bounce, signed, verification_key

from newsletter.errors import UsageError
from newsletter.web.server import listen, make_server


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """The house's app behind uvicorn, with the options that `serve` uses."""
    server = make_server(house.app)
    listener = listen("127.0.0.1", 0)
    number: int = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield number
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
    """Status, body and server header; the path goes out as it is written."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Server", "")
    finally:
        connection.close()


def test_events_over_the_wire(house: House, port: int) -> None:
    """The bytes that SendGrid signs are the bytes that are checked."""
    body = bounce("ann@example.org")
    headers = {name.replace("-", "_"): value for name, value in signed(body).items()}
    assert ask(port, "POST", "/hooks/sendgrid", body, **headers) == (204, b"", "")
    assert ask(port, "POST", "/hooks/sendgrid", body.rstrip(), **headers)[0] == 403
    assert house.suppressed() == [("bounce", "event")]


@pytest.mark.parametrize("path", [
    "/images/../organisation.toml", "/images/%2e%2e/organisation.toml", "/images/..%2forganisation.toml",
    "/images/%2e%2e%2f%2e%2e%2fvar/secret-keys", "/images//etc/passwd", "/images/%00", "/images/..%5corganisation.toml",
])  # fmt: skip
def test_no_way_of_writing_a_path_leads_out_of_the_pictures(port: int, path: str) -> None:
    status, body, _ = ask(port, "GET", path)
    assert status == 404
    assert b"There is nothing at this address" in body


def test_head_has_no_body(house: House, port: int) -> None:
    """And leaves nobody's list."""
    for path in (f"/u/{house.token()}", "/healthz", "/images/port-at-dawn.png", "/nothing"):
        assert ask(port, "HEAD", path)[1] == b""
    assert house.state() == "active"


def test_a_body_that_comes_after_the_answer_does_no_harm(house: House, port: int) -> None:
    """Mail programs send the one-click form in a packet of its own; the connection can be used again."""
    form = b"List-Unsubscribe=One-Click"
    head = f"POST /u/{house.token()} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(form)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        first = http.client.HTTPResponse(connection)
        first.begin()
        assert b"You have left The Morning Run" in first.read()
        connection.sendall(form + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        second = http.client.HTTPResponse(connection)
        second.begin()
        assert second.read() == b"ok\n"
    assert house.state() == "unsubscribed"


def test_a_port_that_is_taken_is_said_in_words() -> None:
    """With what to do; so is a host that is not this machine's."""
    with listen("127.0.0.1", 0) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot listen on 127\.0\.0\.1, port {number} \(.*in use.*--port"):
            listen("127.0.0.1", number)
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1, port 0"):
        listen("192.0.2.1", 0)
    with pytest.raises(UsageError, match="no host is called that"):
        listen("x..y", 0)
    with pytest.raises(UsageError, match="there is no port 99999"):
        listen("127.0.0.1", 99999)


PROGRAM = """
import logging, sys, structlog
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logger_factory = structlog.PrintLoggerFactory(sys.stderr)
structlog.configure(processors=[structlog.processors.JSONRenderer()], logger_factory=logger_factory)
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.web.server import serve
from pathlib import Path
serve(open_context(load_settings(dotenv=Path("none"))), host="127.0.0.1", port=0)
print("returned", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_its_output_has_no_token(
    house: House, content: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """`serve` returns, and the process ends with 0; uvicorn's own lines, all levels of them, print no path."""
    environ = {
        "NEWSLETTER_CONTENT": str(content), "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
        "NEWSLETTER_VAR": str(tmp_path / "var"), "NEWSLETTER_EPOCH_FILE": str(tmp_path / "epoch"),
        "NEWSLETTER_SENDGRID_WEBHOOK_KEY": verification_key(), "PATH": os.environ["PATH"], "HOME": str(tmp_path),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if '"serving"' in line:
                break
        served_port = json.loads(said[-1])["port"]
        for _ in range(50):
            try:
                assert ask(served_port, "GET", f"/u/{house.token()}")[0] == 200
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        assert ask(served_port, "GET", f"/u/{house.token()}x/y")[0] == 404
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "returned\n"), err
    output = "".join(said) + err
    assert re.search(r'"route": "/u/\{token\}", "status": 200', output)
    assert house.token()[:20] not in output
