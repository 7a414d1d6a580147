"""Statements for hot paths (预编译语句): written with Core on the SQLModel tables, compiled once for each database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Insert,
    Select,
    Table,
    cast,
    func,
    literal,
    select,
    type_coerce,
)
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
        self._filled = defaults(table, columns)

    def values(self, row: Mapping[str, Any]) -> Any:
        """The row as the driver takes it."""
        types = self._types
        bound = self._filled | {
            name: types[name](value) if name in types else value for name, value in row.items()
        }
        return bound if self._order is None else tuple(bound[name] for name in self._order)


def defaults(table: Table, columns: Collection[str]) -> dict[str, Any]:
    """Values that the table class gives to columns nobody names."""
    unnamed = ((each.name, each.default) for each in table.columns if each.name not in columns)
    return {name: made.arg for name, made in unnamed if isinstance(made, ScalarElementColumnDefault)}


def among(connection: Connection, values: Sequence[str] | Sequence[int], ids: bool = False) -> Select[Any]:
    """The values, numbers of tickets or `ids`, as a query of one bound text.

    Hundreds of marks cost the driver more than the database needs.
    """
    given = literal(list(values), JSON)
    sqlite = connection.dialect.name == "sqlite"
    unpack = func.json_each(given) if sqlite else func.json_array_elements_text(given)
    value = unpack.table_valued("value").c.value
    return select(cast(value, BigInteger) if ids else value)


def as_read(connection: Connection, columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Columns with their instants as the driver reads them: PostgreSQL's are aware already, and there are millions."""
    if connection.dialect.name == "sqlite":
        return list(columns)
    return [type_coerce(each, _INSTANT).label(each.key) if _is_instant(each) else each for each in columns]


_INSTANT = DateTime(timezone=True)


def _is_instant(column: ColumnElement[Any]) -> bool:
    return isinstance(_plain(column.type), DateTime)


#: What PostgreSQL calls the types that JSON carries; the column turns them into its own.
_CARRIED = {
    str: "text",
    int: "bigint",
    float: "double precision",
    bool: "boolean",
    date: "date",
    datetime: "timestamptz",
    object: "json",
}


def _given(table: Table, columns: Sequence[str]) -> str:
    """Rows that come as one JSON text, as PostgreSQL reads them."""
    kinds = (_CARRIED[_plain(table.c[name].type).python_type] for name in columns)
    named = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds, strict=True))
    return f"json_to_recordset(%s::json) AS given({named})"


def as_json(value: Any) -> str:
    """`value` as compact JSON, Chinese as it is: readable in the tables, and a third of the room.

    Keys may be members of an enumeration. Raises TypeError for what JSON or UTF-8 cannot hold.
    """
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


class Bulk:
    """Many rows into one table in one go (整批写入): PostgreSQL takes them as one JSON text, SQLite's driver one by one.

    A row at a time costs PostgreSQL's driver a tenth of a millisecond, a statement with thousands of marks even more.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect, ending: str = "") -> None:
        """`ending` follows the values: what to do where a row exists."""
        self._columns = columns
        self._at_once = dialect.name == "postgresql"
        if self._at_once:
            filled = ", ".join(f"coalesce({name}, 0)" if _counts(table, name) else name for name in columns)
            source = f"SELECT {filled} FROM {_given(table, columns)}"  # noqa: S608 - our own names
        else:
            source = f"VALUES ({', '.join('?' * len(columns))})"
        self._text = f"INSERT INTO {table.name} ({', '.join(columns)}) {source} {ending}"

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`; numbers that must be there and are not given are 0, days are given as ISO words."""
        if not rows:
            return
        if self._at_once:
            connection.exec_driver_sql(self._text, (as_json(rows),))
        else:
            given = [tuple(row.get(name, 0) for name in self._columns) for row in rows]
            connection.exec_driver_sql(self._text, given)


class BulkChange:
    """Columns of many rows set in one go, each row by its key (整批修改)."""

    def __init__(self, table: Table, key: str, columns: Sequence[str], dialect: Dialect) -> None:
        """`key` names the row; rows given to `write` hold it and all `columns`."""
        self._names = (*columns, key)
        self._at_once = dialect.name == "postgresql"
        types = (
            (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in self._names
        )
        self._types = {name: process for name, process in types if process is not None}
        if self._at_once:
            sets = ", ".join(f"{name} = given.{name}" for name in columns)
            source = _given(table, self._names)
            self._text = (
                f"UPDATE {table.name} SET {sets} FROM {source} WHERE {table.name}.{key} = given.{key}"  # noqa: S608
            )
        else:
            sets = ", ".join(f"{name} = ?" for name in columns)
            self._text = f"UPDATE {table.name} SET {sets} WHERE {key} = ?"  # noqa: S608 - our own names

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set the columns of `rows`."""
        if not rows:
            return
        if self._at_once:
            connection.exec_driver_sql(self._text, (as_json(rows),))
        else:
            connection.exec_driver_sql(self._text, [self._values(row) for row in rows])

    def _values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        types = self._types
        return tuple(types[name](row[name]) if name in types else row[name] for name in self._names)


def _counts(table: Table, name: str) -> bool:
    """Whether a column holds a number that cannot be missing."""
    return not table.c[name].nullable and _plain(table.c[name].type).python_type is int


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type under one that SQLModel has wrapped."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind
