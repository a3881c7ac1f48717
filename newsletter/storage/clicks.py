"""Clicks of an edition by link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import case, func, select

from newsletter.storage import tables as t
from newsletter.storage.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClicks:
    """A link of an edition and how often it was followed: by humans, and raw."""

    code: str
    role: str
    story: str | None
    section: str | None
    number: int
    url: str
    raw: int
    human: int


def by_link(tx: Tx, edition_id: int, *, index: Callable[[str], int | None] = lambda _: None) -> tuple[LinkClicks, ...]:
    """The links of an edition in the order of the mail, with the clicks of each."""
    del index
    human = func.sum(case((t.hit.c.machine.is_(False), 1), else_=0))
    links = (
        select(
            t.link.c.code, t.link.c.role, t.link.c.story, t.link.c.section,
            func.min(t.link.c.number).label("number"), func.min(t.link.c.url).label("url"),
        )
        .join(t.variant, t.variant.c.message_id == t.link.c.message_id)
        .where(t.variant.c.edition_id == edition_id, t.link.c.code != "")
        .group_by(t.link.c.code, t.link.c.role, t.link.c.story, t.link.c.section)
        .subquery()
    )  # fmt: skip
    rows = tx.execute(
        select(links, func.count(t.hit.c.id).label("raw"), human.label("human"))
        .outerjoin(t.hit, t.hit.c.code == links.c.code)
        .group_by(*links.c)
        .order_by(links.c.number)
    )
    return tuple(
        LinkClicks(
            code=r.code, role=r.role, story=r.story, section=r.section, number=r.number, url=r.url,
            raw=r.raw, human=int(r.human or 0),
        )
        for r in rows
    )  # fmt: skip
