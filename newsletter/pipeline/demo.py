"""Sample readers, so that the whole job can be seen on any machine before there is an account or a list."""

from __future__ import annotations

from newsletter.audience import identity
from newsletter.errors import UsageError
from newsletter.pipeline.context import Context
from newsletter.storage import roster

READERS = 2500

_FIRST = ("Ada", "Bo", "Cleo", "Dag", "Edda", "Finn", "Gro", "Hal", "Ines", "Jon", "Kaja", "Lev", "Mina", "Nils", "Oda")
_LAST = ("Ash", "Birch", "Cole", "Dale", "Elm", "Fenn", "Glen", "Hale", "Ives", "Kerr", "Lund", "Moor", "Nash", "Oake")

_ODD = {613: "bounce", 1021: "blocked", 1408: "deferred", 1999: "bounce", 2222: "spam"}
"""A few readers whose mail meets what mail meets; the sandbox goes by their addresses."""


def sample_address(number: int) -> str:
    """The address of the sample reader of that number, from 1, under a domain that no mail reaches (RFC 2606)."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    word = _ODD.get(number, "reader")
    return f"{first}.{last}.{word}.{number}@example.org".lower()


def set_up(context: Context) -> int:
    """Put the sample readers on every newsletter's list; gives how many there are. Twice is once.

    Raises UsageError for a gateway that is not the sandbox, or a database that holds other subscribers.
    """
    if context.settings.gateway_kind != "sandbox":
        raise UsageError("the demo sends to the sandbox only: set NEWSLETTER_SANDBOX=1, or type `make demo`")
    key, now = (context.settings.address_key or "").encode(), context.clock()
    people = [_sample(number, key) for number in range(1, READERS + 1)]
    with context.store.write() as tx:
        ours = roster.subscribers(tx, [person.address_key for person in people])
        if roster.subscriber_count(tx) != len(ours):
            raise UsageError(
                "the database holds subscribers that are not the demo's: give the demo a folder of "
                "its own with NEWSLETTER_VAR"
            )
        for newsletter in context.newsletters.values():
            list_id = roster.ensure_list(tx, newsletter.list, newsletter.title, now)
            roster.add_subscribers(tx, list_id, people, source="demo", basis="express", now=now)
    return len(people)


def _sample(number: int, key: bytes) -> roster.NewSubscriber:
    address = sample_address(number)
    who = identity.identify(address, key)
    first, last = address.split(".")[:2]
    name = f"{first.title()} {last.title()}"
    return roster.NewSubscriber(address=address, address_key=who.key, reserved=who.reserved, name=name)
