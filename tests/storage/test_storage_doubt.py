"""Batches in doubt: the evidence, and that only evidence, a policy or a person settles them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledger_rows import Rows, event
from sqlalchemy import event as sa_event

from newsletter.model import Batch, EventKind, SendState
from newsletter.storage import doubt, events, evidence, sends


@pytest.fixture
def begun(rows: Rows) -> tuple[int, Batch, Batch]:
    """A send of two batches, both claimed, the first in doubt."""
    send_id = rows.begin(4, size=2)
    first, second = rows.claim(send_id, 2)
    rows.in_doubt(first)
    return send_id, first, second


def heard(rows: Rows, batch: Batch, vendor_id: str = "e1", attempt: int = 1) -> tuple[int, ...]:
    """An event of the batch's first reader is kept, and proves what it proves."""
    kept = rows.keep(event(batch.recipients[0].delivery_id, vendor_id, at=rows.clock(), attempt=attempt))
    with rows.store.write() as tx:
        return doubt.prove(tx, kept.batches, now=rows.clock())


def doubts(rows: Rows, send_id: int) -> tuple[doubt.Doubt, ...]:
    with rows.store.read() as tx:
        return doubt.doubts(tx, send_id)


def resend(rows: Rows, batch: Batch) -> bool:
    with rows.store.write() as tx:
        return doubt.resend(tx, batch.id, now=rows.clock())


def test_a_doubt_tells_its_evidence(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """Readers, attempt, claim, the error; and nobody else was heard yet."""
    send_id, _, _ = begun
    (found,) = doubts(rows, send_id)
    assert (found.number, found.readers, found.attempt, found.error) == (1, 2, 1, "it broke")
    assert found.claimed_at == rows.clock()
    assert found.others_heard_at is None


def test_others_are_heard(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """An event of another batch, after this one's claim, says that the webhook works."""
    send_id, _, second = begun
    rows.clock.move(minutes=3)
    assert heard(rows, second) == (send_id,)
    assert doubts(rows, send_id)[0].others_heard_at == rows.clock()


def test_another_send_is_heard(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """A send of one batch has no others: an event of another send says as well that the webhook works."""
    send_id, _, _ = begun
    (other,) = rows.claim(rows.begin(2, size=2, slug="friday", edition="friday/2026-05-04"))
    rows.clock.move(minutes=3)
    heard(rows, other)
    assert doubts(rows, send_id)[0].others_heard_at == rows.clock()


def test_an_event_of_any_reader_settles_the_batch(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """One reader's event proves the acceptance of the whole request."""
    send_id, first, _ = begun
    assert heard(rows, first) == (send_id,)
    assert doubts(rows, send_id) == ()
    assert rows.one("SELECT settled_by FROM batch WHERE number = 1") == "event"
    assert heard(rows, first, "e2") == (), "the second event is no news"


def test_a_resend_is_refused_with_evidence(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """An event that is known, though the batch was not settled by it, forbids the resend for good."""
    _, first, _ = begun
    rows.keep(event(first.recipients[1].delivery_id, at=rows.clock()))
    assert not resend(rows, first)


def test_a_resend_is_a_new_attempt(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """Without evidence it goes again, once; of a batch that is not in doubt nothing is resent."""
    send_id, first, second = begun
    assert not resend(rows, second)
    assert resend(rows, first)
    assert not resend(rows, first)
    (again,) = rows.claim(send_id)
    assert (again.number, again.attempt) == (1, 2)


def test_sent_twice_is_told(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """Events of both attempts: the promise was broken for that reader, and the report says for how many."""
    send_id, first, _ = begun
    resend(rows, first)
    (again,) = rows.claim(send_id)
    rows.accepted(again)
    heard(rows, again, "e2", attempt=2)
    assert rows.report(send_id).sent_twice == 0
    heard(rows, first, "e1", attempt=1)
    assert rows.report(send_id).sent_twice == 1


def test_evidence_before_the_resend_has_gone(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """An event of the first attempt while the resend waits: it does not go."""
    send_id, first, _ = begun
    resend(rows, first)
    heard(rows, first)
    assert rows.claim(send_id) == ()
    assert rows.report(send_id).accepted == 2


def test_a_person_accepts(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """The word of a person is kept with the batch; the last doubt that goes makes the send `sent`."""
    send_id, first, second = begun
    rows.accepted(second)
    with rows.store.write() as tx:
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.PARTIAL
        assert doubt.accept(tx, first.id, by="ann", now=rows.clock())
        assert not doubt.accept(tx, first.id, by="ann", now=rows.clock())
        assert sends.settle_state(tx, send_id, rows.clock()) is SendState.SENT
    assert rows.one("SELECT settled_by FROM batch WHERE number = 1") == "ann"


def test_events_of_a_batch_that_was_never_claimed(rows: Rows) -> None:
    """They tell of a request that this ledger has lost: it was restored, and the batch went since its backup."""
    send_id = rows.begin(2, size=2)
    with rows.store.write() as tx:
        assert doubt.prove(tx, {(send_id, 1)}, now=rows.clock()) == (send_id,)
    assert (rows.report(send_id).accepted, rows.claim(send_id)) == (2, ())


def test_those_excluded_at_the_claim_are_not_in_doubt(rows: Rows) -> None:
    """A doubt counts the readers that its request had."""
    send_id = rows.begin(3, size=3)
    rows.unsubscribe("daily", "reader0@example.org")
    (batch,) = rows.claim(send_id)
    rows.in_doubt(batch)
    assert doubts(rows, send_id)[0].readers == 2
    assert rows.report(send_id).in_doubt == 2


def test_a_newsletters_editions_in_doubt(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """What the policy looks at: live sends with doubts, but not those that somebody cancelled."""
    send_id, _, _ = begun
    with rows.store.read() as tx:
        assert doubt.editions_in_doubt(tx, "daily") == ("daily/2026-05-04",)
        assert doubt.editions_in_doubt(tx, "friday") == ()
    rows.move(send_id, SendState.CANCELLED)
    with rows.store.read() as tx:
        assert doubt.editions_in_doubt(tx, "daily") == ()


def test_kinds_do_not_matter(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """Even a bounce or an unknown event proves that the request was accepted."""
    send_id, first, _ = begun
    strange = event(first.recipients[0].delivery_id, kind=EventKind.OTHER, at=rows.clock() - timedelta(days=1))
    with rows.store.write() as tx:
        kept = events.keep(tx, [strange], rows.clock())
        assert doubt.prove(tx, kept.batches, now=rows.clock()) == (send_id,)


# --- who else was heard ---------------------------------------------------------------------------------------------


def test_who_was_claimed_before_is_no_evidence(rows: Rows) -> None:
    """An event of an earlier batch may be of a mail of long ago; one of a later claim says how far behind they are."""
    send_id = rows.begin(6, size=2)
    (early,) = rows.claim(send_id)
    rows.accepted(early)
    rows.clock.move(minutes=1)
    (doubtful,) = rows.claim(send_id)
    rows.in_doubt(doubtful)
    rows.clock.move(minutes=1)
    heard(rows, early)
    assert doubts(rows, send_id)[0].others_heard_at is None
    (late,) = rows.claim(send_id)
    heard(rows, late, "e2")
    assert doubts(rows, send_id)[0].others_heard_at == rows.clock()


def test_an_event_counts_for_its_own_attempt(rows: Rows, begun: tuple[int, Batch, Batch]) -> None:
    """A batch of before that was tried again later: what its first attempt tells is as old as that."""
    _, first, _ = begun
    rows.clock.move(minutes=1)
    other = rows.begin(2, size=2, slug="friday", edition="friday/2026-05-04")
    (doubtful,) = rows.claim(other)
    rows.in_doubt(doubtful)
    rows.clock.move(minutes=1)
    resend(rows, first)
    (again,) = rows.claim(begun[0])
    rows.accepted(again)
    heard(rows, first, "e1", attempt=1)
    rows.keep(event(first.recipients[0].delivery_id, "e0", kind=EventKind.DEFERRED, at=rows.clock(), attempt=None))
    assert doubts(rows, other)[0].others_heard_at is None
    heard(rows, again, "e2", attempt=2)
    assert doubts(rows, other)[0].others_heard_at == rows.clock()


def test_only_the_newest_are_looked_at(
    rows: Rows, begun: tuple[int, Batch, Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it costs the same whatever the number of events; what is older is no evidence, to be on the safe side."""
    monkeypatch.setattr(evidence, "NEWEST", 2)
    send_id, _, second = begun
    (old,) = rows.claim(rows.begin(2, size=2, slug="friday", edition="friday/2026-05-04"))
    rows.clock.move(minutes=1)
    heard(rows, second)
    for number in range(3):
        rows.clock.move(minutes=1)
        rows.keep(event(old.recipients[0].delivery_id, f"n{number}", at=rows.clock(), attempt=1))
    with rows.store.read() as tx:
        found = evidence.heard(tx, since=rows.clock() - timedelta(hours=1))
        others = evidence.others(tx, send_id, since=rows.clock() - timedelta(hours=1))
    assert [item.batch_id for item in found] == [old.id]
    assert (others.accepted, others.heard, others.last_heard_at) == (1, 1, None)


def test_it_goes_along_the_indexes(rows: Rows) -> None:
    """No table of millions is read from end to end."""
    statements: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    with rows.store.read() as tx:
        sa_event.listen(tx, "before_cursor_execute", keep)
        evidence.others(tx, 1, since=rows.clock())
        sa_event.remove(tx, "before_cursor_execute", keep)
        if tx.dialect.name == "postgresql":  # as with millions of rows: a small table is quicker to read whole
            tx.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if tx.dialect.name == "sqlite" else "EXPLAIN "
        plans = [
            "\n".join(str(row[-1]) for row in tx.exec_driver_sql(explain + statement, parameters))  # type: ignore[arg-type]
            for statement, parameters in statements
        ]
    assert len(plans) == 2
    for plan in plans:
        assert "SCAN event" not in plan, plan
        assert "SCAN delivery" not in plan, plan
        assert "Seq Scan" not in plan, plan
    assert "event_received_at" in plans[1]
