"""The version of the tables: made on first use, upgraded by command, refused when it is from a newer program."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, inspect, select, text

from newsletter.errors import StoreError
from newsletter.storage import tables as t
from newsletter.storage.database import Store, Tx, take_turns

HEAD = "0005"
"""The newest migration; a test compares it with the folder, since loading Alembic costs 0.3 s at each start."""

MIGRATIONS = Path(__file__).parent / "migrations"


def version(tx: Tx) -> str | None:
    """The migration that the database is at; None where it has no tables of ours yet."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def known_versions() -> tuple[str, ...]:
    """All migrations of this program, by the names of their files."""
    return tuple(sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def ensure(store: Store, now: datetime) -> None:
    """Make the tables of a new database; refuse one that is older or newer than this program. Raises StoreError."""
    with store.read() as tx:
        found = version(tx)
    if found is None:
        upgrade(store, now)
        return
    _refuse_newer(found)
    if found != HEAD:
        raise StoreError(f"the database has schema {found}, this program wants {HEAD}: run `newsletter db upgrade`")


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in known_versions():
        raise StoreError(
            f"the database is from a newer version of this program (schema {found}, this program knows up to {HEAD}): "
            "run the newer program, or restore the backup made before the upgrade"
        )


def upgrade(store: Store, now: datetime, revision: str = "head") -> None:
    """Bring the tables to `revision` in one transaction; two processes at once are harmless. Raises StoreError."""
    from alembic import command  # noqa: PLC0415  0.3 s, needed once a version

    with store.write() as tx:
        take_turns(tx)
        _refuse_newer(version(tx))
        if revision == "head" and version(tx) == HEAD:
            return
        command.upgrade(_alembic(tx), revision)
        if tx.execute(select(t.ledger.c.id)).first() is None:
            tx.execute(insert(t.ledger).values(id=1, uid=secrets.token_hex(4), created_at=now))


def downgrade(store: Store, revision: str) -> None:
    """Take the tables back to `revision` (`base` is none at all)."""
    from alembic import command  # noqa: PLC0415  see upgrade

    with store.write() as tx:
        command.downgrade(_alembic(tx), revision)


def _alembic(tx: Tx):  # type: ignore[no-untyped-def]
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    return config
