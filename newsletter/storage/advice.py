"""What the drivers of the databases raise, turned into what an operator should do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from newsletter.errors import StoreError


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn what the driver raises into a StoreError that tells an operator what to do."""
    try:
        yield
    except DBAPIError as error:
        cause = str(error.orig)
        if isinstance(error, OperationalError) or error.connection_invalidated or _known(cause):
            raise StoreError(_advice(cause, url)) from error
        raise
    except PoolTimeout as error:
        raise StoreError("all connections to the database are in use: try again in a moment") from error
    except sqlite3.Error as error:  # while a connection is set up, before SQLAlchemy wraps what is raised
        raise StoreError(_advice(str(error), url)) from error


_ADVICE: tuple[tuple[str, str], ...] = (
    ("disk is full", "the disk is full: nothing of this step was kept; make room and run the command again"),
    ("no space left", "the disk is full: nothing of this step was kept; make room and run the command again"),
    ("database is locked", "another program held the database for over 30 s: find it and try again"),
    ("lock timeout", "another program held a lock for over 30 s: find it and try again"),
    ("deadlock", "two commands met in the database, and this one did nothing: type it again"),
    ("readonly database", "the database may not be written: check the owner and the rights of its file and folder"),
    ("read-only", "the database may not be written: check that it is not a standby or mounted read-only"),
    ("unable to open", "the database file cannot be opened: check that its folder exists and may be written"),
    (
        "not a database",
        "the file is not a database: NEWSLETTER_DATABASE_URL points at something else, or it is damaged",
    ),
    ("malformed", "the database file is damaged: stop sending, and restore it from a backup"),
    ("no such table", "the database has no tables yet or is from another version: run `newsletter db upgrade`"),
    (
        '" does not exist\nline 1',
        "the database has no tables yet or is from another version: run `newsletter db upgrade`",
    ),
    ("disk i/o", "the disk gave an error: nothing of this step was kept; check the disk and run the command again"),
)


def _known(cause: str) -> str | None:
    """What to do about a trouble that the table knows."""
    lower = cause.lower()
    return next((advice for sign, advice in _ADVICE if sign in lower), None)


def _advice(cause: str, url: str) -> str:
    shown = make_url(url).render_as_string(hide_password=True)
    advice = _known(cause)
    if advice is not None:
        return f"{shown}: {advice}"
    return f"{shown}: the database cannot be used ({cause.strip().splitlines()[0]})"
