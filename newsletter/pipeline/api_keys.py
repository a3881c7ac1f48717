"""Keys of the API: made, shown once, known again by their hash, taken back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

import structlog

from newsletter.errors import UsageError
from newsletter.model import SLUG, ApiKey, ApiScope
from newsletter.pipeline.context import Context
from newsletter.storage import api_keys

log = structlog.get_logger()

PREFIX = "nlk_"
"""Begins each key, so that a scanner of repositories, and a person, knows one."""

_LONGEST_NAME = 80


def new(context: Context, name: str, scopes: Iterable[ApiScope]) -> str:
    """Make a key; what is given here is not kept and not shown again. Raises UsageError.

    Its 256 bits come from the machine's own randomness, so that a plain SHA-256 keeps it: a slow hash is for what
    people think up.
    """
    wanted = frozenset(scopes)
    if not SLUG.match(name) or len(name) > _LONGEST_NAME:
        raise UsageError(f"{name!r} is no name for a key: small letters, digits and hyphens, up to {_LONGEST_NAME}")
    if not wanted:
        raise UsageError(f"a key without a scope may ask nothing: name some of {', '.join(ApiScope)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    with context.store.write() as tx:
        if not api_keys.new(tx, name, _digest(secret), wanted, context.clock()):
            raise UsageError(f"there is a key {name!r} already; revoked ones keep their name, for the record")
    log.info("key made", key=name, scopes=" ".join(sorted(wanted)))
    return secret


def check(context: Context, secret: str) -> ApiKey | None:
    """Whose key it is; None for a wrong or revoked one."""
    if not secret.startswith(PREFIX):
        return None
    now = context.clock()
    with context.store.read() as tx:
        found = api_keys.find(tx, _digest(secret))
    if found is None or found.revoked_at is not None:
        return None
    if found.used_at is None or now - found.used_at >= api_keys.USE_NOTED:
        with context.store.write() as tx:
            api_keys.note_use(tx, found.id, now)
    return found


def everyone(context: Context) -> tuple[ApiKey, ...]:
    """All keys there ever were."""
    with context.store.read() as tx:
        return api_keys.everyone(tx)


def revoke(context: Context, name: str) -> bool:
    """Take a key back, at once; False where it was already. Raises UsageError for a name that no key has."""
    with context.store.write() as tx:
        if name not in {key.name for key in api_keys.everyone(tx)}:
            raise UsageError(f"there is no key {name!r}; `newsletter keys list` shows them")
        news = api_keys.revoke(tx, name, context.clock())
    log.info("key revoked", key=name, news=news)
    return news


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
