"""All rows of one act (记账), collected first and written together, one statement a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, insert
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

Row = Mapping[str, Any]

#: In the order that the references between them ask for.
_TABLES = ("ticket", "request", "assignment", "clock", "decision", "event", "outbox")
#: Inline: nobody asks for the new ids, so the server need not send them.
_INSERTS = {name: insert(SQLModel.metadata.tables[name]).inline() for name in _TABLES}


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
    outbox: list[Row] = field(default_factory=_rows)

    def write(self, tx: Transaction) -> None:
        """Insert everything collected. Raises Doubled when a unique key exists."""
        connection = tx.connection()
        for name in _TABLES:
            rows: list[Row] = getattr(self, name)
            if len(rows) == 1:
                connection.execute(_INSERTS[name], rows[0])
            elif rows:
                connection.execute(_INSERTS[name], rows)
        for row in self.outbox:
            tx.ring(row["kind"])


def table(name: str) -> Table:
    """The Core table behind a table class, for statements on hot paths."""
    return SQLModel.metadata.tables[name]
