"""What programs may change by the API: who is on a list, and under which name."""

from __future__ import annotations

from datetime import datetime

import structlog

from newsletter.audience import csvfile
from newsletter.errors import UsageError
from newsletter.model import ApiKey, Basis
from newsletter.pipeline import erasing, joining, leaving, readers
from newsletter.pipeline.context import Context
from newsletter.storage import directory, roster, subscriptions

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
    added = readers.add(
        context, address, name, list_, source=source or f"api, by {key.name}", basis=basis.value, until=until
    )
    with context.store.read() as tx:
        person = directory.by_key(tx, readers.identify(context, address).key)
    if person is None or person.address is None:
        raise UsageError("they were erased, or gave another address: they come back by signing up themselves")
    log.info("reader put on a list", list=list_, subscriber=person.id, news=added.added, key=key.name)
    return person, bool(added.added)


def _require_end(context: Context, basis: Basis, until: datetime | None) -> None:
    if basis is not Basis.IMPLIED:
        if until is not None:
            raise UsageError("only implied consent ends: leave `until` out, or say basis implied")
        return
    if until is None or until.tzinfo is None or until <= context.clock():
        raise UsageError("implied consent ends: say by `until` when, with its zone, in the time to come")


def ask(context: Context, key: ApiKey, list_: str, address: str, *, name: str, source: str) -> bool:
    """Ask somebody by a letter whether they want to be on a list, as its form does; True where a letter goes out.

    Raises UsageError for what is no address, and for a list without a newsletter, which no letter could speak for.
    """
    newsletter = next((n for n in context.newsletters.values() if n.list == list_), None)
    if newsletter is None:
        raise UsageError(f"the list {list_} has no newsletter in whose name a letter could go; say confirm false")
    said = source or f"api, by {key.name}"
    return joining.sign_up(context, newsletter, address, name, tracked=False, source=said, wording="")


def leave(context: Context, key: ApiKey, list_: str, subscriber_id: int) -> bool | None:
    """Take somebody off a list; False where they were off it already, None where they never were on it."""
    with context.store.write() as tx:
        list_id = roster.list_id(tx, list_)
        place = subscriptions.find(tx, subscriber_id, list_id) if list_id is not None else None
        if place is None:
            return None
        return leaving.take_off(tx, subscriber_id, place, source=f"api: {key.name}", now=context.clock())


def erase(context: Context, key: ApiKey, subscriber_id: int) -> bool:
    """Erase somebody, as they may do themselves; False where there is nobody, or nobody any more."""
    with context.store.write() as tx:
        person = roster.by_id(tx, subscriber_id)
        if person is None or person.address is None:
            return False
        erasing.erase_person(tx, person, source=f"api: {key.name}", now=context.clock())
    return True


def rename(context: Context, subscriber_id: int, name: str) -> directory.Person | None:
    """Give somebody another name; None where there is nobody, or nobody any more (erased)."""
    with context.store.write() as tx:
        person = directory.one(tx, subscriber_id)
        if person is None or person.address is None:
            return None
        directory.rename(tx, subscriber_id, csvfile.clean_name(name))
        return directory.one(tx, subscriber_id)
