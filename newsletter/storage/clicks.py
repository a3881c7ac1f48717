"""Clicks of an edition by link: from hits of our own redirect, from the ESP's events, and from what both were summed to
when they were too old to keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import and_, func, select

from newsletter.model import TO_READERS, EventKind, LinkClicks
from newsletter.storage import links
from newsletter.storage import tables as t
from newsletter.storage.database import Tx

HIT = "hit"
"""How `event_sum` calls hits of our own redirect; clicks that the ESP told of have its events' word."""

Index = Callable[[str], int | None]
"""From an event's raw JSON to which of several links to one address it was, counted from 0 (tracking.url_index)."""


def by_link(tx: Tx, edition_id: int, *, index: Index = lambda _: None) -> tuple[LinkClicks, ...]:
    """The links of the mails to an edition's readers, of all its variants, in the order of the mail, with the clicks of
    each; those that nobody followed too.

    `index` reads an event's raw JSON; where it says nothing, the first of several links to one address counts.
    """
    raw, human = Counter[str](), Counter[str]()
    for code, machine, clicks in (*_hits(tx, edition_id), *_events(tx, edition_id, index), *_sums(tx, edition_id)):
        raw[code] += clicks
        human[code] += 0 if machine else clicks
    return tuple(
        LinkClicks(
            code=link.code, role=link.role, story=link.story, section=link.section, number=link.number,
            url=link.target, raw=raw[link.code], human=human[link.code],
        )
        for link in links.of_edition(tx, edition_id)
    )  # fmt: skip


Count = tuple[str, bool, int]
"""A code, whether machines did it, and how often."""


def _hits(tx: Tx, edition_id: int) -> Iterable[Count]:
    codes = select(t.link.c.code).where(t.link.c.message_id.in_(links.live_messages(edition_id)), t.link.c.code != "")
    rows = tx.execute(
        select(t.hit.c.code, t.hit.c.machine, func.count().label("clicks"))
        .where(t.hit.c.code.in_(codes))
        .group_by(t.hit.c.code, t.hit.c.machine)
    )
    return [(row.code, row.machine, row.clicks) for row in rows]


def _events(tx: Tx, edition_id: int, index: Index) -> Iterable[Count]:
    """What the ESP told. It names an address; only where a mail has several links to it, each event is looked at."""
    codes, machine = codes_of(tx, edition_id), func.coalesce(t.judgement.c.machine, t.event.c.machine)
    of = (
        select(t.variant.c.message_id, t.event.c.url, machine.label("machine"))
        .select_from(t.event)
        .join(t.delivery, t.delivery.c.id == t.event.c.delivery_id)
        .join(t.send, t.send.c.id == t.delivery.c.send_id)
        .join(t.batch, and_(t.batch.c.send_id == t.send.c.id, t.batch.c.number == t.delivery.c.batch_number))
        .join(t.variant, t.variant.c.id == t.batch.c.variant_id)
        .outerjoin(t.judgement, t.judgement.c.event_id == t.event.c.id)
        .where(t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS))
        .where(t.event.c.kind == EventKind.CLICKED.value)
    )
    several = set()
    for row in tx.execute(of.add_columns(func.count().label("clicks")).group_by(*of.selected_columns)).all():
        known = codes.get((row.message_id, row.url), ())
        if len(known) == 1:
            yield known[0], bool(row.machine), row.clicks
        elif known:
            several.add(row.url)
    if several:
        for row in tx.execute(of.add_columns(t.event.c.raw).where(t.event.c.url.in_(several))):
            known = codes.get((row.message_id, row.url), ())
            if len(known) > 1 and (code := links.which(known, index(row.raw))):
                yield code, bool(row.machine), 1


def codes_of(tx: Tx, edition_id: int) -> Mapping[tuple[int, str], Sequence[str]]:
    """The codes of the links to each address of each message, in the order of the mail."""
    rows = tx.execute(
        select(t.link.c.message_id, t.link.c.url, t.link.c.code)
        .where(t.link.c.message_id.in_(links.live_messages(edition_id)), t.link.c.code != "")
        .order_by(t.link.c.message_id, t.link.c.number)
    )
    found: dict[tuple[int, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.message_id, row.url), []).append(row.code)
    return found


def _sums(tx: Tx, edition_id: int) -> Iterable[Count]:
    rows = tx.execute(
        select(t.event_sum.c.code, t.event_sum.c.machine, t.event_sum.c.events)
        .join(t.send, t.send.c.id == t.event_sum.c.send_id)
        .where(
            t.send.c.edition_id == edition_id, t.send.c.kind.in_(TO_READERS), t.event_sum.c.code != "",
            t.event_sum.c.kind.in_([EventKind.CLICKED.value, HIT]),
        )
    )  # fmt: skip
    return [(row.code, row.machine, row.events) for row in rows]
