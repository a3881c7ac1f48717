"""The web app as readers reach it: a real server on a free port of this machine, a new database, one reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from browser_mails import ROOT

from newsletter.audience import tokens
from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.services import open_context
from newsletter.settings import load_settings
from newsletter.storage import roster
from newsletter.web.app import create_app
from newsletter.web.server import listen, make_server

ADDRESS = "ann@example.org"
NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


@dataclass(frozen=True)
class WebHouse:
    """`ann` is on the list of `newsletter`; `url` is where the app answers."""

    context: Context
    url: str
    newsletter: str
    ann: int
    list_id: int

    def link(self, subscriber_id: int | None = None) -> str:
        """Ann's own unsubscribe link, or that of a number; 0 is a test's."""
        number = self.ann if subscriber_id is None else subscriber_id
        token = tokens.Token("unsubscribe", number, self.list_id if number else 0, 7)
        return f"{self.url}/u/{tokens.sign(token, self.context.settings.secret_keys[0])}"

    def state(self) -> str | None:
        """Ann's place on the list, as the database has it."""
        with self.context.store.read() as tx:
            return roster.membership_state(tx, self.ann, self.list_id)


@contextmanager
def web_house(folder: Path, newsletter: str) -> Iterator[WebHouse]:
    """A house in `folder`, stopped at the end."""
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(ROOT / "content"), "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
            "NEWSLETTER_VAR": str(folder / "var"), "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
            "NEWSLETTER_SANDBOX": "1",
        },
        Path("none"),
    )  # fmt: skip
    context = open_context(settings, lambda: NOW)
    readers.add(context, ADDRESS, "Ann", newsletter, source="test", basis="express")
    with context.store.read() as tx:
        ann = roster.subscriber(tx, readers.identify(context, ADDRESS).key)
        list_id = roster.list_id(tx, newsletter)
    assert ann is not None
    assert list_id is not None
    server = make_server(create_app(context))
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield WebHouse(context, f"http://127.0.0.1:{listener.getsockname()[1]}", newsletter, ann.id, list_id)
    finally:
        server.should_exit = True
        thread.join(10)
        context.store.close()
    assert not thread.is_alive()
