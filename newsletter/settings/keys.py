"""The two secrets of an installation: made once, kept in `var/`, or given by the operator.

The secret keys sign what readers are mailed (unsubscribe links). The address key keys the hash of addresses; with
another one, nobody who left would be recognised, so it is never rotated.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from newsletter.errors import ConfigError
from newsletter.settings import values
from newsletter.settings.environment import Settings

_T = TypeVar("_T")


def ensure_keys(settings: Settings) -> Settings:
    """The settings with both keys set: as given, else as kept in `var/`, else made there now (files with mode 0600).

    Several processes may call it at once: all get the same keys. Raises ConfigError where keys must be given, since
    other machines or mail that is out in the world depend on them, and where a kept key cannot be read.
    """
    check_given_keys(settings)
    secret_keys = settings.secret_keys or _kept(settings.var / "secret-keys", "NEWSLETTER_SECRET_KEYS", values.keys)
    address_key = settings.address_key or _kept(settings.var / "address-key", "NEWSLETTER_ADDRESS_KEY", values.key)
    return replace(settings, secret_keys=secret_keys, address_key=address_key)


def known_address_key(settings: Settings) -> str | None:
    """The address key as it is given or kept, without making one; None where there is none. Raises ConfigError."""
    file = settings.var / "address-key"
    if settings.address_key or not file.exists():
        return settings.address_key
    return _kept(file, "NEWSLETTER_ADDRESS_KEY", values.key)


def check_given_keys(settings: Settings) -> None:
    """Raise ConfigError where keys must stand in the settings and do not."""
    if settings.is_postgresql:
        why = "the database is a PostgreSQL, which other machines may share"
    elif settings.public:
        why = f"{settings.base_url} is public, and links that are out in mails must stay valid"
    else:
        return
    missing = {"NEWSLETTER_SECRET_KEYS": settings.secret_keys, "NEWSLETTER_ADDRESS_KEY": settings.address_key}
    faults = [
        f"{name}: must be set, since {why}; use what stands in {settings.var / file} if this installation has sent "
        f"before, else make one with: {values.MAKE_A_KEY}"
        for (name, value), file in zip(missing.items(), ("secret-keys", "address-key"), strict=True)
        if not value
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def _kept(path: Path, setting: str, read: Callable[[str], _T]) -> _T:
    try:
        if not path.exists():
            make_key(path)
        return read(path.read_text("ascii").strip())
    except ValueError as error:  # a file that is not ASCII raises a ValueError too
        raise ConfigError(
            f"{path}: {'is not a key' if isinstance(error, UnicodeDecodeError) else error}; "
            f"bring the file back from a backup, or set {setting} to the key that was in use"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path}: the key cannot be kept there ({error.strerror}); mend the folder, or set {setting}"
        ) from error


def make_key(path: Path) -> None:
    """Write a new key whole and on disk, then give it its name; whoever comes second finds the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)  # unlike a rename, it never replaces a key that is there
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Put the new name on disk, so that a power cut after the first mail does not take the key that signed it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
