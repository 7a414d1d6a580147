"""All rows of one act (记账), collected first and written together, one statement a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, insert
from sqlmodel import SQLModel

from dispatch.storage import records, tables  # noqa: F401  (they define the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import Prepared

Row = Mapping[str, Any]

#: In the order that the references between them ask for.
_TABLES = ("ticket", "request", "assignment", "clock", "decision", "event", "clue", "link", "outbox")


@lru_cache(maxsize=256)
def _compiled(table: str, columns: tuple[str, ...], dialect: Dialect) -> Prepared:
    into = SQLModel.metadata.tables[table]
    return Prepared(insert(into).inline(), into, columns, dialect)  # inline: nobody asks for the new ids


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
    outbox: list[Row] = field(default_factory=_rows)

    def write(self, tx: Transaction) -> None:
        """Insert everything collected. Raises Doubled when a unique key exists."""
        connection = tx.connection()
        for name in _TABLES:
            rows: list[Row] = getattr(self, name)
            if rows:
                made = _compiled(name, tuple(rows[0]), connection.dialect)
                values = [made.values(row) for row in rows]
                connection.exec_driver_sql(made.text, values[0] if len(values) == 1 else values)
        for row in self.outbox:
            tx.ring(row["kind"])
