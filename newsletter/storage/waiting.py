"""On SQLite there is one writer at a time: how the next one waits, and how the last one lets it.

SQLite's own waiting sleeps longer each time, up to 100 ms. A send that writes all the time has come and gone and come
by then, and a body of events would wait for seconds.
"""

from __future__ import annotations

import sqlite3
import time

_LOOK_AGAIN_S = 0.001
_BREATH_S = 0.002
"""How long the database is left alone between two writes of one process: another that waits sees it free."""


def breathe(wrote_at: float) -> None:
    """Before a write: let others have had a look since the process's last one, which ended at `wrote_at` (monotonic
    seconds).
    """
    time.sleep(max(0.0, min(_BREATH_S, wrote_at + _BREATH_S - time.monotonic())))


def begin_writing(driver: sqlite3.Connection, patience_s: float) -> None:
    """BEGIN IMMEDIATE, once the writer before has ended. Raises sqlite3.OperationalError when the patience is over."""
    driver.execute("PRAGMA busy_timeout=0").close()
    until = time.monotonic() + patience_s
    try:
        while not _begun(driver, last=time.monotonic() > until):
            time.sleep(_LOOK_AGAIN_S)
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(patience_s * 1000)}").close()


def _begun(driver: sqlite3.Connection, *, last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE").close()
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
