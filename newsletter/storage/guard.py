"""What a database remembers of itself, so that it is not mixed up: its gateway, and how many sends it has seen."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, update

from newsletter.errors import ConfigError
from newsletter.storage import former
from newsletter.storage import tables as t
from newsletter.storage.claims import ledger_uid
from newsletter.storage.database import Tx


def gateway(tx: Tx) -> str | None:
    """`sandbox` or `sendgrid`, as the first live send decided; None before it."""
    found: str | None = tx.execute(select(t.ledger.c.gateway)).scalar_one()
    return found


def bind_gateway(tx: Tx, kind: str) -> None:
    """Remember the first gateway of live sends; refuse the other for good. Raises ConfigError."""
    tx.execute(update(t.ledger).where(t.ledger.c.gateway.is_(None)).values(gateway=kind))
    check_gateway(tx, kind)  # afterwards: of two that begin at once, the second finds the first one's


def check_gateway(tx: Tx, kind: str) -> None:
    """Refuse another gateway than that of the first live send; changes nothing. Raises ConfigError."""
    found = gateway(tx)
    if found not in (None, kind):
        raise ConfigError(
            f"this database belongs to {found}, and live sends through {kind} are refused: sandbox and reality never "
            "mix. Use another database (NEWSLETTER_DATABASE_URL or NEWSLETTER_VAR), or "
            + ("leave NEWSLETTER_SANDBOX unset" if found == "sendgrid" else "set NEWSLETTER_SANDBOX=1")
        )


def bind_address_key(tx: Tx, key: str) -> None:
    """Remember which key the addresses were hashed with; refuse another for good. Raises ConfigError."""
    tx.execute(update(t.ledger).where(t.ledger.c.address_key_print.is_(None)).values(address_key_print=_print(key)))
    if not knows_address_key(tx, key):  # afterwards: see bind_gateway
        raise ConfigError(
            "NEWSLETTER_ADDRESS_KEY is not the one that this database was made with: nobody who left or was suppressed "
            "would be known again. Set the old key (without the setting, it is in var/address-key), or "
            "begin with a database of its own: another NEWSLETTER_VAR or NEWSLETTER_DATABASE_URL"
        )


def has_address_key(tx: Tx) -> bool:
    """Whether any address was hashed yet."""
    return _known_print(tx) is not None


def knows_address_key(tx: Tx, key: str) -> bool:
    """Whether the addresses of this database were hashed with this key."""
    return _known_print(tx) == _print(key)


def _known_print(tx: Tx) -> str | None:
    found: str | None = tx.execute(select(t.ledger.c.address_key_print)).scalar_one()
    return found


def _print(key: str) -> str:
    return hashlib.sha256(b"address key " + key.encode()).hexdigest()[:16]


def origin(tx: Tx) -> str:
    """What this ledger was first called: through all its restores it is one ledger, whose epochs are compared."""
    found: str = tx.execute(select(func.coalesce(t.ledger.c.origin, t.ledger.c.uid))).scalar_one()
    return found


def renew_uid(tx: Tx) -> str:
    """Give a restored ledger another id, so that events of mails which the backup does not know of are foreign to it;
    gives that id.
    """
    former.keep(tx, ledger_uid(tx))
    new = secrets.token_hex(4)
    tx.execute(update(t.ledger).values(uid=new, origin=func.coalesce(t.ledger.c.origin, t.ledger.c.uid)))
    return new


GAP: Final = 1_000_000_000
"""More subscribers than anybody can have lost."""


def skip_numbers(tx: Tx, now: datetime) -> None:
    """Let the next subscribers have numbers that the lost ones cannot have had: mails which went out since the backup
    hold links to leave, signed and without expiry, and those must not stand for somebody else.

    A row that is nobody, as one who was erased, holds the place: SQLite counts on from the highest number.
    """
    number = (tx.execute(select(func.max(t.subscriber.c.id))).scalar_one() or 0) + GAP
    nobody = {"address_key": -number, "address": None, "reserved": False, "created_at": now}  # real keys are positive
    tx.execute(insert(t.subscriber).values(id=number, **nobody))
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.setval(func.pg_get_serial_sequence("subscriber", "id"), number)))


def epoch(tx: Tx) -> int:
    """How often this ledger has counted: at beginnings and ends of live sends, while they run, and at restores."""
    found: int = tx.execute(select(t.ledger.c.epoch)).scalar_one()
    return found


def set_epoch(tx: Tx, value: int) -> None:
    """Write down another count."""
    tx.execute(update(t.ledger).values(epoch=value))


def next_epoch(tx: Tx) -> None:
    """Count one more. Added in the database, since two that read the same number would count as one."""
    tx.execute(update(t.ledger).values(epoch=t.ledger.c.epoch + 1))
