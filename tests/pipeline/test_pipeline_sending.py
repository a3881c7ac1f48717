"""From story files to readers, and what stops on the way: freeze, sign-off, send, pause, resume, cancel."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
from ledger_house import House, at
from sqlalchemy import text

from newsletter.errors import BusyError, ConfigError, InDoubt, NotSent, ProofError, Refused, StoreError, UsageError
from newsletter.model import EditionState, Owner, SendState
from newsletter.pipeline import desk, doubts, freezing, guards, leaving, planning, preparing, readers, sending, testing
from newsletter.storage import claims, editions, guard, sends

DAILY = "daily/2026-05-04"


def test_an_edition_goes_out(house: House) -> None:
    """Each reader once, in batches of two, and numbers that balance: 5 = 5 accepted."""
    wanted = house.readers(5)
    house.story()
    report = house.send()
    assert sorted(house.fake.live) == sorted(wanted)
    assert [len(each.batch.recipients) for each in house.fake.accepted] == [2, 2, 1]
    assert (report.state, report.candidates, report.accepted, report.pending) == ("sent", 5, 5, 0)
    assert house.state() == (EditionState.SENT, "")


def test_every_reader_has_a_link_of_their_own(sqlite_house: House) -> None:
    """It takes off the list whom it was signed for, and nobody else; twice is once."""
    house = sqlite_house
    house.readers(3)
    house.story()
    house.send()
    people = [person for each in house.fake.accepted for person in each.batch.recipients]
    token = people[1].token
    assert not leaving.leaving(house.context, token).left
    assert leaving.leave(house.context, token).left
    assert leaving.leave(house.context, token).left
    told = readers.explain(house.context, people[1].address)
    assert [(each.list, each.state) for each in told.memberships] == [("daily", "unsubscribed")]
    assert readers.explain(house.context, people[0].address).memberships[0].state == "active"


def test_a_story_goes_once(sqlite_house: House) -> None:
    """What went is not in the next edition of the same list."""
    house = sqlite_house
    house.readers(1)
    house.story()
    house.send()
    house.clock.at = at(5, 5)
    with pytest.raises(preparing.TooFewStoriesError):
        house.freeze("daily/2026-05-05")
    house.story("2026-05-05-rails")
    assert house.freeze("daily/2026-05-05").stories == 1


def test_an_edition_is_frozen_once(house: House) -> None:
    """The second freeze is refused by the state, and changes nothing."""
    house.readers(2)
    house.story()
    frozen = house.freeze()
    house.story("2026-05-04-rails")
    with pytest.raises(UsageError, match="cannot be frozen"):
        house.freeze()
    assert house.report().candidates == 2
    assert house.state()[0] is EditionState.FROZEN
    with house.store.read() as tx:
        assert tx.execute(text("SELECT fingerprint FROM edition")).scalar_one() == frozen.fingerprint


def test_two_freezes_at_once(house: House) -> None:
    """One of them freezes; the other is told in words, not by a constraint."""
    house.readers(4)
    house.story()
    errors: list[Exception] = []
    start = threading.Barrier(2)

    def freeze() -> None:
        start.wait()
        try:
            house.freeze()
        except Exception as error:  # noqa: BLE001  whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=freeze) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in errors] == [UsageError]
    assert house.report().candidates == 4


def test_a_late_breaking_story(sqlite_house: House) -> None:
    """`--after-freeze`: frozen anew, the audience too, and nobody has signed the new one."""
    house = sqlite_house
    house.newsletter(keys='sign_off = "one"')
    house.reload()
    house.readers(2)
    house.story()
    first = house.freeze()
    assert freezing.sign_off(house.context, house.target(), fingerprint=first.fingerprint, by="ann")
    house.story("2026-05-04-rails")
    house.readers(3)
    second = freezing.refreeze(house.context, house.target(), by="ann", story="2026-05-04-rails", confirmed=3)
    assert (second.stories, second.mailable) == (2, 3)
    assert second.fingerprint != first.fingerprint
    assert house.state()[0] is EditionState.FROZEN
    with pytest.raises(UsageError, match="waits for sign-off"):
        freezing.require_ready(house.context, house.target(), by="ann")


def test_the_same_bytes_frozen_anew(sqlite_house: House) -> None:
    """Another audience asks for another sign-off, though the fingerprint is the one that was signed."""
    house = sqlite_house
    house.newsletter(keys='sign_off = "one"')
    house.reload()
    house.readers(2)
    house.story()
    first = house.freeze()
    assert freezing.sign_off(house.context, house.target(), fingerprint=first.fingerprint, by="ann")
    house.readers(3)
    second = freezing.refreeze(house.context, house.target(), by="ann", story="2026-05-04-ports")
    assert (second.fingerprint, second.mailable) == (first.fingerprint, 3)
    with house.store.read() as tx:
        row = editions.find(tx, "daily/2026-05-04")
        assert row is not None
        assert editions.signatures(tx, row.id, first.fingerprint) == ()


def test_no_late_breaking_story_once_it_goes(sqlite_house: House) -> None:
    """After the first claim there is no way back."""
    house = sqlite_house
    house.readers(2)
    house.story()
    house.send()
    house.story("2026-05-04-rails")
    with pytest.raises(UsageError):
        freezing.refreeze(house.context, house.target(), by="ann", story="2026-05-04-rails")


def test_sign_off_names_a_fingerprint(sqlite_house: House) -> None:
    """Two people, each once, of the bytes that are frozen: another fingerprint or too short a one is refused."""
    house = sqlite_house
    house.newsletter(keys='sign_off = "two"')
    house.reload()
    house.readers(1)
    house.story()
    with pytest.raises(UsageError, match="nothing to sign off"):
        freezing.sign_off(house.context, house.target(), fingerprint="abcd", by="ann")
    mark = house.freeze().fingerprint
    for wrong in ("sha256:00000000", "abc", ""):
        with pytest.raises(UsageError):
            freezing.sign_off(house.context, house.target(), fingerprint=wrong, by="ann")
    assert not freezing.sign_off(house.context, house.target(), fingerprint=mark[7:15], by="ann")
    assert not freezing.sign_off(house.context, house.target(), fingerprint=mark, by="ann")
    assert freezing.sign_off(house.context, house.target(), fingerprint=mark, by="b.low")
    assert house.state()[0] is EditionState.SIGNED_OFF


def edit(house: House, slug: str, old: str, new: str) -> None:
    path = house.folder / f"content/stories/{slug}.md"
    path.write_text(path.read_text().replace(old, new))


def edit_and_approve(house: House, slug: str) -> None:
    edit(house, slug, "noon", "ten")
    desk.approve(house.context, slug, by="b.low")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda house, slug: desk.kill(house.context, slug, by="ann"), "is killed now"),
        (lambda house, slug: desk.revoke(house.context, slug, by="ann"), "is ready now"),
        (lambda house, slug: edit(house, slug, "noon", "ten"), "is approved, then changed now"),
        (edit_and_approve, "was changed after the freeze"),
        (lambda house, slug: (house.folder / f"content/stories/{slug}.md").unlink(), "is gone"),
        (lambda house, slug: house.clock.move(hours=3), "expired at Mon 04 May 07:00"),
    ],
)
def test_a_story_that_does_not_hold_any_more(sqlite_house: House, change: object, why: str) -> None:
    """Looked at before the first claim: the edition is held, naming the story, and nothing goes."""
    house = sqlite_house
    house.readers(2)
    slug = house.story(expires="2026-05-04T07:00:00-04:00")
    house.freeze()
    change(house, slug)  # type: ignore[operator]
    with pytest.raises(UsageError, match=why):
        freezing.require_ready(house.context, house.target(), by="ann")
    state, reason = house.state()
    assert state is EditionState.HELD
    assert reason.startswith(slug)
    with pytest.raises(UsageError, match="is held"):
        sending.start(house.context, DAILY, by="ann")
    assert house.fake.asked == []


# --- guards -----------------------------------------------------------------------------------------------------------


def test_nobody_on_the_list(sqlite_house: House) -> None:
    """An edition to nobody is not frozen."""
    sqlite_house.story()
    with pytest.raises(freezing.AudienceError, match="nobody on the list"):
        sqlite_house.freeze()
    assert sqlite_house.state()[0] is EditionState.OPEN


def test_an_odd_number_of_readers(sqlite_house: House) -> None:
    """10 last time, 5 now: over 20 % of difference a person says the number, and that number only."""
    house = sqlite_house
    addresses = house.readers(10)
    house.story()
    house.send()
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    leaving.suppress(house.context, addresses[:5], reason="manual", source="test")
    plan = planning.plan(house.context, house.target("daily/2026-05-05"), house.clock())
    assert ["--confirm-count 5" in missing for missing in plan.missing] == [True]
    with pytest.raises(freezing.AudienceError, match="--confirm-count 5"):
        house.freeze("daily/2026-05-05")
    with pytest.raises(freezing.AudienceError):
        house.freeze("daily/2026-05-05", confirmed=6)
    assert house.freeze("daily/2026-05-05", confirmed=5).mailable == 5


def test_within_the_guard(sqlite_house: House) -> None:
    """10 last time, 8 now is 20 %: it goes."""
    house = sqlite_house
    addresses = house.readers(10)
    house.story()
    house.send()
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    leaving.suppress(house.context, addresses[:2], reason="manual", source="test")
    assert house.freeze("daily/2026-05-05").mailable == 8


def test_sandbox_and_reality_never_mix(sqlite_house: House) -> None:
    """A database of the sandbox refuses a live send through SendGrid."""
    house = sqlite_house
    house.readers(1)
    house.story()
    house.send()
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    house.freeze("daily/2026-05-05")
    house.reload(SANDBOX=0, SENDGRID_API_KEY="SG.real", BASE_URL="https://news.cityname.com")
    with pytest.raises(ConfigError, match="belongs to sandbox"):
        sending.start(house.context, "daily/2026-05-05", by="ann")
    assert house.state("daily/2026-05-05")[0] is EditionState.FROZEN


def test_a_base_url_that_readers_cannot_reach(sqlite_house: House) -> None:
    """With a real gateway, live sends need a public https address."""
    house = sqlite_house
    house.reload(SANDBOX=0, SENDGRID_API_KEY="SG.real")
    with house.store.write() as tx, pytest.raises(ConfigError, match="NEWSLETTER_BASE_URL"):
        guards.before_live_send(house.context, tx)


def test_a_ledger_that_came_back_from_a_backup(sqlite_house: House) -> None:
    """It is behind the number kept outside: refused until a person has looked."""
    house = sqlite_house
    house.readers(1)
    house.story()
    house.send()
    assert seen(house) == 2, "it began and ended"
    house.clock.at = at(5, 5)
    house.story("2026-05-05-rails")
    house.freeze("daily/2026-05-05")
    with house.store.write() as tx:
        guard.set_epoch(tx, 0)
    with pytest.raises(StoreError, match="confirm-restore"):
        sending.start(house.context, "daily/2026-05-05", by="ann")
    assert house.state("daily/2026-05-05")[0] is EditionState.FROZEN
    assert guards.confirm_restore(house.context) == 3
    assert sending.run(house.context, sending.start(house.context, "daily/2026-05-05", by="ann")).state == "sent"
    assert seen(house) == 5


def seen(house: House) -> int:
    """The number kept outside the database, of the one ledger there is."""
    (line,) = house.context.settings.epoch_file.read_text().splitlines()
    return int(line.split()[1])


def test_an_epoch_file_that_cannot_be_read(sqlite_house: House) -> None:
    """Told by its path; nothing is guessed."""
    house = sqlite_house
    house.context.settings.epoch_file.parent.mkdir()
    house.context.settings.epoch_file.write_text("many")
    with pytest.raises(ConfigError, match="NEWSLETTER_EPOCH_FILE"):
        guards.remember_epoch(house.context)


def test_a_crash_before_the_number_was_kept_outside(sqlite_house: House) -> None:
    """The process died between the ledger's commit and the file: the resume writes it."""
    house = sqlite_house
    house.readers(1)
    house.story()
    house.start()
    house.context.settings.epoch_file.unlink()
    send_id = sending.resume(house.context, DAILY)
    assert seen(house) == 1
    sending.run(house.context, send_id)
    assert seen(house) == 2


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_key_that_expired(house: House) -> None:
    """The send pauses, nobody is refused for good, and after the cure everybody gets it once."""
    house.fake.script = [None, Refused("the key", status=401)]
    wanted = house.readers(7)
    house.story()
    report = house.send()
    assert (report.state, report.refused, report.in_doubt) == ("paused", {}, 0)
    assert report.pending + report.accepted == 7
    with pytest.raises(UsageError, match="is paused: the key"):
        sending.resume_interrupted(house.context, DAILY)
    report = sending.run(house.context, sending.resume(house.context, DAILY))
    assert (report.state, report.accepted) == ("sent", 7)
    assert sorted(house.fake.live) == sorted(wanted)


def test_slow_down(house: House) -> None:
    """429 to every request in flight: each waits its time and goes; nothing pauses."""
    house.reload(SEND_CONCURRENCY=8)
    house.clock.step = timedelta(seconds=3)
    house.fake.script = [NotSent("slow down", status=429, retry_after=timedelta(seconds=1))] * 8
    wanted = house.readers(16)
    house.story()
    report = house.send()
    assert (report.state, report.accepted) == ("sent", 16)
    assert sorted(house.fake.live) == sorted(wanted)


def test_too_many_errors_in_a_row(house: House) -> None:
    """Five failures pause the send and say the last; what did not fail stays as it is."""
    house.clock.step = timedelta(seconds=3)
    house.fake.script = [NotSent("cannot be reached")] * 30
    house.readers(4)
    house.story()
    report = house.send()
    assert (report.state, report.pending) == ("paused", 4)
    with house.store.read() as tx:
        live = sends.live(tx, DAILY)
    assert live is not None
    assert "requests in a row failed; the last one: cannot be reached" in live.reason


def test_a_refused_reader(house: House) -> None:
    """The ESP names one of two: 1 refused with the reason, the others accepted, 5 = 4 + 1."""
    house.fake.script = [Refused("bad", status=400, positions={1: "refused: no such address"})]
    house.readers(5)
    house.story()
    report = house.send()
    assert (report.state, report.accepted, report.refused) == ("sent", 4, {"refused: no such address": 1})


def test_a_whole_batch_that_left(house: House) -> None:
    """The readers of the first batches left since the freeze: the send goes on to the others in the same run."""
    addresses = house.readers(9)
    house.story()
    send_id = house.start()
    for address in addresses[:4]:
        leaving.unsubscribe(house.context, address, "daily")
    report = sending.run(house.context, send_id)
    assert (report.state, report.accepted, report.excluded) == ("sent", 5, {"unsubscribed": 4})


def test_pause_and_resume(house: House) -> None:
    """Paused between two batches, resumed, each once."""
    wanted = house.readers(8)
    house.story()
    send_id = house.start()
    paused = []

    def progress(done: int, candidates: int) -> None:
        if not paused:
            paused.append(done)
            sending.pause(house.context, DAILY, reason="by hand")

    report = sending.run(house.context, send_id, progress=progress)
    assert report.state == "paused"
    assert 0 < report.accepted < 8
    with pytest.raises(UsageError, match="only a send that is sending"):
        sending.pause(house.context, DAILY, reason="again")
    report = sending.run(house.context, sending.resume(house.context, DAILY))
    assert (report.state, sorted(house.fake.live)) == ("sent", wanted)


def test_cancel(house: House) -> None:
    """What was not claimed is excluded as cancelled; the edition is cancelled; nothing resumes it."""
    house.readers(6)
    house.story()
    house.start()
    assert sending.cancel(house.context, DAILY, by="ann") == 6
    assert house.state()[0] is EditionState.CANCELLED
    report = house.report()
    assert (report.state, report.excluded, report.pending) == ("cancelled", {"cancelled": 6}, 0)
    for again in (sending.resume, sending.resume_interrupted):
        with pytest.raises(UsageError):
            again(house.context, DAILY)
    with pytest.raises(UsageError, match="no longer be cancelled"):
        sending.cancel(house.context, DAILY, by="ann")
    with house.store.read() as tx:  # nobody got anything, so its stories may go another day
        assert editions.gone(tx, "daily").slugs == frozenset()


def test_cancel_in_flight(house: House) -> None:
    """A request in flight that comes back as not sent is cancelled too, and one in doubt stays to be settled."""
    house.fake.script = [NotSent("slow down", status=429), InDoubt("reset")]
    house.readers(8)
    house.story()
    send_id = house.start()
    inner = house.fake.submit

    def submit(outgoing: object) -> object:
        sending_once(house)
        return inner(outgoing)  # type: ignore[arg-type]

    house.fake.submit = submit  # type: ignore[method-assign, assignment]
    report = sending.run(house.context, send_id)
    assert report.state == "cancelled"
    assert (report.pending, report.in_doubt) == (0, 2)
    assert report.accepted + report.excluded["cancelled"] == 6
    with house.store.read() as tx:  # some readers may have them, so these stories do not go to that list again
        assert editions.gone(tx, "daily").slugs == {"2026-05-04-ports"}
    with pytest.raises(UsageError, match="is cancelled: nothing is sent again"):
        doubts.resolve(house.context, DAILY, accept=False, by="ann")
    assert doubts.resolve(house.context, DAILY, accept=True, by="ann").accepted
    assert house.report().state == "cancelled"


def sending_once(house: House) -> None:
    if house.state()[0] is not EditionState.CANCELLED:
        with contextlib.suppress(UsageError):  # the other thread was faster
            sending.cancel(house.context, DAILY, by="ann")


def test_nothing_to_pause_resume_or_cancel(sqlite_house: House) -> None:
    """Told in words."""
    for use in (
        lambda: sending.pause(sqlite_house.context, DAILY, reason=""),
        lambda: sending.resume(sqlite_house.context, DAILY),
        lambda: sending.cancel(sqlite_house.context, DAILY, by="ann"),
        lambda: doubts.listed(sqlite_house.context, DAILY),
    ):
        with pytest.raises(UsageError, match="has no send yet"):
            use()
    with pytest.raises(UsageError, match="is not frozen yet"):
        sending.start(sqlite_house.context, DAILY, by="ann")


def test_begun_by_somebody_else(sqlite_house: House) -> None:
    """The second start is told that somebody is at it; a resume beside a living process too."""
    house = sqlite_house
    house.readers(2)
    house.story()
    send_id = house.start()
    with pytest.raises(BusyError):
        sending.start(house.context, DAILY, by="b.low")
    with house.store.write() as tx:
        other = Owner(host="elsewhere", boot="b", pid=7, process_start="1")
        row = sends.find(tx, send_id)
        claims.claim(tx, row, owner=other, lease=timedelta(minutes=5), limit=1, link=lambda _: "", now=house.clock())
    with pytest.raises(BusyError, match="process 7 on elsewhere"):
        sending.resume(house.context, DAILY)


def test_a_sent_edition_is_past_all_that(sqlite_house: House) -> None:
    """It cannot begin again."""
    house = sqlite_house
    house.readers(2)
    house.story()
    house.send()
    with pytest.raises(UsageError, match="is sent"):
        sending.start(house.context, DAILY, by="ann")
    assert house.report().state == SendState.SENT


def test_two_processes_on_one_send(house: House) -> None:
    """Two loops on one send share its batches: each reader once."""
    wanted = house.readers(40)
    house.story()
    send_id = house.start()
    threads = [threading.Thread(target=sending.run, args=(house.context, send_id)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(house.fake.live) == sorted(wanted)
    assert house.report().state == "sent"


def test_stop_between_batches(house: House) -> None:
    """SIGTERM: what is in hand is finished, the rest waits, and the next run sends it."""
    wanted = house.readers(10)
    house.story()
    send_id = house.start()
    stop = threading.Event()
    report = sending.run(house.context, send_id, stop=stop, progress=lambda *_: stop.set())
    assert 0 < report.accepted < 10
    assert (report.state, report.in_doubt) == ("sending", 0)
    sending.run(house.context, sending.resume_interrupted(house.context, DAILY))
    assert sorted(house.fake.live) == sorted(wanted)


# --- mail to editors --------------------------------------------------------------------------------------------------


def test_a_test_is_the_same_bytes(house: House) -> None:
    """Frozen or not: the same message, its own subject, inert links, and no promise used up."""
    house.readers(1)
    house.story()
    house.freeze()
    report = testing.send_test(house.context, house.target())
    assert (report.kind, report.accepted, report.state) == ("test", 1, "sent")
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    test, live = house.fake.accepted
    assert test.message == live.message
    mark = live.message.fingerprint[7:11]
    assert test.envelope.subject == f"[TEST {mark}] {live.message.subject}"
    assert live.envelope.subject == live.message.subject
    token = test.batch.recipients[0].token
    assert leaving.leave(house.context, token).inert


def test_a_test_to_somebody(sqlite_house: House) -> None:
    """Each address once; what is no address is refused before anything is sent."""
    house = sqlite_house
    house.story()
    report = testing.send_test(house.context, house.target(), to=("x@example.org", "X@Example.org"))
    assert report.candidates == 1
    with pytest.raises(UsageError, match="is not an address"):
        testing.send_test(house.context, house.target(), to=("nobody",))


def test_a_test_that_the_esp_refuses(sqlite_house: House) -> None:
    """The reason is told, and the attempt is closed."""
    house = sqlite_house
    house.story()
    house.fake.script = [Refused("the key is not taken", status=401)]
    with pytest.raises(testing.NotDeliveredError, match="the key is not taken"):
        testing.send_test(house.context, house.target())
    assert testing.send_test(house.context, house.target()).accepted == 1


def test_a_notice_says_that_a_machine_wrote_it(sqlite_house: House) -> None:
    """Auto-Submitted, and never an error where it fails."""
    house = sqlite_house
    assert testing.try_notice(house.context, house.target(), subject="Mind", text="Two are missing.")
    (sent,) = house.fake.accepted
    assert (sent.envelope.automatic, sent.envelope.subject) == (True, "Mind")
    house.fake.script = [Refused("no", status=401)]
    assert not testing.try_notice(house.context, house.target(), subject="Mind", text="x")


def test_a_story_that_stops_the_proof(sqlite_house: House) -> None:
    """A placeholder in a sealed story: nothing is frozen."""
    house = sqlite_house
    house.readers(1)
    slug = house.story(approve=False)
    edit(house, slug, "The first cranes", "TK: The first cranes")
    seal_by_hand(house, slug)
    with pytest.raises(ProofError):
        house.freeze()
    assert house.state()[0] is EditionState.OPEN


def seal_by_hand(house: House, slug: str) -> None:
    from newsletter.model import Approval
    from newsletter.stories import seal

    story = desk.find(house.context, slug)
    path = house.folder / f"content/stories/{slug}.md"
    approval = Approval(by="ann", at=house.clock(), digest=story.digest)
    path.write_text(seal.approve(path.read_text(), approval))
