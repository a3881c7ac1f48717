"""A sandbox whose events come back to the house, through a gate that the test opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from ledger_house import House

from newsletter.errors import StoreError
from newsletter.pipeline import listening
from newsletter.sandbox import Sandbox


class HeardSandbox:
    """A sandbox, and the webhook that hears it. Events wait in front of `gate`: without evidence, what is in doubt
    stays so. A database that does not answer is a 503, as the web app's.
    """

    def __init__(self, sandbox: Sandbox, gate: Event, statuses: list[int]) -> None:
        self.sandbox, self.gate, self.statuses = sandbox, gate, statuses

    def hear_all(self) -> bool:
        """Whether all events came in and were taken."""
        self.gate.set()
        done = self.sandbox.drain(20)
        self.gate.clear()
        return done

    @property
    def copies(self) -> Counter[str]:
        """How often each address was accepted, by the sandbox's own record, tests to editors left out."""
        return Counter(each.address for each in self.sandbox.accepted() if "kind" not in each.custom_args)


@contextmanager
def heard_sandbox(house: House) -> Iterator[HeardSandbox]:
    """The house sends through it, with the real SendGrid class."""
    gate, statuses = Event(), list[int]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            gate.wait(9)
            signed = {
                name: self.headers[f"X-Twilio-Email-Event-Webhook-{name.title()}"]
                for name in ("signature", "timestamp")
            }
            try:
                listening.hear(house.context, body=body, **signed)
                statuses.append(204)
            except StoreError:
                statuses.append(503)
            self.send_response(statuses[-1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/hooks/sendgrid"
        with Sandbox(house.folder / "var/sandbox", port=0, webhook_url=url) as sandbox:
            house.through(sandbox.url)
            yield HeardSandbox(sandbox, gate, statuses)
            gate.set()
        server.shutdown()
        thread.join()
