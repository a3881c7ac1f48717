"""A lock that is given back in time, and a full disk under the files beside the database."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import troubles_kinds as kinds
from ledger_clock import MADE_AT, HandClock
from ledger_gateway import until
from ledger_house import House, at
from ledger_postgres import HOW, binaries, server
from structlog.testing import capture_logs
from troubles_events import delivered, each_once, posted

from newsletter.errors import ConfigError, StoreError
from newsletter.model import EditionState
from newsletter.pipeline import guards, sending
from newsletter.sandbox.keys import Signer
from newsletter.storage import Store, schema

DAILY = "daily/2026-05-04"


def test_a_lock_that_is_given_back(house: House) -> None:
    """Shorter than the patience of 30 s: freeze, send and events wait, and nobody notices."""
    url = house.store.url
    lock = kinds.LockedSqlite(url) if house.store.is_sqlite else kinds.LockedPostgres(url)
    wanted = house.readers(8)
    house.story()

    def for_a_while() -> threading.Timer:
        lock.begin()
        timer = threading.Timer(0.4, lock.end)
        timer.start()
        return timer

    timers = [for_a_while()]
    house.freeze()
    send_id = sending.start(house.context, DAILY, by="ann")
    timers[-1].join()
    timers.append(for_a_while())
    sending.run(house.context, send_id)
    timers[-1].join()
    timers.append(for_a_while())
    assert posted(house, delivered(house.fake.accepted)) == 204
    timers[-1].join()
    each_once(house, wanted)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk beside the one of the database."""
    place = tmp_path / "disk"
    with kinds.small_disk(place, "1m") as mounted:
        if not mounted:
            pytest.skip("a small disk: only root may mount one, and not everywhere")
        yield place


def test_the_guard_s_disk_is_full_at_the_start(sqlite_house: House, disk: Path) -> None:
    """A send does not begin that the guard could not see: told each time, and after the cure it goes."""
    house = sqlite_house
    house.reload(EPOCH_FILE=disk / "state/epoch")
    wanted = house.readers(4)
    house.story()
    full = kinds.FullDisk(disk)
    (disk / "state").mkdir()
    full.begin()
    with pytest.raises(ConfigError, match=r"NEWSLETTER_EPOCH_FILE: .* cannot be written"):
        house.start()
    with pytest.raises(ConfigError, match="NEWSLETTER_EPOCH_FILE"):
        sending.resume(house.context, DAILY)
    assert house.fake.live == []
    assert house.state()[0] is EditionState.SENDING
    assert [path.name for path in (disk / "state").iterdir()] == [], "no half of a file is left"
    full.end()
    sending.run(house.context, sending.resume(house.context, DAILY))
    each_once(house, wanted)


def test_the_guard_s_disk_fills_while_it_sends(sqlite_house: House, disk: Path) -> None:
    """What goes has gone: the send goes on, the log says that the guard is behind, and the next tick mends it."""
    house = sqlite_house
    house.reload(EPOCH_FILE=disk / "state/epoch")
    wanted = house.readers(8)
    house.story()
    send_id = house.start()
    full = kinds.FullDisk(disk)
    full.begin()
    with capture_logs() as lines:
        sending.run(house.context, send_id, progress=lambda *_: house.clock.move(seconds=30))
    assert [line["log_level"] for line in lines if "count of sends not kept" in line["event"]][:1] == ["error"]
    each_once(house, wanted)
    full.end()
    before = (disk / "state/epoch").read_text()
    house.tick()
    assert int((disk / "state/epoch").read_text().split()[1]) > int(before.split()[1])
    guards.remember_epoch(house.context)


@pytest.fixture
def postgres_on_a_small_disk() -> Iterator[tuple[str, kinds.FullDisk]]:
    """A server of its own, and how its disk comes to be full."""
    where = binaries()
    if where is None:
        pytest.skip(HOW)
    with tempfile.TemporaryDirectory(prefix="pgd-", dir="/tmp") as folder, contextlib.ExitStack() as stack:
        place = Path(folder)
        place.chmod(0o755)
        if not stack.enter_context(kinds.small_disk(place / "disk", "120m")):
            pytest.skip("a small disk: only root may mount one, and not everywhere")
        url = stack.enter_context(server(where, place / "disk"))
        yield url, kinds.FullDisk(place / "disk")


@pytest.mark.postgresql
def test_the_disk_of_postgresql_is_full(
    postgres_on_a_small_disk: tuple[str, kinds.FullDisk], clock: HandClock, tmp_path: Path
) -> None:
    """The server says so, or breaks down over it: nothing of the step is kept either way. Once there is room, the
    freeze is whole, and each reader has one.
    """
    url, full = postgres_on_a_small_disk
    store = Store(url)
    schema.upgrade(store, MADE_AT)
    house = House(tmp_path / "house", store, clock, BATCH_SIZE=1000)
    wanted = house.readers(6000)
    house.story()
    full.begin()
    with pytest.raises(StoreError, match=r"the disk is full|the database cannot be used"):
        house.freeze()
    full.end()
    assert until(lambda: _answers(store))
    assert house.state()[0] is EditionState.OPEN
    house.send()
    each_once(house, wanted)
    store.close()


def _answers(store: Store) -> bool:
    """A server that broke down over its disk starts itself again."""
    with contextlib.suppress(StoreError), store.write() as tx:
        return tx.exec_driver_sql("SELECT count(*) FROM delivery").scalar_one() == 0
    return False


def test_no_room_for_the_sign_of_life(sqlite_house: House, disk: Path) -> None:
    """The file of the heartbeat cannot be written: a warning, and everything goes as planned."""
    house = sqlite_house
    house.tick(at(1, 12))
    house.reload(VAR=disk)
    Signer(disk / "sandbox")
    kinds.FullDisk(disk).begin()
    house.clock.at = at(4, 4)
    wanted = house.readers(2)
    house.story()
    with capture_logs() as lines:
        house.tick(at(4, 6, 30))
    assert ("no heartbeat file", "warning") in [(line["event"], line["log_level"]) for line in lines]
    each_once(house, wanted)
