"""What only whoever reads the address on file may do: see all that is held, take another address, be erased."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_house import SECRET, House
from ledger_readers import Reader, events_of, log_of, reader, suppressed

from newsletter.audience import tokens
from newsletter.errors import UsageError
from newsletter.model import Basis, ConsentEvent, Recipient
from newsletter.pipeline import (
    access,
    erasing,
    importing,
    joining,
    leaving,
    letters,
    listening,
    preferences,
    readers,
    sending,
)
from newsletter.pipeline.wishes import Wish
from newsletter.storage import erasure, roster
from newsletter.storage.letters import A_DAY
from newsletter.storage.tables import metadata

ANN, NEW = "ann@example.org", "Ann.Roe@example.org"


@pytest.fixture
def ann(house: House) -> Reader:
    """On the daily, with a section of her choice."""
    house.newsletter(schedule='\n[[sections]]\nslug = "labor"\ntitle = "Labor"\n')
    house.newsletter("board", schedule="")
    house.reload()
    return reader(house, ANN)


def everything(house: House) -> str:
    """Each value of each row of the database."""
    with house.store.read() as tx:
        return "\n".join(str(row) for table in metadata.sorted_tables for row in tx.execute(table.select()))


def let_in(house: House, who: Reader) -> str:
    """The token in an access letter."""
    preferences.let_in(house.context, who.link)
    return who.letter("access")


def sent_copy(house: House, address: str) -> Recipient:
    """The reader's copy as the ESP got it."""
    return next(
        person
        for outgoing in house.fake.accepted
        for person in outgoing.batch.recipients
        if person.address == address and outgoing.batch.kind == "live"
    )


def event(house: House, kind: str, address: str, delivery: str, number: int, **more: object) -> None:
    """An event as SendGrid posts it."""
    told = {"email": address, "event": kind, "timestamp": 1777890600 + number, "sg_event_id": f"e{number}", **more}
    listening.take_in(house.context, json.dumps([told | ({"delivery_id": delivery} if delivery else {})]).encode())


# --- my data ----------------------------------------------------------------------------------------------------------


def test_everything_that_is_held(house: House, ann: Reader) -> None:
    """Lists, consent with the wordings, suppressions, copies with their events whole, letters, foreign events that name
    the address; of others nothing. The command says the same.
    """
    reader(house, f"jo{ANN}")
    house.story()
    house.send()
    copy = sent_copy(house, ANN)
    event(house, "open", ANN, copy.delivery_id, 1, ip="192.0.2.7", useragent="Mail")
    event(house, "open", ANN, "", 2, campaign="another house's")
    event(house, "open", f"jo{ANN}", "", 3, campaign="somebody else's")
    token = let_in(house, ann)
    found = access.opened(house.context, token)
    assert (found.over, found.newsletter and found.newsletter.slug) == (False, "daily")
    assert found.data is not None
    assert found.data["address"] == ANN
    (mail,) = found.data["copies"]
    assert (mail["edition"], mail["outcome"]) == ("daily/2026-05-04", "accepted")
    assert mail["events"][0]["raw"]["ip"] == "192.0.2.7"
    assert [one["campaign"] for one in found.data["other_events"]] == ["another house's"]
    assert [letter["kind"] for letter in found.data["letters"]] == ["access"]
    assert readers.export(house.context, ANN) == found.data
    assert "joann" not in str(found.data)


def test_the_letters_that_go_lead_there(sqlite_house: House) -> None:
    """From the button to the mail in the mailbox and the page behind its link; the second letter to the new address."""
    house = sqlite_house
    ann = reader(house, ANN)

    def link_in(address: str) -> str:
        assert letters.deliver(house.context) == 1
        gone = house.fake.accepted[-1]
        assert [person.address for person in gone.batch.recipients] == [address]
        found = re.search(r"http://127\.0\.0\.1:8000/m/([\w-]+)", gone.message.text)
        assert found is not None
        return found[1]

    preferences.let_in(house.context, ann.link)
    token = link_in(ANN)
    assert access.opened(house.context, token).data is not None
    access.ask_address(house.context, token, NEW)
    assert access.confirm_address(house.context, link_in(NEW)).done
    assert ann.address == NEW


def test_the_link_works_for_an_hour(house: House, ann: Reader) -> None:
    """After that it shows nothing of anybody, and does nothing."""
    token = let_in(house, ann)
    house.clock.at += access.LASTS
    assert access.opened(house.context, token) == access.Opened(
        kind="access", over=True, newsletter=house.context.newsletters["daily"]
    )
    assert access.ask_address(house.context, token, NEW) == "over"
    assert access.erase(house.context, token) is None
    assert ann.address == ANN


def test_each_letter_is_its_readers_alone(house: House, ann: Reader) -> None:
    """A token with another subscriber in it, or of a letter that is none of these, is none of ours."""
    other = reader(house, "bob@example.org")
    let_in(house, other)
    preferences.join(house.context, ann.link, "board", wording="")
    with house.store.read() as tx:
        numbers = {row.kind: row.id for row in tx.exec_driver_sql("SELECT kind, id FROM letter")}
    for number in (numbers["access"], numbers["confirm"], 999):
        token = tokens.sign(
            tokens.Token("letter", ann.id, house.list_id(), number), house.context.settings.secret_keys[0]
        )
        for act in (access.opened, access.confirm_address, access.erase):
            with pytest.raises(tokens.BadTokenError):
                act(house.context, token)
    with pytest.raises(tokens.BadTokenError):
        access.opened(house.context, ann.link)


def test_export_of_nobody(sqlite_house: House) -> None:
    with pytest.raises(UsageError, match="nothing is held"):
        readers.export(sqlite_house.context, "stranger@example.org")


# --- another address --------------------------------------------------------------------------------------------------


def moved(house: House, who: Reader, to: str) -> access.Opened:
    assert access.ask_address(house.context, let_in(house, who), to) == "sent"
    return access.confirm_address(house.context, who.letter("address"))


def test_an_address_that_is_new_here(house: House, ann: Reader) -> None:
    """Only the link in the letter to it changes anything. Links of old mails work on; the log is whole under the new
    key and stays under the old one, which no import brings back.
    """
    preferences.save(house.context, ann.link, "daily", Wish(sections=("trade",)), words=lambda *_: "Trade.", wording="")
    token = let_in(house, ann)
    assert access.ask_address(house.context, token, NEW) == "sent"
    letter = ann.letter("address")
    shown = access.opened(house.context, letter)
    assert (ann.address, shown.masked, shown.done) == (ANN, "A•••@e•••.org", False)
    assert access.confirm_address(house.context, letter).done
    assert access.confirm_address(house.context, letter).done, "twice is once"
    assert ann.address == NEW
    assert house.subscriber_id(NEW) == ann.id
    assert ann.place().sections == ("trade",)
    assert events_of(house, NEW) == events_of(house, ANN) == [("daily", "changed"), ("daily", "changed")]
    assert log_of(house, NEW)[-1].detail == "address changed from a•••@e•••.org to A•••@e•••.org"
    assert suppressed(house, ANN) == ["moved"]
    assert access.opened(house.context, token).over, "a letter in the old mailbox lets nobody in any more"
    preferences.save(house.context, ann.link, "daily", Wish(sections=("trade",)), words=lambda *_: "", wording="")
    house.subscribe([ANN, NEW])
    house.story()
    assert house.send().candidates == 1, "the old address is on the list no more"
    assert house.fake.live == [NEW]
    assert leaving.leave(house.context, ann.link).left


def test_in_the_middle_of_a_send(house: House, ann: Reader) -> None:
    """A copy that was frozen goes to the new address, once, and counts there: what bounces then is the new one."""
    house.story()
    send_id = house.start()
    moved(house, ann, NEW)
    report = sending.run(house.context, send_id)
    assert house.fake.live == [NEW]
    assert report.accepted == 1
    event(house, "bounce", NEW, sent_copy(house, NEW).delivery_id, 1, type="bounce", reason="550 no")
    assert suppressed(house, NEW) == ["bounce"]
    assert suppressed(house, ANN) == ["moved"]


def test_back_again(house: House, ann: Reader) -> None:
    """The old address can be taken once more by its owner."""
    moved(house, ann, NEW)
    moved(house, ann, ANN)
    assert (ann.address, suppressed(house, ANN), suppressed(house, NEW)) == (ANN, [], ["moved"])


def test_an_address_that_is_a_readers_already(house: House, ann: Reader) -> None:
    """It is theirs, too: it gets what it lacks, keeps what it has, and the old one is left without anything."""
    readers.add(house.context, ANN, "", "board", source="the fair", basis="express")
    readers.add(house.context, NEW, "", "board", source="the fair", basis="express")
    house.story()
    house.send()
    event(house, "open", ANN, sent_copy(house, ANN).delivery_id, 1, ip="192.0.2.7")
    before = house.report()
    into = Reader(house, house.subscriber_id(NEW))
    assert moved(house, ann, NEW).done
    assert (into.place().state, into.place("board").state) == ("active", "active")
    assert {ann.place(list_).state for list_ in ("daily", "board")} == {"unsubscribed"}
    assert ann.address is None
    assert "ann@example.org" not in everything(house)
    assert "192.0.2.7" not in everything(house)
    assert events_of(house, NEW)[-2:] == [("board", "changed"), ("daily", "confirmed")]
    assert suppressed(house, ANN) == ["moved"]
    assert house.report() == before
    assert access.confirm_address(house.context, ann.letter("address")).done


@pytest.mark.parametrize(("reason", "carried"), [("complaint", True), ("manual", True), ("bounce", False)])
def test_what_forbids_to_mail_goes_along(house: House, ann: Reader, reason: str, carried: bool) -> None:
    """What the person said holds at the new address; what was wrong with the mailbox stays with it."""
    token = let_in(house, ann)
    leaving.suppress(house.context, [ANN], reason=reason, source="event")
    access.ask_address(house.context, token, NEW)
    access.confirm_address(house.context, ann.letter("address"))
    assert suppressed(house, NEW) == ([reason] if carried else [])
    assert suppressed(house, ANN) == [reason, "moved"]


def test_an_address_that_must_not_be_mailed(house: House, ann: Reader) -> None:
    """The answer is the same, and no letter goes: nobody learns what another address is to us. One that complains after
    the letter went is not taken either.
    """
    leaving.suppress(house.context, [NEW], reason="complaint", source="event")
    token = let_in(house, ann)
    assert access.ask_address(house.context, token, NEW) == "sent"
    with house.store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM letter WHERE kind = 'address'").scalar_one() == 0
    assert access.ask_address(house.context, token, "b.low@example.org") == "sent"
    leaving.suppress(house.context, ["b.low@example.org"], reason="complaint", source="event")
    assert not access.confirm_address(house.context, ann.letter("address")).done
    assert ann.address == ANN


def test_nobody_is_bombed_by_many(house: House, ann: Reader) -> None:
    """However many readers ask in however many spellings, an address gets no more such letters in a day than one."""
    spellings = ("low@b\u00fccher.example.org", "LOW@xn--bcher-kva.example.org", "Low@B\u00dcCHER.example.org")
    for who in (ann, *(reader(house, f"r{number}@example.org") for number in range(2))):
        token = let_in(house, who)
        for typed in spellings:
            assert access.ask_address(house.context, token, typed) == "sent"
    with house.store.read() as tx:
        count = tx.exec_driver_sql("SELECT count(*) FROM letter WHERE kind = 'address'").scalar_one()
    assert count == A_DAY


def test_what_waited_in_the_old_mailbox(house: House, ann: Reader) -> None:
    """No link of before does anything at the new address: neither one to confirm, nor one to a third address."""
    preferences.join(house.context, ann.link, "board", wording="Yes.")
    old = tokens.sign(tokens.Token("confirm", ann.id, house.list_id("board"), 1), SECRET)
    assert joining.joining_of(house.context, old).state == "ask"
    access.ask_address(house.context, let_in(house, ann), "b.low@example.org")
    third = ann.letter("address")
    house.clock.move(minutes=1)
    moved(house, ann, NEW)
    assert joining.joining_of(house.context, old).state == "expired"
    assert not access.confirm_address(house.context, third).done
    assert ann.address == NEW


def test_a_link_is_never_another_letters(house: House, ann: Reader) -> None:
    """A letter's number stands in its token: when letters are forgotten, none of later has theirs."""
    old = let_in(house, ann)
    house.clock.move(days=31)
    joining.forget(house.context)
    assert let_in(house, ann) != old
    with pytest.raises(tokens.BadTokenError):
        access.opened(house.context, old)


@pytest.mark.parametrize(("typed", "asked"), [("nobody", "none"), ("", "none"), (f" {ANN} ", "same")])
def test_what_is_no_new_address(house: House, ann: Reader, typed: str, asked: str) -> None:
    assert access.ask_address(house.context, let_in(house, ann), typed) == asked


# --- erased -----------------------------------------------------------------------------------------------------------


def test_erased(house: House, ann: Reader) -> None:
    """No row of the database names them any more, whatever was told of them; each number is as before, the address is
    not mailed again, and links of old mails do no harm.
    """
    reader(house, "b.low@example.org", "B. Low")
    house.story()
    house.send()
    copy = sent_copy(house, ANN)
    event(house, "deferred", ANN, copy.delivery_id, 1, reason=f"451 4.7.1 <{ANN}> wait", attempt="1")
    event(house, "open", ANN, copy.delivery_id, 2, ip="192.0.2.7", useragent="Ann's phone")
    event(house, "open", ANN.upper(), "", 3, campaign="another house's")
    preferences.join(house.context, ann.link, "board", wording="")
    token = let_in(house, ann)
    assert access.ask_address(house.context, token, NEW) == "sent"
    before = house.report()
    done = access.erase(house.context, token)
    assert done is not None
    assert done.done
    left = everything(house).lower()
    assert [word for word in (ANN, NEW.lower(), "ann roe", "192.0.2.7", "phone") if word in left] == []
    assert "451 4.7.1" in left, "the code that the server gave is nobody's"
    assert "b.low@example.org" in left
    assert house.report() == before
    assert suppressed(house, ANN) == ["erased"]
    assert events_of(house, ANN)[-1] == ("daily", "withdrawn")
    assert leaving.leave(house.context, ann.link).left
    assert not leaving.leaving(house.context, ann.link).here
    for act in (lambda: preferences.preferences(house.context, ann.link), lambda: access.opened(house.context, token)):
        with pytest.raises(tokens.BadTokenError):
            act()


def test_nothing_is_left_in_the_file(sqlite_house: House) -> None:
    """SQLite keeps the bytes of what is deleted, unless it overwrites them: a backup of the file must not have them."""
    house, rest = sqlite_house, [f"reader{n}@example.org" for n in range(40)]
    ann = reader(house, ANN, "Annabel Roe")
    house.subscribe(rest)
    house.story()
    house.send()
    for number in range(20):
        event(house, "open", ANN, sent_copy(house, ANN).delivery_id, number, useragent="Telltale")
    erasing.erase(house.context, ANN, by="b.low")
    house.store.close()  # folds the write-ahead log into the file
    raw = b"".join(file.read_bytes() for file in Path(house.store.url.removeprefix("sqlite:///")).parent.glob("*.db*"))
    assert rest[0].encode() in raw
    assert [word for word in (ANN, "Annabel", "Telltale") if word.encode() in raw] == []
    assert ann.address is None


def test_what_comes_late_is_not_kept(house: House, ann: Reader) -> None:
    """An event after the erasure counts, without what it tells of the person; again changes nothing."""
    house.story()
    house.send()
    copy = sent_copy(house, ANN)
    erasing.erase(house.context, ANN, by="b.low")
    for _ in range(2):
        event(house, "delivered", ANN, copy.delivery_id, 1, response=f"250 2.0.0 {ANN} OK", ip="192.0.2.7")
    assert house.report().facts == {"delivered": 1}
    assert ANN not in everything(house)
    assert "192.0.2.7" not in everything(house)


def test_in_the_middle_of_a_send_they_are_left_out(house: House, ann: Reader) -> None:
    """The numbers balance."""
    reader(house, "b.low@example.org", "B. Low")
    house.story()
    send_id = house.start()
    erasing.erase(house.context, ANN, by="b.low")
    report = sending.run(house.context, send_id)
    assert house.fake.live == ["b.low@example.org"]
    assert (report.candidates, report.accepted, dict(report.excluded)) == (2, 1, {"suppressed:erased": 1})


def test_who_moved_is_erased_whole(house: House, ann: Reader) -> None:
    """Mails of the old address, too; neither address is mailed again."""
    house.story()
    house.send()
    event(house, "open", ANN, sent_copy(house, ANN).delivery_id, 1, ip="192.0.2.7")
    moved(house, ann, NEW)
    erasing.erase(house.context, NEW, by="b.low")
    left = everything(house).lower()
    assert [word for word in (ANN, NEW.lower(), "192.0.2.7") if word in left] == []
    assert suppressed(house, ANN) == ["moved", "erased"]
    assert suppressed(house, NEW) == ["erased"]


def test_nobody_is_erased_twice(sqlite_house: House) -> None:
    """Told, so that a mistyped address is found out."""
    reader(sqlite_house, ANN)
    erasing.erase(sqlite_house.context, ANN, by="b.low")
    for address in (ANN, "stranger@example.org"):
        with pytest.raises(UsageError, match="nobody with this address"):
            erasing.erase(sqlite_house.context, address, by="b.low")
    assert log_of(sqlite_house, ANN)[-1].source == "erasure: operator: b.low"


def test_the_reader_is_told_of_all_that_was_decided(house: House, ann: Reader) -> None:
    """`explain` has the log, the wishes and the basis with its end, from the ledger alone."""
    with house.store.write() as tx:
        tx.exec_driver_sql("UPDATE subscription SET basis = 'implied', until = '2027-05-04 00:00:00+00:00'")
    preferences.save(
        house.context, ann.link, "daily", Wish(sections=("labor",), pause="week"), words=lambda *_: "Labor.", wording=""
    )
    found = readers.explain(house.context, ANN)
    (place,) = found.subscriptions
    assert (place.basis, place.until and place.until.year, place.sections) == ("implied", 2027, ("labor",))
    assert place.paused_until is not None
    assert place.paused_until - house.clock() < timedelta(days=7)
    last = found.consent[-1]
    assert (last.event, last.detail) == (ConsentEvent.CHANGED, "Labor.")


def test_an_import_after_erasure_is_no_return(house: House, ann: Reader) -> None:
    """Who was erased is suppressed, whatever an old file says."""
    erasing.erase(house.context, ANN, by="b.low")
    file = house.write("old.csv", f"email\n{ANN}\n")
    wanted = importing.Import(file=file, list="daily", source="an old file", basis=Basis.LEGACY_IMPORT)
    people = importing.import_csv(house.context, wanted).people
    assert (people.added, people.erased) == (0, 1)
    assert ann.address is None


@pytest.mark.parametrize("others", [0, erasure.FEW])
def test_who_of_some_was_erased(house: House, others: int) -> None:
    """However many were erased in all; another suppression is none."""
    now = house.clock()
    with house.store.write() as tx:
        roster.suppress(tx, [1, 2, *range(10, 10 + others)], reason="erased", scope="all", source="test", now=now)
        roster.suppress(tx, [3], reason="bounce", scope="all", source="test", now=now)
        assert erasure.erased_among(tx, {1, 3, 4}) == {1}
