"""PostgreSQL goes away: connections break in the middle, the server is started anew, the answer of a COMMIT is lost."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_clock import MADE_AT, HandClock
from ledger_house import House
from ledger_postgres import HOW, _ordinary_user, binaries, server
from sqlalchemy import make_url
from troubles_events import delivered, each_once, posted
from troubles_kinds import break_connections
from troubles_proxy import Proxy

from newsletter.errors import BusyError, StoreError, UsageError
from newsletter.model import EditionState, Receipt
from newsletter.pipeline import doubts, listening, sending
from newsletter.sending.gateway import Outgoing
from newsletter.storage import Store, schema

pytestmark = pytest.mark.postgresql

DAILY = "daily/2026-05-04"


def carried_on(house: House, wanted: list[str]) -> None:
    """What the clock and events make of an interrupted send: it goes on, and what is in doubt is settled. A batch that
    was claimed, and whose request was never made, is sent again by a person when no event of it came.
    """
    for _ in range(20):
        if house.state()[0] is EditionState.SENT:
            break
        with contextlib.suppress(StoreError):
            sending.run(house.context, sending.resume(house.context, DAILY))
        house.clock.move(minutes=6)
        doubts.listed(house.context, DAILY)
        assert posted(house, delivered(house.fake.accepted)) == 204
        left = doubts.listed(house.context, DAILY)
        if left and all(state in {"accepted", "in_doubt"} for state, count in house.report().batches.items() if count):
            sending.finish(house.context, doubts.resolve(house.context, DAILY, accept=False, by="ann").send_id)
    each_once(house, wanted)


@pytest.fixture
def postgres_house(postgres_url: str, clock: HandClock, tmp_path: Path) -> Iterator[House]:
    store = Store(postgres_url)
    yield House(tmp_path / "house", store, clock)
    store.close()


@pytest.mark.parametrize("every", [1, 3])
def test_connections_that_break(postgres_house: House, every: int) -> None:
    """All of them end while requests are in flight, again and again: the pool makes new ones, and what could not be
    recorded is in doubt until its events come.
    """
    house = postgres_house
    wanted = house.readers(20)
    house.story()
    send_id = house.start()
    inner = house.fake.submit

    def submit(outgoing: Outgoing) -> Receipt:
        receipt = inner(outgoing)
        if len(house.fake.asked) % every == 0:
            break_connections(house.store.url)
        return receipt

    house.fake.submit = submit  # type: ignore[method-assign]
    with contextlib.suppress(StoreError):
        sending.run(house.context, send_id)
    carried_on(house, wanted)


def test_one_break_between_two_steps_is_not_noticed(postgres_house: House) -> None:
    """A connection that idled in the pool is looked at before it is used (`pool_pre_ping`)."""
    house = postgres_house
    wanted = house.readers(4)
    house.story()
    for step in (house.freeze, lambda: sending.start(house.context, DAILY, by="ann")):
        step()
        break_connections(house.store.url)
    sending.run(house.context, sending.resume(house.context, DAILY))
    each_once(house, wanted)


def test_the_server_is_started_anew(clock: HandClock, tmp_path: Path) -> None:
    """It is stopped at once in the middle of an exchange, as a crash would: after its start the send goes on."""
    where = binaries()
    if where is None:
        pytest.skip(HOW)
    with server(where) as url:
        store = Store(url)
        schema.upgrade(store, MADE_AT)
        house = House(tmp_path / "house", store, clock)
        wanted = house.readers(20)
        house.story()
        send_id = house.start()
        inner = house.fake.submit

        def submit(outgoing: Outgoing) -> Receipt:
            receipt = inner(outgoing)
            if len(house.fake.accepted) == 4:
                control(where, url, "stop")
            return receipt

        house.fake.submit = submit  # type: ignore[method-assign]
        with pytest.raises(StoreError):
            sending.run(house.context, send_id)
        with pytest.raises(StoreError, match="the database cannot be used"):
            house.tick()
        control(where, url, "start")
        house.fake.submit = inner  # type: ignore[method-assign]
        try:
            carried_on(house, wanted)
        finally:
            store.close()
            control(where, url, "stop")


def control(bin_folder: Path, url: str, what: str) -> None:
    """`pg_ctl stop` (immediate: no goodbye to anybody) or `start`, as the user who may."""
    folder = Path(str(make_url(url).query["host"]))
    command = [bin_folder / "pg_ctl", what, "-D", folder / "data", "-w", "-l", folder / "again"]
    options = ["-m", "immediate"] if what == "stop" else ["-o", f"-k {folder} -c listen_addresses= -c fsync=off"]
    subprocess.run([*command, *options], check=True, cwd=folder, stdout=subprocess.DEVNULL, **_ordinary_user())


# --- the answer of a COMMIT is lost ---------------------------------------------------------------------------------


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with tempfile.TemporaryDirectory(prefix="pgx-", dir="/tmp") as folder:
        made = Proxy(postgres_url, Path(folder))
        yield made
        made.close()


@pytest.fixture
def lossy(proxy: Proxy, clock: HandClock, tmp_path: Path) -> Iterator[House]:
    """A house that reaches its database through the proxy."""
    store = Store(proxy.url)
    yield House(tmp_path / "house", store, clock)
    store.close()


REACHES = pytest.mark.parametrize("reaches_server", [False, True], ids=["before", "after"])


def lose(proxy: Proxy, use: Callable[[], object], *, number: int = 1, reaches_server: bool) -> None:
    """Do something whose COMMIT gets no answer: told as trouble with the database, whatever has come of it."""
    proxy.lose(number, reaches_server=reaches_server)
    with pytest.raises(StoreError, match="the database cannot be used"):
        use()
    assert proxy.lost == 1


@REACHES
def test_the_commit_of_a_freeze(lossy: House, proxy: Proxy, reaches_server: bool) -> None:
    """It froze, or it did not: typed again it says so, and there is one send."""
    house = lossy
    wanted = house.readers(6)
    house.story()
    lose(proxy, house.freeze, number=4, reaches_server=reaches_server)  # three have read what there was
    if reaches_server:
        with pytest.raises(UsageError, match="is frozen: it cannot be frozen"):
            house.freeze()
    else:
        house.freeze()
    sending.run(house.context, sending.start(house.context, DAILY, by="ann"))
    each_once(house, wanted)


@REACHES
def test_the_commit_of_a_start(lossy: House, proxy: Proxy, reaches_server: bool) -> None:
    """It began, or it did not: the clock's next look starts or resumes it, and the epoch is kept outside by then."""
    house = lossy
    wanted = house.readers(6)
    house.story()
    house.freeze()
    lose(proxy, lambda: sending.start(house.context, DAILY, by="ann"), reaches_server=reaches_server)
    if reaches_server:
        with pytest.raises(BusyError):
            sending.start(house.context, DAILY, by="ann")
        send_id = sending.resume_interrupted(house.context, DAILY)
    else:
        send_id = sending.start(house.context, DAILY, by="ann")
    assert house.context.settings.epoch_file.read_text().split()[1] == "1"
    sending.run(house.context, send_id)
    each_once(house, wanted)


@REACHES
@pytest.mark.parametrize("number", range(1, 7))
def test_a_commit_of_an_exchange(lossy: House, proxy: Proxy, number: int, reaches_server: bool) -> None:
    """Claims and answers stand in one commit: whichever is lost, what was asked for is never asked for again unseen."""
    house = lossy
    wanted = house.readers(8)
    house.story()
    send_id = house.start()
    proxy.lose(number, reaches_server=reaches_server)
    with contextlib.suppress(StoreError):
        sending.run(house.context, send_id)
    assert proxy.lost == 1
    copies = Counter(house.fake.live)
    assert not copies or max(copies.values()) == 1
    carried_on(house, wanted)


@REACHES
def test_the_commit_of_events(lossy: House, proxy: Proxy, reaches_server: bool) -> None:
    """503, so SendGrid posts them again; those that were kept after all are known."""
    house = lossy
    wanted = house.readers(6)
    house.story()
    house.send()
    body = delivered(house.fake.accepted)
    proxy.lose(1, reaches_server=reaches_server)
    assert posted(house, body) == 503
    heard = listening.take_in(house.context, body)
    assert (heard.new, heard.known) == ((0, 6) if reaches_server else (6, 0))
    assert house.report().facts == {"delivered": 6}
    each_once(house, wanted)
