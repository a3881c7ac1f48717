"""A reader's address becomes another one: what goes along with the person, and what stays with the mailbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, insert, literal, select, update

from newsletter.storage import subscriptions
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new
from newsletter.storage.erasure import ERASED, forget
from newsletter.storage.roster import NewSubscriber, SubscriberRow

MOVED = "moved"
"""The reason why the old address is not mailed any more: an import must not bring it back beside the new one."""

OF_THE_MAILBOX = ("bounce", "invalid", MOVED, ERASED)
"""Suppressions that say something of an address, and nothing of the person who had it."""


def carry(tx: Tx, old: int, new: int, now: datetime) -> None:
    """The consent log is copied to the new key, where the old one keeps it too; what the person said of being mailed
    holds at the new address; the old one is not mailed any more.
    """
    copied = [column for column in t.consent.c if column.name not in {"id", "address_key"}]
    tx.execute(
        insert(t.consent).from_select(
            [*(column.name for column in copied), "address_key"],
            select(*copied, literal(new)).where(t.consent.c.address_key == old).order_by(t.consent.c.id),
        )
    )
    rows = tx.execute(
        select(t.suppression).where(t.suppression.c.address_key == old, t.suppression.c.reason.not_in(OF_THE_MAILBOX))
    ).all()
    kept = [
        {"address_key": new, "scope": row.scope, "reason": row.reason, "source": row.source, "since": row.since}
        for row in rows
    ]
    insert_new(tx, t.suppression, kept)
    gone = {"address_key": old, "scope": "all", "reason": MOVED, "source": "its owner gave another", "since": now}
    insert_new(tx, t.suppression, [gone])


def rename(tx: Tx, person: SubscriberRow, new: NewSubscriber) -> None:
    """A person has an address that nobody here had. Copies that nobody has claimed yet will go there, and count
    there.
    """
    tx.execute(
        update(t.subscriber)
        .where(t.subscriber.c.id == person.id)
        .values(address=new.address, address_key=new.address_key, reserved=new.reserved)
    )
    waiting = exists().where(
        t.batch.c.send_id == t.delivery.c.send_id,
        t.batch.c.number == t.delivery.c.batch_number,
        t.batch.c.state == "pending",
        t.batch.c.attempt == 0,
    )
    other = t.delivery.alias()
    taken = exists().where(other.c.address_key == new.address_key, other.c.edition_id == t.delivery.c.edition_id)
    tx.execute(
        update(t.delivery)
        .where(t.delivery.c.subscriber_id == person.id, t.delivery.c.outcome.is_(None), waiting, ~taken)
        .values(address_key=new.address_key)
    )


def close_letters(tx: Tx, subscriber_id: int, letter: int, now: datetime) -> None:
    """With a new address, no link of before does anything any more, whether it went to the old one or to a third;
    `letter`, which brought it, is done.
    """
    tx.execute(update(t.letter).where(t.letter.c.id == letter).values(address=None))
    tx.execute(
        update(t.letter)
        .where(t.letter.c.subscriber_id == subscriber_id, t.letter.c.id != letter, t.letter.c.expires_at > now)
        .values(expires_at=now)
    )


def merge(tx: Tx, person: SubscriberRow, into: SubscriberRow, new: NewSubscriber, now: datetime, letter: int) -> None:
    """A person has an address that is a subscriber's already, which is theirs, too: that one gets what it lacks, and
    the old one is left without anything. `letter` is the one whose link is being used.
    """
    for place in subscriptions.of(tx, person.id):
        if place.state == "active":
            subscriptions.put(tx, into.id, place, now)
    tx.execute(
        update(t.subscriber)
        .where(t.subscriber.c.id == into.id)
        .values(address=new.address, reserved=new.reserved, name=func.coalesce(func.nullif(into.name, ""), person.name))
    )
    tx.execute(
        update(t.subscription)
        .where(t.subscription.c.subscriber_id == person.id, t.subscription.c.state != "unsubscribed")
        .values(state="unsubscribed", changed_at=now)
    )
    forget(tx, person, keep_letter=letter)
