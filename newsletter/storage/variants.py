"""What readers chose of an edition, and the variants that they get: counted and allotted by the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Integer, case, func, literal, or_, select, update

from newsletter.model import TO_READERS
from newsletter.storage import eligibility
from newsletter.storage import tables as t
from newsletter.storage.database import Tx
from newsletter.storage.eligibility import Mailing


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a reader has of an edition: the places (from 0) of the sections that they chose, of those that it prints,
    and whether they agreed that their opens and clicks are seen.
    """

    sections: tuple[int, ...]
    tracked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """Who gets which of an edition's variants. `variants` are rows, of which the first is the main one: it goes to
    everybody whose choice is not among `choices`, and to the canary. `choices` give the place of a variant in
    `variants`.
    """

    variants: tuple[int, ...]
    choices: Mapping[Choice, int] = field(default_factory=dict)

    def number(self, printed: Sequence[str]) -> ColumnElement[int] | None:
        """The place in `variants` for a subscription, of an edition with these sections; None where there is one."""
        if len(self.variants) == 1:
            return None
        places = {_key(choice): place for choice, place in self.choices.items() if place}
        return case(places, value=_asked(printed), else_=0)


def _asked(printed: Sequence[str]) -> ColumnElement[int]:
    """A subscription's choice as one number: the bits of its sections, and after them whether it is tracked."""
    return eligibility.chosen(printed) * 2 + case((t.subscription.c.tracked, 1), else_=0)


def _key(choice: Choice) -> int:
    return 2 * sum(1 << place for place in choice.sections) + choice.tracked


def _choice(key: int) -> Choice:
    bits, tracked = divmod(key, 2)
    places = tuple(place for place in range(bits.bit_length()) if bits >> place & 1)
    return Choice(sections=places, tracked=bool(tracked))


def choices(tx: Tx, mailing: Mailing) -> Mapping[Choice, int]:
    """How many who would be mailed made each choice; empty where nobody of the list chose anything."""
    if not _anybody_chose(tx, mailing.list_id):
        return {}
    rows = eligibility.candidates(mailing, _asked(mailing.printed)).subquery()
    counted = select(rows.c.variant, func.count().label("people")).where(rows.c.reason.is_(None))
    return {_choice(row.variant): row.people for row in tx.execute(counted.group_by(rows.c.variant))}


def _anybody_chose(tx: Tx, list_id: int) -> bool:
    """A look at each subscription, which spares most lists a count with all that is asked of eligibility."""
    chose = or_(t.subscription.c.sections.is_not(None), t.subscription.c.tracked)
    found = select(literal(1, Integer)).where(t.subscription.c.list_id == list_id, chose).limit(1)
    return tx.execute(found.select_from(t.subscription)).first() is not None


def fix(tx: Tx, edition_id: int, variants: Sequence[tuple[int, Sequence[str]]]) -> None:
    """These are what an edition is frozen with: the row and the sections of each, none for all; the main one first."""
    tx.execute(update(t.variant).where(t.variant.c.edition_id == edition_id).values(place=None))
    for place, (row, sections) in enumerate(variants, start=1):
        tx.execute(update(t.variant).where(t.variant.c.id == row).values(place=place, sections=" ".join(sections)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A variant that an edition was frozen with: the sections that it holds, none for all; how its readers are seen
    (model.Tracking), and how many they are.
    """

    id: int
    sections: tuple[str, ...]
    tracking: str
    readers: int


def frozen(tx: Tx, edition_id: int) -> tuple[Frozen, ...]:
    """The variants that an edition is frozen with, the main one first; of those sent to readers with their number."""
    sizes = (
        select(t.batch.c.variant_id, func.sum(t.batch.c.size).label("readers"))
        .join(t.send, t.send.c.id == t.batch.c.send_id)
        .where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
        .group_by(t.batch.c.variant_id)
        .subquery()
    )
    rows = tx.execute(
        select(t.variant.c.id, t.variant.c.sections, t.variant.c.tracking, func.coalesce(sizes.c.readers, 0))
        .outerjoin(sizes, sizes.c.variant_id == t.variant.c.id)
        .where(t.variant.c.edition_id == edition_id, t.variant.c.place.is_not(None))
        .order_by(t.variant.c.place)
    )
    return tuple(
        Frozen(id=row, sections=tuple(sections.split()), tracking=tracking, readers=readers)
        for row, sections, tracking, readers in rows
    )
