"""Batches that workers run: jobs and ledger rows commit together, and no job decides anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_clock import HandClock
from ledger_gateway import until
from ledger_house import SCHEDULE, House, at
from sqlalchemy import text

from newsletter.errors import ConfigError, InDoubt, NotSent, Refused, StoreError
from newsletter.model import EditionState, SendState
from newsletter.pipeline import doubts, queueing, sending, working
from newsletter.sending import queue
from newsletter.settings import load_settings
from newsletter.storage import Store
from newsletter.storage import clock as clock_rows
from newsletter.storage.database import driver

DAILY = "daily/2026-05-04"

pytestmark = pytest.mark.postgresql


@pytest.fixture
def house(postgres_url: str, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Its jobs are of one batch each, so that a test can do one and leave the next."""
    monkeypatch.setattr(queueing, "PORTION", 1)
    store = Store(postgres_url)
    queueing.make(store)
    yield House(tmp_path / "house", store, clock, QUEUE="workers", SEND_CONCURRENCY=3)
    store.close()


def jobs(house: House) -> list[int]:
    """The batches that have a job, in the order of their ids."""
    with house.store.read() as tx:
        return sorted(queue.alive(driver(tx)))


def batches(house: House) -> list[int]:
    with house.store.read() as tx:
        return list(tx.execute(text("SELECT id FROM batch ORDER BY id")).scalars())


def run_batch(house: House, *batch_ids: int) -> None:
    """What a worker does with a job, without the queue around it."""
    working.run_batches(house.context, house.gateway(), threading.Event(), batch_ids)


def frozen(house: House, readers: int = 5) -> list[str]:
    wanted = house.readers(readers)
    house.story()
    house.freeze()
    return wanted


def test_each_batch_gets_a_job_with_the_start(house: House) -> None:
    """Three batches, three jobs; nothing was handed over by the process that began."""
    frozen(house)
    sending.start(house.context, DAILY, by="ann")
    assert jobs(house) == batches(house)
    assert len(jobs(house)) == 3
    assert house.fake.asked == []


def test_a_job_is_a_portion_of_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven batches in portions of three are three jobs; each is run as a whole, in as many requests as there are."""
    monkeypatch.setattr(queueing, "PORTION", 3)
    wanted = frozen(house, readers=14)
    sending.start(house.context, DAILY, by="ann")
    with house.store.read() as tx:
        portions = tx.execute(text(f"SELECT args FROM {queue.SCHEMA}.procrastinate_jobs ORDER BY id")).scalars().all()
    first = batches(house)[0]
    assert [each["batches"] for each in portions] == [
        [first, first + 1, first + 2], [first + 3, first + 4, first + 5], [first + 6],
    ]  # fmt: skip
    for each in reversed(portions):
        run_batch(house, *each["batches"])
    assert sorted(house.fake.live) == sorted(wanted)
    assert house.report().state == "sent"


def test_a_start_that_is_rolled_back_leaves_no_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs commit together with the ledger's rows or not at all."""
    frozen(house)

    class PowerCutError(Exception):
        pass

    put = queueing.put_missing

    def put_and_fail(*arguments: object) -> int:
        put(*arguments)  # type: ignore[arg-type]
        raise PowerCutError

    monkeypatch.setattr(queueing, "put_missing", put_and_fail)
    with pytest.raises(PowerCutError):
        sending.start(house.context, DAILY, by="ann")
    assert jobs(house) == []
    assert house.report().state == SendState.PENDING


def test_a_worker_runs_the_whole_send(house: House) -> None:
    """Each reader once; the worker that finds nothing left ends the send, and the queue is empty."""
    wanted = frozen(house, readers=25)
    sending.start(house.context, DAILY, by="ann")
    stop = threading.Event()
    thread = threading.Thread(target=working.work, args=(house.context,), kwargs={"stop": stop})
    thread.start()
    try:
        assert until(lambda: house.state()[0] is EditionState.SENT)
        assert until(lambda: jobs(house) == [])
    finally:
        stop.set()
        thread.join()
    assert sorted(house.fake.live) == sorted(wanted)
    report = house.report()
    assert (report.state, report.accepted, report.pending) == ("sent", 25, 0)
    with house.store.read() as tx:
        beats = tx.execute(text("SELECT host FROM heartbeat")).scalars().all()
    assert ["worker" in host for host in beats] == [True]


def test_who_began_looks_on(house: House) -> None:
    """`send now` waits for the workers, and tells how far they are."""
    frozen(house)
    send_id = sending.start(house.context, DAILY, by="ann")
    seen: list[tuple[int, int]] = []

    def look(done: int, whole: int) -> None:
        seen.append((done, whole))
        for batch_id in jobs(house)[:1]:
            run_batch(house, batch_id)
            _done(house, batch_id)

    report = sending.run(house.context, send_id, progress=look)
    assert report.state == "sent"
    assert seen[0] == (0, 5)
    assert seen[-1][0] >= 4


def _done(house: House, batch_id: int) -> None:
    """What Procrastinate does once a job has ended."""
    with house.store.write() as tx, queue.inside(driver(tx)):
        driver(tx).execute("DELETE FROM procrastinate_jobs WHERE args -> 'batches' @> to_jsonb(%s)", [batch_id])


def test_a_job_delivered_twice(house: House) -> None:
    """The second finds its batch settled, and makes no request."""
    frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    (batch_id,) = jobs(house)
    run_batch(house, batch_id)
    run_batch(house, batch_id)
    assert len(house.fake.asked) == 1
    assert house.report().state == "sent"


def test_two_workers_on_one_batch_at_once(house: House) -> None:
    """The claim decides: one request, whoever comes first."""
    frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    (batch_id,) = jobs(house)
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        run_batch(house, batch_id)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(house.fake.asked) == 1


def test_the_queue_is_lost_whole(house: House) -> None:
    """A tick puts a job for each batch that waits; nobody is lost, nobody gets two."""
    wanted = frozen(house, readers=6)
    sending.start(house.context, DAILY, by="ann")
    run_batch(house, jobs(house)[0])
    with house.store.write() as tx:
        driver(tx).execute(f"TRUNCATE {queue.SCHEMA}.procrastinate_jobs CASCADE")
    assert jobs(house) == []
    house.tick(at(4, 6, 31))
    assert jobs(house) == batches(house)[1:]
    for batch_id in jobs(house):
        run_batch(house, batch_id)
    assert sorted(house.fake.live) == sorted(wanted)
    assert house.report().state == "sent"


def test_even_its_tables_may_go(house: House) -> None:
    """They are made anew at the next start, and the next tick fills them."""
    frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    with house.store.write() as tx:
        driver(tx).execute(f"DROP SCHEMA {queue.SCHEMA} CASCADE")
    queueing.ensure(house.store)
    house.tick(at(4, 6, 31))
    assert jobs(house) == batches(house)


def test_tables_of_another_version_are_refused(house: House) -> None:
    """Until somebody upgrades, when no worker of the old version runs; what waited gets its job again."""
    with house.store.write() as tx:
        driver(tx).execute(f"COMMENT ON SCHEMA {queue.SCHEMA} IS 'procrastinate of 2019'")
    with pytest.raises(StoreError, match="newsletter db upgrade"):
        queueing.ensure(house.store)
    queueing.make(house.store)
    queueing.ensure(house.store)


def test_what_was_certainly_not_sent_gets_another_job(house: House) -> None:
    """Not before the time that the service named, and in the commit that puts the batch back."""
    frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    (batch_id,) = jobs(house)
    house.fake.script = [NotSent("slow down", status=429, retry_after=timedelta(seconds=90))]
    run_batch(house, batch_id)
    with house.store.read() as tx:
        at_times = tx.execute(text(f"SELECT scheduled_at FROM {queue.SCHEMA}.procrastinate_jobs ORDER BY id")).scalars()
        assert [when and (when - house.clock()).total_seconds() for when in at_times] == [None, 90.0]
    run_batch(house, batch_id)
    assert len(house.fake.asked) == 1, "the job came before its time"
    house.clock.move(seconds=90)
    run_batch(house, batch_id)
    assert house.report().state == "sent"


def test_a_refused_reader_is_left_out_of_the_next_job(house: House) -> None:
    """The rest of the batch goes again at once."""
    wanted = frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    (batch_id,) = jobs(house)
    house.fake.script = [Refused("no such address", status=400, positions={0: "refused: no such address"})]
    run_batch(house, batch_id)
    _done(house, batch_id)  # both jobs of the batch: the tick must not be needed for this one
    run_batch(house, batch_id)
    assert house.fake.live == wanted[1:]
    assert (house.report().state, house.report().refused) == ("sent", {"refused: no such address": 1})


def test_a_send_that_pauses_is_left_alone(house: House) -> None:
    """Jobs of a paused send do nothing; the resume puts what is missing."""
    frozen(house, readers=4)
    sending.start(house.context, DAILY, by="ann")
    first, second = jobs(house)
    house.fake.script = [Refused("the key is wrong", status=401)]
    run_batch(house, first)
    assert house.report().state == SendState.PAUSED
    run_batch(house, second)
    assert len(house.fake.asked) == 1
    for batch_id in (first, second):
        _done(house, batch_id)
    assert jobs(house) == []
    sending.resume(house.context, DAILY)
    assert jobs(house) == [first, second]


def test_what_goes_again_gets_a_job(house: House) -> None:
    """A person decides to resend a batch in doubt: a worker does it."""
    wanted = frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    (batch_id,) = jobs(house)
    house.fake.script = [InDoubt("504")]
    run_batch(house, batch_id)
    _done(house, batch_id)
    assert house.report().state == "partial"
    doubts.resolve(house.context, DAILY, accept=False, by="ann")
    assert jobs(house) == [batch_id]
    run_batch(house, batch_id)
    assert house.fake.live == wanted
    assert house.report().state == "sent"


def test_jobs_of_a_dead_worker_are_ended(house: House) -> None:
    """Its claimed batch is in doubt, which no job may settle; what it had not claimed yet gets another job."""
    frozen(house, readers=4)
    sending.start(house.context, DAILY, by="ann")
    with house.store.write() as tx, queue.inside(driver(tx)):
        driver(tx).execute("UPDATE procrastinate_jobs SET status = 'doing'")
    house.tick(at(4, 6, 31))
    with house.store.read() as tx:
        states = tx.execute(text(f"SELECT status::text FROM {queue.SCHEMA}.procrastinate_jobs")).scalars().all()
    assert states == ["todo", "todo"]


def test_a_silent_worker_keeps_its_jobs(house: House) -> None:
    """Its batches get other jobs; its own it may still end itself, when it wakes up."""
    frozen(house, readers=4)
    sending.start(house.context, DAILY, by="ann")
    with house.store.write() as tx, queue.inside(driver(tx)):
        sql = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
        (worker_id,) = driver(tx).execute(sql).fetchone()
        driver(tx).execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker_id])
    house.tick(at(4, 6, 31))
    with house.store.read() as tx:
        states = tx.execute(text(f"SELECT status::text FROM {queue.SCHEMA}.procrastinate_jobs ORDER BY id")).scalars()
        assert list(states) == ["doing", "doing", "todo", "todo"]


def test_the_tick_does_not_wait_for_workers(house: House) -> None:
    """It puts the jobs and goes on to the next newsletter; the numbers say what is open."""
    house.readers(4)
    house.story()
    house.tick(at(4, 6, 20))
    assert [what for what, _ in house.tick(at(4, 6, 30))] == ["send"]
    assert [each.batch.kind for each in house.fake.asked] == ["test"]
    assert house.report().pending == 4
    assert len(jobs(house)) == 2


def test_mail_to_editors_goes_without_workers(house: House) -> None:
    """A test is wanted now, and by the person who typed it."""
    house.readers(1)
    house.story()
    from newsletter.pipeline import testing

    assert testing.send_test(house.context, house.target()).accepted == 1


def test_workers_need_postgresql() -> None:
    """They share a database; the setting says so at once."""
    with pytest.raises(ConfigError, match=r"NEWSLETTER_QUEUE: workers share a PostgreSQL"):
        load_settings({"NEWSLETTER_QUEUE": "workers", "HOME": "/nowhere"}, Path("no.env"))


def test_a_worker_outlives_a_lost_connection(house: House) -> None:
    """The server ends every connection: the worker says so, and goes on when it is answered again."""
    wanted = frozen(house, readers=8)
    stop = threading.Event()
    thread = threading.Thread(target=working.work, args=(house.context,), kwargs={"stop": stop})
    thread.start()
    try:
        assert until(lambda: _beats(house) == 1)
        with house.store.write() as tx:
            driver(tx).execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        sending.start(house.context, DAILY, by="ann")
        assert until(lambda: house.state()[0] is EditionState.SENT, timeout_s=30)
    finally:
        stop.set()
        thread.join()
    assert sorted(house.fake.live) == sorted(wanted)


def _beats(house: House) -> int:
    with house.store.read() as tx:
        return int(tx.execute(text("SELECT count(*) FROM heartbeat")).scalar_one())


# --- a canary -------------------------------------------------------------------------------------------------------

CANARY = """
[canary]
wait_minutes = 10
"""


def canary_gone(house: House) -> int:
    """Six readers, of whom the one editor goes ahead; a worker has run the only job there is. Gives the send."""
    house.newsletter(schedule=SCHEDULE + CANARY)
    house.reload()
    house.readers(5)
    house.subscribe(["desk@example.org"])
    house.story()
    send_id = house.start()
    assert jobs(house) == batches(house)[:1]
    run_jobs(house)
    assert house.fake.live == ["desk@example.org"]
    return send_id


def run_jobs(house: House) -> None:
    for batch_id in jobs(house):
        run_batch(house, batch_id)
        _done(house, batch_id)


def test_the_rest_has_no_jobs_while_it_waits(house: House) -> None:
    """A job that is there all the same finds nothing to claim; the tick after the wait puts the others."""
    send_id = canary_gone(house)
    house.clock.move(minutes=9)
    sending.tend(house.context, send_id)
    assert jobs(house) == []
    for batch_id in batches(house):
        run_batch(house, batch_id)
    assert len(house.fake.live) == 1
    house.clock.move(minutes=1)
    sending.tend(house.context, send_id)
    assert jobs(house) == batches(house)[1:]
    run_jobs(house)
    assert (house.report().state, len(set(house.fake.live)), len(house.fake.live)) == ("sent", 6, 6)


def test_a_persons_word_puts_the_jobs(house: House) -> None:
    """`send resume` in the middle of the wait."""
    canary_gone(house)
    sending.resume(house.context, DAILY)
    assert jobs(house) == batches(house)[1:]


def test_who_looks_on_waits_with_the_canary(house: House) -> None:
    """Told until when, it puts the jobs when the time has come; with nobody to be told, it ends."""
    send_id = canary_gone(house)
    assert sending.run(house.context, send_id).accepted == 1
    waits = []

    def wait(moment: object) -> None:
        waits.append(moment)
        house.clock.move(minutes=10)

    def look(_done_: int, _whole: int) -> None:
        run_jobs(house)

    assert sending.run(house.context, send_id, wait=wait, progress=look).state == "sent"
    assert len(waits) == 1


def test_who_looks_on_tends_the_queue(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no clock runs, `send now` itself puts again what a dead worker had taken from the queue."""
    monkeypatch.setattr(sending, "TEND_EVERY_S", 0.0)
    wanted = frozen(house, readers=4)
    send_id = sending.start(house.context, DAILY, by="ann")
    with house.store.write() as tx:
        driver(tx).execute(f"TRUNCATE {queue.SCHEMA}.procrastinate_jobs CASCADE")

    def look(_done: int, _whole: int) -> None:
        for batch_id in jobs(house):
            run_batch(house, batch_id)

    assert sending.run(house.context, send_id, progress=look).state == "sent"
    assert sorted(house.fake.live) == sorted(wanted)


def test_no_worker_is_told_once(house: House) -> None:
    """A minute after the start: to operators, until a worker is alive."""
    frozen(house, readers=2)
    house.clock.at = at(4, 6, 30)
    sending.start(house.context, DAILY, by="ann")
    house.tick(at(4, 6, 30, 30))
    assert alerts_of(house) == []
    house.tick(at(4, 6, 31, 30))
    house.tick(at(4, 6, 32))
    assert alerts_of(house) == ["no worker"]
    with house.store.write() as tx:
        clock_rows.beat(tx, "mill worker", 7, house.clock())
    house.tick(at(4, 6, 32, 20))
    assert alerts_of(house) == []


def alerts_of(house: House) -> list[str]:
    with house.store.read() as tx:
        return list(tx.execute(text("SELECT kind FROM alert WHERE kind = 'no worker'")).scalars())


def test_a_worker_of_another_world_sends_nothing(house: House) -> None:
    """The ledger belongs to SendGrid, a worker's settings say sandbox: it claims nothing, and says so in its log."""
    frozen(house, readers=2)
    sending.start(house.context, DAILY, by="ann")
    with house.store.write() as tx:
        tx.execute(text("UPDATE ledger SET gateway = 'sendgrid'"))
    run_batch(house, *jobs(house))
    assert house.fake.asked == []
    assert house.report().pending == 2


def test_a_pause_by_a_worker_reaches_the_editors(house: House) -> None:
    """It happens between two ticks; the next one tells it, once."""
    frozen(house, readers=2)
    house.clock.at = at(4, 6, 30)
    sending.start(house.context, DAILY, by="ann")
    house.fake.script = [Refused("the key is wrong", status=401)]
    run_batch(house, *jobs(house))
    house.tick(at(4, 6, 31))
    house.tick(at(4, 6, 32))
    assert [subject for subject in house.fake.subjects if "paused" in subject] == [f"{DAILY} is paused"]
