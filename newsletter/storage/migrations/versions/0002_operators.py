"""What operators need: alerts told once, former ledger ids after a restore, canaries, uptimes of claims."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("about", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("mailed_at", INSTANT, nullable=True),
        sa.Column("posted_at", INSTANT, nullable=True),
        sa.Column("not_before", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("about", "kind", name=op.f("alert_pk")),
    )
    op.create_table(
        "former_ledger",
        sa.Column("uid", sa.String(length=8), nullable=False),
        sa.Column("last_delivery", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("former_ledger_pk")),
    )
    op.add_column("ledger", sa.Column("origin", sa.String(length=8), nullable=True))
    with op.batch_alter_table("event") as event:  # a random id had each event touch a page of its own
        event.drop_constraint("event_vendor_id_unique", type_="unique")
        event.create_unique_constraint("event_delivery_id_vendor_id_unique", ["delivery_id", "vendor_id"])
    op.add_column("send", sa.Column("canary_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("send", sa.Column("canary_wait_s", sa.Integer(), server_default="0", nullable=False))
    op.add_column("send", sa.Column("rest_at", INSTANT, nullable=True))
    op.add_column("attempt", sa.Column("claimed_uptime_s", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "claimed_uptime_s")
    op.drop_column("send", "rest_at")
    op.drop_column("send", "canary_wait_s")
    op.drop_column("send", "canary_count")
    with op.batch_alter_table("event") as event:
        event.drop_constraint("event_delivery_id_vendor_id_unique", type_="unique")
        event.create_unique_constraint("event_vendor_id_unique", ["vendor_id"])
    op.drop_column("ledger", "origin")
    op.drop_table("former_ledger")
    op.drop_table("alert")
