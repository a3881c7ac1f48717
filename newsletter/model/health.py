"""What a look at the installation found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How one thing stands; `unknown` says that it could not be looked at, which is neither well nor ill."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "could not check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at, what was found, and what to do (empty where nothing need be done)."""

    name: str
    health: Health
    found: str
    cure: str = ""
