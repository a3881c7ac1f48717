"""Corrections: which story corrects which, in which edition; and the editions that are the mail of one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("edition_story", sa.Column("corrects", sa.String(length=200), nullable=True))
    op.create_index(op.f("edition_story_corrects"), "edition_story", ["corrects"])
    op.create_table(
        "correction",
        sa.Column("edition_id", BIG, nullable=False),
        sa.Column("corrected_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("counts_under", BIG, nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("correction_edition_id_known")),
        sa.ForeignKeyConstraint(["corrected_id"], ["edition.id"], name=op.f("correction_corrected_id_known")),
        sa.ForeignKeyConstraint(["counts_under"], ["edition.id"], name=op.f("correction_counts_under_known")),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("correction_pk")),
        sa.UniqueConstraint("corrected_id", "slug", name=op.f("correction_corrected_id_slug_unique")),
    )
    op.create_index(op.f("correction_slug"), "correction", ["slug"])
    op.drop_index("send_live_once", table_name="send")
    once("send_once", "kind IN ('live', 'correction')")


def downgrade() -> None:
    op.drop_index("send_once", table_name="send")
    once("send_live_once", "kind = 'live'")
    op.drop_table("correction")
    op.drop_index(op.f("edition_story_corrects"), table_name="edition_story")
    op.drop_column("edition_story", "corrects")


def once(name: str, where: str) -> None:
    op.create_index(
        name,
        "send",
        ["edition_id", "list_id"],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
