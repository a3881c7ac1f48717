"""Something between us and PostgreSQL that loses the answer of a COMMIT, before the server got it or after."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from pathlib import Path

from sqlalchemy import make_url

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The message as it goes over the wire: a simple query (PostgreSQL, Frontend/Backend Protocol, Message Formats)."""


class Proxy:
    """Listens on a socket in a folder, and hands everything on, until `lose` says otherwise."""

    def __init__(self, url: str, folder: Path) -> None:
        self._server = make_url(url)
        self._path = folder / ".s.PGSQL.5432"
        self.url = self._server.set(host=None, port=None, query={"host": str(folder)}).render_as_string(
            hide_password=False
        )
        self._lock = threading.Lock()
        self._countdown, self._reaches, self.lost = 0, False, 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(20)
        self._closing = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def lose(self, number: int, *, reaches_server: bool) -> None:
        """The COMMIT of this number from now on, counted from 1, is the one whose answer is lost."""
        with self._lock:
            self._countdown, self._reaches, self.lost = number, reaches_server, 0

    def close(self) -> None:
        self._closing.set()
        self._listener.close()
        self._path.unlink()

    def _serve(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _connect(self) -> socket.socket:
        folder = self._server.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{self._server.port or 5432}")
            return server
        return socket.create_connection((self._server.host or "127.0.0.1", self._server.port or 5432))

    def _relay(self, client: socket.socket) -> None:
        with client, self._connect() as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    raw = ready.recv(1 << 16)
                    if not raw:
                        return
                    if ready is client and COMMIT in raw and self._is_lost():
                        if self._reaches:
                            server.sendall(raw)
                            server.recv(1 << 16)
                        return
                    (server if ready is client else client).sendall(raw)

    def _is_lost(self) -> bool:
        with self._lock:
            self._countdown -= 1
            self.lost += self._countdown == 0
            return self._countdown == 0
