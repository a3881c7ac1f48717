"""Settings, files and keys of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from newsletter.errors import ConfigError
from newsletter.model import Check, Health
from newsletter.pipeline.watching import DISK_FREE_AT_LEAST
from newsletter.settings import Settings, check_given_keys
from newsletter.storage.database import free_bytes, sqlite_file

DISK_FREE_AT_ALL = 50 * 1024 * 1024


def keys(settings: Settings) -> tuple[Check, ...]:
    """The two secrets: where they stand, and whether they must stand in the settings."""
    try:
        check_given_keys(settings)
    except ConfigError as error:
        return (Check(name="keys", health=Health.FAIL, found=str(error), cure="set what is named"),)
    kept = [name for name in ("secret-keys", "address-key") if (settings.var / name).exists()]
    if settings.secret_keys and settings.address_key:
        return (Check(name="keys", health=Health.OK, found="both stand in the settings"),)
    where = f"in {settings.var}: {', '.join(kept)}" if kept else "none yet: they are made on the first run"
    loose = [name for name in kept if (settings.var / name).stat().st_mode & 0o077]
    if loose:
        cure = f"chmod 600 {' '.join(str(settings.var / name) for name in loose)}"
        return (Check(name="keys", health=Health.FAIL, found=f"others may read {', '.join(loose)}", cure=cure),)
    return (Check(name="keys", health=Health.OK, found=where),)


def database(settings: Settings) -> Check:
    """Whether there is a database to look at: to open one that is not there would make it."""
    file = sqlite_file(settings.database_url)
    if file is None or file.exists():
        return Check(name="database", health=Health.OK, found="")
    cure = "nothing, if this is a new installation; else set NEWSLETTER_VAR or NEWSLETTER_DATABASE_URL"
    return Check(name="database", health=Health.WARN, found=f"there is none at {file} yet", cure=cure)


def disk(settings: Settings) -> tuple[Check, ...]:
    """Room for the ledger, and for the file that guards it."""
    file = sqlite_file(settings.database_url)
    folders = dict.fromkeys([_there(settings.var), *([_there(file.parent)] if file else [])])
    return (*(_room(folder) for folder in folders), _epoch(settings.epoch_file))


def _there(folder: Path) -> Path:
    """The folder, or the first above it that there is."""
    absolute = folder.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.is_dir())


def _room(folder: Path) -> Check:
    free = free_bytes(folder)
    found = f"{free // 1024**2:,} MB are free"
    low = Health.FAIL if free < DISK_FREE_AT_ALL else Health.WARN if free < DISK_FREE_AT_LEAST else Health.OK
    cure = "" if low is Health.OK else "make room: a million readers take about 300 MB with their events"
    if not os.access(folder, os.W_OK):
        low, found, cure = Health.FAIL, "it may not be written", "mend the folder's owner and rights"
    return Check(name=f"disk of {folder}", health=low, found=found, cure=cure)


def _epoch(file: Path) -> Check:
    place = file if file.exists() else _there(file.parent)
    if os.access(place, os.W_OK):
        return Check(name="restore guard's file", health=Health.OK, found=str(file))
    cure = "mend its owner and rights, or set NEWSLETTER_EPOCH_FILE: no live send begins without it"
    return Check(name="restore guard's file", health=Health.FAIL, found=f"{place} may not be written", cure=cure)
