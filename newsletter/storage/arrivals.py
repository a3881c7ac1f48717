"""Rows of an import as they arrive, in temporary tables: each address once, and what is to be said of single lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    MetaData,
    Select,
    String,
    Table,
    Text,
    false,
    func,
    insert,
    literal,
    select,
    true,
)

from newsletter.storage import bulk
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_selected

_own = MetaData()


def _rows(*key: Column[int]) -> tuple[Column[Any], ...]:
    return (
        *key, Column("line", BigInteger), Column("address", Text), Column("name", Text), Column("reserved", Boolean),
        Column("bare", BigInteger),  # the same for two spellings of one address
    )  # fmt: skip


def _key() -> Column[int]:
    return Column("address_key", t.BigKey, primary_key=True, autoincrement=False)


arrival = Table("arrival", _own, *_rows(Column("address_key", BigInteger)), prefixes=["TEMPORARY"])
arrived = Table("arrived", _own, *_rows(_key()), prefixes=["TEMPORARY"])
judged = Table(
    "judged", _own, _key(), Column("subscriber_id", BigInteger), Column("before", Text), Column("gap", Boolean),
    Column("fate", String(16)), prefixes=["TEMPORARY"],
)  # fmt: skip
suspect = Table("suspect", _own, Column("bare", BigInteger), prefixes=["TEMPORARY"])
remark = Table(
    "remark", _own, Column("line", BigInteger), Column("rejected", Boolean), Column("problem", Text),
    prefixes=["TEMPORARY"],
)  # fmt: skip


def open_tables(tx: Tx) -> None:
    """The temporary tables, empty."""
    _own.create_all(tx, checkfirst=False)


def close_tables(tx: Tx) -> None:
    """For a connection that is used on; one that ends takes them along."""
    _own.drop_all(tx, checkfirst=False)


def bring(tx: Tx, rows: bulk.Columns, *, remarks: bulk.Columns, suspects: Sequence[int] = ()) -> None:
    """More rows: the columns of `arrival` and of `remark`; and each `bare` of which there may be two."""
    bulk.insert(tx, arrival, rows)
    bulk.insert(tx, remark, remarks)
    bulk.insert(tx, suspect, {"bare": suspects})


def sort(tx: Tx) -> None:
    """Each address once, by its key; of those that stand in the file twice the first line counts."""
    names = ("address_key", "line", "address", "name", "reserved", "bare")
    rows = select(*(arrival.c[name] for name in names)).order_by(arrival.c.address_key, arrival.c.line)
    count = insert_selected(tx, arrived, names, rows)
    if count != tx.execute(select(func.count()).select_from(arrival)).scalar_one():
        repeated = (
            select(arrival.c.line, true(), _words("the same address stands in line ", arrived.c.line))
            .join(arrived, arrived.c.address_key == arrival.c.address_key)
            .where(arrival.c.line != arrived.c.line)
        )
        say(tx, repeated)


def remark_on_spellings(tx: Tx) -> None:
    """A word on each address that is another's but for dots and a +tag: one of both may be a mistake."""
    twins = (
        select(arrived.c.bare, func.min(arrived.c.line).label("first"))
        .where(arrived.c.bare.in_(select(suspect.c.bare)))
        .group_by(arrived.c.bare).having(func.count() > 1).subquery()
    )  # fmt: skip
    words = _words("but for dots or a +tag it is the address in line ", twins.c.first)
    rows = (
        select(arrived.c.line, false(), words.concat(": is it one person?"))
        .join(twins, twins.c.bare == arrived.c.bare)
        .where(arrived.c.line > twins.c.first)
    )
    say(tx, rows)


def say(tx: Tx, rows: Select[int, bool, str]) -> None:
    """Remark on lines: rows of line, whether it was rejected, and the words."""
    tx.execute(insert(remark).from_select(("line", "rejected", "problem"), rows))


def _words(before: str, number: ColumnElement[int]) -> ColumnElement[str]:
    return literal(before).concat(number.cast(Text))


@contextmanager
def remarks(tx: Tx) -> Iterator[Iterator[tuple[int, str, bool]]]:
    """Line, problem and whether it was rejected, by line; read as they are asked for."""
    rows = select(remark.c.line, remark.c.problem, remark.c.rejected).order_by(remark.c.line)
    with tx.execute(rows.execution_options(yield_per=5000)) as result:
        yield ((row.line, row.problem, row.rejected) for row in result)


def rejected_count(tx: Tx) -> int:
    """How many rows are no people."""
    count: int = tx.execute(select(func.count()).select_from(remark).where(remark.c.rejected)).scalar_one()
    return count
