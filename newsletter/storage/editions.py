"""Editions as rows: where each stands, what it holds, and who signed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, exists, insert, select, update

from newsletter.model import Edition, EditionState
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new

WENT = (EditionState.SENDING, EditionState.SENT, EditionState.PARTIAL)
"""States in which readers may have an edition, so that its stories have gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    """An edition as the ledger has it."""

    id: int
    name: str
    newsletter: str
    date: date
    planned_at: datetime
    state: EditionState
    reason: str
    fingerprint: str | None
    frozen_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenStory:
    """A story as it stood at the freeze."""

    slug: str
    section: str
    headline: str
    digest: str
    corrects: str | None = None
    """The story that it stood there as the correction of."""


def find(tx: Tx, name: str, *, lock: bool = False) -> EditionRow | None:
    """An edition by its id (`daily/2026-05-04`). With `lock`, others that lock it wait until this transaction ends."""
    if lock:  # on SQLite a write already excludes others, and FOR UPDATE says nothing
        tx.execute(select(t.edition.c.id).where(t.edition.c.name == name).with_for_update())
    row = tx.execute(select(t.edition).where(t.edition.c.name == name)).one_or_none()
    if row is None:
        return None
    return EditionRow(
        id=row.id, name=row.name, newsletter=row.newsletter, date=row.date, planned_at=row.planned_at,
        state=EditionState(row.state), reason=row.reason, fingerprint=row.fingerprint, frozen_at=row.frozen_at,
        finished_at=row.finished_at,
    )  # fmt: skip


def ensure(tx: Tx, name: str, *, newsletter: str, on: date, planned_at: datetime, now: datetime) -> EditionRow:
    """The edition's row, made as `open` where there is none, and locked: whoever freezes it too waits."""
    insert_new(
        tx,
        t.edition,
        [
            {
                "name": name, "newsletter": newsletter, "date": on, "planned_at": planned_at,
                "state": EditionState.OPEN.value, "created_at": now,
            }
        ],
    )  # fmt: skip
    found = find(tx, name, lock=True)
    assert found is not None  # inserted or known a line above
    return found


def latest(tx: Tx, newsletter: str) -> str | None:
    """The id of a newsletter's newest edition that has a row; the mail of a correction is none."""
    return tx.execute(
        select(t.edition.c.name)
        .where(t.edition.c.newsletter == newsletter, ~_is_correction())
        .order_by(t.edition.c.date.desc(), t.edition.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _is_correction() -> ColumnElement[bool]:
    return exists().where(t.correction.c.edition_id == t.edition.c.id)


def names(tx: Tx) -> tuple[str, ...]:
    """The ids of all editions, newest first."""
    return tuple(
        tx.execute(select(t.edition.c.name).order_by(t.edition.c.date.desc(), t.edition.c.id.desc())).scalars()
    )


def move(
    tx: Tx, edition_id: int, since: Iterable[EditionState], to: EditionState, *, reason: str, by: str, now: datetime
) -> bool:
    """Compare and set: True where the edition was in one of the states `since` and is now in `to`; kept in the log."""
    row = tx.execute(select(t.edition.c.state).where(t.edition.c.id == edition_id)).one()
    allowed = [state.value for state in since]
    values: dict[str, object] = {"state": to.value, "reason": reason}
    if to in (EditionState.SENT, EditionState.PARTIAL, EditionState.CANCELLED):
        values["finished_at"] = now
    done = tx.execute(
        update(t.edition).where(t.edition.c.id == edition_id, t.edition.c.state.in_(allowed)).values(**values)
    )
    if done.rowcount != 1:
        return False
    tx.execute(
        insert(t.edition_move).values(
            edition_id=edition_id, at=now, from_state=row.state, to_state=to.value, reason=reason, by=by
        )
    )
    return True


def set_frozen(tx: Tx, edition_id: int, edition: Edition, fingerprint: str, now: datetime) -> None:
    """Write down which stories and corrections, in which state, an edition was frozen with."""
    tx.execute(delete(t.edition_story).where(t.edition_story.c.edition_id == edition_id))
    rows = [
        {
            "edition_id": edition_id, "position": number, "slug": story.slug, "section": part.section.slug,
            "headline": story.headline, "digest": story.digest, "corrects": story.corrects,
        }
        for number, (part, story) in enumerate(
            ((part, story) for part in edition.sections for story in part.stories), start=1
        )
    ] + [
        {
            "edition_id": edition_id, "position": number, "slug": entry.slug, "section": "",
            "headline": entry.headline, "digest": entry.digest, "corrects": entry.corrects,
        }
        for number, entry in enumerate(edition.extras.corrections, start=len(edition.stories) + 1)
    ]  # fmt: skip
    tx.execute(insert(t.edition_story), rows)
    tx.execute(update(t.edition).where(t.edition.c.id == edition_id).values(fingerprint=fingerprint, frozen_at=now))


def frozen_stories(tx: Tx, edition_id: int) -> tuple[FrozenStory, ...]:
    """The stories of a frozen edition, in their order."""
    rows = tx.execute(
        select(t.edition_story).where(t.edition_story.c.edition_id == edition_id).order_by(t.edition_story.c.position)
    )
    return tuple(
        FrozenStory(slug=r.slug, section=r.section, headline=r.headline, digest=r.digest, corrects=r.corrects)
        for r in rows
    )


def went() -> ColumnElement[bool]:
    """Whether an edition went out by a send, if only in part before it was cancelled; both are joined."""
    begun = exists().where(t.batch.c.send_id == t.send.c.id, t.batch.c.state.in_(["claimed", "accepted", "in_doubt"]))
    return t.edition.c.state.in_([state.value for state in WENT]) | begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What went to a list with its editions: the date of each story, and which corrections; also to some of it only."""

    dates: Mapping[str, date]
    corrections: frozenset[str]

    @property
    def slugs(self) -> frozenset[str]:
        return self.corrections.union(self.dates)


def gone(tx: Tx, list_slug: str) -> Gone:
    """All that went to a list with its editions. A correction's mail does not count: its box comes all the same."""
    rows = tx.execute(
        select(t.edition_story.c.slug, t.edition_story.c.corrects, t.edition.c.date)
        .join(t.edition, t.edition.c.id == t.edition_story.c.edition_id)
        .join(t.send, t.send.c.edition_id == t.edition.c.id)
        .join(t.list_, t.list_.c.id == t.send.c.list_id)
        .where(t.list_.c.slug == list_slug, t.send.c.kind == "live", went())
        .order_by(t.edition.c.date)
    ).all()
    return Gone(
        dates={row.slug: row.date for row in rows if row.corrects is None},
        corrections=frozenset(row.slug for row in rows if row.corrects is not None),
    )


def went_at(tx: Tx, newsletter: str, limit: int = 400) -> tuple[datetime, ...]:
    """The planned times of a newsletter's editions that went, newest first; mails of corrections are none."""
    return tuple(
        tx.execute(
            select(t.edition.c.planned_at)
            .where(
                t.edition.c.newsletter == newsletter,
                t.edition.c.state.in_([state.value for state in WENT]),
                ~_is_correction(),
            )
            .order_by(t.edition.c.planned_at.desc())
            .limit(limit)
        ).scalars()
    )


def sign(tx: Tx, edition_id: int, fingerprint: str, by: str, now: datetime) -> bool:
    """Record a signature under a fingerprint; True where it was news."""
    row = {"edition_id": edition_id, "fingerprint": fingerprint, "by": by, "at": now}
    return bool(insert_new(tx, t.signature, [row], returning="by"))


def clear_signatures(tx: Tx, edition_id: int) -> None:
    """Forget who signed: it is frozen anew, for other readers, even where the bytes are the same."""
    tx.execute(delete(t.signature).where(t.signature.c.edition_id == edition_id))


def signatures(tx: Tx, edition_id: int, fingerprint: str) -> tuple[str, ...]:
    """Who signed this fingerprint, in the order of signing."""
    return tuple(
        tx.execute(
            select(t.signature.c.by)
            .where(t.signature.c.edition_id == edition_id, t.signature.c.fingerprint == fingerprint)
            .order_by(t.signature.c.at)
        ).scalars()
    )
