"""An invented association and small files to try the room on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.model import Organisation, Outlet, Story
from newsletter.stories.parse import parse_story

ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return Organisation(
        name="Alliance of Makers and Growers",
        short_name="the AMG",
        postal_address="1 Mill Street, Town, ST 00000",
        zone=ZONE,
        voices=("The {short} says", "Our take", "The {short}’s take"),
        outlets=(
            Outlet(name="The Daily Ledger", access="subscription", aliases=("TDL",)),
            Outlet(name="The Press Agency"),
        ),
        approvers=("ann", "b.low"),
    )


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """An empty content folder."""
    (tmp_path / "content" / "stories").mkdir(parents=True)
    (tmp_path / "content" / "images").mkdir()
    return tmp_path / "content"


Parse = Callable[..., Story]


@pytest.fixture
def parse(organisation: Organisation, content: Path) -> Parse:
    def parse(text: str | bytes, name: str = "2026-05-04-ports.md") -> Story:
        raw = text.encode() if isinstance(text, str) else text
        return parse_story(
            Path(name), raw, organisation=organisation, images=content / "images", shown=f"content/stories/{name}"
        )

    return parse
