"""A whole house over a small content of its own: an association, a daily, a board letter, sealed stories, readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ledger_clock import START, HandClock
from ledger_gateway import FakeGateway
from sqlalchemy import update

from newsletter.model import Basis, EditionState, SendReport
from newsletter.pipeline import clock as tick_of
from newsletter.pipeline import correcting, desk, freezing, importing, readers, sending
from newsletter.pipeline.context import Context, Target, target
from newsletter.sending.gateway import Gateway
from newsletter.services import make_gateway
from newsletter.settings import load_holidays, load_newsletters, load_organisation, load_settings
from newsletter.storage import Store, balance, editions, roster, sends
from newsletter.storage import tables as t

TEMPLATES = Path(__file__).parents[1] / "templates"
SECRET = "s" * 40
ADDRESS_KEY = "k" * 40

ORGANISATION = """
name = "Alliance of Makers and Growers"
short_name = "the AMG"
postal_address = "1 Mill Street, Town, ST 00000"
zone = "America/New_York"
url = "https://amg.example.org"
approvers = ["ann", "b.low"]
"""

NEWSLETTER = """
title = "The Morning Run"
list = "{list}"
template = "briefing"
zone = "America/New_York"
subject = "{{lead}}"
{keys}

[sender]
address = "morning@example.org"
name = "The Morning Run"

[[editors]]
address = "desk@example.org"

{schedule}

[[sections]]
slug = "trade"
title = "Trade"
"""

SCHEDULE = """
[schedule]
days = "mon-fri"
time = "06:30"
late_until = "09:00"
holidays = "skip"
"""

STORY = """---
headline: {headline}
section: trade
status: ready
author: b.low
{extra}---
The first cranes moved again at noon, both sides said Monday. Story {headline}.

- Some 40 vessels were waiting at anchor by Sunday night.
"""


class House:
    """A context and the commands that a test gives. Without a gateway of its own it has the fake."""

    def __init__(self, folder: Path, store: Store, clock: HandClock, **settings: object) -> None:
        self.folder, self.store, self.clock = folder, store, clock
        self.fake = FakeGateway()
        self.gateway: Callable[[], Gateway] = lambda: self.fake
        self._settings = settings
        for name in ("content/stories", "content/newsletters", "content/images", "var"):
            (folder / name).mkdir(parents=True)
        self.write("content/organisation.toml", ORGANISATION)
        self.write("content/holidays.toml", '[holidays]\n"2026-05-25" = "Memorial Day"\n')
        self.newsletter()
        self.context = self._context()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def newsletter(self, slug: str = "daily", keys: str = "", schedule: str = SCHEDULE) -> None:
        """The file of a newsletter, whose list has its name; the next `reload` takes it in."""
        text = NEWSLETTER.format(list=slug, keys=keys, schedule=schedule)
        self.write(f"content/newsletters/{slug}.toml", text)

    def reload(self, **settings: object) -> Context:
        self._settings |= settings
        self.context = self._context()
        return self.context

    def _context(self) -> Context:
        content = self.folder / "content"
        organisation = load_organisation(content)
        settings = load_settings(self.environment(), self.folder / "no.env")
        return Context(
            settings=settings,
            organisation=organisation,
            newsletters=load_newsletters(content, organisation),
            holidays=load_holidays(content),
            store=self.store,
            gateway=self._made,
            clock=self.clock,
            uptime=self.clock.uptime,
        )

    def _made(self) -> Gateway:
        return self.gateway()

    def environment(self) -> dict[str, str]:
        values: dict[str, Any] = {
            "CONTENT": self.folder / "content",
            "TEMPLATES": TEMPLATES,
            "VAR": self.folder / "var",
            "DATABASE_URL": self.store.url,
            "SANDBOX": 1,
            "SECRET_KEYS": SECRET,
            "ADDRESS_KEY": ADDRESS_KEY,
            "BATCH_SIZE": 2,
            "SEND_CONCURRENCY": 2,
            "EPOCH_FILE": self.folder / "state" / "epoch",
            **self._settings,
        }
        return {f"NEWSLETTER_{name}": str(value) for name, value in values.items()} | {"HOME": str(self.folder)}

    def through(self, url: str) -> None:
        """The real SendGrid class, to a sandbox."""
        self.reload(SENDGRID_URL=url, SENDGRID_TIMEOUT_S=5)
        self.gateway = lambda: make_gateway(self.context.settings)

    # --- what people do -----------------------------------------------------------------------------------------------

    def story(self, slug: str = "2026-05-04-ports", *, approve: bool = True, **front: object) -> str:
        """A story file, approved by ann as it is."""
        extra = "".join(f"{key}: {value}\n" for key, value in front.items())
        headline = slug[11:].replace("-", " ").title()
        self.write(f"content/stories/{slug}.md", STORY.format(headline=headline, extra=extra))
        if approve:
            desk.approve(self.context, slug, by="ann")
        return slug

    def readers(self, count: int, slug: str = "daily", prefix: str = "reader") -> list[str]:
        addresses = [f"{prefix}{number}@example.org" for number in range(count)]
        self.subscribe(addresses, slug)
        return addresses

    def subscribe(self, addresses: Sequence[str], slug: str = "daily") -> None:
        file = self.write("import.csv", "email\n" + "".join(f"{address}\n" for address in addresses))
        wanted = importing.Import(file=file, list=slug, basis=Basis.EXPRESS, source="test")
        importing.import_csv(self.context, wanted)

    def choose(self, address: str, slug: str = "daily", **columns: object) -> None:
        """What somebody wants of a list, as columns of their subscription."""
        with self.store.write() as tx:
            of = t.subscription.c
            tx.execute(
                update(t.subscription)
                .where(of.list_id == roster.list_id(tx, slug), of.subscriber_id == self.subscriber_id(address))
                .values(**columns)
            )

    def target(self, words: str = "daily/2026-05-04") -> Target:
        return target(self.context, words, self.clock())

    def freeze(self, words: str = "daily/2026-05-04", **options: Any) -> freezing.Frozen:
        return freezing.freeze(self.context, self.target(words), by="ann", **options)

    def start(self, words: str = "daily/2026-05-04") -> int:
        self.freeze(words)
        return sending.start(self.context, words, by="ann")

    def send(self, words: str = "daily/2026-05-04") -> SendReport:
        return sending.run(self.context, self.start(words))

    def correct(self, story: str, words: str = "daily") -> SendReport:
        """What `send correction` does, from the files to the last answer."""
        case = correcting.find(self.context, words, story)
        correcting.freeze(self.context, case, by="ann")
        freezing.require_ready(self.context, case.target, by="ann")
        return sending.run(self.context, sending.start(self.context, case.target.id, by="ann"))

    def tick(self, at: datetime | None = None) -> list[tuple[str, str]]:
        """What a tick did: (action, problem)."""
        if at is not None:
            self.clock.at = at
        return [(done.action.kind.value, done.problem) for done in tick_of.tick(self.context)]

    # --- what is so ---------------------------------------------------------------------------------------------------

    def state(self, words: str = "daily/2026-05-04") -> tuple[EditionState, str]:
        with self.store.read() as tx:
            row = editions.find(tx, words)
        return (row.state, row.reason) if row else (EditionState.OPEN, "")

    def report(self, words: str = "daily/2026-05-04") -> SendReport:
        with self.store.read() as tx:
            live = sends.live(tx, words)
            assert live is not None, f"{words} has no live send"
            return balance.report(tx, live.id)

    def list_id(self, slug: str = "daily") -> int:
        with self.store.read() as tx:
            found = roster.list_id(tx, slug)
        assert found is not None
        return found

    def subscriber_id(self, address: str) -> int:
        with self.store.read() as tx:
            found = roster.subscriber(tx, readers.identify(self.context, address).key)
        assert found is not None
        return found.id


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of May 2026 in New York (UTC−4)."""
    return START.replace(day=day, hour=0, minute=0) + timedelta(hours=hour + 4, minutes=minute, seconds=second)
