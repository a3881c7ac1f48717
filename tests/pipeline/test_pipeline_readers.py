"""Readers come by hand, leave by a link, and can be told why they got a mail or did not."""

from __future__ import annotations

import pytest
from ledger_house import SECRET, House

from newsletter.audience import tokens
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


# --- leaving ----------------------------------------------------------------------------------------------------------


def link(house: House, address: str, slug: str = "daily") -> str:
    with house.store.read() as tx:
        list_id = roster.list_id(tx, slug)
    assert list_id is not None
    return tokens.sign(tokens.Token("reader", house.subscriber_id(address), list_id, 1), SECRET)


def test_leaving_twice_is_once(house: House) -> None:
    """The page shows a masked address; the second time it is done already, and still no error."""
    house.subscribe(["ann@example.org"])
    token = link(house, "ann@example.org")
    page = leaving.leaving(house.context, token)
    assert (page.masked, page.left, page.inert) == ("a•••@e•••.org", False, False)
    assert leaving.leave(house.context, token).left
    assert leaving.leave(house.context, token).left


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 46, "A" * 10_000])
def test_a_token_that_is_none(sqlite_house: House, token: str) -> None:
    """Tells nothing."""
    with pytest.raises(tokens.BadTokenError):
        leaving.leave(sqlite_house.context, token)


def test_a_token_of_nobody(sqlite_house: House) -> None:
    """Signed by us, for a reader or a list that is not there."""
    sqlite_house.subscribe(["ann@example.org"])
    for subscriber, list_id in ((999, 1), (1, 999)):
        token = tokens.sign(tokens.Token("reader", subscriber, list_id, 1), SECRET)
        with pytest.raises(tokens.BadTokenError):
            leaving.leave(sqlite_house.context, token)


def test_an_operator_takes_somebody_off(sqlite_house: House) -> None:
    """Off one list, or all; told for which that was news."""
    house = sqlite_house
    house.newsletter("board", schedule="")
    house.reload()
    house.subscribe(["ann@example.org"])
    house.subscribe(["ann@example.org"], "board")
    assert leaving.unsubscribe(house.context, "Ann@example.org", "board") == ("board",)
    assert leaving.unsubscribe(house.context, "ann@example.org", None) == ("daily",)
    assert leaving.unsubscribe(house.context, "ann@example.org", None) == ()
    with pytest.raises(UsageError, match="no such subscriber"):
        leaving.unsubscribe(house.context, "bob@example.org", None)


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
    nobody = readers.explain(house.context, "stranger@example.org")
    assert (nobody.known, nobody.copies) == (False, ())
    with pytest.raises(UsageError, match="is not an address"):
        readers.explain(house.context, "stranger")
