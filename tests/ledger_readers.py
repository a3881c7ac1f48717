"""A reader of a house: their links, their letters, what they want, and what the log says of them."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_house import SECRET, House

from newsletter.audience import tokens
from newsletter.model import Consent, ConsentEvent
from newsletter.pipeline import readers
from newsletter.storage import consent, roster, subscriptions
from newsletter.storage.subscriptions import Subscription


@dataclass(frozen=True)
class Reader:
    """Somebody on the list `daily` of a house, by the number that their links have."""

    house: House
    id: int

    @property
    def link(self) -> str:
        """The token of the links in their mails."""
        return tokens.sign(tokens.Token("reader", self.id, self.house.list_id(), 1), SECRET)

    def place(self, list_: str = "daily") -> Subscription:
        with self.house.store.read() as tx:
            return next(place for place in subscriptions.of(tx, self.id) if place.list == list_)

    @property
    def address(self) -> str | None:
        with self.house.store.read() as tx:
            found = roster.by_id(tx, self.id)
        assert found is not None
        return found.address

    def letter(self, kind: str) -> str:
        """The token in the last letter of a kind that was put out for them."""
        with self.house.store.read() as tx:
            number = tx.exec_driver_sql(
                f"SELECT max(id) FROM letter WHERE kind = '{kind}' AND subscriber_id = {self.id}"
            ).scalar_one()
        assert number is not None, f"there is no letter {kind}"
        return tokens.sign(tokens.Token("letter", self.id, self.house.list_id(), number), SECRET)


def reader(house: House, address: str, name: str = "Ann Roe") -> Reader:
    """Somebody who came on the list by their express word."""
    readers.add(house.context, address, name, "daily", source="the fair", basis="express")
    return Reader(house, house.subscriber_id(address))


def log_of(house: House, address: str) -> tuple[Consent, ...]:
    """The consent log of an address, but for how it came."""
    with house.store.read() as tx:
        entries = consent.of(tx, readers.identify(house.context, address).key)
    return tuple(entry for entry in entries if entry.event is not ConsentEvent.IMPORTED)


def events_of(house: House, address: str) -> list[tuple[str, str]]:
    """List and event of each entry of the log."""
    return [(entry.list, entry.event.value) for entry in log_of(house, address)]


def suppressed(house: House, address: str) -> list[str]:
    """Why an address is not mailed."""
    with house.store.read() as tx:
        return [row[2] for row in roster.suppressions(tx, readers.identify(house.context, address).key)]
