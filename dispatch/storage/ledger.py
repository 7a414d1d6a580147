"""All rows of one act (记账), collected first and written together, one statement a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, insert
from sqlmodel import SQLModel

from dispatch.storage import records, tables  # noqa: F401  (they define the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import Bulk, Prepared, defaults

Row = Mapping[str, Any]

#: In the order that the references between them ask for.
_TABLES = (
    "ticket",
    "request",
    "assignment",
    "clock",
    "decision",
    "event",
    "clue",
    "link",
    "proposal",
    "outbox",
)


@lru_cache(maxsize=256)
def _compiled(table: str, columns: tuple[str, ...], dialect: Dialect) -> Prepared:
    into = SQLModel.metadata.tables[table]
    return Prepared(insert(into).inline(), into, columns, dialect)  # inline: nobody asks for the new ids


#: From so many rows on PostgreSQL takes them as one text, which costs a third; below, the single statement is as fast.
MANY = 20


@lru_cache(maxsize=256)
def _whole(table: str, columns: tuple[str, ...], dialect: Dialect) -> tuple[Bulk, Row]:
    """The way in for many rows, and what the table class gives to columns nobody names."""
    into = SQLModel.metadata.tables[table]
    filled = defaults(into, columns)
    return Bulk(into, (*columns, *filled), dialect), filled


def _rows() -> list[Row]:
    return []


@dataclass(slots=True)
class Ledger:
    """New rows by table; `write` inserts them inside the act's transaction and remembers which bells to ring."""

    ticket: list[Row] = field(default_factory=_rows)
    request: list[Row] = field(default_factory=_rows)
    assignment: list[Row] = field(default_factory=_rows)
    clock: list[Row] = field(default_factory=_rows)
    decision: list[Row] = field(default_factory=_rows)
    event: list[Row] = field(default_factory=_rows)
    clue: list[Row] = field(default_factory=_rows)
    link: list[Row] = field(default_factory=_rows)
    proposal: list[Row] = field(default_factory=_rows)
    outbox: list[Row] = field(default_factory=_rows)

    def write(self, tx: Transaction) -> None:
        """Insert everything collected. Raises Doubled when a unique key exists."""
        connection = tx.connection()
        for name in _TABLES:
            rows: list[Row] = getattr(self, name)
            if len(rows) >= MANY and connection.dialect.name == "postgresql":
                bulk, filled = _whole(name, tuple(rows[0]), connection.dialect)
                bulk.write(connection, [{**filled, **row} for row in rows] if filled else rows)
            elif rows:
                made = _compiled(name, tuple(rows[0]), connection.dialect)
                values = [made.values(row) for row in rows]
                connection.exec_driver_sql(made.text, values[0] if len(values) == 1 else values)
        for row in self.outbox:
            tx.ring(row["kind"])
