"""Statements for hot paths (预编译语句): written with Core on the SQLModel tables, compiled once for each database."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator, TypeEngine


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


#: What PostgreSQL calls the types that JSON carries; the column turns them into its own.
_CARRIED = {str: "text", int: "bigint", bool: "boolean", date: "date"}


class Bulk:
    """Many rows into one table in one go (整批写入): PostgreSQL takes them as one JSON text, SQLite's driver one by one.

    A row at a time costs PostgreSQL's driver a tenth of a millisecond, a statement with thousands of marks even more.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect, ending: str = "") -> None:
        """`ending` follows the values: what to do where a row exists."""
        self._columns = columns
        self._at_once = dialect.name == "postgresql"
        kinds = [_plain(table.c[name].type).python_type for name in columns]
        if self._at_once:
            named = ", ".join(f"{name} {_CARRIED[kind]}" for name, kind in zip(columns, kinds, strict=True))
            filled = ", ".join(
                f"coalesce({name}, 0)" if kind is int else name
                for name, kind in zip(columns, kinds, strict=True)
            )
            given = f"json_to_recordset(%s::json) AS given({named})"
            source = f"SELECT {filled} FROM {given}"  # noqa: S608 - our own names
        else:
            source = f"VALUES ({', '.join('?' * len(columns))})"
        self._text = f"INSERT INTO {table.name} ({', '.join(columns)}) {source} {ending}"

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`; numbers that are not given are 0, days are given as ISO words."""
        if not rows:
            return
        if self._at_once:
            connection.exec_driver_sql(self._text, (json.dumps(rows, ensure_ascii=False),))
        else:
            given = [tuple(row.get(name, 0) for name in self._columns) for row in rows]
            connection.exec_driver_sql(self._text, given)


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type under one that SQLModel has wrapped."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind
