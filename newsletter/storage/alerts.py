"""Alerts as rows: kept once for a subject and kind, handed out to one process at a time until they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, update

from newsletter.model import Alert, AlertKind
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new

AT_ONCE = 5
"""So few that telling them ends within the lease, also where each takes a mail server's whole timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """An alert that is ours to tell now: by mail, by the webhook, or both."""

    alert: Alert
    mail: bool
    post: bool


def keep(tx: Tx, alert: Alert) -> bool:
    """Keep an alert; True where that is news, and False where the same was kept before and is not over."""
    row = {"about": alert.about, "kind": alert.kind.value, "at": alert.at, "text": alert.text}
    return bool(insert_new(tx, t.alert, [row], returning="about"))


def clear(tx: Tx, about: str, kinds: Iterable[AlertKind]) -> int:
    """Forget alerts whose cause is gone, so that the next one is told anew; gives how many there were."""
    done = tx.execute(
        delete(t.alert).where(t.alert.c.about == about, t.alert.c.kind.in_([kind.value for kind in kinds]))
    )
    return done.rowcount


def find(tx: Tx, about: str, kind: AlertKind) -> Alert | None:
    """The alert of a kind about something, if there is one."""
    row = tx.execute(select(t.alert).where(_is(about, kind.value))).one_or_none()
    return None if row is None else Alert(kind=kind, about=row.about, text=row.text, at=row.at)


def about(tx: Tx, kind: AlertKind, before: datetime | None = None) -> frozenset[str]:
    """What alerts of a kind are about, all or those that are older than `before`."""
    wanted = select(t.alert.c.about).where(t.alert.c.kind == kind.value)
    return frozenset(tx.execute(wanted if before is None else wanted.where(t.alert.c.at < before)).scalars())


def counts(tx: Tx, since: datetime) -> Mapping[str, int]:
    """How many alerts of each kind there are, of those kept since a moment."""
    rows = tx.execute(
        select(t.alert.c.kind, func.count().label("alerts")).where(t.alert.c.at >= since).group_by(t.alert.c.kind)
    )
    return {row.kind: row.alerts for row in rows}


def any_before(tx: Tx, moment: datetime) -> bool:
    """Whether there are alerts older than a moment."""
    return tx.execute(select(t.alert.c.kind).where(t.alert.c.at < moment).limit(1)).first() is not None


def forget(tx: Tx, before: datetime) -> None:
    """Forget alerts that nobody acts on any more."""
    tx.execute(delete(t.alert).where(t.alert.c.at < before))


def any_waiting(tx: Tx, *, mail: bool, post: bool, since: datetime, now: datetime) -> bool:
    """Whether an alert waits to be told by one of the ways there are."""
    return tx.execute(select(t.alert.c.kind).where(_waiting(mail, post, since, now)).limit(1)).first() is not None


def take(tx: Tx, *, mail: bool, post: bool, since: datetime, now: datetime, lease: timedelta) -> tuple[Untold, ...]:
    """Take what waits to be told, oldest first, a few at once; nobody else gets it until the lease is over."""
    waiting = _waiting(mail, post, since, now)
    oldest = (t.alert.c.at, t.alert.c.about, t.alert.c.kind)
    rows = tx.execute(select(t.alert).where(waiting).order_by(*oldest).limit(AT_ONCE)).all()
    return tuple(
        Untold(
            alert=Alert(kind=AlertKind(row.kind), about=row.about, text=row.text, at=row.at),
            mail=mail and row.mailed_at is None,
            post=post and row.posted_at is None,
        )
        for row in rows
        if tx.execute(update(t.alert).where(_is(row.about, row.kind), waiting).values(not_before=now + lease)).rowcount
    )


def told(tx: Tx, alert: Alert, *, mailed: bool, posted: bool, again_at: datetime, now: datetime) -> None:
    """Write down by which ways an alert was told; what is left is tried again from `again_at` on."""
    values: dict[str, object] = {"not_before": again_at}
    if mailed:
        values["mailed_at"] = now
    if posted:
        values["posted_at"] = now
    tx.execute(update(t.alert).where(_is(alert.about, alert.kind.value), t.alert.c.at == alert.at).values(**values))


def _is(about: str, kind: str) -> ColumnElement[bool]:
    return and_(t.alert.c.about == about, t.alert.c.kind == kind)


def _waiting(mail: bool, post: bool, since: datetime, now: datetime) -> ColumnElement[bool]:  # noqa: FBT001  two ways
    return and_(
        t.alert.c.at >= since,
        t.alert.c.not_before.is_(None) | (t.alert.c.not_before <= now),
        or_(t.alert.c.mailed_at.is_(None) if mail else false(), t.alert.c.posted_at.is_(None) if post else false()),
    )
