"""Links of messages by their codes: where each leads now, and that somebody let it lead elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, insert, select

from newsletter.model import TO_READERS
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A link leads to `url` since then, by the word of somebody."""

    url: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link of an edition as its mails went out, and what it was changed to since, oldest first. `number` is its
    place in the mail; where variants differ, that in the longest, which is the whole edition.
    """

    code: str
    role: str
    story: str | None
    section: str | None
    number: int
    url: str
    changes: tuple[Change, ...] = ()

    @property
    def target(self) -> str:
        """Where it leads now."""
        return self.changes[-1].url if self.changes else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a code leads now, and the edition whose mail it is in."""

    url: str
    edition_id: int


def find(tx: Tx, code: str) -> Found | None:
    """What a code stands for; None where no stored message has it."""
    row = tx.execute(
        select(t.link.c.url, t.variant.c.edition_id)
        .join(t.variant, t.variant.c.message_id == t.link.c.message_id)
        .where(t.link.c.code == code)
        .order_by(t.link.c.message_id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    changed = tx.execute(
        select(t.retarget.c.url).where(t.retarget.c.code == code).order_by(t.retarget.c.id.desc()).limit(1)
    ).scalar()
    return Found(url=changed or row.url, edition_id=row.edition_id)


def is_redirected(tx: Tx, code: str) -> bool:
    """Whether a message has our redirect in the place of this link's target."""
    through = t.message.c.html.contains(f"/r/{code}[[", autoescape=True)
    found = select(t.message.c.id).join(t.link, t.link.c.message_id == t.message.c.id)
    return tx.execute(found.where(t.link.c.code == code, through).limit(1)).first() is not None


def retarget(tx: Tx, code: str, url: str, *, by: str, now: datetime) -> None:
    """Let a link lead elsewhere from now on, in mails that are out too."""
    tx.execute(insert(t.retarget).values(code=code, url=url, by=by, at=now))


def retargets_since(tx: Tx, number: int) -> tuple[int, Mapping[str, str]]:
    """The number of the last change of all, and the new targets of what was changed after that `number`; 0 for all."""
    rows = tx.execute(
        select(t.retarget.c.id, t.retarget.c.code, t.retarget.c.url)
        .where(t.retarget.c.id > number)
        .order_by(t.retarget.c.id)
    ).all()
    return (rows[-1].id if rows else number), {row.code: row.url for row in rows}


# --- of an edition ----------------------------------------------------------------------------------------------------


def live_messages(edition_id: int) -> Select[tuple[int]]:
    """The messages of all variants that an edition's readers get, or will get; not what only editors were sent."""
    return (
        select(t.variant.c.message_id)
        .join(t.batch, t.batch.c.variant_id == t.variant.c.id)
        .join(t.send, t.send.c.id == t.batch.c.send_id)
        .where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
        .distinct()
    )


def of_edition(tx: Tx, edition_id: int) -> tuple[LinkRow, ...]:
    """The links of the mails to an edition's readers, each once, in the order of the mail."""
    rows = tx.execute(
        select(t.link).where(t.link.c.message_id.in_(live_messages(edition_id)), t.link.c.code != "")
    ).all()
    whole = {row.code: row for row in sorted(rows, key=lambda row: row.number)}
    changes = _changes(tx, whole)
    return tuple(
        LinkRow(
            code=row.code, role=row.role, story=row.story, section=row.section, number=row.number, url=row.url,
            changes=tuple(changes.get(row.code, ())),
        )
        for row in sorted(whole.values(), key=lambda row: (row.number, row.code))
    )  # fmt: skip


def of_code(tx: Tx, code: str) -> LinkRow | None:
    """A link by its code, of whichever message has it; None where none has."""
    row = tx.execute(select(t.link).where(t.link.c.code == code).order_by(t.link.c.message_id.desc()).limit(1)).first()
    if row is None:
        return None
    return LinkRow(
        code=row.code, role=row.role, story=row.story, section=row.section, number=row.number, url=row.url,
        changes=tuple(_changes(tx, [code]).get(code, ())),
    )  # fmt: skip


def _changes(tx: Tx, codes: Iterable[str]) -> Mapping[str, list[Change]]:
    rows = tx.execute(select(t.retarget).where(t.retarget.c.code.in_(list(codes))).order_by(t.retarget.c.id))
    found: dict[str, list[Change]] = {}
    for row in rows:
        found.setdefault(row.code, []).append(Change(url=row.url, by=row.by, at=row.at))
    return found


def of_newsletters(tx: Tx, newsletters: Collection[str]) -> Mapping[str, str]:
    """Where each code leads now, of all editions of these newsletters that began to go to readers."""
    rows = tx.execute(
        select(t.link.c.code, t.link.c.url)
        .join(t.variant, t.variant.c.message_id == t.link.c.message_id)
        .join(t.batch, t.batch.c.variant_id == t.variant.c.id)
        .join(t.send, t.send.c.id == t.batch.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .where(
            t.edition.c.newsletter.in_(newsletters), t.send.c.kind.in_(TO_READERS), t.send.c.started_at.is_not(None),
            t.link.c.code != "",
        )
        .distinct()
    )  # fmt: skip
    found = {row.code: row.url for row in rows}
    _, changed = retargets_since(tx, 0)
    return found | {code: url for code, url in changed.items() if code in found}


def which(codes: Sequence[str], index: int | None) -> str | None:
    """Of the codes of several links to one address, in their order, that of the one with this index; the first where
    the index is not known, or is none.
    """
    if not codes:
        return None
    return codes[index] if index is not None and 0 <= index < len(codes) else codes[0]
