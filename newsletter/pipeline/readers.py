"""Lists and the people on them: importing, leaving, suppressing, and why somebody got a mail or did not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import structlog

from newsletter.audience import identity, tokens
from newsletter.audience.csvfile import Person, Rejected, read_people
from newsletter.errors import ContentError, Fault, UsageError
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, events, roster

log = structlog.get_logger()

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, and the rows it could not take, by line."""

    list: str
    added: int
    known: int
    kept_out: int
    suppressed: int
    rejected: tuple[Rejected, ...]


def import_csv(
    context: Context,
    file: Path,
    list_: str,
    *,
    source: str,
    basis: str,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Put the people of a CSV file on a list, all in one transaction. Rejected rows are reported, the others taken.

    Who left the list stays away; who is suppressed stays suppressed. Raises ContentError for a file of the wrong
    shape, UsageError for a list that no newsletter has.
    """
    _require_list(context, list_)
    now = context.clock()
    counts = {"added": 0, "known": 0, "kept_out": 0, "suppressed": 0}
    rejected: list[Rejected] = []
    with _opened(file) as lines, context.store.write() as tx:
        list_id = roster.ensure_list(tx, list_, _title(context, list_), now)
        rows = read_people(lines, _key(context), shown=str(file))
        for people, bad in _parts(rows):
            rejected += bad
            added = roster.add_subscribers(tx, list_id, _new(people), source=source, basis=basis, now=now)
            for name in counts:
                counts[name] += getattr(added, name)
            if progress is not None:
                progress(sum(counts[name] for name in ("added", "known", "kept_out")) + len(rejected))
    log.info("readers imported", list=list_, rejected=len(rejected), **counts)
    return ImportReport(list=list_, rejected=tuple(rejected), **counts)


class _opened:  # noqa: N801  used as a function is
    """The lines of a text file, whose trouble is the editor's or operator's: told with path and line."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Iterator[str]:
        try:
            raw = self._file.open("rb")
        except OSError as error:
            raise ContentError((Fault(str(self._file), 0, f"cannot be read: {error.strerror}"),)) from error
        self._raw = raw
        return self._lines()

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(self._raw, start=1):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ContentError(
                    (Fault(str(self._file), number, "is not UTF-8: save the file as CSV UTF-8 and import it again"),)
                ) from error
            if "\0" in text:
                raise ContentError((Fault(str(self._file), number, "has a NUL character: it is not a text file"),))
            yield text

    def __exit__(self, *_: object) -> None:
        self._raw.close()


def _parts(rows: Iterator[Person | Rejected]) -> Iterator[tuple[list[Person], list[Rejected]]]:
    while part := list(islice(rows, _AT_ONCE)):
        yield [row for row in part if isinstance(row, Person)], [row for row in part if isinstance(row, Rejected)]


def _new(people: Iterable[Person]) -> list[roster.NewSubscriber]:
    return [
        roster.NewSubscriber(
            address=person.identity.address,
            address_key=person.identity.key,
            reserved=person.identity.reserved,
            name=person.name,
        )
        for person in people
    ]


def add(context: Context, address: str, name: str, list_: str, *, source: str, basis: str) -> roster.Added:
    """Put one person on a list. Raises UsageError."""
    _require_list(context, list_)
    who, now = identify(context, address), context.clock()
    new = roster.NewSubscriber(address=who.address, address_key=who.key, reserved=who.reserved, name=name)
    with context.store.write() as tx:
        list_id = roster.ensure_list(tx, list_, _title(context, list_), now)
        added = roster.add_subscribers(tx, list_id, [new], source=source, basis=basis, now=now)
    log.info("reader added", list=list_, added=added.added, suppressed=added.suppressed)
    return added


def _require_list(context: Context, list_: str) -> None:
    known = {newsletter.list for newsletter in context.newsletters.values()}
    with context.store.read() as tx:
        known |= {row.slug for row in roster.lists(tx)}
    if list_ not in known:
        raise UsageError(f"there is no list {list_!r}; newsletters have: {', '.join(sorted(known))}")


def _title(context: Context, list_: str) -> str:
    return next((n.title for n in context.newsletters.values() if n.list == list_), list_)


def _key(context: Context) -> bytes:
    return (context.settings.address_key or "").encode()


def identify(context: Context, address: str) -> identity.Identity:
    """Who an address is. Raises UsageError for one that nobody can have."""
    try:
        return identity.identify(address, _key(context))
    except identity.BadAddressError as error:
        raise UsageError(f"{address!r} is not an address: {error}") from error


# --- leaving ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a reader's unsubscribe link stands for: which newsletter, whose masked address, and whether it was done."""

    title: str
    masked: str
    inert: bool
    left: bool


def leaving(context: Context, text: str) -> Leaving:
    """What the page behind an unsubscribe link shows; changes nothing. Raises tokens.BadTokenError."""
    token = tokens.read(text, "unsubscribe", context.settings.secret_keys)
    with context.store.read() as tx:
        return _leaving(context, tx, token)


def leave(context: Context, text: str) -> Leaving:
    """Take the reader of a link off its list, at once. Twice is once. Raises tokens.BadTokenError."""
    token = tokens.read(text, "unsubscribe", context.settings.secret_keys)
    with context.store.write() as tx:
        if not token.inert:
            news = roster.unsubscribe(
                tx, token.subscriber_id, token.list_id, source=f"link of send {token.send_id}", now=context.clock()
            )
            if news:
                log.info("reader left", subscriber=token.subscriber_id, list=token.list_id, send=token.send_id)
        return _leaving(context, tx, token)


def _leaving(context: Context, tx: Tx, token: tokens.Token) -> Leaving:
    if token.inert:
        return Leaving(title="", masked="", inert=True, left=False)
    slug = roster.list_slug(tx, token.list_id)
    person = roster.by_id(tx, token.subscriber_id)
    state = roster.membership_state(tx, token.subscriber_id, token.list_id)
    if slug is None or person is None or state is None:
        raise tokens.BadTokenError("its list or reader is gone")
    return Leaving(
        title=_title(context, slug),
        masked=identity.mask(person.address) if person.address else "",
        inert=False,
        left=state == "unsubscribed",
    )


def unsubscribe(context: Context, address: str, list_: str | None) -> tuple[str, ...]:
    """Take somebody off one list or all of them, by an operator's hand; gives the lists that was news for."""
    if list_ is not None:
        _require_list(context, list_)
    who = identify(context, address)
    with context.store.write() as tx:
        person = roster.subscriber(tx, who.key)
        if person is None:
            raise UsageError("there is no such subscriber")
        left = []
        for membership in roster.memberships(tx, person.id):
            if list_ is not None and membership.list != list_:
                continue
            id_ = roster.list_id(tx, membership.list)
            if id_ is not None and roster.unsubscribe(tx, person.id, id_, source="operator", now=context.clock()):
                left.append(membership.list)
                log.info("reader left", subscriber=person.id, list=id_, by="operator")
    return tuple(left)


def suppress(context: Context, addresses: Iterable[str], *, reason: str, source: str) -> int:
    """Suppress addresses for every list; gives how many were news. Raises UsageError for what is no address."""
    keys = [identify(context, address).key for address in addresses]
    with context.store.write() as tx:
        news = roster.suppress(tx, keys, reason=reason, scope="all", source=source, now=context.clock())
    log.info("addresses suppressed", news=news, reason=reason)
    return news


def suppress_csv(context: Context, file: Path, *, reason: str) -> ImportReport:
    """Suppress the addresses of a CSV file for every list, all in one transaction. Raises ContentError."""
    added = known = 0
    rejected: list[Rejected] = []
    with _opened(file) as lines, context.store.write() as tx:
        for people, bad in _parts(read_people(lines, _key(context), shown=str(file))):
            rejected += bad
            keys = [person.identity.key for person in people]
            news = roster.suppress(tx, keys, reason=reason, scope="all", source=file.name, now=context.clock())
            added, known = added + news, known + len(keys) - news
    log.info("addresses suppressed", news=added, reason=reason)
    return ImportReport(list="", added=added, known=known, kept_out=0, suppressed=added, rejected=tuple(rejected))


# --- why ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that the ledger knows of an address: lists, suppressions, and each copy with its events."""

    known: bool
    memberships: tuple[roster.Membership, ...]
    suppressions: tuple[tuple[str, str, str, datetime], ...]
    copies: tuple[events.Copy, ...]


def explain(context: Context, address: str, edition: str | None = None) -> Explanation:
    """Why somebody got an edition, or did not, from the ledger alone. Raises UsageError for what is no address."""
    who = identify(context, address)
    with context.store.read() as tx:
        person = roster.subscriber(tx, who.key)
        return Explanation(
            known=person is not None,
            memberships=roster.memberships(tx, person.id) if person else (),
            suppressions=tuple(row[1:] for row in roster.suppressions(tx, who.key)),
            copies=events.copies(tx, who.key, edition),
        )
