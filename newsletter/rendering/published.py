"""The folder of published pictures, which the web app serves and the archive copies.

A file is written once, whole, under a name that holds the digest of its bytes, and is never changed or taken away: a
mail that is out keeps its pictures, whatever becomes of the file that an editor gave.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Final

from newsletter.errors import ConfigError

NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{16}-[0-9]+\.(?:jpg|png|gif)")
"""`port-at-dawn-3f9a0c1d2e4b5a69-1072.jpg`: what it shows, its digest, its width in pixels."""

MEDIA_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}

_LONGEST: Final = 60


def name_of(stem: str, data: bytes, width: int, suffix: str) -> str:
    """The name of a picture that was made of the file `<stem>.…`; other bytes have another name."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "picture"
    return f"{words}-{hashlib.sha256(data).hexdigest()[:16]}-{width}.{suffix}"


def publish(folder: Path, name: str, data: bytes) -> None:
    """Put a picture into the folder; one that is there stays. Two at once do no harm. Raises ConfigError.

    Written beside its place and renamed, both on disk when this returns, so that no mail names a half file.
    """
    if is_published(folder, name, len(data)):
        return
    draft = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
        _sync(folder)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ConfigError(
            f"{folder / name}: the picture cannot be published ({error.strerror}): see who may write there, and "
            "whether the disk is full"
        ) from error


def is_published(folder: Path, name: str, byte_count: int) -> bool:
    """Whether the picture lies there whole."""
    try:
        return (folder / name).stat().st_size == byte_count
    except OSError:
        return False


def _sync(folder: Path) -> None:
    """The rename itself on disk too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
