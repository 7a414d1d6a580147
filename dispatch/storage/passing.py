"""A database that is thrown away afterwards (临时库): it outlives any of its processes, but not a power cut."""

from typing import Any

from sqlalchemy import event

from dispatch.storage.database import Database


def throw_away(database: Database) -> Database:
    """Let commits on SQLite reach the kernel and not the disk; connections opened from now on. A killed process loses none."""
    if database.is_sqlite:
        event.listen(database.engine, "connect", _unflushed)
    return database


def _unflushed(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
