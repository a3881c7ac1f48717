"""What the ledger's tests stand on: a clock moved by hand, the two real databases, and a house over a small content.

Both databases are real: SQLite in a file, PostgreSQL from a server that the session starts (`ledger_postgres`). Each
test gets a database of its own, copied from a template whose tables are made once.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from ledger_clock import MADE_AT, HandClock
from ledger_house import House
from ledger_postgres import HOW, Databases, binaries, server
from printed import print_pictures

from newsletter.storage import Store, schema

EXAMPLES = int(os.environ.get("NEWSLETTER_TEST_EXAMPLES", "50"))
"""Of a property; where one is dear, a part of them. Whoever changes what it holds for asks for a thousand."""

settings.register_profile("house", max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# In CI the examples are the same each time: what a new seed finds is for the one who can look into it.
settings.register_profile("ci", settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why tests were skipped, each reason once: pytest's own list has a line for each place, and only where asked."""
    skipped = terminalreporter.getreports("skipped")
    reasons = Counter(report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} not run. {reason.removeprefix('Skipped: ')}")


@pytest.fixture(autouse=True)
def _quiet_log() -> None:
    """Logs go to the standard log, where pytest catches them, whatever a command that ran in a test before has set."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL to make databases on; skipped where there is none, except under CI=true."""
    given = os.environ.get("NEWSLETTER_TEST_POSTGRES_URL")
    where = binaries()
    if given:
        yield Databases(given)
    elif where is not None:
        with server(where) as url:
            yield Databases(url)
    elif os.environ.get("CI") == "true":
        pytest.fail(HOW)
    else:
        pytest.skip(HOW)


@pytest.fixture(scope="session")
def postgres_template(databases: Databases) -> Iterator[Databases]:
    url = databases.make_template()
    store = Store(url)
    schema.upgrade(store, MADE_AT)
    store.close()
    yield databases
    databases.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    store = Store(f"sqlite:///{path}")
    schema.upgrade(store, MADE_AT)
    with store.write() as tx:
        tx.exec_driver_sql("SELECT 1")
    store.close()
    assert not path.with_name("ledger.db-wal").exists(), "all of the template is in its one file"
    return path


@pytest.fixture(scope="session")
def prints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var/ in which the shipped pictures are printed already, to be copied."""
    return print_pictures(tmp_path_factory.mktemp("prints"))


@pytest.fixture
def new_sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Gives the URL of another SQLite database, as often as it is asked."""
    count = iter(range(1000))

    def make() -> str:
        path = tmp_path / f"ledger-{next(count)}.db"
        shutil.copy(sqlite_template, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture
def sqlite_url(new_sqlite: Callable[[], str]) -> str:
    return new_sqlite()


@pytest.fixture
def postgres_url(postgres_template: Databases) -> Iterator[str]:
    url = postgres_template.copy()
    yield url
    postgres_template.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with tables and nothing in them, once of each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = Store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def house(store: Store, clock: HandClock, tmp_path: Path) -> House:
    """A house on each database."""
    return House(tmp_path / "house", store, clock)


@pytest.fixture
def sqlite_house(sqlite_store: Store, clock: HandClock, tmp_path: Path) -> House:
    """A house on SQLite alone, where the database makes no difference."""
    return House(tmp_path / "house", sqlite_store, clock)
