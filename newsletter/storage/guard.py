"""What a database remembers of itself, so that it is not mixed up: its gateway, and how many sends it has seen."""

from __future__ import annotations

import hashlib

from sqlalchemy import select, update

from newsletter.errors import ConfigError
from newsletter.storage import tables as t
from newsletter.storage.database import Tx


def gateway(tx: Tx) -> str | None:
    """`sandbox` or `sendgrid`, as the first live send decided; None before it."""
    found: str | None = tx.execute(select(t.ledger.c.gateway)).scalar_one()
    return found


def bind_gateway(tx: Tx, kind: str) -> None:
    """Remember the first gateway of live sends; refuse the other for good. Raises ConfigError."""
    check_gateway(tx, kind)
    if gateway(tx) is None:
        tx.execute(update(t.ledger).values(gateway=kind))


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
    now, found = _print(key), _known_print(tx)
    if found is None:
        tx.execute(update(t.ledger).values(address_key_print=now))
    elif found != now:
        raise ConfigError(
            "NEWSLETTER_ADDRESS_KEY is not the one that this database was made with: nobody who left or was suppressed "
            "would be known again. Set the old key (without the setting, it is in var/address-key)"
        )


def knows_address_key(tx: Tx, key: str) -> bool:
    """Whether the addresses of this database were hashed with this key."""
    return _known_print(tx) == _print(key)


def _known_print(tx: Tx) -> str | None:
    found: str | None = tx.execute(select(t.ledger.c.address_key_print)).scalar_one()
    return found


def _print(key: str) -> str:
    return hashlib.sha256(b"address key " + key.encode()).hexdigest()[:16]


def epoch(tx: Tx) -> int:
    """How many live sends were started from this ledger."""
    found: int = tx.execute(select(t.ledger.c.epoch)).scalar_one()
    return found


def set_epoch(tx: Tx, value: int) -> None:
    """Write down the number of live sends started."""
    tx.execute(update(t.ledger).values(epoch=value))
