"""The rows of one empty ledger."""

from __future__ import annotations

import pytest
from ledger_clock import HandClock
from ledger_rows import Rows

from newsletter.storage import Store


@pytest.fixture
def rows(store: Store, clock: HandClock) -> Rows:
    return Rows(store, clock)
