"""Everything that is held about one person, as one document of plain values: for them to read and to take away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, or_, select

from newsletter.storage import consent, erasure, roster, subscriptions
from newsletter.storage import tables as t
from newsletter.storage.claims import ledger_uid
from newsletter.storage.database import Tx

Document = Mapping[str, Any]


def collect(tx: Tx, address_key: int) -> Document:
    """The document of an address key, whether or not there is a subscriber of it (any more).

    Its keys: known, address, name, since, lists, consent, suppressions, copies with their events, letters,
    other_events (of no mail of ours, where they name the address). Instants are datetimes, in UTC.
    """
    person = roster.subscriber(tx, address_key)
    since = select(t.subscriber.c.created_at).where(t.subscriber.c.address_key == address_key)
    return {
        "known": person is not None,
        "address": person.address if person else None,
        "name": person.name if person else "",
        "since": tx.execute(since).scalar_one_or_none(),
        "lists": _lists(tx, person.id) if person else [],
        "consent": consent_log(tx, address_key),
        "suppressions": [
            {"scope": scope, "reason": reason, "source": source, "since": at}
            for _, scope, reason, source, at in roster.suppressions(tx, address_key)
        ],
        "copies": _copies(tx, person, address_key),
        "letters": _letters(tx, person.id) if person else [],
        "other_events": [_json(raw) for _, raw in erasure.naming(tx, (person and person.address) or "")],
    }


def _lists(tx: Tx, subscriber_id: int) -> list[Document]:
    return [place(of) for of in subscriptions.of(tx, subscriber_id)]


def place(of: subscriptions.Subscription) -> Document:
    """A place on a list, for whoever reads documents."""
    return {
        "list": of.list, "state": of.state, "source": of.source, "basis": of.basis, "until": of.until,
        "paused_until": of.paused_until, "sections": None if of.sections is None else list(of.sections),
        "tracked": of.tracked, "since": of.since, "changed_at": of.changed_at,
    }  # fmt: skip


def consent_log(tx: Tx, address_key: int) -> list[Document]:
    """The consent log of an address key, oldest first, with the wordings."""
    return [
        {
            "at": entry.at, "list": entry.list, "event": entry.event.value,
            "basis": entry.basis.value if entry.basis else "", "until": entry.until, "wording": entry.wording,
            "source": entry.source, "detail": entry.detail,
        }
        for entry in consent.of(tx, address_key)
    ]  # fmt: skip


def _copies(tx: Tx, person: roster.SubscriberRow | None, address_key: int) -> list[Document]:
    """Newest first. A person's copies are theirs whatever their address was then."""
    mine = t.delivery.c.address_key == address_key
    if person is not None:
        mine = or_(mine, t.delivery.c.subscriber_id == person.id)
    uid = ledger_uid(tx)
    rows = tx.execute(
        select(
            t.delivery, t.edition.c.name.label("edition"), t.send.c.kind, t.send.c.subject,
            t.list_.c.slug.label("list"), t.batch.c.state.label("batch_state"), t.batch.c.receipt,
            t.batch.c.settled_at,
        )
        .join(t.send, t.send.c.id == t.delivery.c.send_id)
        .join(t.edition, t.edition.c.id == t.send.c.edition_id)
        .outerjoin(t.list_, t.list_.c.id == t.send.c.list_id)
        .outerjoin(
            t.batch,
            and_(t.batch.c.send_id == t.delivery.c.send_id, t.batch.c.number == t.delivery.c.batch_number),
        )
        .where(mine)
        .order_by(t.delivery.c.id.desc())
    ).all()  # fmt: skip
    events = _events(tx, [row.id for row in rows])
    return [
        {
            "edition": row.edition, "subject": row.subject, "list": row.list or "", "kind": row.kind,
            "outcome": row.outcome or row.batch_state or "", "reason": row.reason or "", "at": row.settled_at,
            "receipt": row.receipt or "", "delivery_id": f"{uid}-{row.id}", "events": events.get(row.id, []),
        }
        for row in rows
    ]  # fmt: skip


def _events(tx: Tx, deliveries: Sequence[int]) -> dict[int, list[Document]]:
    found: dict[int, list[Document]] = {}
    for start in range(0, len(deliveries), 1000):
        part = deliveries[start : start + 1000]
        rows = tx.execute(
            select(t.event)
            .where(t.event.c.delivery_id.in_(part))
            .order_by(t.event.c.delivery_id, t.event.c.occurred_at, t.event.c.id)
        )
        for row in rows:
            found.setdefault(row.delivery_id, []).append(
                {
                    "at": row.occurred_at, "kind": row.kind, "url": row.url, "reason": row.reason,
                    "received_at": row.received_at, "raw": _json(row.raw),
                }
            )  # fmt: skip
    return found


def _letters(tx: Tx, subscriber_id: int) -> list[Document]:
    rows = tx.execute(select(t.letter).where(t.letter.c.subscriber_id == subscriber_id).order_by(t.letter.c.id))
    return [
        {
            "kind": row.kind, "address": row.address, "state": row.state, "created_at": row.created_at,
            "expires_at": row.expires_at, "used_at": row.used_at,
        }
        for row in rows
    ]  # fmt: skip


def _json(raw: str) -> object:
    """What the service said, as it said it; as text where it is no JSON."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw
