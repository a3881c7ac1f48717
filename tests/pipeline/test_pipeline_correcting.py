"""What was wrong is put right: in the next edition's box, and by mail to exactly those who got the wrong one."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from ledger_clock import HandClock
from ledger_house import House, at
from sqlalchemy import text

from newsletter.errors import InDoubt, ProofError, Refused, StoreError, UsageError
from newsletter.model import AlertKind, EditionState, Owner, SendState
from newsletter.pipeline import (
    correcting,
    desk,
    doubts,
    freezing,
    gathering,
    guards,
    leaving,
    listening,
    planning,
    policy,
    preparing,
    previewing,
    queueing,
    readers,
    reporting,
    sending,
    testing,
    working,
)
from newsletter.sending import queue
from newsletter.storage import Store, alerts, archive, claims, editions, guard, sends
from newsletter.storage.database import driver

DAILY = "daily/2026-05-04"
WRONG = "2026-05-04-ports"
FIX = "2026-05-04-ports-put-right"
MAIL = "daily/2026-05-04-correction"


def fix(house: House, slug: str = FIX, corrects: str = WRONG, **front: object) -> str:
    return house.story(slug, corrects=corrects, **front)


def gone(house: House, count: int = 5, words: str = DAILY) -> list[str]:
    """An edition with the wrong story went to so many readers."""
    addresses = house.readers(count)
    house.story(WRONG)
    house.send(words)
    return addresses


def event(house: House, address: str, kind: str, **more: object) -> None:
    """An event of the last copy of a reader comes in."""
    (copy, *_) = readers.explain(house.context, address).copies
    body = {
        "event": kind, "timestamp": int(house.clock().timestamp()), "email": address, "attempt": "1",
        "sg_event_id": f"{kind}-{address}", "delivery_id": copy.delivery, **more,
    }  # fmt: skip
    assert listening.take_in(house.context, json.dumps([body]).encode()).new == 1


# --- the box ------------------------------------------------------------------------------------------------------


def test_a_correction_stands_in_the_next_edition(house: House) -> None:
    """Once, dated with the wrong edition; it is no story, and takes no story's room."""
    house.newsletter(keys="maximum = 1")
    house.reload()
    gone(house)
    fix(house)
    house.story("2026-05-05-rails")
    house.clock.at = at(5, 4)
    edition = gathering.gather(house.context, house.target("daily/2026-05-05"), house.clock()).assembly.edition
    assert edition is not None
    assert [story.slug for story in edition.stories] == ["2026-05-05-rails"]
    (entry,) = edition.extras.corrections
    assert (entry.slug, entry.corrects, entry.on) == (FIX, WRONG, date(2026, 5, 4))
    house.send("daily/2026-05-05")
    house.story("2026-05-06-mills")
    house.clock.at = at(6, 4)
    later = gathering.gather(house.context, house.target("daily/2026-05-06"), house.clock()).assembly
    assert (later.corrections, later.waiting) == ((), ())


def test_the_archive_knows_since_when(house: House) -> None:
    """Which correction of a story went out, in which edition, on which date; the box and the mail are two."""
    gone(house)
    fix(house)
    house.clock.at = at(5, 4)
    house.story("2026-05-05-rails")
    house.correct(FIX)
    with house.store.read() as tx:
        assert [(place.slug, gone.name, gone.date) for gone, place in archive.corrections(tx, [WRONG])] == [
            (FIX, "daily/2026-05-05-correction", date(2026, 5, 5))
        ]
    house.freeze("daily/2026-05-05")
    with house.store.read() as tx:
        assert len(archive.corrections(tx, [WRONG])) == 1, "frozen is not gone"
    sending.run(house.context, sending.start(house.context, "daily/2026-05-05", by="ann"))
    with house.store.read() as tx:
        found = [(gone.name, place.section, place.headline) for gone, place in archive.corrections(tx, [WRONG])]
        assert archive.corrections(tx, [FIX]) == ()
    assert sorted(found) == [
        ("daily/2026-05-05", "", "Ports Put Right"),
        ("daily/2026-05-05-correction", "trade", "Ports Put Right"),
    ]


def test_only_newsletters_whose_list_got_it(sqlite_house: House) -> None:
    """Another newsletter with the same section does not print it, and says why it waits."""
    house = sqlite_house
    house.newsletter("friday", schedule="")
    house.reload()
    gone(house)
    fix(house)
    house.story("2026-05-04-rails", newsletters="[friday]")
    found = gathering.gather(house.context, house.target("friday/2026-05-04"), house.clock()).assembly
    assert found.corrections == ()
    assert {w.slug: w.reason for w in found.waiting if w.slug == FIX} == {
        FIX: f"it corrects `{WRONG}`, which has not gone to the list friday: it waits until that has; what is not out "
        "yet is mended in its own file"
    }


def test_corrections_alone_are_no_edition(sqlite_house: House) -> None:
    """The minimum counts stories."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.clock.at = at(5, 4)
    with pytest.raises(preparing.TooFewStoriesError):
        house.freeze("daily/2026-05-05")


def test_a_correction_switched_off_is_told(sqlite_house: House) -> None:
    """Where `parts` leave it out the plan says so among what is worth a look, and it is not taken for gone."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.newsletter(keys='parts = ["count"]')
    house.reload()
    house.clock.at = at(5, 4)
    house.story("2026-05-05-rails")
    plan = planning.in_text(planning.plan(house.context, house.target("daily/2026-05-05"), house.clock()))
    assert "Worth a look" in plan
    assert "this correction is not in the edition: the `parts` of daily.toml leave out `corrections`" in plan
    house.send("daily/2026-05-05")
    house.newsletter()
    house.reload()
    house.clock.at = at(6, 4)
    found = gathering.gather(house.context, house.target("daily/2026-05-06"), house.clock()).assembly
    assert [entry.slug for entry in found.corrections] == [FIX]


def test_a_correction_killed_after_the_freeze(sqlite_house: House) -> None:
    """The edition that holds it is held, as with any story."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.clock.at = at(5, 4)
    house.story("2026-05-05-rails")
    house.freeze("daily/2026-05-05")
    desk.kill(house.context, FIX, by="ann")
    with pytest.raises(UsageError, match=f"is held: {FIX} is killed now"):
        freezing.require_ready(house.context, house.target("daily/2026-05-05"), by="ann")


# --- the mail: to whom ----------------------------------------------------------------------------------------------


def test_exactly_those_who_got_it(house: House) -> None:
    """Not who bounced, left, was suppressed or erased since, not who came later; who came back gets it."""
    bounced, left, suppressed, erased, returned, stayed = gone(house, 6)
    house.subscribe(["later@example.org"])
    event(house, bounced, "bounce", type="blocked")
    leaving.unsubscribe(house.context, left, "daily")
    leaving.suppress(house.context, [suppressed], reason="manual", source="test")
    with house.store.write() as tx:
        tx.execute(text("UPDATE subscriber SET address = NULL WHERE address = :it"), {"it": erased})
    event(house, returned, "bounce", type="blocked")
    event(house, returned, "delivered")
    fix(house)
    report = house.correct(FIX)
    assert sorted(house.fake.of_kind("correction")) == [returned, stayed]
    assert (report.kind, report.state, report.candidates, report.accepted) == ("correction", "sent", 6, 2)
    assert report.excluded == {
        "not-received": 1, "unsubscribed": 1, "suppressed:manual": 1, "suppressed:erased": 1,
    }  # fmt: skip


def test_who_never_got_it(house: House) -> None:
    """Who was refused, and whom a cancel kept from it, is no candidate."""
    house.reload(SEND_CONCURRENCY=1)
    house.readers(6)
    house.story(WRONG)
    house.fake.script = [Refused("one is bad", status=400, positions={0: "invalid"}), None, Refused("key", status=401)]
    report = house.send()
    assert (report.accepted, report.pending, report.refused) == (1, 4, {"invalid": 1})
    sending.cancel(house.context, DAILY, by="ann")
    fix(house)
    assert house.correct(FIX).candidates == 1
    assert house.fake.of_kind("correction") == house.fake.live


def me() -> Owner:
    return Owner(host="h", boot="b", pid=1, process_start="s")


def test_not_while_anybody_is_in_doubt(house: House) -> None:
    """Nobody knows whether they got it: settled first, then they are among those who did."""
    house.readers(4)
    house.story(WRONG)
    house.fake.script = [InDoubt("no answer")]
    assert house.send().state == "partial"
    fix(house)
    with pytest.raises(UsageError, match=r"has batches in doubt.*newsletter send resolve daily/2026-05-04"):
        house.correct(FIX)
    assert house.state(MAIL)[0] is EditionState.OPEN
    doubts.resolve(house.context, DAILY, accept=True, by="ann")
    assert house.correct(FIX).accepted == 4


def test_not_while_it_is_still_going_out(sqlite_house: House) -> None:
    """Whoever gets it in a moment would not get the correction: stop it first."""
    house = sqlite_house
    house.readers(4)
    house.story(WRONG)
    house.start()
    fix(house)
    with pytest.raises(UsageError, match="let it end, or stop it first with `newsletter send cancel daily/2026-05-04`"):
        house.correct(FIX)


def test_nobody_is_left_to_be_told(sqlite_house: House) -> None:
    """Nothing is sent, and nothing stays behind of the attempt."""
    house = sqlite_house
    (only,) = gone(house, 1)
    leaving.unsubscribe(house.context, only, None)
    fix(house)
    with pytest.raises(freezing.AudienceError, match="nobody who got daily/2026-05-04"):
        house.correct(FIX)
    assert house.state(MAIL) == (EditionState.OPEN, "")
    with house.store.read() as tx:
        assert editions.find(tx, MAIL) is None


def test_another_number_than_expected(sqlite_house: House) -> None:
    """`--confirm-count` is a person's word: with another number nothing is frozen."""
    house = sqlite_house
    gone(house)
    fix(house)
    case = correcting.find(house.context, "daily", FIX)
    with pytest.raises(freezing.AudienceError, match=r"5 readers, and not to 4.*--confirm-count 5"):
        correcting.freeze(house.context, case, by="ann", confirmed=4)
    assert correcting.freeze(house.context, case, by="ann", confirmed=5).mailable == 5


def two_newsletters(house: House) -> tuple[list[str], list[str]]:
    """The wrong story went with both; two people read both."""
    house.newsletter("friday", schedule="")
    house.reload()
    both = ["both0@example.org", "both1@example.org"]
    daily, friday = [*both, "d0@example.org"], [*both, "f0@example.org"]
    house.subscribe(daily, "daily")
    house.subscribe(friday, "friday")
    house.story(WRONG)
    house.send(DAILY)
    house.send("friday/2026-05-04")
    fix(house)
    return daily, friday


def test_two_newsletters_had_it(house: House) -> None:
    """Each corrects it to its own readers; who reads both gets it once in all."""
    daily, friday = two_newsletters(house)
    house.correct(FIX, "daily")
    report = house.correct(FIX, "friday")
    assert Counter(house.fake.of_kind("correction")) == Counter({*daily, *friday})
    assert (report.edition, report.list) == ("friday/2026-05-04-correction", "friday")
    assert (report.accepted, report.excluded) == (1, {"duplicate": 2})


def test_two_newsletters_at_once(house: House) -> None:
    """Whoever is second waits, and sees what the first has frozen: nobody is in both."""
    daily, friday = two_newsletters(house)
    assert frozen_at_once(house, "daily", "friday") == []
    for name in (MAIL, "friday/2026-05-04-correction"):
        sending.run(house.context, sending.start(house.context, name, by="ann"))
    assert Counter(house.fake.of_kind("correction")) == Counter({*daily, *friday})


def test_what_one_newsletter_cancelled(house: House) -> None:
    """Who was not mailed for it gets the other newsletter's."""
    daily, friday = two_newsletters(house)
    case = correcting.find(house.context, "daily", FIX)
    correcting.freeze(house.context, case, by="ann")
    sending.start(house.context, case.target.id, by="ann")
    sending.cancel(house.context, case.target.id, by="ann")
    assert house.correct(FIX, "friday").accepted == len(friday)
    assert set(daily) - set(house.fake.of_kind("correction")) == {"d0@example.org"}
    with pytest.raises(UsageError, match="daily/2026-05-04-correction is cancelled"):
        house.correct(FIX, "daily")


def frozen_at_once(house: House, *newsletters: str) -> list[Exception]:
    """The correction is frozen for each of these in a thread of its own; gives their errors."""
    errors: list[Exception] = []
    start = threading.Barrier(len(newsletters))

    def freeze(newsletter: str) -> None:
        case = correcting.find(house.context, newsletter, FIX)
        start.wait()
        try:
            correcting.freeze(house.context, case, by="ann")
        except Exception as error:  # noqa: BLE001  whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=freeze, args=(each,)) for each in newsletters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


# --- the mail: once, whatever happens ---------------------------------------------------------------------------------


def test_a_second_time(house: House) -> None:
    """It is known, days later too, and nothing goes."""
    gone(house)
    fix(house)
    house.correct(FIX)
    house.clock.at = at(6, 9)
    case = correcting.find(house.context, "daily", FIX)
    assert (case.target.id, case.state) == (MAIL, EditionState.SENT)
    with pytest.raises(UsageError, match="is sent: somebody else began it"):
        house.correct(FIX)
    assert len(house.fake.of_kind("correction")) == 5


def test_two_people_at_once(house: House) -> None:
    """One of them sends it; the other is told in words."""
    addresses = gone(house)
    fix(house)
    errors = frozen_at_once(house, "daily", "daily")
    assert [type(error) for error in errors] == [UsageError]
    sending.run(house.context, sending.start(house.context, MAIL, by="ann"))
    assert sorted(house.fake.of_kind("correction")) == addresses


def test_two_corrections_of_one_edition(house: House) -> None:
    """Each is a mail of its own, with a name of its own; so is a second correction of the same story."""
    addresses = gone(house)
    fix(house)
    fix(house, "2026-05-04-ports-again")
    house.correct(FIX)
    report = house.correct("2026-05-04-ports-again")
    assert report.edition == "daily/2026-05-04-correction-2"
    assert Counter(house.fake.of_kind("correction")) == Counter(dict.fromkeys(addresses, 2))


def test_the_clock_carries_on(house: House) -> None:
    """The process that sent it died: the next tick sends the rest, and what was claimed is in doubt, not sent again."""
    house.tick(at(1, 12))
    house.clock.at = at(4, 10)
    addresses = gone(house, 6)
    fix(house)
    case = correcting.find(house.context, "daily", FIX)
    correcting.freeze(house.context, case, by="ann")
    send_id = sending.start(house.context, MAIL, by="ann")
    with house.store.write() as tx:
        claims.claim(
            tx, sends.find(tx, send_id), owner=me(), lease=timedelta(seconds=1), limit=1, sign=str, now=house.clock()
        )
    house.clock.at += timedelta(seconds=30)
    assert ("resume", "") in house.tick()
    report = house.report(MAIL)
    assert (report.state, report.accepted, report.in_doubt) == ("partial", 4, 2)
    assert len(set(house.fake.of_kind("correction"))) == 4
    doubts.resolve(house.context, MAIL, accept=False, by="ann")
    sending.run(house.context, send_id)
    assert sorted(house.fake.of_kind("correction")) == addresses
    assert house.state(MAIL)[0] is EditionState.SENT


def test_a_doubt_of_a_correction_is_told(sqlite_house: House) -> None:
    """The policy looks after it as after any send: once the quiet time is over, operators must decide."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.fake.script = [InDoubt("no answer")]
    assert house.correct(FIX).in_doubt == 2
    house.clock.at += timedelta(minutes=31)
    testing.send_test(house.context, house.target(MAIL))
    (person,) = house.fake.accepted[-1].batch.recipients
    body = {
        "event": "delivered", "timestamp": int(house.clock().timestamp()), "email": person.address,
        "sg_event_id": "e", "delivery_id": person.delivery_id, "attempt": "1",
    }  # fmt: skip
    listening.take_in(house.context, json.dumps([body]).encode())
    policy.settle(house.context, house.clock())
    with house.store.read() as tx:
        assert MAIL in alerts.about(tx, AlertKind.NOT_ACCEPTED)
        assert MAIL in alerts.about(tx, AlertKind.IN_DOUBT)


def test_a_pause_and_a_resume(house: House) -> None:
    """A wrong key pauses it with an alert; after the cure everybody gets it."""
    addresses = gone(house)
    fix(house)
    house.fake.script = [Refused("the key is wrong", status=401)]
    assert house.correct(FIX).state == "paused"
    with house.store.read() as tx:
        assert MAIL in alerts.about(tx, AlertKind.SEND_PAUSED)
        assert [row.edition for row in sends.paused(tx)] == [MAIL]
    sending.run(house.context, sending.resume(house.context, MAIL))
    assert sorted(house.fake.of_kind("correction")) == addresses


def test_a_restored_ledger_corrects_nothing(sqlite_house: House) -> None:
    """What it knows of who got what is old."""
    house = sqlite_house
    gone(house)
    fix(house)
    with house.store.write() as tx:
        guard.set_epoch(tx, 0)
    with pytest.raises(StoreError, match="restored from a backup"):
        house.correct(FIX)


def test_a_correction_counts(sqlite_house: House) -> None:
    """A backup from before it is known for one: its beginning and end count like an edition's."""
    house = sqlite_house
    gone(house)
    fix(house)
    with house.store.read() as tx:
        before = guard.epoch(tx)
    house.correct(FIX)
    with house.store.write() as tx:
        assert guard.epoch(tx) >= before + 2
        guard.set_epoch(tx, before)
    with house.store.read() as tx:
        assert guards.restored(house.context, tx)


def test_it_is_no_edition_among_editions(sqlite_house: House) -> None:
    """`daily` still means the edition, no story is passed over because of it, it is not planned or frozen as one."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.correct(FIX)
    assert reporting.resolve_name(house.context, "daily") == DAILY
    with house.store.read() as tx:
        assert len(editions.went_at(tx, "daily")) == 1
        assert [row.kind for row in sends.of_edition(tx, DAILY)] == ["live", "correction"]
    instead = f"send correction {DAILY} --story {FIX}"
    with pytest.raises(UsageError, match=instead):
        house.freeze(MAIL)
    with pytest.raises(UsageError, match=instead):
        planning.plan(house.context, house.target(MAIL), house.clock())
    with pytest.raises(UsageError, match=instead):
        previewing.write(house.context, house.target(MAIL), house.clock())
    assert instead in previewing.Preview(house.context, MAIL).sight().fault


# --- the mail: what it says -------------------------------------------------------------------------------------------


def test_what_the_mail_says(sqlite_house: House) -> None:
    """The correcting story under a line that names what was wrong and its date; reader's own link; kind in its ids."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.correct(FIX)
    sent = [outgoing for outgoing in house.fake.accepted if outgoing.batch.kind == "correction"]
    message = sent[0].message
    assert message.subject == sent[0].envelope.subject == "Correction: Ports Put Right"
    assert "What was wrong in “Ports”, which we sent you on May 4, 2026, and what is right:" in " ".join(
        message.text.split()
    )
    assert "Story Ports Put Right." in " ".join(message.text.split())
    person = sent[0].batch.recipients[0]
    assert not leaving.leaving(house.context, person.token).inert


def test_a_look_of_its_own(sqlite_house: House) -> None:
    """`correction_template` names the look of the mail."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.newsletter(keys='correction_template = "nowhere"')
    house.reload()
    with pytest.raises(Exception, match="nowhere"):
        house.correct(FIX)


@pytest.mark.parametrize(
    ("front", "approve", "said"),
    [
        ({}, False, "waits for approval"),
        ({"go_live": "2026-05-09T06:00"}, True, "embargoed until"),
        ({"corrects": FIX}, False, "it corrects itself"),
        ({"corrects": "2026-05-01-no"}, False, "it has not gone out at all"),
    ],
)
def test_what_may_not_go(sqlite_house: House, front: dict[str, str], approve: bool, said: str) -> None:
    """Told in words, before anything is kept."""
    house = sqlite_house
    gone(house)
    house.story(FIX, approve=approve, **{"corrects": WRONG, **front})
    with pytest.raises((UsageError, ProofError), match=said):
        house.correct(FIX)
    assert house.fake.of_kind("correction") == []


def test_a_chain(sqlite_house: House) -> None:
    """A correction of a correction corrects the first story."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.correct(FIX)
    house.story("2026-05-04-ports-chain", approve=False, corrects=FIX)
    with pytest.raises(UsageError, match=f"is a correction itself: write `corrects: {WRONG}`"):
        house.correct("2026-05-04-ports-chain")


def test_the_wrong_storys_name_will_do(sqlite_house: House) -> None:
    """Where one story corrects it; else all of them are named, or that there is none."""
    house = sqlite_house
    gone(house)
    with pytest.raises(UsageError, match="no story does that"):
        house.correct(WRONG)
    fix(house)
    assert correcting.find(house.context, DAILY, WRONG).story.slug == FIX
    fix(house, "2026-05-04-ports-again")
    with pytest.raises(UsageError, match="2026-05-04-ports-again, 2026-05-04-ports-put-right may be meant"):
        house.correct(WRONG)


def test_an_edition_without_that_story(sqlite_house: House) -> None:
    """Where it went is told."""
    house = sqlite_house
    gone(house)
    fix(house)
    with pytest.raises(UsageError, match="did not go with daily/2026-05-01: it went with daily/2026-05-04"):
        house.correct(FIX, "daily/2026-05-01")


def test_a_test_of_it_first(sqlite_house: House) -> None:
    """Editors get the very bytes; readers nothing, and nothing is frozen."""
    house = sqlite_house
    gone(house)
    fix(house)
    correcting.send_test(house.context, correcting.find(house.context, "daily", FIX))
    test = house.fake.accepted[-1]
    house.correct(FIX)
    assert test.envelope.subject.startswith("[TEST ")
    assert test.envelope.subject.endswith("Correction: Ports Put Right")
    assert test.message.fingerprint == house.fake.accepted[-1].message.fingerprint
    assert [person.address for person in test.batch.recipients] == ["desk@example.org"]


def test_signatures_are_asked_for(sqlite_house: House) -> None:
    """Where a newsletter asks for a sign-off, its corrections wait for one too, under their own fingerprint."""
    house = sqlite_house
    gone(house)
    fix(house)
    house.newsletter(keys='sign_off = "one"')
    house.reload()
    with pytest.raises(UsageError, match=f"waits for sign-off.*newsletter edition sign-off {MAIL}"):
        house.correct(FIX)
    case = correcting.find(house.context, "daily", FIX)
    assert case.is_frozen
    with house.store.read() as tx:
        row = editions.find(tx, MAIL)
    assert row is not None
    assert freezing.sign_off(house.context, case.target, fingerprint=row.fingerprint or "", by="ann")
    assert house.tick(at(4, 12)) is not None
    assert house.fake.of_kind("correction") == [], "a person sends it"
    freezing.require_ready(house.context, case.target, by="ann")
    assert sending.run(house.context, sending.start(house.context, MAIL, by="ann")).state == "sent"


def test_changed_after_its_freeze(sqlite_house: House) -> None:
    """It is held with the reason, and can be frozen anew as it is by now: to as many as is said before."""
    house = sqlite_house
    gone(house)
    fix(house)
    case = correcting.find(house.context, "daily", FIX)
    correcting.freeze(house.context, case, by="ann")
    assert readers_of(house) == 5
    desk.revoke(house.context, FIX, by="ann")
    with pytest.raises(UsageError, match="is held"):
        freezing.require_ready(house.context, case.target, by="ann")
    desk.approve(house.context, FIX, by="ann")
    assert readers_of(house) == 5
    assert house.correct(FIX).accepted == 5
    assert readers_of(house) == 0


def readers_of(house: House) -> int:
    return correcting.outlook(house.context, correcting.find(house.context, "daily", FIX)).readers


def test_the_report_of_the_morning_after(sqlite_house: House) -> None:
    """Editors get the numbers of a correction too."""
    house = sqlite_house
    house.tick(at(1, 12))
    house.clock.at = at(4, 10)
    gone(house)
    fix(house)
    house.correct(FIX)
    house.tick(at(5, 6, 1))
    assert house.fake.subjects.count("The Morning Run of May 4, 2026: the report") == 2, "its edition's, and its own"


# --- workers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def workshop(postgres_url: str, clock: HandClock, tmp_path: Path) -> Iterator[House]:
    store = Store(postgres_url)
    queueing.make(store)
    yield House(tmp_path / "house", store, clock, QUEUE="workers", SEND_CONCURRENCY=3)
    store.close()


@pytest.mark.postgresql
def test_workers_send_it(workshop: House) -> None:
    """Jobs are put with the start; whoever runs them sends each reader one."""
    house = workshop
    house.reload(QUEUE="here")
    addresses = gone(house)
    fix(house)
    house.reload(QUEUE="workers")
    case = correcting.find(house.context, "daily", FIX)
    correcting.freeze(house.context, case, by="ann")
    sending.start(house.context, MAIL, by="ann")
    with house.store.read() as tx:
        jobs = sorted(queue.alive(driver(tx)))
    assert len(jobs) == 3
    assert house.fake.of_kind("correction") == []
    working.run_batches(house.context, house.gateway(), threading.Event(), jobs)
    assert sorted(house.fake.of_kind("correction")) == addresses
    assert (house.state(MAIL)[0], house.report(MAIL).state) == (EditionState.SENT, SendState.SENT)
