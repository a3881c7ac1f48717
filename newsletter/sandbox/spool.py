"""Signed events on their way to the webhook: a file for each batch, removed when it was answered with a 2xx.

The files outlive the process, so that events survive a restart. What is posted is what SendGrid posts: an array with
an event a line, a line break at its end that the signature covers, and two headers. Without an answer, or with another
one than a 2xx, a batch is tried again later, while the others go on.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.sandbox.keys import Signer
from newsletter.sandbox.loopback import is_loopback
from newsletter.sandbox.outcomes import Event
from newsletter.sandbox.whole import write_whole

SPOOL_NAME = "spool"
BATCH_SIZE = 1_000
"""Events to a post, at most."""
POST_TIMEOUT_S = 10.0
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


def body_of(events: Sequence[Event]) -> bytes:
    """The bytes of a batch as SendGrid writes them, its last line break included."""
    return ("[" + ",\r\n".join(json.dumps(event, separators=(",", ":")) for event in events) + "]\r\n").encode()


def wait_after(attempts: int) -> float:
    """Seconds until a batch is tried again after so many attempts in vain."""
    return min(FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20), LONGEST_WAIT_S)


class Spool:
    """Posts what it is given to one webhook, in one thread, in the order given where nothing fails."""

    def __init__(self, folder: Path, webhook_url: str, signer: Signer) -> None:
        self._folder = folder / SPOOL_NAME
        self._folder.mkdir(parents=True, exist_ok=True)
        self._url = webhook_url
        self._signer = signer
        self._changed = threading.Condition()
        self._attempts: dict[str, int] = {}
        self._due: dict[str, float] = {path.name: 0.0 for path in sorted(self._folder.glob("*.json"))}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sandbox-events", daemon=True)

    @property
    def pending_count(self) -> int:
        """Batches that were not answered yet."""
        with self._changed:
            return len(self._due)

    def add(self, events: Sequence[Event]) -> None:
        """On disk when this returns."""
        for start in range(0, len(events), BATCH_SIZE):
            name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
            write_whole(self._folder / name, body_of(events[start : start + BATCH_SIZE]))
            with self._changed:
                self._due[name] = 0.0
                self._changed.notify_all()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What is still unanswered stays on disk for the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def drain(self, timeout_s: float) -> bool:
        """Whether all batches were answered within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due, timeout_s)

    def _run(self) -> None:
        while (name := self._next()) is not None:
            path = self._folder / name
            done = not path.exists() or self._post(path)
            if done:
                path.unlink(missing_ok=True)
            with self._changed:
                if done:
                    del self._due[name]
                    self._attempts.pop(name, None)
                else:
                    self._attempts[name] = self._attempts.get(name, 0) + 1
                    self._due[name] = time.monotonic() + wait_after(self._attempts[name])
                self._changed.notify_all()

    def _next(self) -> str | None:
        """The batch whose turn it is, when it is; None when the spool stops."""
        with self._changed:
            while not self._stopping:
                name = min(self._due, key=lambda name: (self._due[name], name), default=None)
                wait_s = None if name is None else self._due[name] - time.monotonic()
                if name is not None and wait_s is not None and wait_s <= 0:
                    return name
                self._changed.wait(wait_s)
            return None

    def _post(self, path: Path) -> bool:
        """Whether the batch was answered with a 2xx."""
        try:
            return self._answered(path.read_bytes())
        except (OSError, http.client.HTTPException):
            return False

    def _answered(self, body: bytes) -> bool:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "User-Agent": "SendGrid Event API",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: self._signer.sign(timestamp, body),
        }
        address = urlsplit(self._url)
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=POST_TIMEOUT_S)
        try:
            connection.request("POST", target, body, headers)
            return 200 <= connection.getresponse().status < 300
        finally:
            connection.close()


def webhook_fault(url: str) -> str | None:
    """Why events are not posted there, in words; None where they may be. No event leaves this machine."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        return f"the webhook address {url} is not of the form http://127.0.0.1:8000/hooks/sendgrid"
    if not is_loopback(address.hostname):
        return f"the webhook address {url} is not on this machine; the sandbox posts to a loopback address only"
    return None
