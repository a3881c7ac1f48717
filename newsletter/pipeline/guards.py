"""What must hold before a live send begins: nothing is a surprise, and sandbox and reality never mix."""

from __future__ import annotations

import os
from pathlib import Path

from newsletter.errors import ConfigError, StoreError, UsageError
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, guard
from newsletter.storage.database import durable


def before_live_send(context: Context, tx: Tx) -> None:
    """Check the gateway, the base URL, durability and the restore guard. Raises ConfigError or StoreError."""
    settings = context.settings
    if settings.gateway_kind == "sendgrid" and not settings.public:
        raise ConfigError(
            f"NEWSLETTER_BASE_URL is {settings.base_url}: readers could not reach their unsubscribe page. Set it to "
            "the public https address of `newsletter serve`"
        )
    guard.bind_gateway(tx, settings.gateway_kind)
    weakness = durable(tx)
    if weakness is not None:
        raise StoreError(f"live sends are refused: {weakness}")
    check_epoch(context, tx)


def check_epoch(context: Context, tx: Tx) -> None:
    """Refuse a ledger that is behind the number kept outside of it: it came back from a backup. Raises StoreError."""
    outside, inside = remembered_epoch(context.settings.epoch_file), guard.epoch(tx)
    if outside > inside:
        raise StoreError(
            f"the database knows of {inside} sends, this machine of {outside}: it was restored from a backup, "
            "and what went out since would go again. Look at what is missing, then run "
            "`newsletter send confirm-restore`"
        )


def remembered_epoch(file: Path) -> int:
    """The number of sends that this machine has seen; 0 where there is no file. Raises ConfigError."""
    try:
        return int(file.read_text("ascii").strip() or "0")
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"NEWSLETTER_EPOCH_FILE: {file} cannot be read ({error}): mend it, or remove it if you know that this "
            "database was not restored from a backup"
        ) from error


def next_epoch(tx: Tx) -> int:
    """Count one more live send in the ledger; gives the number to remember outside of it."""
    value = guard.epoch(tx) + 1
    guard.set_epoch(tx, value)
    return value


def remember_epoch(context: Context, epoch: int) -> None:
    """Keep the number outside the database, whole or not at all. Raises ConfigError where it cannot be written."""
    file = context.settings.epoch_file
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if remembered_epoch(file) >= epoch:
            return
        with draft.open("w", encoding="ascii") as out:
            out.write(f"{epoch}\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        raise ConfigError(f"NEWSLETTER_EPOCH_FILE: {file} cannot be written ({error.strerror})") from error


def confirm_restore(context: Context) -> int:
    """A person has looked: the ledger counts on from what this machine has seen. Gives the number."""
    with context.store.write() as tx:
        outside, inside = remembered_epoch(context.settings.epoch_file), guard.epoch(tx)
        if outside <= inside:
            raise UsageError(
                f"there is nothing to confirm: the database knows of {inside} sends, this machine of {outside}"
            )
        guard.set_epoch(tx, outside)
    return outside
