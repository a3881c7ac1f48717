"""Windows between two steps: what another process, an operator or a backup changed meanwhile must surprise nobody."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ledger_house import House, at

from newsletter.errors import ConfigError, GatewayError, InDoubt, NotSent, StoreError, UsageError
from newsletter.model import EditionState, Receipt
from newsletter.pipeline import doubts, exchanging, freezing, guards, listening, preparing, sending, testing
from newsletter.sending import owner
from newsletter.sending.dispatch import submit
from newsletter.sending.gateway import Outcome, Outgoing
from newsletter.storage import Store, guard

DAILY = "daily/2026-05-04"


def heard(house: House, moment: datetime) -> None:
    """An event of a test to the editors comes in, so that the webhook is known to be heard."""
    house.clock.at = moment
    testing.send_test(house.context, house.target(DAILY))
    (person,) = house.fake.accepted[-1].batch.recipients
    event = {
        "event": "delivered", "timestamp": int(moment.timestamp()), "email": person.address,
        "sg_event_id": f"e{moment.timestamp()}", "delivery_id": person.delivery_id, "attempt": "1",
    }  # fmt: skip
    assert listening.take_in(house.context, json.dumps([event]).encode()).new == 1


# --- frozen, and meanwhile ----------------------------------------------------------------------------------------


def test_a_slow_freeze_comes_after_the_send(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another scheduler froze and sent while this one was rendering: told in words, not by a constraint."""
    house.readers(2)
    house.story()
    on = house.target()
    made = preparing.prepare(house.context, on, house.clock())
    house.send()
    monkeypatch.setattr(preparing, "prepare", lambda *_, **__: made)
    with pytest.raises(UsageError, match="is sent: it cannot be frozen"):
        freezing.freeze(house.context, on, by="clock")
    assert sorted(house.fake.live) == ["reader0@example.org", "reader1@example.org"]


def test_the_list_changed_after_the_freeze(sqlite_house: House) -> None:
    """It was frozen for the readers of another list than the newsletter has now: held, not sent to the wrong one."""
    house = sqlite_house
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(2)
    house.story()
    house.freeze()
    file = house.folder / "content/newsletters/daily.toml"
    file.write_text(file.read_text().replace('list = "daily"', 'list = "members"'))
    house.reload()
    house.tick(at(4, 6, 30))
    state, reason = house.state()
    assert (state, house.fake.live) == (EditionState.HELD, [])
    assert "the list daily" in reason
    assert "members" in reason


def test_a_missed_edition_that_waits_for_a_signature(sqlite_house: House) -> None:
    """Frozen by hand after it was missed, it is a person's: the clock does not miss it again while it is signed."""
    house = sqlite_house
    house.newsletter(keys='sign_off = "one"')
    house.reload()
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(2)
    house.story()
    house.tick(at(4, 9, 1))
    assert house.state()[0] is EditionState.MISSED
    frozen = house.freeze()
    house.tick(at(4, 9, 30))
    assert freezing.sign_off(house.context, house.target(), fingerprint=frozen.fingerprint, by="ann")
    house.tick(at(4, 9, 31))
    assert house.fake.live == [], "late, it goes by a person's hand only"
    assert sending.run(house.context, sending.start(house.context, DAILY, by="ann")).state == "sent"


# --- doubts ---------------------------------------------------------------------------------------------------------


def in_doubt(house: House, keys: str = 'in_doubt = "resend"') -> None:
    """Monday's edition, one batch of which is in doubt."""
    house.newsletter(keys=keys)
    house.reload()
    house.tick(at(1, 12))
    house.clock.at = at(4, 4)
    house.readers(4)
    house.story()
    house.tick(at(4, 6, 15))
    house.fake.script = [InDoubt("reset")]
    house.tick(at(4, 6, 30))
    assert house.report().in_doubt == 2


def test_the_policy_does_not_resend_two_days_later(sqlite_house: House) -> None:
    """The webhook is heard again on Wednesday: past `late_until` a doubt waits for a person, whatever the policy."""
    house = sqlite_house
    in_doubt(house)
    heard(house, at(6, 3))
    house.tick(at(6, 3, 1))
    assert (house.report().in_doubt, len(house.fake.live)) == (2, 2)
    done = doubts.resolve(house.context, DAILY, accept=False, by="ann")
    assert sending.run(house.context, done.send_id).state == "sent"


def test_the_policy_resends_in_time(sqlite_house: House) -> None:
    """Before `late_until` it goes by itself."""
    house = sqlite_house
    in_doubt(house)
    heard(house, at(4, 8))
    house.tick(at(4, 8, 1))
    assert (house.report().state, len(house.fake.live)) == ("sent", 4)


@pytest.mark.parametrize("keys", ["", 'in_doubt = "resend"'])
def test_a_resend_through_the_other_gateway_is_refused(sqlite_house: House, keys: str) -> None:
    """A resend is live mail: reality's readers must not be answered for by the sandbox, nor the reverse."""
    house = sqlite_house
    in_doubt(house, keys)
    heard(house, at(4, 8))
    house.reload(SANDBOX=0, SENDGRID_API_KEY="SG.real", BASE_URL="https://news.cityname.com")
    with pytest.raises(ConfigError, match="belongs to sandbox"):
        doubts.resolve(house.context, DAILY, accept=False, by="ann")
    assert house.report().in_doubt == 2
    house.tick(at(4, 8, 1))
    assert house.report().in_doubt == 2, "and the tick goes on with what else is due"


# --- backups --------------------------------------------------------------------------------------------------------


def test_a_backup_made_in_the_middle_of_a_send(sqlite_house: House, tmp_path: Path) -> None:
    """Restored after the send has ended, it would send the rest again: refused until a person has looked."""
    house = sqlite_house
    house.readers(4)
    house.story()
    send_id = house.start()
    file = Path(house.store.url.removeprefix("sqlite:///"))
    house.store.close()
    shutil.copy(file, tmp_path / "backup.db")
    assert sending.run(house.context, send_id).state == "sent"
    house.store = Store(f"sqlite:///{tmp_path / 'backup.db'}")
    house.reload()
    with pytest.raises(StoreError, match="confirm-restore"):
        sending.resume(house.context, DAILY)
    assert len(house.fake.live) == 4


def test_two_sends_begin_at_once(house: House) -> None:
    """Each is counted, so that a backup made between them is known for what it is."""
    begun, counted = threading.Barrier(2), 10

    def count() -> None:
        begun.wait()
        for _ in range(counted):
            with house.store.write() as tx:
                guard.epoch(tx)
                guards.next_epoch(tx)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.store.read() as tx:
        assert guard.epoch(tx) == 2 * counted


def test_a_doubt_settled_while_the_policy_looks(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops one newsletter's resend stops neither the tick nor the others."""
    house = sqlite_house
    in_doubt(house)
    heard(house, at(4, 8))

    def cancelled(*_: object, **__: object) -> None:
        raise UsageError("cancelled just now")

    monkeypatch.setattr(doubts, "resolve", cancelled)
    assert house.tick(at(4, 8) + timedelta(minutes=1)) == []


# --- answers that come when nobody waits for them any more ------------------------------------------------------------


def claimed(house: House, send_id: int) -> tuple[exchanging.Part, tuple[Outgoing, ...]]:
    """A process that has claimed a batch, and does not come to its request."""
    part = exchanging.Part(house.context, send_id)
    return part, part.exchange((), 1).batches


def outcome(house: House, outgoing: Outgoing, answer: Receipt | GatewayError) -> Outcome:
    return Outcome(batch=outgoing.batch, answer=answer, finished_at=house.clock())


def test_a_late_not_sent_reopens_what_ended_in_part(house: House) -> None:
    """Its lease was over, the rest was accepted, the send ended as partial; then it says that nothing was sent: the
    send goes on with it, and nobody is left behind.
    """
    wanted = house.readers(4)
    house.story()
    send_id = house.start()
    part, (first,) = claimed(house, send_id)
    house.clock.move(hours=1)
    sending.resume(house.context, DAILY)
    assert sending.run(house.context, send_id).state == "partial"
    part.exchange((outcome(house, first, NotSent("refused connection")),), 0)
    assert house.state() == (EditionState.SENDING, "a late answer: not sent")
    house.clock.move(minutes=5)
    assert sending.run(house.context, send_id).state == "sent"
    assert sorted(house.fake.live) == sorted(wanted)


def test_a_claim_that_ran_out_makes_no_request(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped after its claim wakes when others have decided: it asks for nothing."""
    house.readers(2)
    house.story()
    _, (first,) = claimed(house, house.start())
    woken = owner.since_boot_s() + 3600
    monkeypatch.setattr(owner, "since_boot_s", lambda: woken)
    answer = submit(house.fake, first, house.clock).answer
    assert isinstance(answer, NotSent)
    assert house.fake.asked == []


def test_an_acceptance_counts_after_a_cancel(house: House) -> None:
    """In doubt, to be sent again, cancelled; then the first attempt's 202 is read: those readers have it."""
    house.readers(2)
    house.story()
    send_id = house.start()
    part, (first,) = claimed(house, send_id)
    part.exchange((outcome(house, first, InDoubt("reset")),), 0)
    doubts.resolve(house.context, DAILY, accept=False, by="ann")
    sending.cancel(house.context, DAILY, by="ann")
    assert house.report().excluded == {"cancelled": 2}
    part.exchange((outcome(house, first, Receipt(message_id="m1")),), 0)
    assert (house.report().accepted, house.report().excluded) == (2, {})


def test_an_event_of_a_batch_that_was_never_tried(house: House) -> None:
    """The ledger was restored: the batch went since its backup, and does not go again."""
    house.readers(2)
    house.story()
    send_id = house.start()
    with house.store.read() as tx:
        uid, number = tx.exec_driver_sql("SELECT ledger.uid, min(delivery.id) FROM ledger, delivery GROUP BY uid").one()
    event = {
        "event": "delivered", "timestamp": int(house.clock().timestamp()), "email": "reader0@example.org",
        "sg_event_id": "e1", "delivery_id": f"{uid}-{number}", "attempt": "1",
    }  # fmt: skip
    listening.take_in(house.context, json.dumps([event]).encode())
    assert sending.run(house.context, send_id).accepted == 2
    assert house.fake.live == []
