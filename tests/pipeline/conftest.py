"""Waits of use cases are short where the clock is moved by hand: nothing comes of sleeping."""

from __future__ import annotations

import pytest

from newsletter.pipeline import sending
from newsletter.sending import dispatch


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "LONGEST_WAIT_S", 0.02)
    monkeypatch.setattr(sending, "WORKERS_LOOK_S", 0.02)
