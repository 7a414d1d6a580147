"""All rows of one act (记账), collected first and written together, one statement a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

Row = Mapping[str, Any]

#: In the order that the references between them ask for.
_TABLES = ("ticket", "request", "assignment", "clock", "decision", "event", "outbox")


class _Insert:
    """One table's INSERT for one database and one set of columns, compiled once.

    Running the text through the driver saves SQLAlchemy's work of finding the compiled statement again, a tenth of
    what accepting costs; values still pass through the columns' own types.
    """

    def __init__(self, table: Table, columns: Collection[str], dialect: Dialect) -> None:
        statement = insert(table).inline()  # nobody asks for the new ids, so the server need not send them
        compiled = statement.compile(dialect=dialect, column_keys=list(columns))
        self.text = str(compiled)
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        made = ((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in columns)
        self._types = {name: process for name, process in made if process is not None}
        self._filled = self._defaults(table, columns)

    @staticmethod
    def _defaults(table: Table, columns: Collection[str]) -> dict[str, Any]:
        """Values that the table class gives to columns nobody names."""
        unnamed = ((each.name, each.default) for each in table.columns if each.name not in columns)
        return {name: made.arg for name, made in unnamed if isinstance(made, ScalarElementColumnDefault)}

    def values(self, row: Row) -> Any:
        """The row as the driver takes it."""
        types = self._types
        bound = self._filled | {
            name: types[name](value) if name in types else value for name, value in row.items()
        }
        return bound if self._order is None else tuple(bound[name] for name in self._order)


@lru_cache(maxsize=256)
def _compiled(table: str, columns: tuple[str, ...], dialect: Dialect) -> _Insert:
    return _Insert(SQLModel.metadata.tables[table], columns, dialect)


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
            if rows:
                made = _compiled(name, tuple(rows[0]), connection.dialect)
                values = [made.values(row) for row in rows]
                connection.exec_driver_sql(made.text, values[0] if len(values) == 1 else values)
        for row in self.outbox:
            tx.ring(row["kind"])


def table(name: str) -> Table:
    """The Core table behind a table class, for statements on hot paths."""
    return SQLModel.metadata.tables[name]
