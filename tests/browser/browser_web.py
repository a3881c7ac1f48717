"""The web app as readers reach it: a real server on a free port, a new database, readers as they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from browser_mails import open_house

from newsletter.audience import tokens
from newsletter.model import Newsletter
from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.storage import roster
from newsletter.web.app import create_app
from newsletter.web.postman import Postman
from newsletter.web.server import listen, make_server


@dataclass(frozen=True)
class Reader:
    """Somebody on the list of a newsletter, and the house that mailed them."""

    context: Context
    url: str
    newsletter: Newsletter
    subscriber_id: int
    list_id: int

    @property
    def link(self) -> str:
        """The reader's own unsubscribe link."""
        return self._link(self.subscriber_id, self.list_id)

    @property
    def test_link(self) -> str:
        """The link of a test mail, which stands for nobody."""
        return self._link(0, 0)

    def _link(self, subscriber_id: int, list_id: int) -> str:
        token = tokens.Token("reader", subscriber_id, list_id, 7)
        return f"{self.url}/u/{tokens.sign(token, self.context.settings.secret_keys[0])}"

    def state(self) -> str | None:
        """The reader's place on the list, as the database has it."""
        with self.context.store.read() as tx:
            return roster.membership_state(tx, self.subscriber_id, self.list_id)


@dataclass
class WebHouse:
    """The web app, answering at `url`."""

    context: Context
    url: str
    postman: Postman
    _count: int = 0

    def reader(self, slug: str) -> Reader:
        """Somebody new on the list of a newsletter."""
        self._count += 1
        newsletter = self.context.newsletters[slug]
        address = f"ann.{self._count}@example.org"
        readers.add(self.context, address, "Ann", newsletter.list, source="test", basis="express")
        with self.context.store.read() as tx:
            ann = roster.subscriber(tx, readers.identify(self.context, address).key)
            list_id = roster.list_id(tx, newsletter.list)
        assert ann is not None
        assert list_id is not None
        return Reader(self.context, self.url, newsletter, ann.id, list_id)


@contextmanager
def web_house(folder: Path, change: Callable[[Context], Context] = lambda context: context) -> Iterator[WebHouse]:
    """A house in `folder`, wired as `change` has it, stopped at the end."""
    context = change(open_house(folder))
    app = create_app(context)
    server = make_server(app)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield WebHouse(context, f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.postman)
    finally:
        server.should_exit = True
        thread.join(10)
        context.store.close()
    assert not thread.is_alive()
