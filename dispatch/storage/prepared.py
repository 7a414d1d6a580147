"""Statements for hot paths (预编译语句): written with Core on the SQLModel tables, compiled once for each database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault


class Prepared:
    """An INSERT into one table for one database and one set of columns.

    Running its text through the driver saves SQLAlchemy's work of finding the compiled statement again, a tenth of
    what accepting costs; values still pass through the columns' own types.
    """

    def __init__(self, statement: Insert, table: Table, columns: Collection[str], dialect: Dialect) -> None:
        """`statement` may bind nothing but `columns` and what the table class fills in by itself."""
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

    def values(self, row: Mapping[str, Any]) -> Any:
        """The row as the driver takes it."""
        types = self._types
        bound = self._filled | {
            name: types[name](value) if name in types else value for name, value in row.items()
        }
        return bound if self._order is None else tuple(bound[name] for name in self._order)
