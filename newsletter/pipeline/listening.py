"""What the ESP tells us: events are kept once, come to facts, settle doubts and suppress addresses, in one commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from newsletter.audience import identity
from newsletter.model import AlertKind, Consent, ConsentEvent, Event, EventKind
from newsletter.pipeline import alerts, complaints, erasing, sending
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, bounces, consent, doubt, events, roster
from newsletter.tracking import (
    EVERYWHERE,
    SOFT_BOUNCE,
    Told,
    facts,
    is_fresh,
    is_soft,
    parse_events,
    sender_fault,
    spent,
    suppression_for,
    verify,
)

log = structlog.get_logger()

_OWN_WORD = {
    "complaint": "marked a mail as spam",
    "unsubscribe": "unsubscribed with the mail service",
}
"""What a reader told by an event, as they see it in the consent log, by the reason of the suppression."""

_SILENT = frozenset({EventKind.PROCESSED, EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED})
"""Most events say nothing against an address or against us, and are not asked."""

Telling = Sequence[tuple[int, Event]]
"""The others, with their deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a body of events came to."""

    new: int
    known: int
    foreign: int
    suppressed: int


class UnsignedError(Exception):
    """A body that is not signed by the ESP, or that nothing here can check. The text is for the log alone."""


def hear(context: Context, *, signature: str, timestamp: str, body: bytes) -> Heard:
    """Take in one signed request of the event webhook. Raises UnsignedError; everything else is kept."""
    key = context.settings.webhook_public_key()
    if key is None:
        raise UnsignedError("NEWSLETTER_SENDGRID_WEBHOOK_KEY is not set, so no event can be checked")
    if not verify(key, signature, timestamp, body):
        raise UnsignedError("the signature does not fit the body")
    if not is_fresh(timestamp, context.clock()):
        raise UnsignedError("it was signed days ago: an old request again, or this machine's clock is wrong")
    return take_in(context, body)


def take_in(context: Context, body: bytes) -> Heard:
    """Keep the events of a body whose sender is known. The same body twice changes nothing."""
    parsed = parse_events(body)
    now = context.clock()
    with context.store.write() as tx:
        kept = events.keep(tx, parsed.events, now)
        erasing.forget_late(tx, kept.address_keys)
        events.keep_foreign(tx, parsed.unreadable, now)
        _keep_facts(tx, kept.ours)
        for send_id in doubt.prove(tx, kept.batches, now=now):
            sending.close(tx, send_id, now)
        telling = [(number, event) for number, of in kept.ours.items() for event in of if event.kind not in _SILENT]
        suppressed = _suppress(context, tx, kept, telling, parsed.events, now)
        _tell_sender_faults(tx, telling, now)
        complaints.note(tx, [number for number, event in telling if event.kind is EventKind.COMPLAINED], now)
    new = sum(len(of) for of in kept.ours.values())
    foreign = kept.foreign_count + len(parsed.unreadable)
    log.info("events", new=new, known=kept.known_count, foreign=foreign, suppressed=suppressed)
    return Heard(new=new, known=kept.known_count, foreign=foreign, suppressed=suppressed)


def _keep_facts(tx: Tx, ours: Mapping[int, tuple[Event, ...]]) -> None:
    numbers = {event.delivery_id: number for number, of in ours.items() for event in of}
    first: dict[tuple[int, EventKind], datetime] = {}
    for (delivery, kind), at in facts(event for of in ours.values() for event in of).items():
        key = (numbers[delivery], kind)  # two spellings of an id may name one delivery
        first[key] = min(first.get(key, at), at)
    events.keep_facts(tx, first)


def _suppress(
    context: Context, tx: Tx, kept: events.Kept, telling: Telling, heard: Iterable[Event], now: datetime
) -> int:
    """Suppress at once what events say must not be mailed. An address of whose copy nothing is known here, since the
    event has no id of ours or the copy is summed, is looked up.
    """
    wanted: dict[tuple[str, str], set[int]] = {}
    for number, event in telling:
        if (why := suppression_for(event)) is not None:
            wanted.setdefault(why, set()).add(kept.address_keys[number])
    for event in heard if kept.gone else ():
        if (event.delivery_id or "") in kept.gone and (why := suppression_for(event)) is not None:
            wanted.setdefault(why, set()).update(_known_key(context, tx, event.address))
    if soft := {kept.address_keys[number] for number, event in telling if is_soft(event)}:
        wanted[SOFT_BOUNCE, EVERYWHERE] = _spent(tx, soft)
    return sum(_suppress_for(tx, people, reason, scope, now) for (reason, scope), people in wanted.items())


def _suppress_for(tx: Tx, people: Iterable[int], reason: str, scope: str, now: datetime) -> int:
    """Suppress addresses for a reason; where that is the reader's own word, the consent log has it, once."""
    news = roster.newly_suppressed(tx, people, reason=reason, scope=scope, source="event", now=now)
    if (detail := _OWN_WORD.get(reason)) is not None:
        consent.record(
            tx,
            [
                Consent(
                    at=now, address_key=key, list=scope, event=ConsentEvent.WITHDRAWN, source="event", detail=detail
                )
                for key in news
            ],
        )
    return len(news)


def _spent(tx: Tx, keys: Collection[int]) -> set[int]:
    """Those of some addresses that are given up for soft bounces in a row."""
    return {
        key
        for key, ends in bounces.ends(tx, keys).items()
        if spent(Told(delivery=end.delivery, kind=end.kind, at=end.at, reason=end.reason) for end in ends)
    }


def _known_key(context: Context, tx: Tx, address: str) -> set[int]:
    try:
        key = identity.identify(address, (context.settings.address_key or "").encode()).key
    except identity.BadAddressError:
        return set()
    return {key} if roster.subscriber(tx, key) is not None else set()


def _tell_sender_faults(tx: Tx, telling: Telling, now: datetime) -> None:
    """What our own configuration caused is an operator's to mend; once an edition, with one reason, is enough."""
    found = {number for number, event in telling if sender_fault(event)}
    for number, edition in events.editions(tx, sorted(found)[:1]).items():
        log.error("mail refused for the sender's configuration", deliveries=len(found), delivery=number)
        text = f"receiving servers refuse mail for the sender's own configuration, at first delivery {number}: look at "
        text += "SPF, DKIM, DMARC and reverse DNS with `newsletter doctor`, and at reputation in SendGrid"
        alerts.keep(tx, AlertKind.SENDER_REFUSED, about=edition, text=text, now=now)
