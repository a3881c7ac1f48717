"""What all facts ask of an instant."""

from __future__ import annotations

from datetime import datetime


def aware(name: str, value: datetime | None) -> None:
    """Refuse an instant without a zone. Raises ValueError that names the field."""
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {value.isoformat()}")
