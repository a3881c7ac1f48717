"""The reader's side: consent and letters, links that can be led elsewhere, who was a human, the archive, API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pk")),
        sa.UniqueConstraint("hash", name=op.f("api_key_hash_unique")),
        sa.UniqueConstraint("name", name=op.f("api_key_name_unique")),
    )
    op.create_table(
        "hit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("hit_pk")),
    )
    op.create_index(op.f("hit_at"), "hit", ["at"], unique=False)
    op.create_index(op.f("hit_code"), "hit", ["code"], unique=False)
    op.create_table(
        "printed_story",
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("printed_story_pk")),
    )
    op.create_index(op.f("printed_story_slug"), "printed_story", ["slug"], unique=False)
    op.create_table(
        "retarget",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("retarget_pk")),
    )
    op.create_index(op.f("retarget_code"), "retarget", ["code"], unique=False)
    op.create_table(
        "wording",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("wording_pk")),
    )
    op.create_table(
        "consent",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address_key", sa.BigInteger(), nullable=False),
        sa.Column("list", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wording", sa.String(length=64), nullable=True),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "event IN ('requested', 'confirmed', 'withdrawn', 'imported', 'changed')", name=op.f("consent_event_known")
        ),
        sa.ForeignKeyConstraint(["wording"], ["wording.hash"], name=op.f("consent_wording_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_pk")),
    )
    op.create_index(op.f("consent_address_key"), "consent", ["address_key"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("list_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('confirm', 'access', 'address')", name=op.f("letter_kind_known")),
        sa.CheckConstraint("state IN ('waiting', 'claimed', 'sent', 'failed')", name=op.f("letter_state_known")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("letter_list_id_known")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("letter_subscriber_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("letter_pk")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("letter_state_not_before"), "letter", ["state", "not_before"], unique=False)
    op.create_index(op.f("letter_subscriber_id"), "letter", ["subscriber_id"], unique=False)
    op.create_table(
        "printed_edition",
        sa.Column("edition_id", BIG, nullable=False),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("printed_edition_edition_id_known")),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("printed_edition_pk")),
    )
    op.create_table(
        "delivery_sum",
        sa.Column("send_id", BIG, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("delivery_sum_send_id_known")),
        sa.PrimaryKeyConstraint("send_id", "outcome", "reason", name=op.f("delivery_sum_pk")),
    )
    op.create_table(
        "event_sum",
        sa.Column("send_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["send_id"], ["send.id"], name=op.f("event_sum_send_id_known")),
        sa.PrimaryKeyConstraint("send_id", "kind", "code", "machine", name=op.f("event_sum_pk")),
    )
    op.create_table(
        "judgement",
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("judgement_event_id_known")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("judgement_pk")),
    )
    op.create_index(
        "suppression_erased",
        "suppression",
        ["address_key"],
        sqlite_where=sa.text("reason = 'erased'"),
        postgresql_where=sa.text("reason = 'erased'"),
    )
    op.add_column("link", sa.Column("code", sa.String(length=20), server_default="", nullable=False))
    op.create_index(op.f("link_code"), "link", ["code"], unique=False)
    op.add_column("subscription", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription", sa.Column("sections", sa.Text(), nullable=True))
    op.add_column("subscription", sa.Column("tracked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("variant", sa.Column("sections", sa.Text(), server_default="", nullable=False))
    op.add_column("ledger", sa.Column("judged_to", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("ledger", sa.Column("judged_by", sa.Integer(), server_default="0", nullable=False))
    op.execute("ALTER TABLE variant RENAME COLUMN click_mode TO tracking")
    op.add_column("variant", sa.Column("place", sa.Integer(), nullable=True))
    op.execute(  # until now an edition was frozen with one variant, and had its fingerprint
        "UPDATE variant SET place = 1 WHERE EXISTS (SELECT 1 FROM edition JOIN message "
        "ON message.fingerprint = edition.fingerprint WHERE edition.id = variant.edition_id "
        "AND message.id = variant.message_id)"
    )


def downgrade() -> None:
    op.drop_column("variant", "place")
    op.execute("ALTER TABLE variant RENAME COLUMN tracking TO click_mode")
    op.drop_index("suppression_erased", table_name="suppression")
    op.drop_column("ledger", "judged_by")
    op.drop_column("ledger", "judged_to")
    op.drop_column("variant", "sections")
    op.drop_column("subscription", "tracked")
    op.drop_column("subscription", "sections")
    op.drop_column("subscription", "paused_until")
    op.drop_column("subscription", "until")
    op.drop_index(op.f("link_code"), table_name="link")
    op.drop_column("link", "code")
    op.drop_table("judgement")
    op.drop_table("event_sum")
    op.drop_table("delivery_sum")
    op.drop_table("printed_edition")
    op.drop_table("letter")
    op.drop_table("consent")
    op.drop_table("wording")
    op.drop_table("retarget")
    op.drop_table("printed_story")
    op.drop_table("hit")
    op.drop_table("api_key")
