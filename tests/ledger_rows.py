"""Rows for the ledger's tests, made through the room's own functions: readers, editions, frozen sends, answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from ledger_clock import HandClock
from sqlalchemy import update

from newsletter.audience.identity import identify
from newsletter.model import Batch, EditionState, Event, EventKind, Message, Owner, SendReport, SendState
from newsletter.storage import Store, Tx, answers, balance, claims, editions, events, messages, roster, sends, variants
from newsletter.storage import tables as t
from newsletter.storage.eligibility import Mailing
from newsletter.storage.variants import Allotment, Choice

KEY = b"k" * 32
LEASE = timedelta(minutes=5)
ME = Owner(host="here", boot="b1", pid=100, process_start="7")
OTHER = Owner(host="here", boot="b1", pid=200, process_start="9")
FOREIGN = Owner(host="elsewhere", boot="b9", pid=100, process_start="7")

MESSAGE = Message(
    subject="Ports reopen",
    preheader="And more",
    html="<p>https://news.example.org/u/[[reader]]</p>",
    text="https://news.example.org/u/[[reader]]",
    links=(),
    fingerprint="sha256:" + "3f9a" * 16,
)


def key_of(address: str) -> int:
    return identify(address, KEY).key


def people(addresses: Iterable[str]) -> list[roster.NewSubscriber]:
    return [
        roster.NewSubscriber(address=who.address, address_key=who.key, reserved=who.reserved, name="")
        for who in (identify(address, KEY) for address in addresses)
    ]


def addresses(count: int, prefix: str = "reader") -> list[str]:
    return [f"{prefix}{number}@example.org" for number in range(count)]


def sign(subscriber_id: int) -> str:
    return f"token{subscriber_id}"


class Rows:
    """A ledger and what tests do with it, a transaction each."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock

    def subscribe(self, slug: str, who: Sequence[str]) -> int:
        with self.store.write() as tx:
            list_id = roster.ensure_list(tx, slug, slug.title(), self.clock())
            roster.add_subscribers(tx, list_id, people(who), source="test", basis="test", now=self.clock())
        return list_id

    def unsubscribe(self, slug: str, address: str) -> bool:
        with self.store.write() as tx:
            found = roster.subscriber(tx, key_of(address))
            list_id = roster.list_id(tx, slug)
            assert found is not None
            assert list_id is not None
            return roster.unsubscribe(tx, found.id, list_id, now=self.clock())

    def suppress(self, address: str, *, reason: str = "manual", scope: str = "all") -> int:
        with self.store.write() as tx:
            return roster.suppress(tx, [key_of(address)], reason=reason, scope=scope, source="test", now=self.clock())

    def choose(self, slug: str, address: str, **columns: object) -> None:
        """Columns of somebody's subscription, as their pages would write them."""
        with self.store.write() as tx:
            found = roster.subscriber(tx, key_of(address))
            assert found is not None
            of = t.subscription.c
            tx.execute(
                update(t.subscription)
                .where(of.list_id == roster.list_id(tx, slug), of.subscriber_id == found.id)
                .values(**columns)
            )

    def hence(self, hours: int | None) -> datetime | None:
        return None if hours is None else self.clock() + timedelta(hours=hours)

    def mailing(
        self, tx: Tx, slug: str, edition_id: int | None = None, *, loopback: bool = True, printed: Sequence[str] = ()
    ) -> Mailing:
        list_id = roster.list_id(tx, slug)
        assert list_id is not None
        return Mailing(
            list_id=list_id, list_slug=slug, edition_id=edition_id, loopback=loopback, at=self.clock(),
            printed=tuple(printed),
        )  # fmt: skip

    def freeze(
        self,
        slug: str = "daily",
        edition: str = "daily/2026-05-04",
        *,
        size: int = 2,
        loopback: bool = True,
        printed: Sequence[str] = (),
        choices: Mapping[Choice, int] | None = None,
    ) -> int:
        """A frozen send that has not begun. `choices` give the number of a variant, beside the main one, which is 0."""
        now, (name, _, day) = self.clock(), edition.partition("/")
        with self.store.write() as tx:
            row = editions.ensure(
                tx, edition, newsletter=name, on=date.fromisoformat(day[:10]), planned_at=now, now=now
            )
            roster.ensure_list(tx, slug, slug.title(), now)
            kept = []
            for number in range(1 + max((choices or {}).values(), default=0)):
                message = replace(MESSAGE, fingerprint=f"{MESSAGE.fingerprint[:-2]}{number:02}") if number else MESSAGE
                kept.append((messages.keep(tx, row.id, message, now), [f"set-{number}"] if number else []))
            variants.fix(tx, row.id, kept)
            plan = sends.Plan(
                edition_id=row.id,
                mailing=self.mailing(tx, slug, row.id, loopback=loopback, printed=printed),
                allotment=Allotment(variants=tuple(id_ for id_, _ in kept), choices=choices or {}),
                subject=MESSAGE.subject,
                batch_size=size,
            )
            return sends.freeze(tx, plan, now)

    def begin(self, count: int = 6, *, size: int = 2, slug: str = "daily", edition: str = "daily/2026-05-04") -> int:
        """A send to `count` readers in batches of `size` that is sending."""
        self.subscribe(slug, addresses(count))
        send_id = self.freeze(slug, edition, size=size)
        self.move(send_id, SendState.SENDING)
        with self.store.write() as tx:
            row = editions.find(tx, edition)
            assert row is not None
            editions.move(tx, row.id, [EditionState.OPEN], EditionState.SENDING, reason="", by="t", now=self.clock())
        return send_id

    def move(self, send_id: int, to: SendState) -> bool:
        with self.store.write() as tx:
            return sends.move(tx, send_id, list(SendState), to, now=self.clock())

    def claim(
        self, send_id: int, limit: int = 1, owner: Owner = ME, numbers: Sequence[int] | None = None
    ) -> tuple[Batch, ...]:
        return tuple(batch for batch, _ in self.claimed(send_id, limit, owner, numbers).batches)

    def claimed(
        self, send_id: int, limit: int = 1, owner: Owner = ME, numbers: Sequence[int] | None = None
    ) -> claims.Claimed:
        with self.store.write() as tx:
            send = sends.find(tx, send_id)
            return claims.claim(
                tx, send, owner=owner, lease=LEASE, limit=limit, sign=sign, now=self.clock(), numbers=numbers
            )

    def accepted(self, batch: Batch, receipt: str = "m1") -> bool:
        with self.store.write() as tx:
            return answers.accepted(tx, batch, receipt, self.clock())

    def in_doubt(self, batch: Batch) -> bool:
        with self.store.write() as tx:
            return answers.in_doubt(tx, batch, "it broke", self.clock(), status=None)

    def not_sent(self, batch: Batch, not_before: datetime | None = None) -> bool:
        with self.store.write() as tx:
            return answers.not_sent(tx, batch, "slow down", self.clock(), status=429, not_before=not_before)

    def refused(self, batch: Batch, places: Iterable[int]) -> bool:
        reasons = dict.fromkeys(places, "refused: no such address")
        with self.store.write() as tx:
            return answers.refused(tx, batch, reasons, "400", self.clock(), status=400)

    def keep(self, *heard: Event) -> events.Kept:
        with self.store.write() as tx:
            return events.keep(tx, heard, self.clock())

    def report(self, send_id: int) -> SendReport:
        with self.store.read() as tx:
            return balance.report(tx, send_id)

    def one(self, statement: str) -> object:
        with self.store.read() as tx:
            return tx.exec_driver_sql(statement).scalar_one()


def event(
    delivery: str,
    vendor_id: str = "e1",
    *,
    kind: EventKind = EventKind.DELIVERED,
    at: datetime,
    attempt: int | None = 1,
    url: str = "",
    reason: str = "",
    agent: str = "",
) -> Event:
    return Event(
        vendor_id=vendor_id, kind=kind, occurred_at=at, delivery_id=delivery, attempt=attempt,
        address="reader@example.org", url=url, reason=reason, machine=False,
        raw=json.dumps({"useragent": agent}) if agent else "{}",
    )  # fmt: skip
