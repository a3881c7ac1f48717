"""How somebody comes on a list by their own word: asked for, confirmed, or forgotten."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update

from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new
from newsletter.storage.roster import NewSubscriber, SubscriberRow, membership_state

FORGET_AT_ONCE = 500


def known(tx: Tx, new: NewSubscriber, now: datetime) -> SubscriberRow:
    """The subscriber of an address, made where it is new, and locked: two forms at once are one after the other."""
    row = {"address_key": new.address_key, "address": new.address, "name": "", "reserved": new.reserved}
    insert_new(tx, t.subscriber, [row | {"created_at": now}])
    r = tx.execute(select(t.subscriber).where(t.subscriber.c.address_key == new.address_key).with_for_update()).one()
    return SubscriberRow(id=r.id, address_key=r.address_key, address=r.address, name=r.name, reserved=r.reserved)


def asked_since(tx: Tx, address_key: int, since: datetime) -> int:
    """How often somebody asked for a list with this address since a moment, in the log of consent."""
    count: int = tx.execute(
        select(func.count()).where(
            t.consent.c.address_key == address_key, t.consent.c.event == "requested", t.consent.c.at >= since
        )
    ).scalar_one()
    return count


def ask(
    tx: Tx,
    list_id: int,
    *,
    subscriber: SubscriberRow,
    new: NewSubscriber,
    tracked: bool,
    source: str,
    now: datetime,
) -> None:
    """Note what somebody asks for. Who is on the list stays as they are; who left stays away until they confirm.

    A name counts where nobody was on any list by it: whoever typed it may be a stranger to the address.
    """
    state = membership_state(tx, subscriber.id, list_id)
    if state == "active":
        return
    values = {"tracked": tracked, "source": source, "changed_at": now}
    if state is None:
        place = {"list_id": list_id, "subscriber_id": subscriber.id, "state": "pending", "since": now}
        tx.execute(insert(t.subscription).values(place | values))
    elif state == "pending":
        tx.execute(update(t.subscription).where(*_place(list_id, subscriber.id)).values(values))
    else:
        tx.execute(update(t.subscription).where(*_place(list_id, subscriber.id)).values(tracked=tracked))
    somewhere = exists().where(t.subscription.c.subscriber_id == subscriber.id, t.subscription.c.state == "active")
    tx.execute(
        update(t.subscriber)
        .where(t.subscriber.c.id == subscriber.id, ~somewhere)
        .values(address=func.coalesce(t.subscriber.c.address, new.address), name=new.name or subscriber.name)
    )


def confirm(tx: Tx, list_id: int, subscriber_id: int, *, source: str, now: datetime) -> None:
    """They are on the list from now on, with all of its sections and without a pause."""
    tx.execute(
        update(t.subscription)
        .where(*_place(list_id, subscriber_id))
        .values(
            state="active", basis="express", until=None, paused_until=None, sections=None, source=source, since=now,
            changed_at=now,
        )
    )  # fmt: skip


def is_tracked(tx: Tx, list_id: int, subscriber_id: int) -> bool:
    """Whether they agreed, or would with their word, that their own opens and clicks are seen."""
    return bool(tx.execute(select(t.subscription.c.tracked).where(*_place(list_id, subscriber_id))).scalar())


def lift(tx: Tx, address_key: int, list_slug: str, reasons: Collection[str]) -> frozenset[str]:
    """Take away suppressions of a list, or of all, that stand for these reasons; gives the scopes that it was."""
    done = tx.execute(
        delete(t.suppression)
        .where(
            t.suppression.c.address_key == address_key,
            t.suppression.c.scope.in_(("all", list_slug)),
            t.suppression.c.reason.in_(tuple(reasons)),
        )
        .returning(t.suppression.c.scope)
    )
    return frozenset(done.scalars())


def any_older(tx: Tx, before: datetime) -> bool:
    """Whether a letter is from before a moment: nearly never, and so no write for nothing."""
    return tx.execute(select(t.letter.c.id).where(t.letter.c.created_at < before).limit(1)).first() is not None


def forget(tx: Tx, before: datetime) -> int:
    """Forget letters from before a moment, subscriptions that nobody confirmed by then, and the addresses of those of
    whom nothing else is known; gives how many addresses. A few hundred at once.

    It goes by the letters, of which there are few: each pending subscription has one, of when it was last asked for.
    """
    old = tx.execute(
        select(t.letter.c.id, t.letter.c.subscriber_id).where(t.letter.c.created_at < before).limit(FORGET_AT_ONCE)
    ).all()
    if not old:
        return 0
    tx.execute(delete(t.letter).where(t.letter.c.id.in_([row.id for row in old])))
    waiting = exists().where(t.letter.c.subscriber_id == t.subscription.c.subscriber_id)
    people = sorted({row.subscriber_id for row in old})
    tx.execute(
        delete(t.subscription).where(
            t.subscription.c.subscriber_id.in_(people),
            t.subscription.c.state == "pending",
            t.subscription.c.changed_at < before,
            ~waiting,
        )
    )
    return _erase_unknown(tx, people)


def _erase_unknown(tx: Tx, people: Collection[int]) -> int:
    """Erase addresses of those who are on no list and left none, or who were erased and did not come back after all."""
    mine = t.subscriber.c.id
    erased = exists().where(
        t.suppression.c.address_key == t.subscriber.c.address_key, t.suppression.c.reason == "erased"
    )
    done = tx.execute(
        update(t.subscriber)
        .where(
            mine.in_(people),
            t.subscriber.c.address.is_not(None),
            ~exists().where(t.letter.c.subscriber_id == mine),
            ~exists().where(t.subscription.c.subscriber_id == mine) | erased,
        )
        .values(address=None, name="")
    )
    return done.rowcount


def _place(list_id: int, subscriber_id: int) -> tuple[ColumnElement[bool], ...]:
    return t.subscription.c.list_id == list_id, t.subscription.c.subscriber_id == subscriber_id
