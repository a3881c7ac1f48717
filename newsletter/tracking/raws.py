"""What is read from an event's raw JSON only when it is needed, in SendGrid's words like `webhook`."""

from __future__ import annotations

from typing import Any

import orjson


def agent(raw: str) -> str | None:
    """The user agent, empty where the event has none; None where the raw JSON is gone, with a reader who was erased."""
    if not raw:
        return None
    found = _read(raw).get("useragent")
    return found.strip() if isinstance(found, str) else ""


def url_index(raw: str) -> int | None:
    """Which of several links to one address a click was of, counted from 0, as far as an event's JSON says so.

    `url_offset` is "which of those identical links was clicked", says the reference; in the field its index has been
    seen to run on over all links (github.com/sendgrid/docs/issues/6054), so whoever asks must take a number too high.
    """
    offset = _read(raw).get("url_offset")
    index = offset.get("index") if isinstance(offset, dict) else None
    if isinstance(index, str):
        return int(index) if len(index) <= 9 and index.isascii() and index.isdigit() else None
    return index if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < 10**9 else None


def _read(raw: str) -> dict[str, Any]:
    try:
        entry = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return entry if isinstance(entry, dict) else {}
