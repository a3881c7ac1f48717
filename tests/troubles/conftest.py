"""A house in trouble: on each database, with each trouble that it may have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import troubles_kinds as kinds
from ledger_clock import HandClock
from ledger_house import House

from newsletter.storage import Store, database

PATIENCE_S = 0.3
"""In place of 30 s: how long a writer waits for another in these tests."""


ALL = [
    pytest.param("sqlite", kind, id=f"sqlite-{kind}") for kind in ("full", "read-only", "locked")
] + [
    pytest.param("postgresql", kind, id=f"postgresql-{kind}", marks=pytest.mark.postgresql)
    for kind in ("read-only", "locked", "unreachable")
]  # fmt: skip


@pytest.fixture(params=[pytest.param(each.values, id=each.id, marks=each.marks) for each in ALL])
def troubled(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[kinds.Troubled]:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", PATIENCE_S)
    where, kind = request.param
    with contextlib.ExitStack() as stack:
        url, trouble = (_on_sqlite if where == "sqlite" else _on_postgresql)(request, kind, tmp_path, stack)
        store = Store(url)
        stack.callback(store.close)
        stack.callback(trouble.end)
        yield kinds.Troubled(House(tmp_path / "house", store, clock), trouble)


def _on_sqlite(
    request: pytest.FixtureRequest, kind: str, folder: Path, stack: contextlib.ExitStack
) -> tuple[str, kinds.Trouble]:
    url: str = request.getfixturevalue("sqlite_url")
    if kind == "locked":
        return url, kinds.LockedSqlite(url)
    if kind == "read-only":
        read_only = kinds.ReadOnlySqlite()
        stack.callback(read_only.forget)
        return url, read_only
    disk = folder / "disk"
    if not stack.enter_context(kinds.small_disk(disk)):
        return url, kinds.NoMoreBytes(url)
    kinds.file_of(url).rename(folder / "moved")
    (disk / "ledger.db").write_bytes((folder / "moved").read_bytes())
    url = f"sqlite:///{disk / 'ledger.db'}"
    return url, kinds.FullDisk(disk, url)


def _on_postgresql(
    request: pytest.FixtureRequest, kind: str, _folder: Path, _stack: contextlib.ExitStack
) -> tuple[str, kinds.Trouble]:
    url: str = request.getfixturevalue("postgres_url")
    of_kind = {
        "read-only": kinds.ReadOnlyPostgres,
        "locked": kinds.LockedPostgres,
        "unreachable": kinds.UnreachablePostgres,
    }
    return url, of_kind[kind](url)
