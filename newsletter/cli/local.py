"""The sandbox for the time of one command: where it is asked for and none runs yet, one is started with its webhook.

So a newcomer needs one terminal. Whoever runs `newsletter sandbox` and `newsletter serve` is left alone.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from newsletter.pipeline.context import Context

DRAIN_TIMEOUT_S = 60.0
_STARTING_S = 10.0


@contextmanager
def sandbox_if_asked(context: Context) -> Iterator[None]:
    """Run the block with a sandbox that answers. At its end all events were posted and taken in."""
    address = urlsplit(context.settings.sendgrid_url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    if not context.settings.sandbox or _answers(host, port):
        yield
        return
    from newsletter.sandbox import Sandbox, SandboxError

    with _webhook(context) as webhook_url:
        try:
            sandbox = Sandbox(context.settings.var / "sandbox", host=host, port=port, webhook_url=webhook_url)
            sandbox.start()
        except SandboxError as error:
            raise ConfigError(str(error)) from error
        try:
            yield
            sandbox.drain(DRAIN_TIMEOUT_S)
        finally:
            sandbox.stop()


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def _webhook(context: Context) -> Iterator[str]:
    """The event webhook on a free port of this machine; gives its address."""
    import uvicorn

    from newsletter.web.app import create_app

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(context), log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="webhook", daemon=True)
    thread.start()
    deadline = time.monotonic() + _STARTING_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hooks/sendgrid"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
