"""Readers leave: once, at once, on the record; and may take it back for an hour, exactly as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_house import SECRET, House
from ledger_readers import Reader, events_of, log_of, reader

from newsletter.audience import tokens
from newsletter.errors import UsageError
from newsletter.model import Basis, Consent, ConsentEvent
from newsletter.pipeline import leaving, preferences, sending
from newsletter.sending.gateway import Outgoing
from newsletter.storage import consent, subscriptions

ANN = "ann@example.org"


def wanting(house: House, who: Reader) -> None:
    """Wishes of their own, and a basis that ends."""
    now = house.clock()
    with house.store.write() as tx:
        subscriptions.prefer(
            tx, who.id, house.list_id(),
            sections=("trade",), paused_until=now + timedelta(days=9), tracked=True, now=now,
        )  # fmt: skip
        tx.exec_driver_sql("UPDATE subscription SET basis = 'implied', until = '2027-05-04 00:00:00+00:00'")


def test_a_leave_is_written_down_once(house: House) -> None:
    """Whose button it was and in which mail; a second press, of either button, is no second leave."""
    ann = reader(house, ANN)
    page = leaving.leaving(house.context, ann.link)
    assert (page.masked, page.left, page.inert, page.undo) == ("a•••@e•••.org", False, False, False)
    assert leaving.leave(house.context, ann.link).left
    house.clock.at += timedelta(seconds=1)
    assert leaving.leave(house.context, ann.link, "page").left
    (entry,) = log_of(house, ANN)
    assert (entry.event, entry.list, entry.source) == (ConsentEvent.WITHDRAWN, "daily", "one-click: link of send 1")


def test_the_log_names_the_mail(house: House) -> None:
    """By its edition, as the reader knows it."""
    ann = reader(house, ANN)
    house.story()
    house.send()
    leaving.leave(house.context, ann.link, "page")
    assert log_of(house, ANN)[-1].source == "page: link in daily/2026-05-04 (send 1)"


def test_a_leave_counts_for_the_mail_whose_link_it_was(house: House) -> None:
    """No event of the mail service tells of our own links; the report counts who left by them, each once. By the
    preferences it is the same, and a link of a letter counts for no mail.
    """
    people = [reader(house, f"{name}@example.org") for name in ("ann", "bob", "cy", "dee")]
    house.story()
    house.send()
    leaving.leave(house.context, people[0].link)
    leaving.leave(house.context, people[0].link, "page")
    preferences.leave(house.context, people[1].link, None)
    letter = tokens.sign(tokens.Token("reader", people[2].id, house.list_id(), 0), SECRET)
    leaving.leave(house.context, letter)
    leaving.unsubscribe(house.context, "dee@example.org", "daily")
    assert house.report().facts == {"unsubscribed": 2}


def test_undo_puts_everything_back(house: House) -> None:
    """Sections, pause, source, basis and its end. It is confirmed on the basis of before, which it does not better;
    taken back twice is once.
    """
    ann = reader(house, ANN)
    wanting(house, ann)
    before = ann.place()
    assert leaving.leave(house.context, ann.link).undo
    house.clock.at += timedelta(minutes=59)
    assert leaving.undo(house.context, ann.link).back
    after = ann.place()
    assert (after.state, after.sections, after.paused_until) == ("active", ("trade",), before.paused_until)
    assert (after.tracked, after.basis, after.until) == (True, "implied", before.until)
    assert (after.source, after.since) == (before.source, before.since)
    assert not leaving.undo(house.context, ann.link).back
    assert events_of(house, ANN) == [("daily", "withdrawn"), ("daily", "confirmed")]
    last = log_of(house, ANN)[-1]
    assert (last.basis, last.until) == (Basis.IMPLIED, before.until)


@pytest.mark.parametrize("why", ["late", "complaint", "bounce", "operator", "never confirmed"])
def test_what_cannot_be_undone(house: House, why: str) -> None:
    """A mail is forwarded and kept: after the hour its link brings nobody back. Nor against a complaint or a bounce, an
    operator's hand, or for somebody who never had confirmed.
    """
    ann = reader(house, ANN)
    if why == "never confirmed":
        asked = Consent(
            at=house.clock(), address_key=leaving.identify(house.context, ANN).key, list="daily",
            event=ConsentEvent.REQUESTED,
        )  # fmt: skip
        with house.store.write() as tx:
            consent.record(tx, [asked])
            tx.exec_driver_sql("UPDATE subscription SET state = 'pending'")
    if why == "operator":
        leaving.unsubscribe(house.context, ANN, "daily")
    else:
        leaving.leave(house.context, ann.link)
    if why == "late":
        house.clock.at += leaving.UNDO
    if why in {"complaint", "bounce"}:
        leaving.suppress(house.context, [ANN], reason=why, source="event")
    assert not leaving.leaving(house.context, ann.link).undo
    assert not leaving.undo(house.context, ann.link).back
    assert ann.place().state == "unsubscribed"
    assert events_of(house, ANN)[-1] == ("daily", "withdrawn")


def test_a_batch_not_yet_claimed_mails_them_no_more(house: House) -> None:
    """The link is pressed while the first batch is at the ESP; the numbers balance and say why."""
    addresses = house.readers(5)
    last = Reader(house, house.subscriber_id(addresses[-1]))
    house.story()
    house.reload(SEND_CONCURRENCY=1)
    submit = house.fake.submit

    def pressed(outgoing: Outgoing) -> object:
        if outgoing.batch.kind == "live" and not house.fake.live:
            leaving.leave(house.context, last.link)
        return submit(outgoing)

    house.fake.submit = pressed  # type: ignore[method-assign, assignment]  # the mail program's button, in the middle
    report = sending.run(house.context, house.start())
    assert sorted(house.fake.live) == addresses[:-1]
    assert (report.accepted, dict(report.excluded), report.candidates) == (4, {"unsubscribed": 1}, 5)


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 46, "A" * 10_000])
def test_a_token_that_is_none(sqlite_house: House, token: str) -> None:
    """Tells nothing."""
    for act in (leaving.leaving, leaving.leave, leaving.undo):
        with pytest.raises(tokens.BadTokenError):
            act(sqlite_house.context, token)


def test_a_token_of_nobody(sqlite_house: House) -> None:
    """Signed by us, for a reader or a list that is not there."""
    reader(sqlite_house, ANN)
    for subscriber, list_id in ((999, 1), (1, 999)):
        token = tokens.sign(tokens.Token("reader", subscriber, list_id, 1), SECRET)
        with pytest.raises(tokens.BadTokenError):
            leaving.leave(sqlite_house.context, token)


def test_an_operator_takes_somebody_off(sqlite_house: House) -> None:
    """Off one list, or all; told for which that was news, and written down."""
    house = sqlite_house
    house.newsletter("board", schedule="")
    house.reload()
    house.subscribe([ANN])
    house.subscribe([ANN], "board")
    assert leaving.unsubscribe(house.context, "Ann@example.org", "board") == ("board",)
    assert leaving.unsubscribe(house.context, ANN, None) == ("daily",)
    assert leaving.unsubscribe(house.context, ANN, None) == ()
    withdrawn = [(entry.list, entry.source) for entry in log_of(house, ANN) if entry.event is ConsentEvent.WITHDRAWN]
    assert withdrawn == [("board", "operator"), ("daily", "operator")]
    with pytest.raises(UsageError, match="no such subscriber"):
        leaving.unsubscribe(house.context, "bob@example.org", None)
