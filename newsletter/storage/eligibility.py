"""Who may be mailed: the one implementation. A plain oracle of it lives in the tests.

The freeze, the count in `edition plan`, the look at the claim and `subscribers explain` all select from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, Select, and_, case, exists, func, literal, null, select

from newsletter.model import Basis, EventKind
from newsletter.storage import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What readers of a list would be mailed, and when.

    edition_id      the edition that no address must get twice; None where nobody counts that yet
    loopback        whether the gateway is on this machine, where reserved domains are real
    at              when it goes
    printed         the slugs of the sections that it has stories of; empty where nobody knows them yet
    """

    list_id: int
    list_slug: str
    edition_id: int | None
    loopback: bool
    at: datetime
    printed: tuple[str, ...] = ()


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


def _expired(at: datetime) -> ColumnElement[bool]:
    """Whether consent that was implied is over at a moment."""
    return and_(t.subscription.c.basis == Basis.IMPLIED.value, t.subscription.c.until <= at)


def _paused(at: datetime) -> ColumnElement[bool]:
    """Whether a reader wants no mail until some time after a moment."""
    return t.subscription.c.paused_until > at


def _among(slugs: ColumnElement[str] | ColumnElement[str | None], slug: str) -> ColumnElement[bool]:
    """Whether a slug stands in a column of slugs with spaces between them."""
    return literal(" ").concat(slugs).concat(" ").contains(f" {slug} ", autoescape=True)


def chosen(printed: Sequence[str]) -> ColumnElement[int]:
    """Which of an edition's sections a subscription asks for: a bit for each, in their order; all where it chose none.

    So each choice has one number, whatever else was chosen that this edition does not print.
    """
    bits: ColumnElement[int] = literal(0, Integer)
    for number, slug in enumerate(printed):
        bits = bits + case((_among(t.subscription.c.sections, slug), 1 << number), else_=0)
    return case((t.subscription.c.sections.is_(None), (1 << len(printed)) - 1), else_=bits)


def exclusion(mailing: Mailing) -> ColumnElement[str | None]:
    """Why a candidate is not mailed, NULL where nothing speaks against it, in the order of audience.reasons."""
    held, at, printed = suppressed(mailing.list_slug), mailing.at, mailing.printed
    whens: list[tuple[ColumnElement[bool], ColumnElement[str | None]]] = [(held.is_not(null()), held)]
    if not mailing.loopback:
        whens.append((t.subscriber.c.reserved, literal("reserved-domain")))
    whens += [(_expired(at), literal("consent-expired")), (_paused(at), literal("paused"))]
    if printed:
        whens.append((chosen(printed) == 0, literal("nothing-chosen")))
    if mailing.edition_id is not None:
        twice = exists().where(
            and_(
                t.delivery.c.address_key == t.subscriber.c.address_key,
                t.delivery.c.edition_id == mailing.edition_id,
            )
        )
        whens.append((twice, literal("duplicate")))
    return case(*whens, else_=null())


def departure(list_slug: str, at: datetime) -> ColumnElement[str | None]:
    """Why a reader who was mailable at the freeze is not at the claim, NULL where they still are.

    Needs the subscription joined from outside: one that is gone counts as left.
    """
    rests = case((_expired(at), literal("consent-expired")), (_paused(at), literal("paused")), else_=null())
    return case(
        (t.subscriber.c.address.is_(None), literal("suppressed:erased")),
        (func.coalesce(t.subscription.c.state, "") != "active", literal("unsubscribed")),
        else_=func.coalesce(suppressed(list_slug), rests),
    )


NOT_RECEIVED = (EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED)


def _has_it(counts_under: int, besides: int | None) -> ColumnElement[bool]:
    """Whether an address has a delivery that counts under an edition, of another send than `besides`."""
    other = t.delivery.alias()
    found = exists().where(other.c.address_key == t.delivery.c.address_key, other.c.edition_id == counts_under)
    return found if besides is None else found.where(other.c.send_id != besides)


def received(
    send_id: int,
    list_slug: str,
    *,
    section: str,
    at: datetime,
    counts_under: int | None,
    besides: int | None = None,
) -> Select[int, int, str | None, int]:
    """Everybody whose copy of a send was accepted, in a variant that held a section: subscriber id, address key, reason
    against a correction that goes `at` that time (or NULL), 0 as the variant.

    Those who left or were suppressed since get none, nor those who pause, nor those whom the copy did not reach, as
    events told, nor those who have the correction already, under the edition `counts_under`; what the send `besides`
    would bring them does not count.
    """
    left, fact, sections = departure(list_slug, at), t.fact.c, t.variant.c.sections
    mine = fact.delivery_id == t.delivery.c.id
    lost = and_(
        exists().where(mine, fact.kind.in_(NOT_RECEIVED)), ~exists().where(mine, fact.kind == EventKind.DELIVERED)
    )
    whens: list[tuple[ColumnElement[bool], ColumnElement[str | None]]] = [
        (left.is_not(null()), left),
        (lost, literal("not-received")),
    ]
    if counts_under is not None:
        whens.append((_has_it(counts_under, besides), literal("duplicate")))
    return (
        select(
            t.delivery.c.subscriber_id.label("subscriber_id"),
            t.delivery.c.address_key.label("address_key"),
            case(*whens, else_=null()).label("reason"),
            literal(0, Integer).label("variant"),
        )
        .join(t.batch, and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number))
        .join(t.variant, t.variant.c.id == t.batch.c.variant_id)
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
        .where((sections == "") | _among(sections, section))
    )


def candidates(mailing: Mailing, variant: ColumnElement[int] | None = None) -> Select[int, int, str | None, int]:
    """Every active subscription of a list: subscriber id, address key, reason against it (or NULL), and the number of
    its variant, from 0.
    """
    return (
        select(
            t.subscriber.c.id.label("subscriber_id"),
            t.subscriber.c.address_key.label("address_key"),
            exclusion(mailing).label("reason"),
            (literal(0, Integer) if variant is None else variant).label("variant"),
        )
        .join(t.subscription, t.subscription.c.subscriber_id == t.subscriber.c.id)
        .where(t.subscription.c.list_id == mailing.list_id, t.subscription.c.state == "active")
    )
