"""The ledger, the audience, editions and what is told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "edition",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("newsletter", sa.String(length=80), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.String(length=80), nullable=True),
        sa.Column("frozen_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("edition_pk")),
        sa.UniqueConstraint("name", name=op.f("edition_name_unique")),
    )
    op.create_index(op.f("edition_newsletter_date"), "edition", ["newsletter", "date"], unique=False)
    op.create_table(
        "foreign_event",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("foreign_event_pk")),
        sa.UniqueConstraint("body_hash", name=op.f("foreign_event_body_hash_unique")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("heartbeat_pk")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=8), nullable=False),
        sa.Column("address_key_print", sa.String(length=16), nullable=True),
        sa.Column("gateway", sa.String(length=16), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_pk")),
    )
    op.create_table(
        "list",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("list_pk")),
        sa.UniqueConstraint("slug", name=op.f("list_slug_unique")),
    )
    op.create_table(
        "message",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("fingerprint", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("preheader", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pk")),
        sa.UniqueConstraint("fingerprint", name=op.f("message_fingerprint_unique")),
    )
    op.create_table(
        "step",
        sa.Column("edition", sa.String(length=160), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("edition", "name", name=op.f("step_pk")),
    )
    op.create_table(
        "story_move",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("from_state", sa.Text(), server_default="", nullable=False),
        sa.Column("to_state", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("story_move_pk")),
    )
    op.create_index(op.f("story_move_slug"), "story_move", ["slug"], unique=False)
    op.create_table(
        "subscriber",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("address_key", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriber_pk")),
        sa.UniqueConstraint("address_key", name=op.f("subscriber_address_key_unique")),
    )
    op.create_table(
        "suppression",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("address_key", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("suppression_pk")),
        sa.UniqueConstraint("address_key", "scope", "reason", name=op.f("suppression_address_key_scope_reason_unique")),
    )
    op.create_table(
        "watch",
        sa.Column("newsletter", sa.String(length=80), nullable=False),
        sa.Column("schedule", sa.Text(), server_default="", nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("newsletter", name=op.f("watch_pk")),
    )
    op.create_table(
        "edition_move",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("edition_id", BIG_KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("from_state", sa.Text(), server_default="", nullable=False),
        sa.Column("to_state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("edition_move_edition_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("edition_move_pk")),
    )
    op.create_index(op.f("edition_move_edition_id"), "edition_move", ["edition_id"], unique=False)
    op.create_table(
        "edition_story",
        sa.Column("edition_id", BIG_KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("section", sa.String(length=80), nullable=False),
        sa.Column("headline", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("edition_story_edition_id_known")),
        sa.PrimaryKeyConstraint("edition_id", "position", name=op.f("edition_story_pk")),
    )
    op.create_index(op.f("edition_story_slug"), "edition_story", ["slug"], unique=False)
    op.create_table(
        "link",
        sa.Column("message_id", BIG_KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("story", sa.String(length=200), nullable=True),
        sa.Column("section", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("link_message_id_known")),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("link_pk")),
    )
    op.create_table(
        "send",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("edition_id", BIG_KEY, nullable=False),
        sa.Column("list_id", BIG_KEY, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("errors_in_a_row", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("moved_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('live', 'test', 'correction', 'notice')", name=op.f("send_kind_known")),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("send_edition_id_known")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("send_list_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("send_pk")),
    )
    op.create_index(
        "send_live_once",
        "send",
        ["edition_id", "list_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'live'"),
        postgresql_where=sa.text("kind = 'live'"),
    )
    op.create_table(
        "signature",
        sa.Column("edition_id", BIG_KEY, nullable=False),
        sa.Column("fingerprint", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("signature_edition_id_known")),
        sa.PrimaryKeyConstraint("edition_id", "fingerprint", "by", name=op.f("signature_pk")),
    )
    op.create_table(
        "subscription",
        sa.Column("list_id", BIG_KEY, nullable=False),
        sa.Column("subscriber_id", BIG_KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'active', 'unsubscribed')", name=op.f("subscription_state_known")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("subscription_list_id_known")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("subscription_subscriber_id_known")),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("subscription_pk")),
    )
    op.create_index(op.f("subscription_subscriber_id"), "subscription", ["subscriber_id"], unique=False)
    op.create_table(
        "variant",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("edition_id", BIG_KEY, nullable=False),
        sa.Column("message_id", BIG_KEY, nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("click_mode", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("variant_edition_id_known")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("variant_message_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("variant_pk")),
        sa.UniqueConstraint(
            "edition_id", "message_id", "click_mode", name=op.f("variant_edition_id_message_id_click_mode_unique")
        ),
    )
    op.create_table(
        "batch",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("send_id", BIG_KEY, nullable=False),
        sa.Column("variant_id", BIG_KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", INSTANT, nullable=True),
        sa.Column("receipt", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_by", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'claimed', 'accepted', 'in_doubt', 'empty', 'cancelled')",
            name=op.f("batch_state_known"),
        ),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("batch_send_id_known")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("batch_variant_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("batch_pk")),
        sa.UniqueConstraint("send_id", "number", name=op.f("batch_send_id_number_unique")),
    )
    op.create_index("batch_open", "batch", ["send_id", "state", "number"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("send_id", BIG_KEY, nullable=False),
        sa.Column("edition_id", BIG_KEY, nullable=True),
        sa.Column("subscriber_id", BIG_KEY, nullable=True),
        sa.Column("address_key", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("batch_number", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("delivery_edition_id_known")),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("delivery_send_id_known")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("delivery_subscriber_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pk")),
        sa.UniqueConstraint("address_key", "edition_id", name=op.f("delivery_address_key_edition_id_unique")),
    )
    op.create_index(
        "delivery_exceptions",
        "delivery",
        ["send_id", "outcome", "reason"],
        unique=False,
        sqlite_where=sa.text("outcome IS NOT NULL"),
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )
    op.create_index(op.f("delivery_send_id_batch_number"), "delivery", ["send_id", "batch_number"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("batch_id", BIG_KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("boot", sa.Text(), server_default="", nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_start", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("attempt_batch_id_known")),
        sa.PrimaryKeyConstraint("batch_id", "number", name=op.f("attempt_pk")),
    )
    op.create_table(
        "event",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("vendor_id", sa.String(length=120), nullable=False),
        sa.Column("delivery_id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("event_delivery_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("event_pk")),
        sa.UniqueConstraint(
            "delivery_id",
            "kind",
            "occurred_at",
            "url",
            "attempt",
            name=op.f("event_delivery_id_kind_occurred_at_url_attempt_unique"),
        ),
        sa.UniqueConstraint("vendor_id", name=op.f("event_vendor_id_unique")),
    )
    op.create_index(op.f("event_received_at"), "event", ["received_at"], unique=False)
    op.create_table(
        "fact",
        sa.Column("delivery_id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fact_delivery_id_known")),
        sa.PrimaryKeyConstraint("delivery_id", "kind", name=op.f("fact_pk")),
    )


def downgrade() -> None:
    for table in (
        "fact",
        "event",
        "attempt",
        "delivery",
        "batch",
        "variant",
        "subscription",
        "signature",
        "send",
        "link",
        "edition_story",
        "edition_move",
        "watch",
        "suppression",
        "subscriber",
        "story_move",
        "step",
        "message",
        "list",
        "ledger",
        "heartbeat",
        "foreign_event",
        "edition",
    ):
        op.drop_table(table)
