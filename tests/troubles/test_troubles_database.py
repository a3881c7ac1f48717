"""A disk that is full, a database that is read-only, locked or out of reach: at each step nothing is half done, the
trouble is told in words, and after the cure each reader gets the edition once.
"""

from __future__ import annotations

from collections import Counter

import pytest
from ledger_house import at
from troubles_events import delivered, each_once, posted
from troubles_kinds import Troubled

from newsletter.errors import StoreError
from newsletter.model import EditionState, Receipt
from newsletter.pipeline import doubts, sending
from newsletter.sending.gateway import Outgoing
from newsletter.storage import sends

DAILY = "daily/2026-05-04"
READERS = 12


def test_in_the_middle_of_an_exchange(troubled: Troubled) -> None:
    """Answers came back and cannot be recorded: their batches are in doubt when the lease is over, the others go on
    after the cure, and events settle what was accepted. Nobody gets it twice.
    """
    house, trouble = troubled.house, troubled.trouble
    wanted = house.readers(READERS)
    house.story()
    send_id = house.start()
    inner = house.fake.submit

    def submit(outgoing: Outgoing) -> Receipt:
        receipt = inner(outgoing)
        if len(house.fake.accepted) == 3:
            trouble.begin()
        return receipt

    house.fake.submit = submit  # type: ignore[method-assign]  # the trouble begins between a request and its answer
    with pytest.raises(StoreError):
        sending.run(house.context, send_id)
    trouble.end()
    house.fake.submit = inner  # type: ignore[method-assign]
    unknown = len(house.fake.live) - house.report().accepted
    assert unknown > 0

    sending.run(house.context, sending.resume(house.context, DAILY))
    assert Counter(house.fake.live) == dict.fromkeys(wanted, 1)
    house.clock.move(minutes=6)
    assert sum(item.readers for item in doubts.listed(house.context, DAILY)) == unknown
    assert posted(house, delivered(house.fake.accepted)) == 204
    each_once(house, wanted)


def test_in_the_freeze(troubled: Troubled) -> None:
    """No half edition: it is as if nobody had tried, and the next try freezes it whole."""
    house, trouble = troubled.house, troubled.trouble
    wanted = house.readers(READERS)
    house.story()
    trouble.begin()
    with pytest.raises(StoreError, match=trouble.words):
        house.freeze()
    trouble.end()
    assert house.state()[0] is EditionState.OPEN
    with house.store.read() as tx:
        assert sends.live(tx, DAILY) is None
        assert tx.exec_driver_sql("SELECT count(*) FROM delivery").scalar_one() == 0
    house.send()
    each_once(house, wanted)


def test_at_the_start(troubled: Troubled) -> None:
    """A frozen edition stays frozen, and begins after the cure."""
    house, trouble = troubled.house, troubled.trouble
    wanted = house.readers(READERS)
    house.story()
    house.freeze()
    trouble.begin()
    with pytest.raises(StoreError, match=trouble.words):
        sending.start(house.context, DAILY, by="ann")
    trouble.end()
    assert house.state()[0] is EditionState.FROZEN
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    each_once(house, wanted)


def test_while_events_come_in(troubled: Troubled) -> None:
    """The web app answers 503, so that SendGrid posts them again; the same post later is taken whole, and once."""
    house, trouble = troubled.house, troubled.trouble
    wanted = house.readers(READERS)
    house.story()
    house.send()
    body = delivered(house.fake.accepted)
    trouble.begin()
    assert posted(house, body) == 503
    trouble.end()
    assert house.report().facts == {}
    assert [posted(house, body) for _ in range(2)] == [204, 204]
    assert house.report().facts == {"delivered": len(wanted)}


def test_at_the_tick(troubled: Troubled) -> None:
    """The clock cannot look: its tick fails in words, and the first one after the cure does what was due meanwhile."""
    house, trouble = troubled.house, troubled.trouble
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    wanted = house.readers(READERS)
    house.story()
    trouble.begin()
    for minute in (0, 15, 30):
        with pytest.raises(StoreError, match=trouble.words):
            house.tick(at(4, 6, minute))
    trouble.end()
    assert ("send", "") in house.tick(at(4, 6, 31))
    each_once(house, wanted)
