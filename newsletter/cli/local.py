"""The sandbox for the time of one command: where it is asked for and none runs yet, one is started with its webhook.

So a newcomer needs one terminal. Whoever runs `newsletter sandbox` and `newsletter serve` is left alone.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from newsletter.pipeline.context import Context

DRAIN_TIMEOUT_S = 60.0


@contextmanager
def sandbox_if_asked(context: Context) -> Iterator[None]:
    """Run the block with a sandbox that answers. At its end all events were posted and taken in."""
    address = urlsplit(context.settings.sendgrid_url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    if not context.settings.sandbox or is_answered(host, port):
        yield
        return
    from newsletter.sandbox import Sandbox, SandboxError

    with serving(context) as web:
        folder, hook = context.settings.var / "sandbox", f"{web}/hooks/sendgrid"
        try:
            sandbox = Sandbox(folder, host=host, port=port, webhook_url=hook)
            sandbox.start()
        except SandboxError as error:
            raise ConfigError(str(error)) from error
        try:
            yield
            sandbox.drain(DRAIN_TIMEOUT_S)
        finally:
            sandbox.stop()


def is_answered(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def serving(context: Context, port: int = 0) -> Iterator[str]:
    """Run the block with the web app on a port of this machine (0: a free one); gives its address."""
    from newsletter.web.app import create_app
    from newsletter.web.server import listen, running

    app = create_app(context)
    with listen("127.0.0.1", port) as listener, app.state.redirects.running(), running(app, listener) as address:
        yield address


@contextmanager
def web_if_free(context: Context) -> Iterator[str]:
    """Run the block with the web app at the base URL's port, unless somebody serves there; gives its address."""
    port = web_port(context.settings.base_url)
    if is_answered("127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"
        return
    with serving(context, port) as address:
        yield address


def web_port(base_url: str) -> int:
    """Where the web app of this machine is looked for: at the base URL's port, or 8000 where that names none."""
    return urlsplit(base_url).port or 8000
