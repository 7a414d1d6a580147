"""Bringing a database to the newest shape (建库、升级): Alembic, driven by the desk and never by hand."""

import re
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from dispatch.storage.database import Database, DatabaseUnreachable, saying_why

#: A Chinese database must keep Chinese; anything but UTF-8 would lose characters.
_GOOD_ENCODINGS = ("UTF8", "UTF-8")


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", re.sub("%", "%%", str(Path(__file__).parent / "migrations")))
    return config


def newest() -> str | None:
    """The revision that this code needs."""
    return _script().get_current_head()


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one. Raises DatabaseUnreachable."""
    with saying_why(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_utf8(database: Database) -> None:
    """Raise DatabaseUnreachable for a PostgreSQL database in another encoding; SQLite has only the right one."""
    if database.is_sqlite:
        return
    with saying_why(), database.engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding not in _GOOD_ENCODINGS:
        raise DatabaseUnreachable(
            f"数据库编码是 {encoding}，存不下中文。", hint="请用 ENCODING 'UTF8' 新建数据库。"
        )


def upgrade(database: Database) -> tuple[str | None, str | None]:
    """Create or upgrade all tables in one transaction; the revisions before and after come back.

    Raises DatabaseUnreachable, also for a PostgreSQL database that is not UTF-8.
    """
    before = current(database)
    require_utf8(database)
    config = _config()
    with saying_why(), database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return before, current(database)
