"""The nearest known name, for whoever mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean …?)` with a blank before it, or nothing where no known name is near."""
    matches = get_close_matches(name, tuple(known), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]}?)" if matches else ""
