"""A desk for a measurement: the shipped content, settings of its own, and as many story files as are asked for."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from newsletter.pipeline.context import Context
from newsletter.services import open_context
from newsletter.settings import load_settings

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
"""The morning on which the shipped stories go out."""

EDITION = "daily/2026-05-04"


def environment(folder: Path) -> dict[str, str]:
    return {
        "NEWSLETTER_CONTENT": str(folder / "content"), "NEWSLETTER_TEMPLATES": str(folder / "templates"),
        "NEWSLETTER_VAR": str(folder / "var"), "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
        "NEWSLETTER_SANDBOX": "1",
    }  # fmt: skip


def opened(folder: Path) -> Context:
    """A new house in `folder`, over a copy of the shipped content and templates."""
    for name in ("content", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    return open_context(load_settings(environment(folder), folder / "none"), lambda: NOW)


def multiply(folder: Path, count: int) -> None:
    """The shipped stories again and again under other names, until there are `count` files."""
    stories = folder / "content" / "stories"
    shipped = [(file.stem, file.read_bytes()) for file in sorted(stories.glob("*.md"))]
    for number in range(count - len(shipped)):
        stem, raw = shipped[number % len(shipped)]
        (stories / f"{stem}-{number}.md").write_bytes(raw)


def spread(times: Sequence[float]) -> str:
    """`12.3 (11.0 to 15.1)`: the median, from the lowest to the highest."""
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"
