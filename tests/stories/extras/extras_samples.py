"""Files of editors beside stories, and what they may name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stories_samples import newsletter

from newsletter.errors import ContentError
from newsletter.model import Organisation, Section
from newsletter.stories.extras.supply import Known

PARTS = ("note", "briefs", "sponsors", "calendar")
DAILY = newsletter(parts=PARTS)
FRIDAY = newsletter(
    slug="friday", title="Friday", parts=PARTS, sections=(Section(slug="long-read", title="The Long Read"),)
)


def known(organisation: Organisation, content: Path) -> Known:
    return Known(organisation=organisation, newsletters={"daily": DAILY, "friday": FRIDAY}, images=content / "images")


def problems(parse: Callable[[], Any]) -> list[str]:
    """`line: problem` for each fault."""
    with pytest.raises(ContentError) as error:
        parse()
    return [f"{fault.line}: {fault.problem}" for fault in error.value.faults]


def pixel() -> bytes:
    """A GIF of 1 by 1."""
    return bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
