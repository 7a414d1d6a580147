"""Building and upgrading (建库、升级): the revisions and the tables say the same, on both databases, there and back."""

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, make_url
from sqlmodel import SQLModel

from dispatch.storage import migrate
from dispatch.storage.database import Database, DatabaseUnreachable
from tests.desks import post, rows
from tests.servers import fresh_database
from tests.stories import at


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
        yield database
        database.close()
        return
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        database = Database(url)
        yield database
        database.close()


def test_there_is_one_newest_revision():
    assert migrate._script().get_heads() == [migrate.newest()]


def test_an_empty_database_is_built_once_and_then_left_alone(empty):
    assert migrate.current(empty) is None
    assert migrate.upgrade(empty) == (None, migrate.newest())
    with empty.engine.connect() as connection:
        before = sorted(inspect(connection).get_table_names())
    assert migrate.upgrade(empty) == (migrate.newest(), migrate.newest())
    with empty.engine.connect() as connection:
        assert sorted(inspect(connection).get_table_names()) == before
    assert set(before) == {*SQLModel.metadata.tables, "alembic_version"}


def test_what_the_revisions_build_is_what_the_tables_say(empty):
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_partial_index_is_partial_in_the_database_too(empty):
    migrate.upgrade(empty)
    dialect = "sqlite" if empty.is_sqlite else "postgresql"
    wanted = {
        index.name
        for each in SQLModel.metadata.tables.values()
        for index in each.indexes
        if index.dialect_options[dialect]["where"] is not None
    }
    catalogue = "sqlite_master" if empty.is_sqlite else "pg_indexes"
    column = ("name", "sql") if empty.is_sqlite else ("indexname", "indexdef")
    with empty.engine.connect() as connection:
        found = connection.exec_driver_sql(
            f"SELECT {column[0]} FROM {catalogue} WHERE {column[1]} LIKE '%% WHERE %%'"
            if not empty.is_sqlite
            else f"SELECT {column[0]} FROM {catalogue} WHERE type = 'index' AND {column[1]} LIKE '% WHERE %'"
        ).scalars()
        assert set(found) == wanted
    assert len(wanted) >= 6


def test_the_way_back_leads_to_nothing_and_forward_again(empty):
    migrate.upgrade(empty)
    config = migrate._config()
    with empty.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert migrate.current(empty) is None
    assert migrate.upgrade(empty) == (None, migrate.newest())


def test_an_upgrade_keeps_what_is_there(desk):
    number = post(desk, at("2026-09-28 10:00"), text="滨河路路灯不亮。").number
    migrate.upgrade(desk.database)
    assert rows(desk, "SELECT number FROM ticket") == [{"number": number}]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_would_lose_chinese_is_refused_before_anything_is_built(postgres_url, encoding):
    name = f"wrong_{encoding.lower()}"
    with fresh_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        wrong = Database(make_url(url).set(database=name).render_as_string(hide_password=False))
        try:
            with pytest.raises(DatabaseUnreachable, match=f"编码是 {encoding}，存不下中文") as caught:
                migrate.upgrade(wrong)
            assert "UTF8" in caught.value.advice
            with wrong.engine.connect() as inside:
                assert (
                    inside.exec_driver_sql("SELECT count(*) FROM pg_class WHERE relname = 'ticket'").scalar()
                    == 0
                )
        finally:
            wrong.close()
            connection.execute(f"DROP DATABASE {name}")


def test_a_database_that_is_away_is_said_to_be():
    with pytest.raises(DatabaseUnreachable):
        migrate.upgrade(Database("postgresql://nobody@127.0.0.1:1/x"))
