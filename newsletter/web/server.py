"""The process that answers: uvicorn with our options, on one socket, until it is asked to stop."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from newsletter.errors import UsageError
from newsletter.pipeline import watching
from newsletter.pipeline.context import Context
from newsletter.web.app import create_app

log = structlog.get_logger()

STARTS_WITHIN_S = 10.0

FINISH_WITHIN_S = 30
"""How long requests in hand may take after a signal to stop."""


def serve(context: Context, *, host: str, port: int) -> None:
    """Answer requests until SIGTERM or SIGINT, finish those in hand, and return.

    Raises UsageError where the address cannot be had, RenderError for a template of the pages.
    """
    app = create_app(context)
    with listen(host, port) as listener, _signals_return(), _looking_out(context), app.state.redirects.running():
        log.info("serving", host=host, port=listener.getsockname()[1])
        make_server(app).run(sockets=[listener])
    log.info("stopped serving")


def make_server(app: FastAPI) -> uvicorn.Server:
    """The server, not running yet."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # its own access log prints paths, and with them the tokens of readers; `frame` logs routes instead
            access_log=False,
            # what it says of itself goes to the log that the program has set up
            log_config=None,
            # nobody needs to know what runs here
            server_header=False,
            # nothing here asks for the client's address, so nothing is believed about it
            proxy_headers=False,
            # there is no websocket, and nothing to do at start or end
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=FINISH_WITHIN_S,
        )
    )


@contextmanager
def running(app: FastAPI, listener: socket.socket) -> Iterator[str]:
    """Run the block while the application answers on a socket, in a thread of its own; gives its address."""
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
    thread.start()
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises UsageError."""
    if not 0 <= port <= 65535:
        raise UsageError(f"there is no port {port}: choose one from 1 to 65535 with --port")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no host is called that"
        raise UsageError(
            f"cannot listen on {host}, port {port} ({reason}): stop the program that has it, or choose another "
            "with --host and --port"
        ) from error


@contextmanager
def _looking_out(context: Context) -> Iterator[None]:
    """Look now and then, in a thread, whether the clock still lives; tell what it could not tell any more."""
    stop, watch = threading.Event(), watching.Watch(context)

    def look() -> None:
        while not stop.wait(watching.LOOK_EVERY_S):
            watch.look()

    thread = threading.Thread(target=look, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=1)  # no longer: a slow mail server must not hold the end of this process


@contextmanager
def _signals_return() -> Iterator[None]:
    """After its shutdown uvicorn raises the signal once more, which would end the process as killed, not as done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
