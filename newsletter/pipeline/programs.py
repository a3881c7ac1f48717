"""What programs may change by the API: who is on a list, and under which name."""

from __future__ import annotations

from datetime import datetime

import structlog

from newsletter.errors import UsageError
from newsletter.model import ApiKey, Basis, Consent, ConsentEvent
from newsletter.pipeline import readers
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, consent, directory, roster

log = structlog.get_logger()


def subscribe(  # noqa: PLR0913  all but three by name
    context: Context,
    key: ApiKey,
    list_: str,
    address: str,
    *,
    name: str,
    basis: Basis,
    until: datetime | None,
    source: str,
) -> tuple[directory.Person, bool]:
    """Put somebody on a list at once, since whoever asks says by which right; gives them, and whether that was news.

    Who left stays away, and who is suppressed gets no mail. Raises UsageError.
    """
    _require_end(context, basis, until)
    said = source or f"api, by {key.name}"
    added = readers.add(context, address, name, list_, source=said, basis=basis.value)
    who, now = readers.identify(context, address), context.clock()
    with context.store.write() as tx:
        if added.added and until is not None:
            _end(tx, who.key, list_, until)
        if added.added:
            entry = Consent(
                at=now,
                address_key=who.key,
                list=list_,
                event=ConsentEvent.IMPORTED,
                basis=basis,
                until=until,
                source=said,
            )
            consent.record(tx, [entry])
        person = directory.by_key(tx, who.key)
    assert person is not None  # added above
    log.info("reader put on a list", list=list_, subscriber=person.id, news=added.added, key=key.name)
    return person, bool(added.added)


def _end(tx: Tx, key: int, list_: str, until: datetime) -> None:
    person, list_id = roster.subscriber(tx, key), roster.list_id(tx, list_)
    if person is not None and list_id is not None:
        directory.set_until(tx, person.id, list_id, until)


def _require_end(context: Context, basis: Basis, until: datetime | None) -> None:
    if basis is not Basis.IMPLIED:
        if until is not None:
            raise UsageError("only implied consent ends: leave `until` out, or say basis implied")
        return
    if until is None or until.tzinfo is None or until <= context.clock():
        raise UsageError("implied consent ends: say by `until` when, with its zone, in the time to come")


def leave(context: Context, key: ApiKey, list_: str, subscriber_id: int) -> bool | None:
    """Take somebody off a list; False where they were off it already, None where they never were on it."""
    now = context.clock()
    with context.store.write() as tx:
        list_id, person = roster.list_id(tx, list_), roster.by_id(tx, subscriber_id)
        if list_id is None or person is None or roster.membership_state(tx, subscriber_id, list_id) is None:
            return None
        source = f"api, by {key.name}"
        news = roster.unsubscribe(tx, subscriber_id, list_id, source=source, now=now)
        if news:
            entry = Consent(
                at=now, address_key=person.address_key, list=list_, event=ConsentEvent.WITHDRAWN, source=source
            )
            consent.record(tx, [entry])
            log.info("reader left", subscriber=subscriber_id, list=list_id, key=key.name)
    return news


def rename(context: Context, subscriber_id: int, name: str) -> directory.Person | None:
    """Give somebody another name; None where there is nobody, or nobody any more (erased)."""
    with context.store.write() as tx:
        person = directory.one(tx, subscriber_id)
        if person is None or person.address is None:
            return None
        directory.rename(tx, subscriber_id, name)
        return directory.one(tx, subscriber_id)
