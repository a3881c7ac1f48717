"""To forget a person: what could tell who they were goes, and what the ledger counts stays under their address key.

Deliveries, facts and events stay as rows, so that each number of each send is what it was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, bindparam, delete, literal_column, or_, select, update

from newsletter.storage import tables as t
from newsletter.storage.database import Tx, overwriting
from newsletter.storage.roster import SubscriberRow

_STATUS = re.compile(r"\d{3}(?: \d\.\d{1,3}\.\d{1,3})?")
"""What is kept of a server's words, which may name the address: SMTP's code, and the one of RFC 3463."""


def keys_of(tx: Tx, person: SubscriberRow) -> tuple[int, ...]:
    """The address keys under which the ledger knows a person: today's, and those of their mails."""
    mailed = select(t.delivery.c.address_key).where(t.delivery.c.subscriber_id == person.id).distinct()
    return tuple(sorted({person.address_key, *tx.execute(mailed).scalars()}))


def deliveries_of(tx: Tx, person: SubscriberRow) -> tuple[int, ...]:
    """The copies that went to a person, whatever their address was then."""
    mine = or_(t.delivery.c.subscriber_id == person.id, t.delivery.c.address_key == person.address_key)
    return tuple(tx.execute(select(t.delivery.c.id).where(mine).order_by(t.delivery.c.id)).scalars())


def forget(tx: Tx, person: SubscriberRow, *, keep_letter: int | None = None) -> None:
    """Take away address, name, wishes, letters (but the one whose link is being used) and the raw events."""
    with overwriting(tx):
        _forget(tx, person, keep_letter)


def _forget(tx: Tx, person: SubscriberRow, keep_letter: int | None) -> None:
    mine = deliveries_of(tx, person)
    forget_events(tx, mine)
    for part in _parts(mine):
        tx.execute(update(t.delivery).where(t.delivery.c.id.in_(part)).values(address=None))
    for number, _ in naming(tx, person.address or ""):
        tx.execute(update(t.foreign_event).where(t.foreign_event.c.id == number).values(raw=""))
    letters = delete(t.letter).where(t.letter.c.subscriber_id == person.id)
    tx.execute(letters if keep_letter is None else letters.where(t.letter.c.id != keep_letter))
    tx.execute(
        update(t.subscription)
        .where(t.subscription.c.subscriber_id == person.id)
        .values(source="", basis="", until=None, paused_until=None, sections=None, tracked=False)
    )
    tx.execute(update(t.subscriber).where(t.subscriber.c.id == person.id).values(address=None, name=""))


def forget_events(tx: Tx, deliveries: Sequence[int]) -> None:
    """What the service told of deliveries without what names or describes their reader: raw bodies, servers' words but
    for their code.
    """
    for part in _parts(deliveries):
        wordy = tx.execute(
            select(t.event.c.id, t.event.c.reason).where(t.event.c.delivery_id.in_(part), t.event.c.reason != "")
        ).all()
        tx.execute(update(t.event).where(t.event.c.delivery_id.in_(part)).values(raw=""))
        if wordy:
            short = [{"of": row.id, "words": _status(row.reason)} for row in wordy]
            tx.execute(update(t.event).where(t.event.c.id == bindparam("of")).values(reason=bindparam("words")), short)


def _status(reason: str) -> str:
    found = _STATUS.match(reason)
    return found[0] if found else ""


def naming(tx: Tx, address: str) -> tuple[tuple[int, str], ...]:
    """The foreign events that name an address: id and raw text."""
    if not address:
        return ()
    like = re.sub(r"([%_\\])", r"\\\1", address)
    whole = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w.-]*\w)", re.IGNORECASE)
    rows = tx.execute(
        select(t.foreign_event.c.id, t.foreign_event.c.raw)
        .where(t.foreign_event.c.raw.ilike(f"%{like}%", escape="\\"))
        .order_by(t.foreign_event.c.id)
    )
    return tuple((row.id, row.raw) for row in rows if whole.search(row.raw))


def erased_among(tx: Tx, keys: Collection[int]) -> frozenset[int]:
    """Which of these address keys are of people who were erased.

    Where few were, all of those are looked at: that is one short look-up, and not one for each key.
    """
    few = tx.execute(select(t.suppression.c.address_key).where(_is_erased()).limit(FEW)).scalars().all()
    if len(few) < FEW:
        return frozenset(few).intersection(keys)
    found: set[int] = set()
    for part in _parts(sorted(set(keys))):
        erased = select(t.suppression.c.address_key).where(t.suppression.c.address_key.in_(part), _is_erased())
        found.update(tx.execute(erased).scalars())
    return frozenset(found)


def _is_erased() -> ColumnElement[bool]:
    """As the index `suppression_erased` has it: with the word in the statement, since a bound value finds none."""
    return t.suppression.c.reason == literal_column(f"'{ERASED}'")


ERASED = "erased"
"""The reason of the suppression that stays."""

FEW = 500


def _parts(values: Sequence[int], size: int = 1000) -> Sequence[Sequence[int]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
