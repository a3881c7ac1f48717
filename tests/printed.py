"""The pictures of the shipped content, printed: half of the work of whoever renders it in a new place."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from newsletter.pipeline import planning
from newsletter.pipeline.context import target
from newsletter.services import open_context
from newsletter.settings import load_settings

ROOT = Path(__file__).parents[1]
EDITIONS = {
    "daily/2026-05-04": datetime(2026, 5, 4, 10, 30, tzinfo=UTC),
    "friday/2026-05-08": datetime(2026, 5, 8, 16, 0, tzinfo=UTC),
}


def print_pictures(folder: Path) -> Path:
    """A var/ with the pictures of the shipped editions, and nothing else."""
    settings = load_settings(
        {
            "NEWSLETTER_CONTENT": str(ROOT / "content"), "NEWSLETTER_TEMPLATES": str(ROOT / "templates"),
            "NEWSLETTER_VAR": str(folder / "made"), "NEWSLETTER_EPOCH_FILE": str(folder / "epoch"),
            "NEWSLETTER_SANDBOX": "1",
        },
        Path("none"),
    )  # fmt: skip
    context = open_context(settings, lambda: EDITIONS["daily/2026-05-04"])
    for words, now in EDITIONS.items():
        planning.plan(context, target(context, words, now), now)
    context.store.close()
    for name in ("images", "cache/pictures"):
        shutil.copytree(folder / "made" / name, folder / "var" / name)
    return folder / "var"
