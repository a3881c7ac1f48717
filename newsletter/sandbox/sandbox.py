"""The sandbox put together: folder, keys, record, spool, server."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from newsletter.sandbox.acceptance import Acceptance
from newsletter.sandbox.faults import Fault
from newsletter.sandbox.keys import Signer
from newsletter.sandbox.loopback import is_loopback
from newsletter.sandbox.mailbox import Mailbox
from newsletter.sandbox.pages import Inbox, Standing
from newsletter.sandbox.record import Accepted, Asked, Record, accepted, accepted_count, asked
from newsletter.sandbox.routes import Routes
from newsletter.sandbox.script import Script
from newsletter.sandbox.server import Server
from newsletter.sandbox.spool import Spool, webhook_fault
from newsletter.sandbox.suppressions import Suppressions

STOP_POLL_S = 0.01
"""How often the server looks whether it should stop; tests start and stop hundreds."""


class SandboxError(Exception):
    """The sandbox cannot start; the text says why, and what to do."""


class Sandbox:
    """A SendGrid on this machine.

    folder        holds the mails (`*.eml`), the record, the spool of events and the key pair; made where it is missing
    host, port    a loopback address; port 0 takes a free one
    webhook_url   where signed events are posted, on loopback; None makes no events
    accept_only   requests are checked, counted and answered: no mails, no events (for benchmarks)
    api_key       the one good key; None takes any key but "None"

    SandboxError where the host or the webhook is not on this machine, or (at the start) the port is taken.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8025,
        webhook_url: str | None,
        accept_only: bool = False,
        api_key: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not is_loopback(host):
            raise SandboxError(f"the sandbox listens on this machine only; use 127.0.0.1 in place of {host}")
        if webhook_url is not None and (fault := webhook_fault(webhook_url)):
            raise SandboxError(fault)
        self._folder = folder
        self._host, self._port = host, port
        self._webhook_url = webhook_url
        self._accept_only, self._api_key, self._clock = accept_only, api_key, clock
        self._script = Script()
        self._server: Server | None = None
        self._spool: Spool | None = None
        self._stopped = threading.Event()

    def start(self) -> Self:
        """Serves in a thread of its own when this returns."""
        if self._server is not None:
            raise SandboxError(f"the sandbox at {self.url} has been started already")
        self._folder.mkdir(parents=True, exist_ok=True)
        signer = Signer(self._folder)
        if self._webhook_url is not None and not self._accept_only:
            self._spool = Spool(self._folder, self._webhook_url, signer)
        self._record = Record(self._folder)
        self._server = self._listening(Mailbox(self._folder))
        self._stopped.clear()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_S,), name="sandbox", daemon=True
        )
        self._thread.start()
        if self._spool is not None:
            self._spool.start()
        sys.stderr.write(f"sandbox: takes mail/send and shows the inbox at {self.url}/\n")
        return self

    def stop(self) -> None:
        """Ends serving and posting; what was not posted yet waits on disk for the next start. Twice is once."""
        if self._server is None:
            return
        self._server.stop()
        self._thread.join()
        if self._spool is not None:
            self._spool.stop()
        self._record.close()
        self._server = self._spool = None
        self._stopped.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Returns when the sandbox was stopped."""
        self._stopped.wait()

    @property
    def url(self) -> str:
        """Without a slash at its end, as NEWSLETTER_SENDGRID_URL wants it."""
        port = self._server.server_address[1] if self._server is not None else self._port
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    @property
    def webhook_public_key(self) -> str:
        """Base64 of DER, as SendGrid shows its own; it stands in the folder's `webhook-key.pub` too."""
        return Signer(self._folder).public_key

    def fault(
        self,
        kind: str,
        *,
        times: int | None = 1,
        where: Mapping[str, str] | None = None,
        seconds: float = 1.0,
        positions: tuple[int, ...] = (0,),
        chance: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Scripts a fault for the next requests: `sandbox.fault("429", times=3, where={"batch": "2"})`.

        The kinds are those of `faults.FAULTS`, the arguments those of `faults.Fault`; ValueError for any other.
        """
        fault = Fault(
            kind=kind, times=times, where=where or {}, seconds=seconds, positions=positions, chance=chance, seed=seed,
        )  # fmt: skip
        self._script.add(fault)

    def clear_faults(self) -> None:
        self._script.clear()

    def drain(self, timeout_s: float) -> bool:
        """Whether all events were posted and answered with a 2xx within the time; True where none are made."""
        return self._spool is None or self._spool.drain(timeout_s)

    def accepted(self) -> list[Accepted]:
        """Every recipient accepted since the folder was new, oldest first; not those of the accept-only mode."""
        return list(accepted(self._folder))

    def accepted_count(self) -> int:
        """How many recipients were accepted, those of the accept-only mode too."""
        return accepted_count(self._folder)

    def asked(self) -> list[Asked]:
        """Each request and what became of it, oldest first."""
        return list(asked(self._folder))

    def mails(self) -> list[Path]:
        """The `.eml` files, oldest first."""
        return [self._folder / f"{mail_id}.eml" for mail_id in reversed(Mailbox(self._folder).ids())]

    def _listening(self, mailbox: Mailbox) -> Server:
        acceptance = Acceptance(
            mailbox=mailbox,
            record=self._record,
            spool=self._spool,
            script=self._script,
            suppressions=Suppressions(self._folder),
            api_key=self._api_key,
            accept_only=self._accept_only,
            clock=self._clock,
        )
        try:
            return Server(self._host, self._port, Routes(acceptance, Inbox(mailbox, self._standing)), acceptance)
        except OSError as error:
            self._record.close()
            self._spool = None
            taken = f"{self._host}:{self._port} ({error.strerror})"
            text = f"the sandbox cannot listen on {taken}; stop what does, or take another port"
            raise SandboxError(text) from error

    def _standing(self) -> Standing:
        return Standing(
            accept_only=self._accept_only,
            accepted_count=self.accepted_count() if self._accept_only else 0,
            faults=self._script.pending(),
            pending_batches=self._spool.pending_count if self._spool is not None else 0,
        )
