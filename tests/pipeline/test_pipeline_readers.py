"""Readers come by hand, leave by a link, and can be told why they got a mail or did not."""

from __future__ import annotations

import pytest
from ledger_house import House

from newsletter.errors import UsageError
from newsletter.model import Basis
from newsletter.pipeline import leaving, readers
from newsletter.storage import roster


def test_a_list_that_nobody_has(sqlite_house: House) -> None:
    """A typing error makes no list."""
    with pytest.raises(UsageError, match="there is no list 'dayly'; newsletters have: daily"):
        readers.add(sqlite_house.context, "ann@example.org", "", "dayly", source="", basis=Basis.EXPRESS)


def test_a_name_by_hand(sqlite_house: House) -> None:
    """Is kept as one from a file is: on one line, without what cannot be printed."""
    readers.add(sqlite_house.context, "ann@example.org", " Ann\n\x07 Roe ", "daily", source="", basis=Basis.EXPRESS)
    with sqlite_house.store.read() as tx:
        person = roster.by_id(tx, sqlite_house.subscriber_id("ann@example.org"))
    assert person is not None
    assert person.name == "Ann Roe"


def test_why(house: House) -> None:
    """From the ledger alone: lists, suppressions, each copy with its batch and attempts."""
    house.readers(3)
    house.story()
    leaving.suppress(house.context, ["reader1@example.org"], reason="manual", source="ann")
    house.send()
    got = readers.explain(house.context, "reader0@example.org")
    (copy,) = got.copies
    assert (copy.edition, copy.batch_state, copy.outcome, copy.attempts) == ("daily/2026-05-04", "accepted", "", 1)
    left_out = readers.explain(house.context, "reader1@example.org", "daily/2026-05-04")
    assert (left_out.copies[0].outcome, left_out.copies[0].reason) == ("excluded", "suppressed:manual")
    assert [row[:3] for row in left_out.suppressions] == [("all", "manual", "ann")]
    assert [(place.list, place.state) for place in got.subscriptions] == [("daily", "active")]
    nobody = readers.explain(house.context, "stranger@example.org")
    assert (nobody.known, nobody.copies) == (False, ())
    with pytest.raises(UsageError, match="is not an address"):
        readers.explain(house.context, "stranger")
