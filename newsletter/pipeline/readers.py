"""The people on lists: who an address is, putting one on a list, and why somebody got a mail or did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from newsletter.audience import csvfile, identity
from newsletter.errors import UsageError
from newsletter.model import Consent
from newsletter.pipeline.context import Context
from newsletter.storage import consent, delivery_sums, events, own_data, roster, subscriptions
from newsletter.storage.importing import Added
from newsletter.storage.subscriptions import Subscription

log = structlog.get_logger()


def add(
    context: Context, address: str, name: str, list_: str, *, source: str, basis: str, until: datetime | None = None
) -> Added:
    """Put one person on a list, by the rules of an import. Raises UsageError."""
    require_list(context, list_)
    who, now = identify(context, address), context.clock()
    new = roster.NewSubscriber(
        address=who.address, address_key=who.key, reserved=who.reserved, name=csvfile.clean_name(name)
    )
    with context.store.write() as tx:
        list_id = roster.ensure_list(tx, list_, title_of(context, list_), now)
        added = roster.add_subscribers(tx, list_id, [new], source=source, basis=str(basis), until=until, now=now)
    log.info("reader added", list=list_, added=added.added, suppressed=added.suppressed)
    return added


def require_list(context: Context, list_: str) -> None:
    """Raise UsageError for a list that no newsletter has."""
    known = {newsletter.list for newsletter in context.newsletters.values()}
    with context.store.read() as tx:
        known |= {row.slug for row in roster.lists(tx)}
    if list_ not in known:
        raise UsageError(f"there is no list {list_!r}; newsletters have: {', '.join(sorted(known))}")


def title_of(context: Context, list_: str) -> str:
    """How readers know a list: the title of its newsletter."""
    return next((n.title for n in context.newsletters.values() if n.list == list_), list_)


def address_key(context: Context) -> bytes:
    """NEWSLETTER_ADDRESS_KEY, as `audience.identity` takes it."""
    return (context.settings.address_key or "").encode()


def identify(context: Context, address: str) -> identity.Identity:
    """Who an address is. Raises UsageError for one that nobody can have."""
    try:
        return identity.identify(address, address_key(context))
    except identity.BadAddressError as error:
        raise UsageError(f"{address!r} is not an address: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that the ledger knows of an address: lists with what its reader wants of them, the consent log, suppressions,
    and each copy with its events. Of sends that were over by `gone_until` there may be sums alone.
    """

    known: bool
    subscriptions: tuple[Subscription, ...]
    consent: tuple[Consent, ...]
    suppressions: tuple[tuple[str, str, str, datetime], ...]
    copies: tuple[events.Copy, ...]
    gone_until: datetime | None = None


def explain(context: Context, address: str, edition: str | None = None) -> Explanation:
    """Why somebody got an edition, or did not, from the ledger alone. Raises UsageError for what is no address."""
    who = identify(context, address)
    with context.store.read() as tx:
        person = roster.subscriber(tx, who.key)
        return Explanation(
            known=person is not None,
            subscriptions=subscriptions.of(tx, person.id) if person else (),
            consent=consent.of(tx, who.key),
            suppressions=tuple(row[1:] for row in roster.suppressions(tx, who.key)),
            copies=events.copies(tx, who.key, edition),
            gone_until=delivery_sums.gone_until(tx),
        )


def export(context: Context, address: str) -> own_data.Document:
    """Everything that is held about the reader of an address. Raises UsageError where that is nothing at all."""
    who = identify(context, address)
    with context.store.read() as tx:
        found = own_data.collect(tx, who.key)
    if not any(found[name] for name in ("known", "consent", "suppressions", "copies")):
        raise UsageError("nothing is held about this address")
    return found
