"""Corrections as rows: which editions went out with the wrong story, and the mails to those who got them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select, update

from newsletter.storage import editions, eligibility, recipients, sends
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An edition that went out with a story: the story's headline as readers got it."""

    edition: str
    newsletter: str
    date: date
    headline: str


def holders(tx: Tx, slug: str) -> tuple[Held, ...]:
    """The editions that went out with a story, newest first; not those that corrected something with it."""
    rows = tx.execute(
        select(t.edition.c.name, t.edition.c.newsletter, t.edition.c.date, t.edition_story.c.headline)
        .join(t.edition, t.edition.c.id == t.edition_story.c.edition_id)
        .join(t.send, t.send.c.edition_id == t.edition.c.id)
        .where(t.edition_story.c.slug == slug, t.edition_story.c.corrects.is_(None), t.send.c.kind == "live")
        .where(editions.went())
        .order_by(t.edition.c.date.desc(), t.edition.c.id.desc())
    )
    return tuple(Held(edition=r.name, newsletter=r.newsletter, date=r.date, headline=r.headline) for r in rows)


# --- the mail of a correction ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An edition that is the mail of a correction: which edition's readers get it, and the correcting story."""

    edition: str
    corrected: str
    slug: str


def mail(tx: Tx, edition: str) -> Mail | None:
    """What an edition corrects, if it is the mail of a correction."""
    return _mail(tx, t.edition.c.name == edition)


def mail_of(tx: Tx, corrected: str, slug: str) -> Mail | None:
    """The mail of a correction to those who got an edition, if there is one yet."""
    wrong = select(t.edition.c.id).where(t.edition.c.name == corrected).scalar_subquery()
    return _mail(tx, (t.correction.c.corrected_id == wrong) & (t.correction.c.slug == slug))


def _mail(tx: Tx, where: object) -> Mail | None:
    wrong = t.edition.alias()
    row = tx.execute(
        select(t.edition.c.name, wrong.c.name.label("corrected"), t.correction.c.slug)
        .select_from(t.correction)
        .join(t.edition, t.edition.c.id == t.correction.c.edition_id)
        .join(wrong, wrong.c.id == t.correction.c.corrected_id)
        .where(where)  # type: ignore[arg-type]  # a condition of SQLAlchemy, whose type is wider than its argument's
    ).one_or_none()
    return None if row is None else Mail(edition=row.name, corrected=row.corrected, slug=row.slug)


def lock(tx: Tx, wrong_slug: str) -> None:
    """Let others wait who correct the same story, for whatever newsletter: nobody must get it from both."""
    holding = select(t.edition_story.c.edition_id).where(t.edition_story.c.slug == wrong_slug)
    tx.execute(select(t.edition.c.id).where(t.edition.c.id.in_(holding)).order_by(t.edition.c.id).with_for_update())


def ensure(
    tx: Tx, corrected: editions.EditionRow, slug: str, name: str, *, on: date, now: datetime
) -> editions.EditionRow:
    """The row of a correction's mail, made as an open edition `name` where there is none; the story is locked."""
    known = mail_of(tx, corrected.name, slug)
    row = editions.ensure(
        tx, known.edition if known else name, newsletter=corrected.newsletter, on=on, planned_at=now, now=now
    )
    if known is None:
        under = counts_under(tx, slug) or row.id
        tx.execute(
            insert(t.correction).values(edition_id=row.id, corrected_id=corrected.id, slug=slug, counts_under=under)
        )
    return row


def counts_under(tx: Tx, slug: str) -> int | None:
    """The edition under which all mails of a correction count: the first of them; None before it."""
    return tx.execute(select(t.correction.c.counts_under).where(t.correction.c.slug == slug).limit(1)).scalar()


def summed(tx: Tx, slug: str) -> bool:
    """Whether who got some mail of a correction is kept in sums only: nobody could be kept from getting it twice."""
    rows = (
        select(t.delivery_sum.c.send_id)
        .join(t.send, t.send.c.id == t.delivery_sum.c.send_id)
        .join(t.correction, t.correction.c.edition_id == t.send.c.edition_id)
        .where(t.correction.c.slug == slug)
        .limit(1)
    )
    return tx.execute(rows).first() is not None


def audience(
    tx: Tx, wrong: sends.SendRow, corrects: str, slug: str, *, at: datetime, besides: int | None = None
) -> Mapping[str | None, int]:
    """Those who got the wrong story `corrects` with its edition, by the reason against a correction; None are those who
    would be mailed.

    `besides` is a freeze of the same mail that has not begun: a new one takes its place.
    """
    under = counts_under(tx, slug)
    rows = eligibility.received(
        wrong.id, wrong.list, section=_section(tx, wrong, corrects), at=at, counts_under=under, besides=besides
    ).subquery()
    found = tx.execute(select(rows.c.reason, func.count().label("people")).group_by(rows.c.reason))
    return {row.reason: row.people for row in found}


def _section(tx: Tx, wrong: sends.SendRow, slug: str) -> str:
    """Where a story stood in the edition of a send: variants without that section did not hold it."""
    story = t.edition_story.c
    found: str = tx.execute(
        select(story.section).where(story.edition_id == wrong.edition_id, story.slug == slug, story.corrects.is_(None))
    ).scalar_one()
    return found


def freeze(tx: Tx, plan: sends.Plan, wrong: sends.SendRow, corrects: str, slug: str, now: datetime) -> int:
    """Write down who gets a correction: those who got the story `corrects` with the send `wrong`. Gives the send's id;
    counted and verified.

    Everybody was on the list when they got that, so the plan's list and its canary choose nobody here.
    """
    under = counts_under(tx, slug)
    assert under is not None  # `ensure` was before
    send_id = sends.new(tx, plan.edition_id, plan.mailing.list_id, "correction", plan.subject, now)
    rows = eligibility.received(
        wrong.id, plan.mailing.list_slug, section=_section(tx, wrong, corrects), at=plan.mailing.at, counts_under=under
    )
    recipients.write_down(tx, send_id, plan.allotment.variants, rows, counts_under=under, batch_size=plan.batch_size)
    return send_id


def release(tx: Tx, send_id: int) -> None:
    """Who was not mailed since a correction was cancelled may get it with another newsletter's."""
    mine = (t.delivery.c.send_id == send_id) & (t.delivery.c.outcome == "excluded")
    tx.execute(update(t.delivery).where(mine, t.delivery.c.reason == "cancelled").values(edition_id=None))
