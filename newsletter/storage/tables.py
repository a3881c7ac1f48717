"""The tables: what is remembered, under which constraints. docs/architecture.md tells the same in pictures.

Keys are integers wherever there are millions of rows. `address_key` is the keyed hash of an address;
it is what stays of a person who was erased. Reasons are words that people read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

from newsletter.model import TO_READERS

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "fk": "%(table_name)s_%(column_0_name)s_known",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s",
    }
)

BigKey = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key. On SQLite only `INTEGER PRIMARY KEY` is the row's own number."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a zone: {value.isoformat()}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> Column[int]:
    return Column("id", BigKey, primary_key=True)


def _to(table: str, name: str | None = None, **options: Any) -> Column[int]:
    return Column(name or f"{table}_id", BigKey, ForeignKey(f"{table}.id"), **{"nullable": False, **options})


def _words(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, **{"nullable": False, "server_default": "", **options})


ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("uid", String(8), nullable=False),  # makes delivery ids ours: two installations may share one account
    Column("origin", String(8)),  # the first uid, where a restore gave another: the epoch's file goes by it
    Column("address_key_print", String(16)),  # of NEWSLETTER_ADDRESS_KEY: with another one nobody would be known
    Column("gateway", String(16)),  # sandbox or sendgrid: the first live send decides, for good
    Column(
        "epoch", BigInteger, nullable=False, server_default="0"
    ),  # the restore guard's number: live sends count on, and restores
    Column("judged_to", BigInteger, nullable=False, server_default="0"),  # events up to this id were looked at,
    Column("judged_by", Integer, nullable=False, server_default="0"),  # by the rules of this version
    Column("created_at", Instant, nullable=False),
)

former_ledger = Table(  # ids that mails carried before the database was restored from a backup
    "former_ledger",
    metadata,
    Column("uid", String(8), primary_key=True),
    Column("last_delivery", BigInteger, nullable=False),  # later ones were of sends that the backup does not know
)

# --- audience -----------------------------------------------------------------------------------------------------

list_ = Table(
    "list",
    metadata,
    _id(),
    Column("slug", String(80), nullable=False, unique=True),
    _words("title"),
    Column("created_at", Instant, nullable=False),
)

subscriber = Table(
    "subscriber",
    metadata,
    _id(),
    Column("address_key", BigInteger, nullable=False, unique=True),
    Column("address", Text),  # as it was typed; NULL once erased
    _words("name"),
    Column("reserved", Boolean, nullable=False),  # a domain of RFC 2606, which no ESP can deliver to
    Column("created_at", Instant, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    Column("list_id", BigKey, ForeignKey("list.id"), primary_key=True),
    Column("subscriber_id", BigKey, ForeignKey("subscriber.id"), primary_key=True),
    Column("state", String(16), nullable=False),
    _words("source"),
    _words("basis"),
    Column("until", Instant),  # implied consent ends then; NULL does not end
    Column("paused_until", Instant),
    Column("sections", Text),  # slugs that the reader wants, a space between them; NULL wants all
    Column(
        "tracked", Boolean, nullable=False, server_default=false()
    ),  # they agreed that their own opens and clicks are seen
    Column("since", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint("state IN ('pending', 'active', 'unsubscribed')", name="state_known"),
    Index(None, "subscriber_id"),
)

suppression = Table(
    "suppression",
    metadata,
    _id(),
    Column("address_key", BigInteger, nullable=False),
    Column("scope", String(80), nullable=False),  # all, or a list's slug
    Column("reason", String(40), nullable=False),
    _words("source"),
    Column("since", Instant, nullable=False),
    UniqueConstraint("address_key", "scope", "reason"),
)
Index(  # each body of events asks for them
    "suppression_erased",
    suppression.c.address_key,
    sqlite_where=suppression.c.reason == "erased",
    postgresql_where=suppression.c.reason == "erased",
)

wording = Table(  # what a form said when somebody agreed to it
    "wording",
    metadata,
    Column("hash", String(64), primary_key=True),
    _words("text"),
    Column("at", Instant, nullable=False),
)

consent = Table(  # append only: what somebody agreed to, or took back
    "consent",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("address_key", BigInteger, nullable=False),
    Column("list", String(80), nullable=False),
    Column("event", String(16), nullable=False),
    _words("basis"),
    Column("until", Instant),
    Column("wording", String(64), ForeignKey("wording.hash")),
    _words("source"),
    _words("detail"),
    CheckConstraint("event IN ('requested', 'confirmed', 'withdrawn', 'imported', 'changed')", name="event_known"),
    Index(None, "address_key"),
)

letter = Table(  # mail to one reader about their own subscription: to confirm it, or to let them in
    "letter",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    _to("subscriber"),
    _to("list", nullable=True),
    Column("state", String(16), nullable=False),
    Column("address", Text),  # where it goes, if not to the subscriber's own; NULL once that is done or over
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # its link
    Column("used_at", Instant),  # its link
    CheckConstraint("kind IN ('confirm', 'access', 'address')", name="kind_known"),
    CheckConstraint("state IN ('waiting', 'claimed', 'sent', 'failed')", name="state_known"),
    Index(None, "subscriber_id"),
    Index(None, "state", "not_before"),
    sqlite_autoincrement=True,  # a number is in a letter's token: one that was deleted must not be another's
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    Column("name", String(80), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    _words("scopes"),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

# --- editions -----------------------------------------------------------------------------------------------------

edition = Table(
    "edition",
    metadata,
    _id(),
    Column("name", String(160), nullable=False, unique=True),  # daily/2026-05-04
    Column("newsletter", String(80), nullable=False),
    Column("date", Date, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    _words("reason"),
    Column("fingerprint", String(80)),
    Column("frozen_at", Instant),
    Column("finished_at", Instant),
    Column("created_at", Instant, nullable=False),
    Index(None, "newsletter", "date"),
)

edition_move = Table(  # append only
    "edition_move",
    metadata,
    _id(),
    _to("edition"),
    Column("at", Instant, nullable=False),
    _words("from_state"),
    _words("to_state"),
    _words("reason"),
    _words("by"),
    Index(None, "edition_id"),
)

edition_story = Table(
    "edition_story",
    metadata,
    Column("edition_id", BigKey, ForeignKey("edition.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("slug", String(200), nullable=False),
    Column("section", String(80), nullable=False),
    _words("headline"),
    Column("digest", String(80), nullable=False),
    Column("corrects", String(200)),  # it stood there as the correction of this story, not as a story
    Index(None, "slug"),
    Index(None, "corrects"),
)

correction = Table(  # an edition that is the mail of one correction, to those who got another edition
    "correction",
    metadata,
    Column("edition_id", BigKey, ForeignKey("edition.id"), primary_key=True),
    _to("edition", "corrected_id"),
    Column("slug", String(200), nullable=False),  # the correcting story
    # The first edition with this correction: deliveries of all of them count under it, so that nobody gets it twice.
    _to("edition", "counts_under"),
    UniqueConstraint("corrected_id", "slug"),
    Index(None, "slug"),
)

signature = Table(
    "signature",
    metadata,
    Column("edition_id", BigKey, ForeignKey("edition.id"), primary_key=True),
    Column("fingerprint", String(80), primary_key=True),
    Column("by", String(80), primary_key=True),
    Column("at", Instant, nullable=False),
)

step = Table(  # what the clock did once for an edition
    "step",
    metadata,
    Column("edition", String(160), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
)

story_move = Table(  # append only
    "story_move",
    metadata,
    _id(),
    Column("slug", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    _words("from_state"),
    _words("to_state"),
    _words("by"),
    _words("digest"),
    Index(None, "slug"),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("fingerprint", String(80), nullable=False, unique=True),
    Column("language", String(20), nullable=False),
    _words("subject"),
    _words("preheader"),
    _words("html"),
    _words("text"),
    Column("created_at", Instant, nullable=False),
)

link = Table(
    "link",
    metadata,
    Column("message_id", BigKey, ForeignKey("message.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("role", String(20), nullable=False),
    _words("url"),
    Column("story", String(200)),
    Column("section", String(80)),
    Column("code", String(20), nullable=False, server_default=""),  # of its place and target: what stands in /r/{code}
    Index(None, "code"),
)

retarget = Table(  # a link that leads elsewhere than the mails said when they went out; append only, the newest counts
    "retarget",
    metadata,
    _id(),
    Column("code", String(20), nullable=False),
    _words("url"),
    _words("by"),
    Column("at", Instant, nullable=False),
    Index(None, "code"),
)

picture = Table(  # of those messages that carry theirs
    "picture",
    metadata,
    Column("message_id", BigKey, ForeignKey("message.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

variant = Table(
    "variant",
    metadata,
    _id(),
    _to("edition"),
    _to("message"),
    Column("language", String(20), nullable=False),
    Column("tracking", String(16), nullable=False),  # model.Tracking as a word
    _words("sections"),  # those that it was made for, as subscriptions have them; empty for all
    Column(
        "place", Integer
    ),  # among those that the edition is frozen with, 1 the main one; NULL: a test's, a former one
    # Its name is of when the column was called click_mode: SQLite renames no constraint.
    UniqueConstraint("edition_id", "message_id", "tracking", name="variant_edition_id_message_id_click_mode_unique"),
)

printed_story = Table(  # a story as it went out, for the archive
    "printed_story",
    metadata,
    Column("digest", String(80), primary_key=True),
    Column("slug", String(200), nullable=False),
    _words("document"),
    Index(None, "slug"),
)

printed_edition = Table(  # what stood beside the stories of a frozen edition, for the archive
    "printed_edition",
    metadata,
    Column("edition_id", BigKey, ForeignKey("edition.id"), primary_key=True),
    _words("document"),
)

# --- the ledger of sends -------------------------------------------------------------------------------------------

send = Table(
    "send",
    metadata,
    _id(),
    _to("edition"),
    _to("list", nullable=True),  # a test goes to editors, not to a list
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    _words("reason"),
    _words("subject"),
    Column("candidates", Integer, nullable=False),
    Column("errors_in_a_row", Integer, nullable=False, server_default="0"),
    Column("canary_count", Integer, nullable=False, server_default="0"),  # readers of batch 1, if it goes ahead alone
    Column("canary_wait_s", Integer, nullable=False, server_default="0"),  # from its acceptance to the rest
    Column("rest_at", Instant),  # when the rest was let go: the wait was over, or a person ended it
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("moved_at", Instant),  # when its state last changed
    Column("finished_at", Instant),
    CheckConstraint("kind IN ('live', 'test', 'correction', 'notice')", name="kind_known"),
)
Index(
    "send_once",
    send.c.edition_id,
    send.c.list_id,
    unique=True,
    sqlite_where=send.c.kind.in_(TO_READERS),
    postgresql_where=send.c.kind.in_(TO_READERS),
)

batch = Table(
    "batch",
    metadata,
    _id(),
    _to("send"),
    _to("variant"),
    Column("number", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("not_before", Instant),
    _words("receipt"),
    _words("settled_by"),  # answer, event, a person's name, policy
    Column("settled_at", Instant),
    UniqueConstraint("send_id", "number"),
    CheckConstraint(
        "state IN ('pending', 'claimed', 'accepted', 'in_doubt', 'empty', 'cancelled')", name="state_known"
    ),
)
Index("batch_open", batch.c.send_id, batch.c.state, batch.c.number)

attempt = Table(
    "attempt",
    metadata,
    Column("batch_id", BigKey, ForeignKey("batch.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    _words("host"),
    _words("boot"),
    Column("pid", Integer, nullable=False),
    _words("process_start"),
    Column("claimed_at", Instant, nullable=False),
    Column("claimed_uptime_s", Float),  # of the host since `boot`: no change of the wall clock moves it
    Column("lease_until", Instant, nullable=False),
    Column("finished_at", Instant),
    _words("outcome"),  # accepted, not sent, refused, in doubt
    Column("status", Integer),
    _words("error"),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _to("send"),
    # The edition whose "never twice" this row counts under; NULL where it cannot mail anybody (a test, or excluded at
    # the freeze), so that the constraint below binds only what may go.
    _to("edition", nullable=True),
    _to("subscriber", nullable=True),
    Column("address_key", BigInteger, nullable=False),
    Column("address", Text),  # an editor's, on a test
    Column("batch_number", Integer),
    Column("outcome", String(16)),  # NULL: as its batch; excluded or refused, with the reason
    Column("reason", String(60)),
    UniqueConstraint("address_key", "edition_id"),
    Index(None, "send_id", "batch_number"),
)
Index(
    "delivery_exceptions",
    delivery.c.send_id,
    delivery.c.outcome,
    delivery.c.reason,
    sqlite_where=delivery.c.outcome.is_not(None),
    postgresql_where=delivery.c.outcome.is_not(None),
)

# --- tracking -----------------------------------------------------------------------------------------------------

event = Table(
    "event",
    metadata,
    _id(),
    Column("vendor_id", String(120), nullable=False),
    _to("delivery"),
    Column("kind", String(16), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    _words("url"),
    Column("attempt", Integer, nullable=False),  # ours, 0 where the event does not say
    _words("reason"),
    Column("machine", Boolean, nullable=False),
    _words("raw"),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("delivery_id", "kind", "occurred_at", "url", "attempt"),
    # Not by the id alone: ids are random, and each event would touch a page of its own (docs/decisions/0023).
    UniqueConstraint("delivery_id", "vendor_id"),
    Index(None, "received_at"),
)

foreign_event = Table(  # events of no delivery of ours, kept apart
    "foreign_event",
    metadata,
    _id(),
    Column("body_hash", String(64), nullable=False, unique=True),
    _words("raw"),
    Column("received_at", Instant, nullable=False),
)

fact = Table(  # monotone: the earliest instant wins
    "fact",
    metadata,
    Column("delivery_id", BigKey, ForeignKey("delivery.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("at", Instant, nullable=False),
)

judgement = Table(  # whether a human did it: of opens and clicks, by the rules of a version
    "judgement",
    metadata,
    Column("event_id", BigKey, ForeignKey("event.id"), primary_key=True),
    Column("machine", Boolean, nullable=False),
    _words("why"),
    Column("rules", Integer, nullable=False),
)

hit = Table(  # somebody followed a link of ours; nobody knows who
    "hit",
    metadata,
    _id(),
    Column("code", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    _words("agent"),
    Column("machine", Boolean, nullable=False),
    _words("why"),
    Column("rules", Integer, nullable=False),
    Index(None, "code"),
    Index(None, "at"),
)

event_sum = Table(  # what is left of events and hits when they are too old to keep
    "event_sum",
    metadata,
    Column("send_id", BigKey, ForeignKey("send.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("code", String(20), primary_key=True),  # of the link, or empty
    Column("machine", Boolean, primary_key=True),
    Column("events", Integer, nullable=False),
    Column("deliveries", Integer, nullable=False),
)

delivery_sum = Table(  # what is left of deliveries, likewise
    "delivery_sum",
    metadata,
    Column("send_id", BigKey, ForeignKey("send.id"), primary_key=True),
    Column("outcome", String(16), primary_key=True),  # excluded, refused, accepted; or a fact
    Column("reason", String(60), primary_key=True),  # of a fact: the tracking of the variant
    Column("deliveries", Integer, nullable=False),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("host", String(120), primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

alert = Table(  # what operators were told: once for an edition (or the machine) and a kind
    "alert",
    metadata,
    Column("about", String(160), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    _words("text"),
    Column("mailed_at", Instant),
    Column("posted_at", Instant),
    Column("not_before", Instant),  # one process at a time tells it, and not before then
)

watch = Table(  # from when on a newsletter's schedule counts: it was added, or its schedule was changed
    "watch",
    metadata,
    Column("newsletter", String(80), primary_key=True),
    _words("schedule"),
    Column("since", Instant, nullable=False),
)
