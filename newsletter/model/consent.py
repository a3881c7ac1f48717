"""What readers agreed to, and what they want to have of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.model.instants import aware


class Basis(StrEnum):
    """Why we may write to somebody. `implied` ends on a day; of `legacy_import` nobody knows why any more."""

    EXPRESS = "express"
    IMPLIED = "implied"
    LEGACY_IMPORT = "legacy_import"


class ConsentEvent(StrEnum):
    """What the consent log says of somebody and a list."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    IMPORTED = "imported"
    CHANGED = "changed"
    """What they want to have of it: sections, a pause, tracking, another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One entry of the log. `wording` is what the form said, empty where there was none; `until` ends implied consent;
    `list` is a slug; `source` says where it came from, and `detail` what was changed, both in words that the reader
    may see.
    """

    at: datetime
    address_key: int
    list: str
    event: ConsentEvent
    basis: Basis | None = None
    until: datetime | None = None
    wording: str = ""
    source: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        aware("at", self.at)
        if self.until is not None:
            aware("until", self.until)
        if (self.until is not None) and self.basis is not Basis.IMPLIED:
            raise ValueError("only implied consent ends on a day")
