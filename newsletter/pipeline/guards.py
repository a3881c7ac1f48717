"""What must hold before a live send begins: nothing is a surprise, and sandbox and reality never mix."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from newsletter.errors import ConfigError, StoreError
from newsletter.model import Newsletter
from newsletter.pipeline.context import Context
from newsletter.storage import Tx, guard
from newsletter.storage.claims import ledger_uid
from newsletter.storage.database import durable

log = structlog.get_logger()

COUNT_EVERY = timedelta(seconds=20)
"""A backup and a restore that both fall between two counts of one run are not noticed."""


def require_way_out(context: Context) -> None:
    """Raise ConfigError where live mail could not leave, or readers could not leave the list."""
    context.gateway()
    _require_public(context)


def _require_public(context: Context) -> None:
    settings = context.settings
    if settings.gateway_kind == "sendgrid" and not settings.public:
        raise ConfigError(
            f"NEWSLETTER_BASE_URL is {settings.base_url}: readers could not reach their unsubscribe page. Set it to "
            "the public https address of `newsletter serve`"
        )


def require_redirect(context: Context, newsletter: Newsletter) -> None:
    """Raise ConfigError where links would lead through a redirect of ours that readers cannot reach."""
    settings = context.settings
    if newsletter.clicks != "none" and not settings.public and not settings.on_loopback:
        raise ConfigError(
            f'content/newsletters/{newsletter.slug}.toml has clicks = "{newsletter.clicks}", and NEWSLETTER_BASE_URL '
            f"is {settings.base_url}: readers could not follow links that lead there. Set it to the public https "
            'address of `newsletter serve`, or say clicks = "none"'
        )


def before_live_send(context: Context, tx: Tx) -> None:
    """Check the way out, the database's gateway, durability and the restore guard. Raises ConfigError, StoreError."""
    check_live_send(context, tx)
    guard.bind_gateway(tx, context.settings.gateway_kind)


def check_live_send(context: Context, tx: Tx) -> None:
    """The same, changing nothing: looked at before a person is asked, and before anything is frozen for the send."""
    require_way_out(context)
    check_ledger(context, tx)


def check_ledger(context: Context, tx: Tx) -> None:
    """Whether mail may go from this ledger with these settings: looked at by each process that claims, since workers
    have settings of their own. Raises ConfigError, StoreError.
    """
    _require_public(context)
    guard.check_gateway(tx, context.settings.gateway_kind)
    weakness = durable(tx)
    if weakness is not None:
        raise StoreError(f"live sends are refused: {weakness}")
    check_epoch(context, tx)


def check_epoch(context: Context, tx: Tx) -> None:
    """Refuse a ledger that is behind the number kept outside of it: it came back from a backup. Raises StoreError."""
    why = restored(context, tx)
    if why:
        raise StoreError(why)


def restored(context: Context, tx: Tx) -> str:
    """Why nothing may go from this ledger: it came back from a backup; empty where it did not. Raises ConfigError."""
    outside, inside = _seen(context.settings.epoch_file).get(guard.origin(tx), 0), guard.epoch(tx)
    if outside <= inside:
        return ""
    return (
        f"the database has counted its sends to {inside}, this machine to {outside}: it was restored from a backup, "
        "and what went out since would go again. Look at what is missing, then run `newsletter send confirm-restore`"
    )


def refusal(context: Context, tx: Tx) -> str:
    """Why a restored ledger would be refused, for a plan that changes nothing; empty where it would not."""
    try:
        return restored(context, tx)
    except ConfigError as error:
        return str(error)


def is_unknown(context: Context, tx: Tx) -> bool:
    """Whether this machine has seen other ledgers send, and this one never: an empty database may stand in the place of
    one that was lost. Raises ConfigError.
    """
    seen = _seen(context.settings.epoch_file)
    return bool(seen) and guard.origin(tx) not in seen and guard.epoch(tx) == 0


def _seen(file: Path) -> dict[str, int]:
    """How far this machine has seen each ledger count, as lines of `<ledger> <number>`.

    By ledger, so that a database made anew is not taken for one restored; by its first id, so that all that came out of
    one by restores are compared with each other. Raises ConfigError.
    """
    try:
        lines = [line.split() for line in file.read_text("ascii").splitlines()]
        return {uid: int(number) for uid, number in lines}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"NEWSLETTER_EPOCH_FILE: {file} cannot be read ({error}): mend it, or remove it if you know that this "
            "database was not restored from a backup"
        ) from error


def next_epoch(tx: Tx) -> None:
    """Count in the ledger that a live send began, goes on, or that a run of one ended; `remember_epoch` follows its
    commit.

    The end counts too, and each `COUNT_EVERY` of a run: a backup made in the middle of a send would send the rest of it
    again.
    """
    guard.next_epoch(tx)


def remember_epoch(context: Context) -> None:
    """Keep the ledger's number outside the database, whole or not at all. Raises ConfigError where it cannot be."""
    with context.store.read() as tx:
        uid, epoch = guard.origin(tx), guard.epoch(tx)
    file = context.settings.epoch_file
    seen = _seen(file)
    if seen.get(uid, 0) >= epoch:
        return
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="ascii") as out:
            out.writelines(f"{name} {number}\n" for name, number in (seen | {uid: epoch}).items())
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigError(f"NEWSLETTER_EPOCH_FILE: {file} cannot be written ({error.strerror})") from error


def try_remember_epoch(context: Context) -> None:
    """The same where a send goes on without it: what went has gone, only the guard is the weaker for it."""
    try:
        remember_epoch(context)
    except (ConfigError, StoreError) as error:
        log.error("count of sends not kept outside the database", error=str(error))


def confirm_restore(context: Context) -> int:
    """A person has looked: the ledger counts on from what this machine has seen, under an id of its own. Gives the
    number. Raises ConfigError where that cannot be kept outside the database.

    One more than this machine has seen, so that no other backup of the same ledger passes for this one. Links in mails
    that went out since the backup lead to nobody, where the backup does not know their readers. Where nothing
    was restored, it changes nothing that anybody sees.
    """
    with context.store.write() as tx:
        seen = max(_seen(context.settings.epoch_file).get(guard.origin(tx), 0), guard.epoch(tx)) + 1
        guard.set_epoch(tx, seen)
        former, new = ledger_uid(tx), guard.renew_uid(tx)
        guard.skip_numbers(tx, context.clock())
    remember_epoch(context)
    log.info("restore confirmed", epoch=seen, former=former, ledger=new)
    return seen
