"""The archive's rows: what was printed is kept at the freeze, and found again once it went out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, or_, select, tuple_

from newsletter.model import TO_READERS, Standing
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new
from newsletter.storage.editions import WENT

_BEGUN: Final = (
    select(t.batch.c.id)
    .join(t.send, t.send.c.id == t.batch.c.send_id)
    .where(
        t.send.c.edition_id == t.edition.c.id, t.send.c.kind.in_(TO_READERS),
        t.batch.c.state.in_(["claimed", "accepted", "in_doubt"]),
    )
    .correlate(t.edition)
    .exists()
)  # fmt: skip
_FINE: Final = t.edition.c.state.in_([state.value for state in WENT])
_WENT: Final = or_(_FINE, _BEGUN)
"""As `editions.went`, without a join: also of an edition that was stopped, somebody may have it."""

_BEGAN: Final = (
    select(func.min(t.send.c.started_at))
    .where(t.send.c.edition_id == t.edition.c.id, t.send.c.kind.in_(TO_READERS))
    .correlate(t.edition)
    .scalar_subquery()
)
_GONE: Final = (
    select(
        t.edition.c.id, t.edition.c.name, t.edition.c.newsletter, t.edition.c.date, t.printed_edition.c.document,
        func.coalesce(_BEGAN, t.edition.c.frozen_at, t.edition.c.planned_at, type_=t.Instant).label("at"),
    )
    .outerjoin(t.printed_edition)
    .where(_WENT)
)  # fmt: skip
_PLACES: Final = select(t.edition_story, t.printed_story.c.document).outerjoin(
    t.printed_story, t.printed_story.c.digest == t.edition_story.c.digest
)
_ORDER: Final = tuple_(t.edition.c.date, t.edition.c.id)
"""Where an edition stands among its newsletter's: by its day, then in the order of making."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A story as it is kept: its name, and what it held as a JSON document."""

    digest: str
    slug: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """An edition that went out, since `at`. `document` holds what stood beside its stories; None where nothing was
    kept, since it was frozen before there was an archive.
    """

    id: int
    name: str
    newsletter: str
    date: date
    at: datetime
    document: str | None

    @property
    def key(self) -> str:
        """`2026-05-04`, or `2026-05-04-alert`: its name without the newsletter's."""
        return self.name.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A story's place in an edition. It stood there as the correction of `corrects`, if that is given; in the box of
    corrections where it has no section.
    """

    edition_id: int
    slug: str
    section: str
    headline: str
    digest: str
    corrects: str | None
    document: str | None


def keep(tx: Tx, edition_id: int, document: str, stories: Iterable[Kept]) -> None:
    """Keep what an edition holds; what a freeze before this one kept of it is replaced."""
    tx.execute(delete(t.printed_edition).where(t.printed_edition.c.edition_id == edition_id))
    tx.execute(insert(t.printed_edition).values(edition_id=edition_id, document=document))
    rows = [{"digest": story.digest, "slug": story.slug, "document": story.document} for story in stories]
    insert_new(tx, t.printed_story, rows)


# --- editions that went out -------------------------------------------------------------------------------------------


def find(tx: Tx, name: str) -> Gone | None:
    """An edition by its name, if it went out."""
    row = tx.execute(_GONE.where(t.edition.c.name == name)).one_or_none()
    return _as_gone(row) if row else None


def newest(tx: Tx, newsletter: str, limit: int, *, before: Gone | None = None) -> tuple[Gone, ...]:
    """A newsletter's editions of which something is kept, newest first; `before` an edition, those older than it."""
    asked = _listed(newsletter).order_by(t.edition.c.date.desc(), t.edition.c.id.desc()).limit(limit)
    return tuple(map(_as_gone, tx.execute(asked.where((before.date, before.id) > _ORDER) if before else asked)))


def next_after(tx: Tx, gone: Gone) -> Gone | None:
    """The edition that followed; None where it was the last until now."""
    asked = _listed(gone.newsletter).where((gone.date, gone.id) < _ORDER)
    row = tx.execute(asked.order_by(t.edition.c.date, t.edition.c.id).limit(1)).one_or_none()
    return _as_gone(row) if row else None


def count(tx: Tx, newsletter: str) -> int:
    """How many editions of a newsletter went out; not those that were stopped on the way."""
    asked = select(func.count()).select_from(t.edition).where(t.edition.c.newsletter == newsletter, _FINE)
    found: int = tx.execute(asked).scalar_one()
    return found


def _listed(newsletter: str) -> Select[*tuple[object, ...]]:
    return _GONE.where(t.edition.c.newsletter == newsletter, t.printed_edition.c.document.is_not(None))


def _as_gone(row: Row[*tuple[object, ...]]) -> Gone:
    values = row._mapping
    return Gone(
        id=values["id"], name=values["name"], newsletter=values["newsletter"], date=values["date"], at=values["at"],
        document=values["document"],
    )  # fmt: skip


# --- their stories ----------------------------------------------------------------------------------------------------


def places(tx: Tx, edition_ids: Collection[int]) -> Mapping[int, tuple[Place, ...]]:
    """The stories and corrections of editions, in their order."""
    asked = _PLACES.where(t.edition_story.c.edition_id.in_(edition_ids))
    found: dict[int, list[Place]] = {number: [] for number in edition_ids}
    for row in tx.execute(asked.order_by(t.edition_story.c.edition_id, t.edition_story.c.position)):
        found[row.edition_id].append(_as_place(row))
    return {number: tuple(of) for number, of in found.items()}


def holders(tx: Tx, slug: str, newsletters: Collection[str]) -> tuple[tuple[Gone, Place], ...]:
    """The editions of some newsletters that went out with a story, or with it as a correction, newest first."""
    found = _with_editions(tx, t.edition_story.c.slug == slug)
    return tuple((gone, place) for gone, place in reversed(found) if gone.newsletter in newsletters)


def corrections(tx: Tx, slugs: Collection[str]) -> tuple[tuple[Gone, Place], ...]:
    """The corrections of stories that went out, with the editions that they went out in, of whatever newsletter and
    whether as a box or as a mail; oldest first.
    """
    return _with_editions(tx, t.edition_story.c.corrects.in_(slugs))


def _with_editions(tx: Tx, where: ColumnElement[bool]) -> tuple[tuple[Gone, Place], ...]:
    found = list(map(_as_place, tx.execute(_PLACES.where(where))))
    ids = {place.edition_id for place in found}
    asked = _GONE.where(t.edition.c.id.in_(ids)) if ids else None
    gone = {row.id: row for row in map(_as_gone, tx.execute(asked))} if asked is not None else {}
    pairs = [(gone[place.edition_id], place) for place in found if place.edition_id in gone]
    return tuple(sorted(pairs, key=lambda pair: (pair[0].date, pair[0].id, pair[1].slug)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """That a story went out with an edition; `kept` where its text is known."""

    key: str
    newsletter: str
    date: date
    slug: str
    section: str
    corrects: str | None
    kept: bool


def everything(tx: Tx, newsletters: Collection[str]) -> Iterator[Printed]:
    """All that went out with some newsletters, newest edition first."""
    rows = tx.execute(
        select(
            t.edition.c.name, t.edition.c.newsletter, t.edition.c.date, t.edition_story.c.slug,
            t.edition_story.c.section, t.edition_story.c.corrects,
            (t.printed_story.c.digest.is_not(None) & t.printed_edition.c.edition_id.is_not(None)).label("kept"),
        )
        .join(t.edition, t.edition.c.id == t.edition_story.c.edition_id)
        .outerjoin(t.printed_story, t.printed_story.c.digest == t.edition_story.c.digest)
        .outerjoin(t.printed_edition, t.printed_edition.c.edition_id == t.edition.c.id)
        .where(t.edition.c.newsletter.in_(newsletters), _WENT)
        .order_by(t.edition.c.date.desc(), t.edition.c.id.desc(), t.edition_story.c.position)
    )  # fmt: skip
    for row in rows:
        yield Printed(
            key=row.name.partition("/")[2], newsletter=row.newsletter, date=row.date, slug=row.slug,
            section=row.section, corrects=row.corrects, kept=bool(row.kept),
        )  # fmt: skip


def _as_place(row: Row[*tuple[object, ...]]) -> Place:
    values = row._mapping
    return Place(
        edition_id=values["edition_id"], slug=values["slug"], section=values["section"], headline=values["headline"],
        digest=values["digest"], corrects=values["corrects"], document=values["document"],
    )  # fmt: skip


def killed(tx: Tx, among: Collection[str] | None = None) -> Mapping[str, datetime]:
    """The stories whose last move in the log was to be killed, and when that was; of some, or of all."""
    last = select(func.max(t.story_move.c.id)).group_by(t.story_move.c.slug)
    if among is not None:
        last = last.where(t.story_move.c.slug.in_(among))
    rows = tx.execute(
        select(t.story_move.c.slug, t.story_move.c.at).where(
            t.story_move.c.id.in_(last), t.story_move.c.to_state == Standing.KILLED.value
        )
    )
    return {row.slug: row.at for row in rows}
