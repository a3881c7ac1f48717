"""kill -9 at any moment: nobody gets it twice, nobody is lost, and the numbers balance (sending.md, Promises).

This is the quick set; `make chaos` is the long one (docs/chaos.md).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos_run import Chaos, chaos

READERS = 40
KILLS = 16


def judge(run: Chaos) -> None:
    assert run.tally.twice == []
    assert run.tally.lost == []
    assert run.tally.in_doubt > 0, "no kill fell between a request and its answer"


def corrected(run: Chaos, readers: list[str]) -> None:
    """The last edition is corrected, by processes that are killed as well."""
    before = run.tally.kill_count
    run.correction(readers)
    assert run.tally.kill_count > before


def test_kill_9(database_url: str, tmp_path: Path) -> None:
    """Scheduler and web app are killed again and again: each reader once, nobody missing; so too a correction."""
    with chaos(database_url, tmp_path, readers=READERS, seed=1) as (run, readers):
        while run.tally.kill_count < KILLS:
            run.edition(readers)
        corrected(run, readers)
        judge(run)


@pytest.mark.postgresql
def test_kill_9_with_workers(postgres_url: str, tmp_path: Path) -> None:
    """Two schedulers and three workers on one send, all of them killed again and again; so too on a correction."""
    with chaos(postgres_url, tmp_path, readers=READERS, seed=1, workers=3) as (run, readers):
        while run.tally.kill_count < KILLS:
            run.edition(readers)
        corrected(run, readers)
        judge(run)
