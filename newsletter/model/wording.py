"""What an edition says of itself in an inbox, and a correction's mail around what editors wrote, in one language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def english_day(on: date) -> str:
    """`May 4, 2026`."""
    return f"{_MONTHS[on.month - 1]} {on.day}, {on.year}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Texts with names in braces, and how a day is written. rendering.wording has those of other languages."""

    also: str = "Also: {headlines}"
    today: str = "Today’s stories in {title}, chosen and checked by its editors."
    correction: str = "Correction: {headline}"
    corrected: str = "What was wrong in “{headline}”, which we sent you on {date}, and what is right:"
    day: Callable[[date], str] = english_day


ENGLISH_WORDING = Wording()
