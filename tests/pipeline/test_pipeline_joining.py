"""Joining by one's own word: what the form does for whom, what the link of the letter does, what is forgotten."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from ledger_house import SECRET, House
from sqlalchemy import func, select, update

from newsletter.audience import tokens
from newsletter.errors import UsageError
from newsletter.model import Basis, Consent, ConsentEvent, Newsletter
from newsletter.pipeline import joining, leaving, letters, readers
from newsletter.storage import consent, roster
from newsletter.storage import letters as rows
from newsletter.storage import tables as t

ANN = "ann@example.org"
WORDING = "With the button you ask us."


def ask(house: House, address: str = ANN, *, name: str = "Ann Roe", tracked: bool = False, slug: str = "daily") -> None:
    of = house.context.newsletters[slug]
    joining.sign_up(house.context, of, address, name, tracked=tracked, source="form", wording=WORDING)


def last_letter(house: House) -> rows.LetterRow:
    with house.store.read() as tx:
        number = tx.execute(select(func.max(t.letter.c.id))).scalar_one()
        found = rows.find(tx, number, "confirm")
    assert found is not None
    return found


def token(house: House, letter: rows.LetterRow | None = None) -> str:
    of = letter or last_letter(house)
    return tokens.sign(tokens.Token("confirm", of.subscriber_id, of.list_id or 0, of.id), SECRET)


def press(house: House, text: str | None = None) -> joining.Joining:
    return joining.confirm(house.context, text or token(house), wording="With this button, too.")


def place(house: House, address: str = ANN, slug: str = "daily") -> str | None:
    with house.store.read() as tx:
        list_id = roster.list_id(tx, slug)
        person = roster.subscriber(tx, readers.identify(house.context, address).key)
        return roster.membership_state(tx, person.id, list_id) if person and list_id else None


def log_of(house: House, address: str = ANN) -> list[Consent]:
    with house.store.read() as tx:
        return list(consent.of(tx, readers.identify(house.context, address).key))


def posted(house: House) -> int:
    with house.store.read() as tx:
        count: int = tx.execute(select(func.count()).select_from(t.letter)).scalar_one()
    return count


def person(house: House, address: str = ANN) -> roster.SubscriberRow:
    with house.store.read() as tx:
        found = roster.subscriber(tx, readers.identify(house.context, address).key)
    assert found is not None
    return found


def daily(house: House) -> Newsletter:
    return house.context.newsletters["daily"]


def test_the_way_in(house: House) -> None:
    """Asked for, confirmed, on the list; the log has both, with the words that stood above each button."""
    ask(house)
    assert place(house) == "pending"
    shown = joining.joining_of(house.context, token(house))
    assert (shown.title, shown.list, shown.masked, shown.state) == ("The Morning Run", "daily", "a•••@e•••.org", "ask")
    assert place(house) == "pending", "looking changes nothing"
    assert press(house).state == "confirmed"
    assert place(house) == "active"
    requested, confirmed = log_of(house)
    assert (requested.event, requested.basis, requested.wording) == (ConsentEvent.REQUESTED, None, WORDING)
    assert (confirmed.event, confirmed.basis, confirmed.wording, confirmed.source) == (
        ConsentEvent.CONFIRMED, Basis.EXPRESS, "With this button, too.", "form",
    )  # fmt: skip
    assert person(house).name == "Ann Roe"


def test_twice_is_once(house: House) -> None:
    """A press again, and a look after it, say the same; the log has one confirmation."""
    ask(house)
    of = token(house)
    assert [press(house, of).state, press(house, of).state] == ["confirmed", "confirmed"]
    assert joining.joining_of(house.context, of).state == "confirmed"
    assert [entry.event for entry in log_of(house)] == [ConsentEvent.REQUESTED, ConsentEvent.CONFIRMED]


def test_two_windows_at_once(house: House) -> None:
    """Both say that it is done, and the log has it once."""
    ask(house)
    of, said = token(house), list[str]()
    threads = [threading.Thread(target=lambda: said.append(press(house, of).state)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["confirmed"] * 6
    assert [entry.event for entry in log_of(house)] == [ConsentEvent.REQUESTED, ConsentEvent.CONFIRMED]


def test_many_forms_at_once(house: House) -> None:
    """For one address: as many letters as a day has, however they come."""
    threads = [threading.Thread(target=ask, args=(house,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (posted(house), len(log_of(house))) == (rows.A_DAY, rows.A_DAY)


def test_nothing_goes_before_the_button(house: House) -> None:
    """A pending subscription gets no edition, one that was confirmed does."""
    house.readers(1)
    ask(house)
    ask(house, "bob@example.org")
    press(house)
    house.story()
    house.send()
    assert sorted(house.fake.live) == ["bob@example.org", "reader0@example.org"]


@pytest.mark.parametrize(("reason", "letters_posted"), [
    ("bounce", 0), ("complaint", 0), ("invalid", 0), ("manual", 0), ("import", 0), ("unsubscribe", 1), ("erased", 1),
])  # fmt: skip
def test_what_is_suppressed(sqlite_house: House, reason: str, letters_posted: int) -> None:
    """Only what stands for the reader's own will may be asked anew; the request is in the log all the same."""
    leaving.suppress(sqlite_house.context, [ANN], reason=reason, source="test")
    ask(sqlite_house)
    assert posted(sqlite_house) == letters_posted
    assert place(sqlite_house) == ("pending" if letters_posted else None)
    with sqlite_house.store.read() as tx:
        assert tx.execute(select(t.subscriber.c.address)).scalars().all() == [ANN] * letters_posted
    assert [entry.event for entry in log_of(sqlite_house)] == [ConsentEvent.REQUESTED]


def test_who_left_comes_back_by_the_button_alone(house: House) -> None:
    """Until then they stay away, also from an import; then what they had left everything by holds for other lists."""
    house.newsletter("board", schedule="")
    house.reload()
    for slug in ("daily", "board"):
        house.subscribe([ANN], slug)
    leaving.unsubscribe(house.context, ANN, "daily")
    leaving.suppress(house.context, [ANN], reason="unsubscribe", source="left everything")
    ask(house)
    assert place(house) == "unsubscribed"
    house.subscribe([ANN])
    assert place(house) == "unsubscribed"
    assert press(house).state == "confirmed"
    with house.store.read() as tx:
        assert roster.suppressions(tx) == ()
        assert roster.audience(tx, "daily", loopback=True, at=house.clock()) == {None: 1}
    assert place(house, slug="board") == "unsubscribed"


def test_other_suppressions_stay_when_they_come_back(sqlite_house: House) -> None:
    """A press is not stronger than a complaint that came between letter and press."""
    ask(sqlite_house)
    leaving.suppress(sqlite_house.context, [ANN], reason="complaint", source="event")
    press(sqlite_house)
    with sqlite_house.store.read() as tx:
        assert roster.audience(tx, "daily", loopback=True, at=sqlite_house.clock()) == {"suppressed:complaint": 1}


def test_an_old_link_does_not_bring_back(house: House) -> None:
    """Two letters, one pressed, then they left: neither link puts them back."""
    ask(house)
    first = token(house)
    ask(house)
    second = token(house)
    press(house, second)
    leaving.unsubscribe(house.context, ANN, "daily")
    assert [press(house, of).state for of in (first, second)] == ["used", "used"]
    assert place(house) == "unsubscribed"


def test_too_late(house: House) -> None:
    """After a week the link sends another letter, as often as a day has letters."""
    ask(house)
    old = token(house)
    house.clock.move(days=7)
    assert joining.joining_of(house.context, old).state == "expired"
    assert press(house, old).state == "sent"
    assert place(house) == "pending"
    assert press(house).state == "confirmed"
    house.clock.move(days=1)
    assert press(house, old).state == "confirmed", "the old link knows it"
    ask(house, "bob@example.org")
    old = token(house)
    house.clock.move(days=8)
    before = posted(house)
    assert [press(house, old).state for _ in range(rows.A_DAY + 3)] == ["sent"] * (rows.A_DAY + 3)
    assert posted(house) == before + rows.A_DAY


def test_how_often_in_a_day(house: House) -> None:
    """Five times, over all lists; the same from outside; on the next day again."""
    house.newsletter("board", schedule="")
    house.reload()
    for number in range(rows.A_DAY + 3):
        ask(house, ANN.upper() if number % 2 else ANN, slug=("daily", "board")[number % 2])
    assert posted(house) == rows.A_DAY
    assert len(log_of(house)) == rows.A_DAY
    house.clock.move(days=1, seconds=1)
    ask(house)
    assert posted(house) == rows.A_DAY + 1


def test_a_name_is_the_strangers_who_typed_it(house: House) -> None:
    """It changes nobody who is on a list, and is one line of what can be printed."""
    readers.add(house.context, ANN, "Ann Roe", "daily", source="", basis="express")
    house.newsletter("board", schedule="")
    house.reload()
    for slug in ("daily", "board"):
        ask(house, name="Cheap Pills", slug=slug)
    assert person(house).name == "Ann Roe"
    ask(house, "bob@example.org", name=" B.\0\r\nLow\u202e " + "x" * 200)
    assert person(house, "bob@example.org").name == ("B. Low " + "x" * 200)[:100]


def test_tracking_is_asked_where_it_is_used(sqlite_house: House) -> None:
    """A box that the newsletter does not have agrees to nothing; where it has it, the log says so."""
    ask(sqlite_house, tracked=True)
    assert not joining.joining_of(sqlite_house.context, token(sqlite_house)).tracked
    of = replace(daily(sqlite_house), clicks="individual")
    joining.sign_up(sqlite_house.context, of, ANN, "", tracked=True, source="form", wording=WORDING)
    assert joining.joining_of(sqlite_house.context, token(sqlite_house)).tracked
    press(sqlite_house)
    assert [entry.detail for entry in log_of(sqlite_house)] == [
        "", "their own opens and clicks may be seen", "their own opens and clicks may be seen",
    ]  # fmt: skip


def test_links_that_are_none(house: House) -> None:
    """Of another purpose, of a letter that is another's, of somebody who was erased since: all say nothing."""
    ask(house)
    ann = last_letter(house)
    ask(house, "bob@example.org")
    bob = last_letter(house)
    wrong = [
        tokens.sign(tokens.Token("reader", ann.subscriber_id, ann.list_id or 0, ann.id), SECRET),
        tokens.sign(tokens.Token("confirm", ann.subscriber_id, ann.list_id or 0, bob.id), SECRET),
        tokens.sign(tokens.Token("confirm", ann.subscriber_id, 99, ann.id), SECRET),
        tokens.sign(tokens.Token("confirm", 0, 0, 0), SECRET),
        token(house, ann)[:-1],
        "x",
    ]
    with house.store.write() as tx:
        tx.execute(update(t.subscriber).where(t.subscriber.c.id == bob.subscriber_id).values(address=None))
    for text in [*wrong, token(house, bob)]:
        with pytest.raises(tokens.BadTokenError):
            press(house, text)
    assert (place(house), place(house, "bob@example.org")) == ("pending", "pending")


def test_what_is_no_address(sqlite_house: House) -> None:
    """Nothing is kept."""
    for text in ("", "ann", "ann@", "a\0nn@example.org", "a@b@example.org", "x" * 300 + "@example.org"):
        with pytest.raises(UsageError, match="not an address"):
            ask(sqlite_house, text)
    assert posted(sqlite_house) == 0


def test_what_nobody_confirmed_is_forgotten(house: House) -> None:
    """After 30 days, address and all; not who confirmed, who left before, or who asked again since."""
    house.subscribe(["left@example.org"])
    leaving.unsubscribe(house.context, "left@example.org", "daily")
    for name in ("ann", "bob", "cy", "left"):
        ask(house, f"{name}@example.org")
        if name == "bob":
            press(house)
    house.clock.move(days=20)
    ask(house, "cy@example.org")
    house.clock.move(days=10, seconds=1)
    assert joining.forget(house.context) == 1
    assert joining.forget(house.context) == 0
    assert place(house) is None
    assert person(house).address is None
    assert person(house).name == ""
    assert len(log_of(house)) == 1, "that somebody asked stays known under the key"
    states = [place(house, f"{name}@example.org") for name in ("bob", "cy", "left")]
    assert states == ["active", "pending", "unsubscribed"]
    assert all(person(house, f"{name}@example.org").address for name in ("bob", "cy", "left"))


def test_who_was_erased_and_did_not_come_back(house: House) -> None:
    """Their address was kept for the letter alone."""
    house.subscribe([ANN])
    leaving.unsubscribe(house.context, ANN, "daily")
    leaving.suppress(house.context, [ANN], reason="erased", source="test")
    with house.store.write() as tx:
        tx.execute(update(t.subscriber).values(address=None, name=""))
    ask(house)
    house.clock.move(days=20)
    ask(house)
    house.clock.move(days=11)
    assert joining.forget(house.context) == 0, "another letter may still be on its way"
    assert person(house).address == ANN
    house.clock.move(days=20)
    assert joining.forget(house.context) == 1
    assert (person(house).address, person(house).name) == (None, "")


def test_the_tick_forgets_and_delivers(sqlite_house: House) -> None:
    """What the web app did not get to is the clock's."""
    ask(sqlite_house)
    sqlite_house.tick()
    assert sqlite_house.fake.of_kind("letter") == [ANN]
    sqlite_house.clock.move(days=31)
    sqlite_house.tick()
    assert person(sqlite_house).address is None
    assert letters.deliver(sqlite_house.context) == 0
