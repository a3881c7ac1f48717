"""A sandbox on a free port, a way to post to it, and a webhook that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sandbox_webhook import Webhook

from newsletter.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", port=0, webhook_url=None) as started:
        yield started


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One for all tests of a module that only look at their own request."""
    with Sandbox(tmp_path_factory.mktemp("lasting"), port=0, webhook_url=None) as started:
        yield started


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = kept.statuses.pop(0) if kept.statuses else 204
            if 200 <= status < 300:
                kept.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/sendgrid"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield kept
        server.shutdown()
        thread.join()


@pytest.fixture
def restartable(tmp_path: Path) -> Callable[..., Sandbox]:
    """Sandboxes over one folder, as of one machine that is started again and again."""

    def make(**options: Any) -> Sandbox:
        return Sandbox(tmp_path / "sandbox", port=0, **{"webhook_url": None, **options})

    return make
