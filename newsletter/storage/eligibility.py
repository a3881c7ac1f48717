"""Who may be mailed: the one implementation. A plain oracle of it lives in the tests.

The freeze, the count in `edition plan`, the look at the claim and `subscribers explain` all select from here.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, null, select

from newsletter.model import EventKind
from newsletter.storage import tables as t


def suppressed(list_slug: str) -> ColumnElement[str | None]:
    """`suppressed:<reason>` for a subscriber's address, from everywhere or this list; NULL where there is none.

    Of several reasons the first that was recorded is told.
    """
    return (
        select(literal("suppressed:").concat(t.suppression.c.reason))
        .where(
            t.suppression.c.address_key == t.subscriber.c.address_key,
            t.suppression.c.scope.in_(("all", list_slug)),
        )
        .order_by(t.suppression.c.id)
        .limit(1)
        .correlate(t.subscriber)
        .scalar_subquery()
    )


def exclusion(list_slug: str, *, edition_id: int | None, loopback: bool) -> ColumnElement[str | None]:
    """Why a candidate is not mailed, NULL where nothing speaks against it, in the order of audience.reasons.

    `edition_id` is the edition that the address must not get twice; on a loopback gateway reserved domains are real.
    """
    held = suppressed(list_slug)
    whens: list[tuple[ColumnElement[bool], ColumnElement[str | None]]] = [(held.is_not(null()), held)]
    if not loopback:
        whens.append((t.subscriber.c.reserved, literal("reserved-domain")))
    if edition_id is not None:
        twice = exists().where(
            and_(
                t.delivery.c.address_key == t.subscriber.c.address_key,
                t.delivery.c.edition_id == edition_id,
            )
        )
        whens.append((twice, literal("duplicate")))
    return case(*whens, else_=null())


def departure(list_slug: str) -> ColumnElement[str | None]:
    """Why a reader who was mailable at the freeze is not at the claim, NULL where they still are.

    Needs the subscription joined from outside: one that is gone counts as left.
    """
    return case(
        (t.subscriber.c.address.is_(None), literal("suppressed:erased")),
        (func.coalesce(t.subscription.c.state, "") != "active", literal("unsubscribed")),
        else_=suppressed(list_slug),
    )


NOT_RECEIVED = (EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED)


def received(
    send_id: int, list_slug: str, *, counts_under: int | None, besides: int | None = None
) -> Select[int, int, str | None]:
    """Everybody whose copy of a send was accepted: subscriber id, address key, reason against a correction (or NULL).

    Those who left or were suppressed since get none, nor those whom the copy did not reach, as events told, nor those
    who have the correction already, under the edition `counts_under`; what the send `besides` would bring them does not
    count.
    """
    left, fact = departure(list_slug), t.fact.c
    mine = fact.delivery_id == t.delivery.c.id
    lost = and_(
        exists().where(mine, fact.kind.in_(NOT_RECEIVED)), ~exists().where(mine, fact.kind == EventKind.DELIVERED)
    )
    whens: list[tuple[ColumnElement[bool], ColumnElement[str | None]]] = [
        (left.is_not(null()), left),
        (lost, literal("not-received")),
    ]
    if counts_under is not None:
        other = t.delivery.alias()
        twice = exists().where(other.c.address_key == t.delivery.c.address_key, other.c.edition_id == counts_under)
        if besides is not None:
            twice = twice.where(other.c.send_id != besides)
        whens.append((twice, literal("duplicate")))
    return (
        select(
            t.delivery.c.subscriber_id.label("subscriber_id"),
            t.delivery.c.address_key.label("address_key"),
            case(*whens, else_=null()).label("reason"),
        )
        .join(t.batch, and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number))
        .join(t.send, t.send.c.id == t.delivery.c.send_id)
        .join(t.subscriber, t.subscriber.c.id == t.delivery.c.subscriber_id)
        .outerjoin(
            t.subscription,
            and_(
                t.subscription.c.subscriber_id == t.delivery.c.subscriber_id,
                t.subscription.c.list_id == t.send.c.list_id,
            ),
        )
        .where(t.delivery.c.send_id == send_id, t.delivery.c.outcome.is_(None), t.batch.c.state == "accepted")
    )


def candidates(list_id: int, list_slug: str, *, edition_id: int | None, loopback: bool) -> Select[int, int, str | None]:
    """Every active subscription of a list: subscriber id, address key, reason against it (or NULL)."""
    return (
        select(
            t.subscriber.c.id.label("subscriber_id"),
            t.subscriber.c.address_key.label("address_key"),
            exclusion(list_slug, edition_id=edition_id, loopback=loopback).label("reason"),
        )
        .join(t.subscription, t.subscription.c.subscriber_id == t.subscriber.c.id)
        .where(t.subscription.c.list_id == list_id, t.subscription.c.state == "active")
    )


def audience_count(list_id: int, list_slug: str, *, loopback: bool) -> Select[str | None, int]:
    """Candidates by reason against them, as they stand now; NULL are those who would be mailed."""
    rows = candidates(list_id, list_slug, edition_id=None, loopback=loopback).subquery()
    return select(rows.c.reason, func.count().label("people")).group_by(rows.c.reason)
