"""Thousands of rows in one statement, as fast as each database takes them: columns in, what was new out.

SQLAlchemy's own statements take and give each value by itself, which costs more than the database does. Here SQLite's
driver gets the rows for one prepared statement, and PostgreSQL one text for each column, which it splits and casts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, String, Table
from sqlalchemy.types import TypeEngine

from newsletter.storage.database import Tx

Columns = Mapping[str, Sequence[Any]]
"""The values of each column, row by row; all of one length, and none of them None."""


def insert_new(tx: Tx, table: Table, columns: Columns, *, returning: Sequence[str]) -> set[tuple[Any, ...]]:
    """Insert rows, leaving out silently those that some UNIQUE constraint already knows: a fact is recorded once.

    Gives the columns `returning` (numbers or text) of the rows that were new. The table has an `id` that counts up.
    """
    count = len(columns[returning[0]])
    if not count:
        return set()
    tail, listed = "ON CONFLICT DO NOTHING", ", ".join(returning)
    if tx.dialect.name == "postgresql":
        statement = f"{_postgresql(tx.dialect, table, tuple(columns))} {tail} RETURNING {listed}"
        return set(_rows_of(tx, statement, _texts(tx, table, columns)))
    # Nobody else writes meanwhile: what is numbered higher afterwards is ours.
    last = tx.exec_driver_sql(f"SELECT max(id) FROM {table.name}").scalar_one() or 0
    done = tx.exec_driver_sql(f"{_sqlite(table, tuple(columns))} {tail}", _rows(tx, table, columns))
    if done.rowcount == count:
        return set(zip(*(columns[name] for name in returning), strict=True))
    return set(_rows_of(tx, f"SELECT {listed} FROM {table.name} WHERE id > ?", (last,)))


def insert(tx: Tx, table: Table, columns: Columns) -> None:
    """Insert rows into a table that refuses none."""
    if not next(iter(columns.values())):
        return
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(_postgresql(tx.dialect, table, tuple(columns)), _texts(tx, table, columns))
        return
    tx.exec_driver_sql(_sqlite(table, tuple(columns)), _rows(tx, table, columns))


def insert_earliest(tx: Tx, table: Table, columns: Columns, *, key: Sequence[str], at: str) -> None:
    """Insert rows, each key once; where one is known already, keep the earlier instant: facts are monotone in any
    order.
    """
    if not columns[at]:
        return
    tail = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {at} = excluded.{at} WHERE {table.name}.{at} > excluded.{at}"
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"{_postgresql(tx.dialect, table, tuple(columns))} {tail}", _texts(tx, table, columns))
        return
    tx.exec_driver_sql(f"{_sqlite(table, tuple(columns))} {tail}", _rows(tx, table, columns))


def upsert(tx: Tx, table: Table, columns: Columns, *, key: Sequence[str], adding: Sequence[str] = ()) -> None:
    """Insert rows; where one of that key is known, its other columns become these, or with `adding` the sums of both.

    Each key stands in the columns once.
    """
    if not columns[key[0]]:
        return
    plus = {name: f"{table.name}.{name} + " if name in adding else "" for name in columns}
    news = ", ".join(f"{name} = {plus[name]}excluded.{name}" for name in columns if name not in key)
    tail = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}"
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"{_postgresql(tx.dialect, table, tuple(columns))} {tail}", _texts(tx, table, columns))
        return
    tx.exec_driver_sql(f"{_sqlite(table, tuple(columns))} {tail}", _rows(tx, table, columns))


def delete(tx: Tx, column: Column[int], ids: Iterable[int]) -> int:
    """Delete the rows whose column is one of `ids`; gives how many."""
    one_of, bound = _one_of(tx, ids)
    return tx.exec_driver_sql(f"DELETE FROM {column.table.name} WHERE {column.name} {one_of}", (bound,)).rowcount


def by_id(tx: Tx, table: Table, names: Sequence[str], ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
    """Those columns of the rows that there are, by their id; the columns are numbers or text."""
    one_of, bound = _one_of(tx, ids)
    rows = _rows_of(tx, f"SELECT id, {', '.join(names)} FROM {table.name} WHERE id {one_of}", (bound,))
    return {row[0]: row[1:] for row in rows}


def _rows_of(tx: Tx, statement: str, bound: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """What a statement gives, fetched in one go: row by row the driver is asked a thousand times."""
    return [tuple(row) for row in tx.exec_driver_sql(statement, bound).all()]


def _one_of(tx: Tx, ids: Iterable[int]) -> tuple[str, str]:
    """A condition on numbers, however many there are, and what it binds."""
    wanted = ",".join(map(str, ids))
    if tx.dialect.name == "postgresql":
        return "= ANY(string_to_array(%s, ',')::bigint[])", wanted
    return "IN (SELECT value FROM json_each(?))", f"[{wanted}]"


@lru_cache
def _sqlite(table: Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _rows(tx: Tx, table: Table, columns: Columns) -> list[tuple[Any, ...]]:
    return list(zip(*_bound(tx.dialect, table, columns), strict=True))


@lru_cache
def _postgresql(dialect: Dialect, table: Table, names: tuple[str, ...]) -> str:
    """Texts stay texts, so that one that is too long is an error: a cast to VARCHAR would cut it.

    A single empty text makes an array of nothing, which gives NULL.
    """
    words = {name: isinstance(table.c[name].type, String) for name in names}
    arrays = [
        "string_to_array(%s, %s)" + ("" if words[name] else f"::{table.c[name].type.compile(dialect)}[]")
        for name in names
    ]
    values = [f"coalesce({name}, '')" if words[name] else name for name in names]
    listed = ", ".join(names)
    return (
        f"INSERT INTO {table.name} ({listed}) SELECT {', '.join(values)} FROM unnest({', '.join(arrays)}) "
        f"AS new ({listed})"
    )


def _texts(tx: Tx, table: Table, columns: Columns) -> tuple[str, ...]:
    """For each column its values as one text, and what stands between them, which no value can have in it."""
    between = f"\x1f{secrets.token_hex(4)}"
    texts = (between.join(map(str, values)) for values in _bound(tx.dialect, table, columns))
    return tuple(each for text in texts for each in (text, between))


def _bound(dialect: Dialect, table: Table, columns: Columns) -> list[Sequence[Any]]:
    """The values as SQLAlchemy would hand them to the driver."""
    return [_processed(dialect, table.c[name].type, values) for name, values in columns.items()]


def _processed(dialect: Dialect, type_: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    done = {value: process(value) for value in set(values)}  # instants come by the hundred
    return [done[value] for value in values]
