"""What a program may ask of the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ApiScope(StrEnum):
    """What a key is good for; each by itself."""

    LISTS_READ = "lists:read"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    EDITIONS_READ = "editions:read"
    REPORTS_READ = "reports:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program that may ask, by the name that a person gave its key. The key itself is known to the program alone.

    `used_at` is when it was last used, give or take an hour.
    """

    id: int
    name: str
    scopes: frozenset[ApiScope]
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
