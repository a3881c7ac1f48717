"""The process of a preview: its server on this machine, and the watch over its files."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import UsageError
from newsletter.pipeline.previewing import Preview
from newsletter.web.preview.app import create_app
from newsletter.web.preview.watch import watching
from newsletter.web.server import listen, running

PORT = 8026
"""The usual port, so that a tab left open finds the next preview. Beside the sandbox's 8025."""

HOST = "127.0.0.1"


@contextmanager
def showing(preview: Preview, port: int | None = None) -> Iterator[str]:
    """Run the block while the preview answers; gives its address. Without a port: the usual one, or a free one where
    somebody has that. Raises UsageError for a port that cannot be had.
    """
    with _listener(port) as listener, running(create_app(preview), listener) as address, watching(preview):
        try:
            yield f"{address}/"
        finally:
            preview.end()


def _listener(port: int | None) -> socket.socket:
    if port is not None:
        return listen(HOST, port)
    try:
        return listen(HOST, PORT)
    except UsageError:
        return listen(HOST, 0)
