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
    op.add_column("send", sa.Column("canary_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("attempt", sa.Column("claimed_uptime_s", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "claimed_uptime_s")
    op.drop_column("send", "canary_count")
    op.drop_table("former_ledger")
    op.drop_table("alert")
