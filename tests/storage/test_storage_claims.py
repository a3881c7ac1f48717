"""Claim before call, and what comes back: every move is compare-and-set, and late or stale answers undo nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from ledger_rows import FOREIGN, LEASE, ME, OTHER, Rows, addresses
from sqlalchemy import text

from newsletter.model import Batch, SendState
from newsletter.storage import answers, balance, claims, doubt, sends


def states(rows: Rows, send_id: int) -> list[str]:
    """The state of each batch, by number."""
    with rows.store.read() as tx:
        return list(
            tx.execute(text("SELECT state FROM batch WHERE send_id = :s ORDER BY number"), {"s": send_id}).scalars()
        )


def test_a_claim_gives_what_a_request_needs(rows: Rows) -> None:
    """Number, attempt, and each reader with address, delivery id and own link."""
    send_id = rows.begin(3, size=2)
    (batch,) = rows.claim(send_id)
    assert (batch.edition, batch.kind, batch.number, batch.attempt) == ("daily/2026-05-04", "live", 1, 1)
    assert len({person.address for person in batch.recipients} & {f"reader{n}@example.org" for n in range(3)}) == 2
    uid = rows.one("SELECT uid FROM ledger")
    assert all(person.delivery_id.startswith(f"{uid}-") for person in batch.recipients)
    assert batch.recipients[0].token == f"token{batch.recipients[0].subscriber_id}"


def test_claims_follow_the_numbers(rows: Rows) -> None:
    """Batches go in their order, and none is given twice."""
    send_id = rows.begin(6, size=2)
    assert [batch.number for batch in rows.claim(send_id, 2)] == [1, 2]
    assert [batch.number for batch in rows.claim(send_id, 5)] == [3]
    assert rows.claimed(send_id, 5) == claims.Claimed(batches=(), next_at=None)


def test_two_threads_share_out_the_batches(rows: Rows) -> None:
    """Two workers on one send claim each batch once between them."""
    send_id = rows.begin(40, size=1)
    got: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        while batches := rows.claim(send_id, 3):
            got.extend(batch.number for batch in batches)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 41))


def test_a_claim_of_given_batches(rows: Rows) -> None:
    """None but these, and each once."""
    send_id = rows.begin(6)
    assert [batch.number for batch in rows.claim(send_id, 9, numbers=[3, 2])] == [2, 3]
    assert rows.claim(send_id, 9, numbers=[3, 2]) == ()
    assert [batch.number for batch in rows.claim(send_id, 9)] == [1]


def test_who_left_since_the_freeze_is_not_mailed(rows: Rows) -> None:
    """An unsubscribe, a suppression and an erasure between freeze and claim win, each with its reason."""
    send_id = rows.begin(6, size=6)
    rows.unsubscribe("daily", "reader0@example.org")
    rows.suppress("reader1@example.org", reason="complaint")
    rows.suppress("reader2@example.org", reason="manual", scope="daily")
    rows.suppress("reader3@example.org", reason="manual", scope="board")
    with rows.store.write() as tx:
        tx.execute(text("UPDATE subscriber SET address = NULL WHERE address = 'reader4@example.org'"))
    (batch,) = rows.claim(send_id)
    assert [person.address for person in batch.recipients] == ["reader3@example.org", "reader5@example.org"]
    report = rows.report(send_id)
    assert report.excluded == {
        "unsubscribed": 1, "suppressed:complaint": 1, "suppressed:manual": 1, "suppressed:erased": 1,
    }  # fmt: skip
    assert report.pending == 2


def test_a_batch_of_which_nobody_is_left(rows: Rows) -> None:
    """It is settled as empty, no request is made, and the batches after it are still to be asked for."""
    send_id = rows.begin(4, size=2)
    with rows.store.read() as tx:
        first = tx.execute(text("SELECT address FROM subscriber ORDER BY id LIMIT 2")).scalars().all()
    for address in first:
        rows.unsubscribe("daily", address)
    got = rows.claimed(send_id)
    assert got.batches == ()
    assert got.next_at is not None, "there is more: the loop must ask again"
    assert [batch.number for batch in rows.claim(send_id)] == [2]
    assert states(rows, send_id) == ["empty", "claimed"]


def test_a_batch_waits_for_its_time(rows: Rows) -> None:
    """What was not sent goes again not before the time; until then the loop learns when that is."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    later = rows.clock() + timedelta(seconds=30)
    assert rows.not_sent(batch, later)
    assert rows.claimed(send_id) == claims.Claimed(batches=(), next_at=later)
    rows.clock.move(seconds=30)
    (again,) = rows.claim(send_id)
    assert (again.attempt, again.recipients) == (2, batch.recipients)


def test_accepted(rows: Rows) -> None:
    """The receipt is kept; the same answer again is no news."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    assert rows.accepted(batch, "m7")
    assert not rows.accepted(batch, "m7")
    assert rows.one("SELECT receipt FROM batch") == "m7"
    assert rows.report(send_id).accepted == 2


def test_several_are_accepted_at_once(rows: Rows) -> None:
    """As one after the other; what an event has settled before keeps its own word, and gets its receipt."""
    send_id = rows.begin(8)
    first, second, third, fourth = rows.claim(send_id, 4)
    with rows.store.write() as tx:
        answers.settle(tx, second.id, "accepted", by="event", receipt="", now=rows.clock())
    rows.in_doubt(third)
    for taken in ([first, second, third], [fourth]):
        with rows.store.write() as tx:
            answers.all_accepted(
                tx, [answers.Accepted(batch=batch, receipt=f"m{batch.number}", at=rows.clock()) for batch in taken]
            )
    with rows.store.read() as tx:
        found = tx.exec_driver_sql("SELECT number, state, settled_by, receipt FROM batch ORDER BY number").all()
        tried = tx.exec_driver_sql("SELECT outcome, status FROM attempt ORDER BY batch_id").all()
    assert [tuple(row) for row in found] == [
        (1, "accepted", "answer", "m1"),
        (2, "accepted", "event", "m2"),
        (3, "accepted", "answer", "m3"),
        (4, "accepted", "answer", "m4"),
    ]
    assert {tuple(row) for row in tried} == {("accepted", 202)}


def test_an_event_before_the_answer_does_not_cost_the_receipt(rows: Rows) -> None:
    """Events may be faster than the answer: the batch is accepted by the event, and the receipt still kept."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    prove(rows, batch)
    assert not rows.accepted(batch, "m7")
    assert rows.one("SELECT receipt FROM batch") == "m7"
    assert rows.report(send_id).accepted == 2


def test_named_readers_are_refused_and_the_rest_go_again(rows: Rows) -> None:
    """4 readers, the ESP names two: 2 refused with the reason, the other 2 in the next attempt."""
    send_id = rows.begin(4, size=4)
    (batch,) = rows.claim(send_id)
    assert rows.refused(batch, [0, 2])
    assert rows.report(send_id).refused == {"refused: no such address": 2}
    (again,) = rows.claim(send_id)
    assert again.recipients == (batch.recipients[1], batch.recipients[3])
    rows.accepted(again)
    report = rows.report(send_id)
    assert (report.accepted, sum(report.refused.values())) == (2, 2)


def test_all_readers_of_a_batch_are_refused(rows: Rows) -> None:
    """Nobody is left: the batch is empty and the send can end."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    rows.refused(batch, [0, 1])
    assert states(rows, send_id) == ["empty"]
    assert rows.report(send_id).refused == {"refused: no such address": 2}
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.SENT


# --- late and stale ---------------------------------------------------------------------------------------------------


def test_a_late_acceptance_settles_a_doubt(rows: Rows) -> None:
    """The answer of an attempt that was given up is still the truth."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    rows.in_doubt(batch)
    assert rows.accepted(batch, "late")
    assert states(rows, send_id) == ["accepted"]


def test_a_late_refusal_settles_a_doubt(rows: Rows) -> None:
    """Certainly not accepted, however late: it goes again."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    rows.in_doubt(batch)
    assert rows.not_sent(batch)
    assert states(rows, send_id) == ["pending"]


@pytest.mark.parametrize("answer", ["not_sent", "in_doubt", "refused"])
def test_a_stale_answer_undoes_nothing(rows: Rows, answer: str) -> None:
    """An answer to the first attempt does not touch the second one."""
    send_id = rows.begin(2, size=2)
    (first,) = rows.claim(send_id)
    rows.in_doubt(first)
    resend(rows, first)
    (second,) = rows.claim(send_id)
    args = ([0],) if answer == "refused" else ()
    assert not getattr(rows, answer)(first, *args)
    assert states(rows, send_id) == ["claimed"]
    rows.accepted(second)
    assert not getattr(rows, answer)(second, *args)
    assert (states(rows, send_id), rows.report(send_id).refused) == (["accepted"], {})


def test_an_acceptance_of_the_first_attempt_stops_the_resend(rows: Rows) -> None:
    """A resend that has not gone yet does not go once the first attempt is known to be accepted."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    rows.in_doubt(batch)
    resend(rows, batch)
    assert rows.accepted(batch)
    assert rows.claim(send_id) == ()


# --- owners and leases ------------------------------------------------------------------------------------------------


def recover(rows: Rows, *gone: object) -> tuple[tuple[str, int], ...]:
    with rows.store.write() as tx:
        return claims.recover(tx, lambda owner: owner in gone, rows.clock())


def test_a_dead_process_leaves_its_batch_in_doubt_at_once(rows: Rows) -> None:
    """Its request may have gone: in doubt, not pending. A living process keeps its own."""
    send_id = rows.begin(6, size=2)
    rows.claim(send_id, owner=ME)
    rows.claim(send_id, owner=OTHER)
    assert recover(rows, OTHER) == (("daily/2026-05-04", 2),)
    assert states(rows, send_id) == ["claimed", "in_doubt", "pending"]
    assert recover(rows, OTHER) == ()


def test_a_foreign_process_has_its_lease(rows: Rows) -> None:
    """Of another host nobody here can say that it is gone: the lease decides, to the second."""
    send_id = rows.begin(2, size=2)
    rows.claim(send_id, owner=FOREIGN)
    rows.clock.at += LEASE - timedelta(seconds=1)
    assert recover(rows) == ()
    rows.clock.move(seconds=1)
    assert recover(rows) == (("daily/2026-05-04", 1),)
    assert rows.one("SELECT error FROM attempt") == "the lease is over"


def test_a_living_process_past_its_lease(rows: Rows) -> None:
    """The lease is a hard deadline for the whole request; a late answer still settles it."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    rows.clock.at += LEASE
    recover(rows)
    assert states(rows, send_id) == ["in_doubt"]
    rows.accepted(batch)
    assert states(rows, send_id) == ["accepted"]


def test_owners_are_those_with_claims(rows: Rows) -> None:
    """Who holds a claim now, each once."""
    send_id = rows.begin(6, size=2)
    first, _ = rows.claim(send_id, 2, ME)
    rows.claim(send_id, 1, OTHER)
    with rows.store.read() as tx:
        assert set(claims.owners(tx, send_id)) == {ME, OTHER}
    rows.accepted(first)
    with rows.store.read() as tx:
        assert len(claims.owners(tx, send_id)) == 2


# --- cancel -----------------------------------------------------------------------------------------------------------


def cancel(rows: Rows, send_id: int) -> int:
    with rows.store.write() as tx:
        sends.move(tx, send_id, list(SendState), SendState.CANCELLED, now=rows.clock())
        return sends.cancel_pending(tx, send_id, rows.clock())


def test_a_cancelled_send_excludes_who_was_not_claimed(rows: Rows) -> None:
    """6 readers: 2 accepted + 2 in flight, 2 excluded as cancelled."""
    send_id = rows.begin(6, size=2)
    first, second = rows.claim(send_id, 2)
    rows.accepted(first)
    assert cancel(rows, send_id) == 2
    report = rows.report(send_id)
    assert (report.accepted, report.pending, report.excluded) == (2, 2, {"cancelled": 2})
    rows.accepted(second)
    assert rows.report(send_id).accepted == 4


def test_what_comes_back_to_a_cancelled_send_is_cancelled(rows: Rows) -> None:
    """A request in flight that was not accepted does not leave its readers pending for ever."""
    send_id = rows.begin(2, size=2)
    (batch,) = rows.claim(send_id)
    cancel(rows, send_id)
    rows.not_sent(batch)
    with rows.store.write() as tx:
        sends.settle_state(tx, send_id, rows.clock())
    report = rows.report(send_id)
    assert (report.pending, report.excluded) == (0, {"cancelled": 2})


def test_a_cancel_beside_a_claim(rows: Rows) -> None:
    """Whoever is claimed is not counted as cancelled, in whichever order the two commit."""
    send_id = rows.begin(40, size=1)
    done = threading.Event()
    got: list[Batch] = []

    def work() -> None:
        while batches := rows.claim(send_id, 3):
            got.extend(batches)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    cancelled = cancel(rows, send_id)
    thread.join()
    assert cancelled + len(got) == 40
    report = rows.report(send_id)
    assert (report.pending, report.excluded.get("cancelled", 0)) == (len(got), cancelled)


# --- the state of a send ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["accepted", "in_doubt"])
def test_a_send_ends_when_its_batches_have(rows: Rows, last: str) -> None:
    """Sent when all is settled, partial with doubts, and neither while something is pending or claimed."""
    send_id = rows.begin(4, size=2)
    first, second = rows.claim(send_id, 2)
    rows.accepted(first)
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.SENDING
    getattr(rows, last)(second)
    expected = SendState.SENT if last == "accepted" else SendState.PARTIAL
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is expected
        assert sends.find(tx, send_id).finished_at == rows.clock()


def test_errors_in_a_row_are_counted_over_processes(rows: Rows) -> None:
    """Failures add up in the ledger, and any success starts anew."""
    send_id = rows.begin(2)
    with rows.store.write() as tx:
        assert sends.count_errors(tx, send_id, failed=2, succeeded=0) == 2
        assert sends.count_errors(tx, send_id, failed=3, succeeded=0) == 5
        assert sends.count_errors(tx, send_id, failed=1, succeeded=1) == 1


def test_the_readers_done_so_far(rows: Rows) -> None:
    """Progress counts batches that are neither pending nor claimed."""
    send_id = rows.begin(6, size=2)
    first, second = rows.claim(send_id, 2)
    rows.accepted(first)
    rows.in_doubt(second)
    with rows.store.read() as tx:
        assert balance.settled_count(tx, send_id) == 4


def test_deliveries_of_another_ledger_are_not_ours() -> None:
    """The ledger's id stands in each delivery id: two installations may share one account. A former id is good up to
    the last delivery of the backup.
    """
    known = {"ab12": 10**18, "cd34": 7}
    assert [claims.delivery_number(known, name) for name in ("ab12-7", "ab12-8", "cd34-7")] == [7, 8, 7]
    assert claims.delivery_number(known, "cd34-8") is None
    for strange in ("ab13-7", "ab12", "ab12-", "ab12-x", "ab12-٣", "7", "", "ab12-" + "9" * 30):
        assert claims.delivery_number(known, strange) is None


def resend(rows: Rows, batch: Batch) -> bool:
    with rows.store.write() as tx:
        return doubt.resend(tx, batch.id, now=rows.clock())


def prove(rows: Rows, batch: Batch) -> None:
    send_id = rows.one(f"SELECT send_id FROM batch WHERE id = {batch.id}")
    assert isinstance(send_id, int)
    with rows.store.write() as tx:
        doubt.prove(tx, {(send_id, batch.number)}, now=rows.clock())


def test_addresses_of_the_samples_lie_under_example_org() -> None:
    """No test can mail anybody."""
    assert all(address.endswith("@example.org") for address in addresses(3))
