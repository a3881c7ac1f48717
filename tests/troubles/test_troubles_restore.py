"""A database comes back from a backup: nothing goes until somebody has looked, and the events of what the backup does
not know of hit nobody else.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from ledger_house import House, at
from ledger_postgres import connect
from ledger_readers import reader
from sqlalchemy import make_url
from troubles_events import delivered, posted
from troubles_kinds import file_of

from newsletter.audience import tokens
from newsletter.errors import StoreError
from newsletter.pipeline import freezing, guards, leaving, sending
from newsletter.storage import Store, claims, guard

MONDAY = "daily/2026-05-04"
TUESDAY = "daily/2026-05-05"

Backup = Callable[[House], Callable[[], None]]
"""Makes a backup of a house's database, and gives what restores it, as often as it is asked."""


@pytest.fixture
def backup(request: pytest.FixtureRequest) -> Iterator[Backup]:
    opened: list[Store] = []
    made: list[str] = []

    def restored(house: House, url: str) -> None:
        house.store.close()
        house.store = Store(url)
        opened.append(house.store)
        house.reload()

    def on_sqlite(house: House) -> Callable[[], None]:
        file = file_of(house.store.url).with_suffix(f".{len(made)}.backup")
        made.append(str(file))
        copy(house.store.url, f"sqlite:///{file}")

        def restore() -> None:
            target = file.with_suffix(f".{len(opened)}.db")
            copy(f"sqlite:///{file}", f"sqlite:///{target}")
            restored(house, f"sqlite:///{target}")

        return restore

    def on_postgresql(house: House) -> Callable[[], None]:
        databases = request.getfixturevalue("databases")
        house.store.close()
        kept = cloned(databases, house.store.url)
        made.append(kept)

        def restore() -> None:
            made.append(cloned(databases, kept))
            restored(house, made[-1])

        return restore

    yield lambda house: (on_sqlite if house.store.is_sqlite else on_postgresql)(house)
    for store in opened:
        store.close()
    for url in made:
        if url.startswith("postgresql"):
            request.getfixturevalue("databases").drop(url)


def copy(source: str, target: str) -> None:
    """As docs/operations.md has it."""
    one, other = (sqlite3.connect(file_of(url)) for url in (source, target))
    with contextlib.closing(one), contextlib.closing(other):
        one.backup(other)


def cloned(databases: object, url: str) -> str:
    new = databases.empty()  # type: ignore[attr-defined]  # only loaded where there is a PostgreSQL
    databases.drop(new)  # type: ignore[attr-defined]
    with connect(make_url(url).set(database="postgres").render_as_string(hide_password=False)) as admin:
        admin.execute(f'CREATE DATABASE "{make_url(new).database}" TEMPLATE "{make_url(url).database}"'.encode())
    return str(new)


def uid(house: House) -> str:
    with house.store.read() as tx:
        return claims.ledger_uid(tx)


def tuesday(house: House, *, story: str = "2026-05-05-rails") -> None:
    """Tuesday's edition goes out."""
    house.clock.at = at(5, 5)
    house.story(story)
    house.send(TUESDAY)


@pytest.fixture
def backed(house: House, backup: Backup) -> tuple[House, Callable[[], None]]:
    """Monday's edition went to four readers, then the backup was made, then Tuesday's went."""
    house.newsletter(keys="audience_guard = 0.5")
    house.reload()
    house.readers(4)
    house.story()
    house.send()
    restore = backup(house)
    tuesday(house)
    return house, restore


def test_nothing_goes_and_nothing_is_frozen(backed: tuple[House, Callable[[], None]]) -> None:
    """Until somebody has looked: not by the clock, not by hand."""
    house, restore = backed
    restore()
    before = len(house.fake.live)
    for act in (lambda: house.freeze(TUESDAY), lambda: house.freeze("daily/2026-05-05-extra")):
        with pytest.raises(StoreError, match="confirm-restore"):
            act()
    house.tick(at(5, 6, 30))
    assert len(house.fake.live) == before
    guards.confirm_restore(house.context)
    assert house.freeze(TUESDAY).mailable == 4


def test_late_events_of_what_the_backup_does_not_know(backed: tuple[House, Callable[[], None]]) -> None:
    """Delivery numbers come again, to other readers: the events of the lost ones are foreign, those of Monday count."""
    house, restore = backed
    monday, lost = house.fake.accepted[:2], house.fake.accepted[2:]
    former = uid(house)
    restore()
    leaving.unsubscribe(house.context, "reader0@example.org", "daily")
    guards.confirm_restore(house.context)
    assert uid(house) != former
    tuesday(house, story="2026-05-05-roads")
    again = house.fake.accepted[4:]
    numbers = [{p.delivery_id.partition("-")[2] for o in part for p in o.batch.recipients} for part in (lost, again)]
    assert numbers[0] & numbers[1], "the numbers came again, and name others"

    assert posted(house, delivered(lost)) == 204
    assert (house.report(TUESDAY).facts, house.report(MONDAY).facts) == ({}, {})
    with house.store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM foreign_event").scalar_one() == 4
    assert posted(house, delivered(monday)) == 204
    assert posted(house, delivered(again)) == 204
    assert house.report(MONDAY).facts == {"delivered": 4}
    assert house.report(TUESDAY).facts == {"delivered": 3}


def test_a_lost_readers_link_takes_nobody_else_off(house: House, backup: Backup) -> None:
    """Who joined after the backup holds a link with their number, which must not be another's after the restore; who
    is in the backup leaves by the link of a mail that it does not know.
    """
    ann = reader(house, "ann@example.org")
    restore = backup(house)
    lost = reader(house, "lost@example.org")
    restore()
    guards.confirm_restore(house.context)
    new = reader(house, "new@example.org")
    with pytest.raises(tokens.BadTokenError):
        leaving.leave(house.context, lost.link)
    assert new.place().on
    assert leaving.leave(house.context, ann.link).left


def test_a_lost_bounce_suppresses_nobody(backed: tuple[House, Callable[[], None]]) -> None:
    """Nor does it prove that a batch was accepted which is on its way now."""
    house, restore = backed
    (bounced, *_), *_ = [outgoing.batch.recipients for outgoing in house.fake.accepted[2:]]
    restore()
    leaving.unsubscribe(house.context, bounced.address, "daily")
    guards.confirm_restore(house.context)
    house.story("2026-05-05-roads")
    house.freeze(TUESDAY)
    body = delivered(house.fake.accepted[2:]).replace(b'"delivered"', b'"bounce", "type": "bounce"')
    assert posted(house, body) == 204
    with house.store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM suppression").scalar_one() == 0
    assert house.report(TUESDAY).pending == 3


def test_frozen_in_the_backup_and_frozen_anew(house: House, backup: Backup) -> None:
    """It went after the backup, and is frozen anew after the restore for others: on SQLite the very same numbers."""
    house.readers(4)
    house.story()
    send_id = freezing.freeze(house.context, house.target(), by="ann")
    assert send_id.mailable == 4
    restore = backup(house)
    sending.run(house.context, sending.start(house.context, MONDAY, by="ann"))
    lost = delivered(house.fake.accepted)
    restore()
    guards.confirm_restore(house.context)
    leaving.unsubscribe(house.context, "reader0@example.org", "daily")
    house.story("2026-05-04-rails")
    freezing.refreeze(house.context, house.target(), by="ann", story="2026-05-04-rails", confirmed=3)
    assert posted(house, lost) == 204
    assert (house.report().facts, house.report().pending) == ({}, 3)


def test_the_same_backup_again(backed: tuple[House, Callable[[], None]]) -> None:
    """Each restore asks anew, and each confirmation gives another id."""
    house, restore = backed
    uids = {uid(house)}
    for _ in range(3):
        restore()
        with pytest.raises(StoreError, match="confirm-restore"):
            house.freeze(TUESDAY)
        guards.confirm_restore(house.context)
        uids.add(uid(house))
        tuesday(house)
    assert len(uids) == 4


def test_a_backup_of_the_life_before(house: House, backup: Backup) -> None:
    """The last backup made before a restore counts as far as the machine had seen: it is known for another life."""
    house.readers(4)
    house.story()
    old = backup(house)
    house.send()
    last = backup(house)
    old()
    guards.confirm_restore(house.context)
    last()
    with pytest.raises(StoreError, match="confirm-restore"):
        tuesday(house)
    guards.confirm_restore(house.context)
    other = backup(house)
    old()
    guards.confirm_restore(house.context)
    other()
    with pytest.raises(StoreError, match="confirm-restore"):
        tuesday(house)


def test_a_restore_on_another_machine(backed: tuple[House, Callable[[], None]]) -> None:
    """It has no file, and nothing is noticed: whoever knows says so before the first freeze, and lost events are
    foreign there too.
    """
    house, restore = backed
    lost = delivered(house.fake.accepted[2:])
    house.context.settings.epoch_file.unlink()
    restore()
    guards.confirm_restore(house.context)
    tuesday(house, story="2026-05-05-roads")
    assert posted(house, lost) == 204
    assert house.report(TUESDAY).facts == {}
    restore()
    with pytest.raises(StoreError, match="confirm-restore"):
        tuesday(house)


def test_the_file_cannot_be_written(backed: tuple[House, Callable[[], None]]) -> None:
    """The confirmation is told to have failed in part; typed again it works, and until then nothing is lost."""
    house, restore = backed
    restore()
    file = house.context.settings.epoch_file
    file.rename(file.with_suffix(".aside"))
    file.mkdir()
    with pytest.raises(Exception, match="NEWSLETTER_EPOCH_FILE"):
        guards.confirm_restore(house.context)
    file.rmdir()
    file.with_suffix(".aside").rename(file)
    guards.confirm_restore(house.context)
    tuesday(house)


class Killed(BaseException):
    """The process is gone: nothing of it goes on to the end of the run."""


@pytest.mark.parametrize(("seconds", "noticed"), [(21, True), (5, False)])
def test_within_one_run(sqlite_house: House, backup: Backup, seconds: int, noticed: bool) -> None:
    """A backup and a restore while one send runs: noticed, but for those that both fall between two counts."""
    house = sqlite_house
    house.readers(8)
    house.story()
    send_id = house.start()
    restores: list[Callable[[], None]] = []

    def progress(_done: int, _whole: int) -> None:  # told each time round, with numbers of a moment ago
        done = len(house.fake.live)
        if not done:
            return
        if not restores:
            restores.append(backup(house))
        house.clock.move(seconds=seconds)
        if done == 8:
            raise Killed

    with pytest.raises(Killed):
        sending.run(house.context, send_id, progress=progress)
    restores[0]()
    house.clock.move(minutes=1)
    if noticed:
        with pytest.raises(StoreError, match="confirm-restore"):
            sending.resume(house.context, MONDAY)
    else:
        assert sending.resume(house.context, MONDAY), "docs/operations.md, What is not promised"


def test_under_a_running_send(house: House) -> None:
    """The database is put back under the process that sends: it stops within those seconds, and the rest waits."""
    house.readers(40)
    house.story()
    send_id = house.start()

    def progress(_done: int, _whole: int) -> None:
        house.clock.move(seconds=15)
        if len(house.fake.live) >= 6:
            with house.store.write() as tx:
                guard.set_epoch(tx, 0)

    with pytest.raises(StoreError, match="confirm-restore"):
        sending.run(house.context, send_id, progress=progress)
    assert len(house.fake.live) <= 20


def test_counts_while_it_sends(house: House) -> None:
    """About every twenty seconds, in the ledger and outside of it, before the requests of that moment are made."""
    house.readers(12)
    house.story()
    send_id = house.start()
    house.clock.step = timedelta(seconds=7)
    seen: list[str] = []
    inner = house.fake.submit

    def submit(outgoing: object) -> object:
        seen.append(house.context.settings.epoch_file.read_text().split()[1])
        return inner(outgoing)  # type: ignore[arg-type]

    house.fake.submit = submit  # type: ignore[method-assign, assignment]
    sending.run(house.context, send_id)
    assert len(set(seen)) > 1
    with house.store.read() as tx:
        assert house.context.settings.epoch_file.read_text().split()[1] == str(guard.epoch(tx))
